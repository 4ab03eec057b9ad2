/* The calls of port.h on a socket: checks that Linux makes, then the file of its kind.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#include "wait.h"

#include <string.h>

/* ---- Opening and closing ------------------------------------------------------------------------------------------ */

static int check_kind(int family, int type, int proto) {
    if (family != USOCKET_AF_INET && (!USOCKET_IPV6 || family != USOCKET_AF_INET6)) {
        return USOCKET_EAFNOSUPPORT;
    }
    if (proto < 0 || proto > 255 || type < USOCKET_STREAM || type > USOCKET_RAW) {
        return USOCKET_EINVAL;
    }
    bool is = type == USOCKET_RAW ? LWIP_RAW && proto != 0
                                  : proto == 0 || proto == (type == USOCKET_STREAM ? IPPROTO_TCP : IPPROTO_UDP);
    return is ? 0 : USOCKET_EPROTONOSUPPORT;
}

static int open_socket(int family, int type, int proto) {
    slot_t *s = slot_take(type == USOCKET_STREAM ? STREAM : type == USOCKET_DGRAM ? DATAGRAM : RAW);
    if (s == NULL) {
        return USOCKET_EMFILE;
    }
    ip_addr_set_any(family != USOCKET_AF_INET, &s->own);
    options_begin(s, family, proto);
#if USOCKET_DATAGRAMS
    int r = is_datagram(s) ? datagram_make_pcb(s) : stream_make_pcb(s);
#else
    int r = stream_make_pcb(s);
#endif
    if (r < 0) {
        slot_free(s);
        return USOCKET_ENFILE; /* lwIP has no pcb left: too many sockets */
    }
    return handle_of(s);
}

int usocket_port_open(int family, int type, int proto) {
    int r = check_kind(family, type, proto);
    if (r == 0) {
        UNDER_LWIP(r, open_socket(family, type, proto));
    }
    return r;
}

int usocket_port_pair(int family, int type, int proto, int handles[2]) {
    (void)family, (void)type, (void)proto, (void)handles;
    return USOCKET_EOPNOTSUPP;
}

static int adopt(int handle, int *family, int *type, int *proto) {
    const slot_t *s = socket_of(handle);
    if (s == NULL) {
        return slot_of(handle) != NULL ? USOCKET_ENOTSOCK : USOCKET_EBADF;
    }
    *family = *family != -1 ? *family : s->set.family;
    *proto = *proto != -1 ? *proto : s->set.proto;
    if (*type == -1) {
        *type = s->kind == DATAGRAM ? USOCKET_DGRAM : s->kind == RAW ? USOCKET_RAW : USOCKET_STREAM;
    }
    return 0;
}

int usocket_port_adopt(int handle, int *family, int *type, int *proto) {
    int r;
    UNDER_LWIP(r, adopt(handle, family, type, proto));
    return r;
}

int usocket_port_dup(int handle) {
    (void)handle;
    return USOCKET_EOPNOTSUPP;
}

int usocket_port_show_readable(int fd, int io) {
    (void)fd, (void)io;
    return USOCKET_EOPNOTSUPP;
}

void usocket_port_show_socket(int fd, int io) {
    (void)fd, (void)io;
}

/* Close a socket. The result is positive if it is to linger, and is open: the seconds. */
static int close_socket(slot_t *s, bool lingers, bool reset) {
    if (s == NULL) {
        return USOCKET_EBADF;
    }
    switch (s->kind) {
        case STREAM:
            if (s->flags & LINGERS) {
                if (lingers && s->set.linger != 0) {
                    return s->set.linger;
                }
                reset = reset || s->set.linger == 0;
            }
            stream_close(s, reset);
            break;
#if USOCKET_SERVER
        case LISTENER:
            listener_close(s);
            break;
#endif
        default:
#if USOCKET_DATAGRAMS
            datagram_close(s);
#endif
            break;
    }
    slot_free(s);
    slot_memory_freed();
    return 0;
}

