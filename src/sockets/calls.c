/* Calls that are one call of the port each: addresses, backlog, shutdown, options, the number of
 * bytes to receive.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"

/* A call of the port for s on its descriptor `io`; p and n are arguments
 * of the public call. It is made again if `io` moves meanwhile, so
 * nothing in front of the port's call may have a lasting effect. */
typedef int on_handle_t(usocket_t *s, int io, void *p, int n);

/* Hold s, make the call, repeat it if the connection has moved, and release s. One copy of this
 * serves every call below. */
static int call_port(usocket_t *s, on_handle_t *call, void *p, int n) {
    int r = usocket_hold(s);
    if (r == 0) {
        ON_SOCKET(r, base_of(s), call(s, io, p, n));
        usocket_release(s);
    }
    return r;
}

static int bind_handle(usocket_t *s, int io, void *address, int unused) {
    (void)s;
    (void)unused;
    return usocket_port_bind(io, address);
}

int usocket_bind(usocket_t *s, const usocket_addr_t *a) {
    return call_port(s, bind_handle, (void *)(uintptr_t)a, 0);
}

#if USOCKET_SERVER

static int listen_handle(usocket_t *s, int io, void *unused, int backlog) {
    (void)unused;
#if USOCKET_TLS
    if (HAS_TLS(base_of(s))) {
        int r = usocket_tls_check_options(s, true, false);
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
    leave_inside(base_of(s));
    return usocket_port_listen(io, backlog < 0 ? 0 : backlog);
}

int usocket_listen(usocket_t *s, int backlog) {
    return call_port(s, listen_handle, NULL, backlog);
}

int usocket_backlog(void) {
    int max = usocket_port_somaxconn();
    return max < 128 ? max : 128;
}

#endif

/* Note a datagram socket that is shut down for reading: Linux's poll reports it readable from then
 * on, and receive_plain returns 0. */
static int shut_down_handle(usocket_t *s, int io, void *unused, int how) {
    (void)unused;
    int r = usocket_port_shutdown(io, how);
    if (r == 0 && !is_stream(s) && how != USOCKET_SHUT_WR) {
        usocket_change_flags(base_of(s), 0, FLAG_SHUT_RD);
    }
    return r;
}

/* On a TLS socket close_notify comes before the stack's FIN, and may wait for room. */
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
    return call_port(s, shut_down_handle, NULL, how);
}

static int name_handle(usocket_t *s, int io, void *address, int peer) {
    (void)s;
    return usocket_port_name(io, peer != 0, address);
}

int usocket_getsockname(usocket_t *s, usocket_addr_t *a) {
    return call_port(s, name_handle, a, false);
}

int usocket_getpeername(usocket_t *s, usocket_addr_t *a) {
    return call_port(s, name_handle, a, true);
}

#if USOCKET_WAIT_INSIDE
/* An option with which a receive waits inside has the program's value again before the program uses it. */
static void obey_option(usocket_t *base, int level, int name) {
    if (usocket_port_rules_inside(level, name)) {
        usocket_wait_outside(base);
    }
}
#else
#define obey_option(base, level, name) ((void)0)
#endif

/* Arguments of usocket_getsockopt that call_port has no room for. */
struct get_option {
    int level;
    void *value;
    size_t *len;
};

static int get_option(usocket_t *s, int io, void *p, int name) {
    const struct get_option *o = p;
    if (HAS_TLS(base_of(s)) && o->level == USOCKET_SOL_TLS) {
        return usocket_tls_getopt(s, name, o->value, o->len);
    }
    obey_option(base_of(s), o->level, name);
    return usocket_port_getopt(io, o->level, name, o->value, o->len);
}

int usocket_getsockopt(usocket_t *s, int level, int name, void *value, size_t *len) {
    struct get_option o = {level, value, len};
    return call_port(s, get_option, &o, name);
}

/* Arguments of usocket_setsockopt that call_port has no room for. */
struct set_option {
    int level;
    const void *value;
    size_t len;
};

/* Note SO_RCVTIMEO and SO_SNDTIMEO, which usocket_limit then applies to waits. */
static int set_option(usocket_t *s, int io, void *p, int name) {
    const struct set_option *o = p;
    if (HAS_TLS(base_of(s)) && o->level == USOCKET_SOL_TLS) {
        return usocket_tls_setopt(s, name, o->value, o->len);
    }
    if (!USOCKET_SO_TIMEO && usocket_port_is_timeo(o->level, name)) {
        return USOCKET_ENOPROTOOPT;
    }
    obey_option(base_of(s), o->level, name);
    int r = usocket_port_setopt(io, o->level, name, o->value, o->len);
    if (USOCKET_SO_TIMEO && r == 0 && usocket_port_is_timeo(o->level, name)) {
        usocket_change_flags(base_of(s), 0, FLAG_TIMEO);
    }
    return r;
}

int usocket_setsockopt(usocket_t *s, int level, int name, const void *value, size_t len) {
    struct set_option o = {level, value, len};
    return call_port(s, set_option, &o, name);
}

static int pending_bytes(usocket_t *s, int io, void *unused, int unused_too) {
    (void)unused;
    (void)unused_too;
    return HAS_TLS(base_of(s)) ? usocket_tls_pending(s) : usocket_port_pending(io);
}

/* Bytes put back are received first, and alone. */
int32_t usocket_pending(usocket_t *s) {
    size_t unread = usocket_unread_len(s);
    return unread != 0 ? (int32_t)unread : call_port(s, pending_bytes, NULL, 0);
}
