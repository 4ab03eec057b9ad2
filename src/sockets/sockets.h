/* Between the files of src/sockets/: the hold on a socket, and its birth.
 *
 * Law: every public call on a socket stands between usocket_hold and usocket_release, once; what it calls below does neither. While
 * a socket is held its descriptor stays open and its base stays valid, though another thread may close it: that call then fails with
 * USOCKET_EBADF, and the last one to release frees.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_SOCKETS_H
#define USOCKET_SOCKETS_H

#include "../base/base.h"
#include "../tls/tls.h"

/* 0: held; USOCKET_EBADF: closed, not held. */
int usocket_hold(usocket_t *s);
#if USOCKET_THREADS
void usocket_release(usocket_t *s);
#else
static inline void usocket_release(usocket_t *s) {
    (void)s;
}
#endif

/* 0 if s can become a new socket; USOCKET_EISCONN, USOCKET_EBUSY. */
int usocket_vacant(usocket_t *s);

/* Make a vacant socket of a handle. A TLS session that s->tls has stays. */
void usocket_attach(usocket_t *s, int handle, int family, int type, int proto);

#endif