static bool unfinished(int handle) {
    const slot_t *s = socket_of(handle);
    return s != NULL && stream_unfinished(s);
}

/* With SO_LINGER the close waits for the peer; what is not acknowledged by then is given up. The
 * end of the stream is sent first, so that the peer has a reason to finish. */
int usocket_port_close(int handle) {
    int r;
    UNDER_LWIP(r, close_socket(socket_of(handle), true, false));
    if (r <= 0) {
        return r;
    }
    usocket_time_t until = usocket_port_now() + (usocket_time_t)r * 1000000;
    bool reset;
    for (;;) {
        UNDER_LWIP(reset, unfinished(handle));
        if (!reset || usocket_port_now() >= until) {
            break;
        }
        PLAT_PUMP();
        PLAT_IDLE(10);
    }
    UNDER_LWIP(r, close_socket(socket_of(handle), false, reset));
    return r;
}

/* A time of 0 stays: the close is a reset. */
static void end_linger(slot_t *s) {
    if (s != NULL && s->set.linger != 0) {
        s->flags &= (uint8_t)~LINGERS;
    }
}

void usocket_port_no_linger(int handle) {
    DO_UNDER_LWIP(end_linger(socket_of(handle)));
}

/* ---- Addresses ---------------------------------------------------------------------------------------------------- */

static int bind_socket(slot_t *s, const usocket_addr_t *a) {
    ip_addr_t ip;
    if (s == NULL) {
        return USOCKET_EBADF;
    }
    int r = to_lwip(s, a, &ip);
    if (r == USOCKET_ENETUNREACH) {
        return USOCKET_EINVAL; /* an IPv4 address, and IPV6_V6ONLY is on */
    }
    if (r == 0 && s->kind != RAW && ((s->flags & BOUND) || s->stage != FRESH || s->kind == LISTENER)) {
        r = USOCKET_EINVAL;
    }
#if USOCKET_IPV6
    if (r == 0 && IP_IS_V6(&ip) && ip6_addr_lacks_zone(ip_2_ip6(&ip), IP6_UNICAST)) {
        r = USOCKET_EINVAL; /* as on Linux: a link-local address is of one link */
    }
#endif
    if (r == 0) {
        r = check_own(&ip);
    }
    if (r == 0) {
#if USOCKET_DATAGRAMS
        r = is_datagram(s) ? datagram_bind(s, &ip, a->port) : stream_bind(s, &ip, a->port);
#else
        r = stream_bind(s, &ip, a->port);
#endif
    }
    return r;
}

int usocket_port_bind(int handle, const usocket_addr_t *a) {
    int r;
    UNDER_LWIP(r, bind_socket(socket_of(handle), a));
    return r;
}

static int peer_name(const slot_t *s, usocket_addr_t *a) {
    if (s->kind == LISTENER || s->stage != CONNECTED || s->pcb.any == NULL) {
        return USOCKET_ENOTCONN;
    }
    const struct ip_pcb *pcb = s->pcb.any; /* all kinds of pcb begin with it */
    uint16_t port = 0;
    if (s->kind == STREAM) {
        port = s->pcb.tcp->remote_port;
    } else if (s->kind == DATAGRAM) {
        port = s->pcb.udp->remote_port;
    }
    from_lwip(s, &pcb->remote_ip, port, a);
    return 0;
}

static int name_of(const slot_t *s, bool peer, usocket_addr_t *a) {
    if (s == NULL) {
        return USOCKET_EBADF;
    }
    if (peer) {
        return peer_name(s, a);
    }
    bool connecting = s->kind == STREAM && s->stage == CONNECTING && s->pcb.tcp != NULL;
    from_lwip(s, connecting ? &s->pcb.tcp->local_ip : &s->own, s->kind == RAW ? s->set.proto : s->port, a);
    return 0;
}

int usocket_port_name(int handle, bool peer, usocket_addr_t *a) {
    int r;
    UNDER_LWIP(r, name_of(socket_of(handle), peer, a));
    return r;
}

