/* Calls that are one call of the port each: addresses, backlog, shutdown, options, the number of bytes that wait.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"

static int hold_io(usocket_t *s, int *io) {
    int r = usocket_hold(s);
    *io = io_of(s);
    return r;
}

/* True if the call has to be repeated on another descriptor; false: it has ended with r, and the socket is released. */
static bool call_again(usocket_t *s, int *io, int r) {
    if (has_moved(base_of(s), *io, r)) {
        *io = io_of(s);
        return true;
    }
    usocket_release(s);
    return false;
}

/* Hold s, make a call of the port on its descriptor `io`, release s, and return the result. */
#define PORT_CALL(s, call) \
    do { \
        int io; \
        int r_ = hold_io((s), &io); \
        if (r_ == 0) { \
            do { \
                r_ = (call); \
            } while (call_again((s), &io, r_)); \
        } \
        return r_; \
    } while (0)

int usocket_bind(usocket_t *s, const usocket_addr_t *a) {
    PORT_CALL(s, usocket_port_bind(io, a));
}

#if USOCKET_SERVER

static int start_listening(usocket_t *s, int io, int backlog) {
#if USOCKET_TLS
    if (HAS_TLS(base_of(s))) {
        int r = usocket_tls_check_listener(s);
        if (r < 0) {
            return r;
        }
    }
#endif
#if USOCKET_TLS && USOCKET_DATAGRAMS
    if (HAS_TLS(base_of(s)) && !is_stream(s)) {
        return usocket_tls_listen(s);
    }
#endif
    (void)s;
    return usocket_port_listen(io, backlog);
}

int usocket_listen(usocket_t *s, int backlog) {
    PORT_CALL(s, start_listening(s, io, backlog < 0 ? 0 : backlog));
}

int usocket_backlog(void) {
    int max = usocket_port_somaxconn();
    return max < 128 ? max : 128;
}

#endif

static int shut_down(usocket_t *s, int io, int how) {
    usocket_t *base = base_of(s);
    int r = usocket_port_shutdown(io, how);
    if (r == 0 && !is_stream(base) && how != USOCKET_SHUT_WR) {
        LOOSE_OR(&base->flags, FLAG_SHUT_RD);
    }
    return r;
}

int usocket_shutdown(usocket_t *s, int how) {
#if USOCKET_TLS
    int r = usocket_hold(s);
    if (r < 0) {
        return r;
    }
    if (HAS_TLS(base_of(s))) {
        r = usocket_tls_shutdown(s, how);
    }
    usocket_release(s);
    if (r < 0) {
        return r;
    }
#endif
    PORT_CALL(s, shut_down(s, io, how));
}

int usocket_getsockname(usocket_t *s, usocket_addr_t *a) {
    PORT_CALL(s, usocket_port_name(io, false, a));
}

int usocket_getpeername(usocket_t *s, usocket_addr_t *a) {
    PORT_CALL(s, usocket_port_name(io, true, a));
}

static int get_option(usocket_t *s, int io, int level, int name, void *value, size_t *len) {
    if (HAS_TLS(base_of(s)) && level == USOCKET_SOL_TLS) {
        return usocket_tls_getopt(s, name, value, len);
    }
    return usocket_port_getopt(io, level, name, value, len);
}

int usocket_getsockopt(usocket_t *s, int level, int name, void *value, size_t *len) {
    PORT_CALL(s, get_option(s, io, level, name, value, len));
}

static int set_option(usocket_t *s, int io, int level, int name, const void *value, size_t len) {
    if (HAS_TLS(base_of(s)) && level == USOCKET_SOL_TLS) {
        return usocket_tls_setopt(s, name, value, len);
    }
    int r = usocket_port_setopt(io, level, name, value, len);
    if (r == 0 && usocket_port_is_timeo(level, name)) {
        LOOSE_OR(&base_of(s)->flags, FLAG_TIMEO);
    }
    return r;
}

int usocket_setsockopt(usocket_t *s, int level, int name, const void *value, size_t len) {
    PORT_CALL(s, set_option(s, io, level, name, value, len));
}

int32_t usocket_pending(usocket_t *s) {
    size_t unread = usocket_unread_len(s);
    if (unread != 0) {
        return (int32_t)unread;
    }
    PORT_CALL(s, HAS_TLS(base_of(s)) ? usocket_tls_pending(s) : usocket_port_pending(io));
}
