/* The hold on a socket, and the record of a new one.
 *
 * Caller: the public calls, in src/sockets/ and src/names/. A call on a socket holds it once, at
 * its beginning, and releases it once, at its end; what it calls below does neither.
 * Lock: none on entry. Holds are counted without the lock.
 * Never: a descriptor is closed or a base freed while a socket is held. Another thread may close
 * the socket meanwhile: waits then end with USOCKET_EBADF, and the last call to release it frees.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_SOCKETS_H
#define USOCKET_SOCKETS_H

#include "../base/base.h"
#include "../tls/tls.h"

/* Hold s. 0; USOCKET_EBADF: it is closed, and not held. */
int usocket_hold(usocket_t *s);
#if USOCKET_THREADS
void usocket_release(usocket_t *s);
#else
static inline void usocket_release(usocket_t *s) {
    (void)s;
}
#endif

/* The number of receives that wait before they try, after one that found nothing. */
#define GUESS_EARLY 15

/* Check that s can become a new socket. 0; USOCKET_EISCONN:
 * it is open; USOCKET_EBUSY: a call has not released it yet. */
int usocket_vacant(usocket_t *s);

/* Open a vacant socket on a handle. A session in s->tls stays. */
void usocket_attach(usocket_t *s, int handle, int family, int type, int proto);

#endif