/* ---- Connections -------------------------------------------------------------------------------------------------- */

#if USOCKET_SERVER

static int listen_at(slot_t *s, int backlog) {
    return s == NULL ? USOCKET_EBADF : is_datagram(s) ? USOCKET_EOPNOTSUPP : listener_begin(s, backlog);
}

int usocket_port_listen(int handle, int backlog) {
    int r;
    UNDER_LWIP(r, listen_at(socket_of(handle), backlog));
    return r;
}

int usocket_port_somaxconn(void) {
    return SOMAXCONN;
}

static int accept_from(slot_t *s, usocket_addr_t *peer) {
    return s == NULL          ? USOCKET_EBADF
        : is_datagram(s)      ? USOCKET_EOPNOTSUPP
        : s->kind != LISTENER ? USOCKET_EINVAL
                              : listener_accept(s, peer);
}

int usocket_port_accept(int handle, usocket_addr_t *peer) {
    int r;
    UNDER_LWIP_OR_PUMP(r, accept_from(socket_of(handle), peer));
    return r;
}

#endif

static int connect_socket(slot_t *s, const usocket_addr_t *a) {
    ip_addr_t ip;
    if (s == NULL) {
        return USOCKET_EBADF;
    }
#if USOCKET_DATAGRAMS
    if (is_datagram(s) && a->family == USOCKET_AF_UNSPEC) {
        datagram_disconnect(s);
        return 0;
    }
#endif
    int r = to_lwip(s, a, &ip);
    if (r < 0) {
        return r;
    }
    replace_any(&ip);
#if USOCKET_DATAGRAMS
    if (is_datagram(s)) {
        return is_broadcast(&ip) && !(s->set.options & OPT_BROADCAST) ? USOCKET_EACCES
                                                                      : datagram_connect(s, &ip, a->port);
    }
#endif
    if (s->kind == LISTENER) {
        return USOCKET_EISCONN;
    }
    return s->stage == FRESH && (is_broadcast(&ip) || ip_addr_ismulticast(&ip)) ? USOCKET_ENETUNREACH
                                                                                : stream_connect(s, &ip, a->port);
}

int usocket_port_connect(int handle, const usocket_addr_t *a) {
    int r;
    UNDER_LWIP(r, connect_socket(socket_of(handle), a));
    return r;
}

/* One member, which needs no lock. */
bool usocket_port_connected(int handle) {
    const slot_t *s = slot_of(handle);
    return s != NULL && s->stage == CONNECTED;
}

static int error_of(slot_t *s) {
    return s != NULL ? slot_take_error(s) : USOCKET_EBADF;
}

int usocket_port_error(int handle) {
    int r;
    UNDER_LWIP(r, error_of(socket_of(handle)));
    return r;
}

#if USOCKET_SERVER
/* lwIP ends a listener only as a whole. */
static int shut_listener(slot_t *s, int how) {
    if (how != USOCKET_SHUT_WR) {
        listener_close(s);
        s->kind = STREAM;
        s->stage = FAILED;
        slot_changed(s);
    }
    return 0;
}
#endif

static int shut(slot_t *s, int how) {
    if (s == NULL) {
        return USOCKET_EBADF;
    }
#if USOCKET_SERVER
    if (s->kind == LISTENER) {
        return shut_listener(s, how);
    }
#endif
    if (!is_datagram(s)) {
        return stream_shutdown(s, how);
    }
    s->flags |= (uint8_t)((how != USOCKET_SHUT_WR ? HALF_IN : 0) | (how != USOCKET_SHUT_RD ? HALF_OUT : 0));
    slot_changed(s);
    return s->stage == CONNECTED ? 0 : USOCKET_ENOTCONN;
}

int usocket_port_shutdown(int handle, int how) {
    int r = USOCKET_EINVAL;
    if (how >= 0 && how <= USOCKET_SHUT_RDWR) {
        UNDER_LWIP(r, shut(socket_of(handle), how));
    }
    return r;
}
