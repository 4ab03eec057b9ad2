/* The public calls that only sockets with TLS have.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"

#if USOCKET_TLS

/* Hold a socket that has TLS. 0: held; USOCKET_EBADF; USOCKET_ENOPROTOOPT: it has none. */
static int hold_secure(usocket_t *s) {
    int r = usocket_hold(s);
    if (r == 0 && !HAS_TLS(base_of(s))) {
        usocket_release(s);
        r = USOCKET_ENOPROTOOPT;
    }
    return r;
}

int usocket_tls_handshake_by(usocket_t *s, usocket_time_t deadline) {
    int r = hold_secure(s);
    if (r == 0) {
        r = usocket_tls_handshake(s, deadline);
        usocket_release(s);
    }
    return r;
}

int usocket_tls_unwrap_by(usocket_t *s, usocket_time_t deadline) {
    int r = hold_secure(s);
    if (r == 0) {
        r = usocket_tls_unwrap(s, deadline);
        usocket_release(s);
    }
    return r;
}

int usocket_tls_name(usocket_t *s, const char *host, size_t len) {
    if (host == NULL && len != 0) {
        return USOCKET_EFAULT;
    }
    int r = hold_secure(s);
    if (r == 0) {
        r = usocket_tls_set_name(s, host, len);
        usocket_release(s);
    }
    return r;
}

int usocket_tls_check(usocket_t *s, bool server) {
    int r = hold_secure(s);
    if (r == 0) {
        r = usocket_tls_check_options(s, server, true);
        usocket_release(s);
    }
    return r;
}

/* The session stays, and no other thread has s. */
void usocket_tls_move(usocket_t *s, int family, int handle) {
    int old = io_of(s);
    s->family = (uint8_t)family;
    LOOSE_STORE(&s->fd, handle);
    ATOMIC_STORE(&s->io, handle);
    if (old >= 0) {
        usocket_port_close(old);
    }
    if (handle >= 0) {
        usocket_tls_adopted(s, handle);
        usocket_wait_outside(s);
    }
}

int usocket_tls_why(usocket_t *s, int *number, char *words) {
    words[0] = '\0';
    if (number != NULL) {
        *number = 0;
    }
    int r = hold_secure(s);
    if (r == 0) {
        r = usocket_tls_get_why(s, number, words);
        usocket_release(s);
    }
    return r;
}

#endif
