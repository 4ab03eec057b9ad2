/* The simulator's handles, and the port calls that are the same for streams and datagrams.
 *
 * SPDX-License-Identifier: MIT
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "internal.h"

void sim_handles_begin(void) {
    while (world.socks) {
        struct sock *s = world.socks;
        world.socks = s->next;
        free(s->in.bytes);
        for (size_t i = 0; i < s->waiting; i++) {
            free(s->datagrams[i].bytes);
        }
        free(s);
    }
}

int sim_handle_new(enum kind kind, struct sock *sock) {
    for (int i = 0; i < world.most_handles; i++) {
        if (world.handles[i].kind == FREE) {
            world.handles[i] = (struct handle){ .kind = kind, .sock = sock };
            return i;
        }
    }
    return USOCKET_EMFILE;
}

struct sock *sim_sock(int handle) {
    if (handle < 0 || handle >= HANDLES || world.handles[handle].kind != SOCKET) {
        sim_misuse("a call with a handle that is no open socket");
        return NULL;
    }
    sim_net_tick();
    return world.handles[handle].sock;
}

struct sock *sim_sock_new(int family, int type, int proto) {
    struct sock *s = calloc(1, sizeof *s);
    if (!s) {
        abort();
    }
    s->family = family;
    s->type = type;
    s->proto = proto ? proto : family == USOCKET_AF_UNIX ? 0 : type == USOCKET_STREAM ? USOCKET_PROTO_TCP : USOCKET_PROTO_UDP;
    s->refs = 1;
    s->local.family = (uint16_t)family;
    s->in.fin_at = s->in.reset_at = s->syn_at = s->settled_at = s->error_at = USOCKET_NEVER;
    s->rcvbuf = (int)world.receive_buffer;
    s->sndbuf = (int)world.send_buffer;
    s->next = world.socks;
    world.socks = s;
    return s;
}

void sim_sock_drop(struct sock *s) {
    if (--s->refs == 0) {
        s->bound = false;
        if (is_stream(s)) {
            sim_stream_gone(s);
        } else {
            sim_datagram_gone(s);
        }
    }
}

uint8_t sim_ready(int handle) {
    struct handle *h = &world.handles[handle];
    switch (h->kind) {
        case SOCKET:
            return is_stream(h->sock) ? sim_stream_ready(h->sock) : sim_datagram_ready(h->sock);
        case EVENT:
            return h->set || (h->at && h->at <= world.now) ? USOCKET_POLL_IN : 0;
        case QUESTION:
            return h->at <= world.now ? USOCKET_POLL_IN : 0;
        case SET:
            return sim_set_ready(h);
        case SHOWN:
            return USOCKET_POLL_IN;
        default:
            return USOCKET_POLL_NVAL;
    }
}

int usocket_port_open(int family, int type, int proto) {
    int code = sim_inject(SIM_OPEN);
    if (code) {
        return code;
    }
    if (family != USOCKET_AF_INET && family != USOCKET_AF_INET6 && family != USOCKET_AF_UNIX) {
        return USOCKET_EAFNOSUPPORT;
    }
    if (type == USOCKET_RAW) {
        return USOCKET_EPERM;
    }
    if (type != USOCKET_STREAM && type != USOCKET_DGRAM) {
        return USOCKET_ESOCKTNOSUPPORT;
    }
    if (proto != 0 && proto != (type == USOCKET_STREAM ? USOCKET_PROTO_TCP : USOCKET_PROTO_UDP)) {
        return USOCKET_EPROTONOSUPPORT;
    }
    struct sock *s = sim_sock_new(family, type, proto);
    int h = sim_handle_new(SOCKET, s);
    if (h < 0) {
        sim_sock_drop(s);
    }
    return h;
}

int usocket_port_pair(int family, int type, int proto, int handles[2]) {
    int code = sim_inject(SIM_PAIR);
    if (code) {
        return code;
    }
    if (family != USOCKET_AF_UNIX) {
        return USOCKET_EOPNOTSUPP;
    }
    if (type != USOCKET_STREAM && type != USOCKET_DGRAM) {
        return USOCKET_ESOCKTNOSUPPORT;
    }
    if (proto != 0) {
        return USOCKET_EPROTONOSUPPORT;
    }
    struct sock *a = sim_sock_new(family, type, 0), *b = sim_sock_new(family, type, 0);
    handles[0] = sim_handle_new(SOCKET, a);
    handles[1] = handles[0] < 0 ? handles[0] : sim_handle_new(SOCKET, b);
    if (handles[1] < 0) {
        if (handles[0] >= 0) {
            world.handles[handles[0]].kind = FREE;
        }
        sim_sock_drop(a);
        sim_sock_drop(b);
        return USOCKET_EMFILE;
    }
    if (type == USOCKET_STREAM) {
        sim_stream_join(a, b);
    }
    a->peer = b;
    b->peer = a;
    return 0;
}

int usocket_port_adopt(int handle, int *family, int *type, int *proto) {
    int code = sim_inject(SIM_ADOPT);
    if (code) {
        return code;
    }
    if (handle < 0 || handle >= HANDLES || world.handles[handle].kind == FREE) {
        return USOCKET_EBADF;
    }
    if (world.handles[handle].kind != SOCKET) {
        return USOCKET_ENOTSOCK;
    }
    struct sock *s = world.handles[handle].sock;
    *family = *family < 0 ? s->family : *family;
    *type = *type < 0 ? s->type : *type;
    *proto = *proto < 0 ? s->proto : *proto;
    return 0;
}

int usocket_port_dup(int handle) {
    int code = sim_inject(SIM_DUP);
    if (code) {
        return code;
    }
    if (handle < 0 || handle >= HANDLES || world.handles[handle].kind == FREE) {
        return USOCKET_EBADF;
    }
    int h = sim_handle_new(world.handles[handle].kind, world.handles[handle].sock);
    if (h >= 0 && world.handles[h].sock) {
        world.handles[h].sock->refs++;
    }
    return h;
}

void usocket_port_no_linger(int handle) {
    (void)handle; /* close never waits in the simulator */
}

int usocket_port_close(int handle) {
    int code = sim_inject(SIM_CLOSE);
    if (handle < 0 || handle >= HANDLES || world.handles[handle].kind == FREE || world.handles[handle].kind >= EVENT) {
        sim_misuse("close of a handle that is no open socket");
        return USOCKET_EBADF;
    }
    struct handle h = world.handles[handle];
    world.handles[handle] = (struct handle){ 0 };
    sim_sets_forget(handle);
    sim_net_tick();
    if (h.sock) {
        sim_sock_drop(h.sock);
    }
    return code;
}

int usocket_port_name(int handle, bool peer, usocket_addr_t *a) {
    int code = sim_inject(peer ? SIM_PEER : SIM_NAME);
    struct sock *s = sim_sock(handle);
    if (code || !s) {
        return code ? code : USOCKET_EBADF;
    }
    if (peer && !s->remote.family && !(s->family == USOCKET_AF_UNIX && s->peer)) {
        return USOCKET_ENOTCONN;
    }
    if (peer && is_stream(s) && s->state != OPEN) {
        return USOCKET_ENOTCONN;
    }
    *a = peer ? s->remote : s->local;
    a->family = (uint16_t)s->family;
    return 0;
}

int usocket_port_error(int handle) {
    int code = sim_inject(SIM_ERROR);
    struct sock *s = sim_sock(handle);
    if (code || !s) {
        return code ? code : USOCKET_EBADF;
    }
    code = s->error;
    s->error = 0;
    return code;
}

static int *option(struct sock *s, int level, int name) {
    if (level == SOL_SOCKET) {
        switch (name) {
            case SO_REUSEADDR: return &s->reuse;
            case SO_KEEPALIVE: return &s->keepalive;
            case SO_BROADCAST: return &s->broadcast;
            case SO_RCVBUF: return &s->rcvbuf;
            case SO_SNDBUF: return &s->sndbuf;
        }
    }
    return level == IPPROTO_TCP && name == TCP_NODELAY && is_stream(s) ? &s->nodelay : NULL;
}

bool usocket_port_is_timeo(int level, int name) {
    return level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
}

usocket_time_t usocket_port_timeo(int handle, bool output) {
    struct sock *s = sim_sock(handle);
    return s ? output ? s->sndtimeo : s->rcvtimeo : 0;
}

int usocket_port_getopt(int handle, int level, int name, void *value, size_t *len) {
    int code = sim_inject(SIM_GETOPT), number;
    struct sock *s = sim_sock(handle);
    if (code || !s) {
        return code ? code : USOCKET_EBADF;
    }
    if (value == NULL && *len != 0) {
        return USOCKET_EFAULT;
    }
    const void *from = &number;
    size_t size = sizeof number;
    struct timeval tv;
    if (level == SOL_SOCKET && name == SO_TYPE) {
        number = s->type;
    } else if (level == SOL_SOCKET && name == SO_ERROR) {
        number = -s->error;
        s->error = 0;
    } else if (usocket_port_is_timeo(level, name)) {
        usocket_time_t us = name == SO_RCVTIMEO ? s->rcvtimeo : s->sndtimeo;
        tv.tv_sec = (time_t)(us / 1000000);
        tv.tv_usec = (suseconds_t)(us % 1000000);
        from = &tv;
        size = sizeof tv;
    } else if (option(s, level, name)) {
        number = *option(s, level, name);
    } else {
        return USOCKET_ENOPROTOOPT;
    }
    *len = *len < size ? *len : size;
    if (*len != 0) {
        memcpy(value, from, *len);
    }
    return 0;
}

int usocket_port_setopt(int handle, int level, int name, const void *value, size_t len) {
    int code = sim_inject(SIM_SETOPT);
    struct sock *s = sim_sock(handle);
    if (code || !s) {
        return code ? code : USOCKET_EBADF;
    }
    if (value == NULL && len != 0) {
        return USOCKET_EFAULT;
    }
    if (usocket_port_is_timeo(level, name)) {
        struct timeval tv;
        if (len < sizeof tv) {
            return USOCKET_EINVAL;
        }
        memcpy(&tv, value, sizeof tv);
        if (tv.tv_usec < 0 || tv.tv_usec > 999999) {
            return USOCKET_EDOM;
        }
        *(name == SO_RCVTIMEO ? &s->rcvtimeo : &s->sndtimeo) = (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
        return 0;
    }
    int *number = option(s, level, name);
    if (!number) {
        return USOCKET_ENOPROTOOPT;
    }
    if (len < sizeof *number) {
        return USOCKET_EINVAL;
    }
    memcpy(number, value, sizeof *number);
    return 0;
}

int usocket_port_sockaddr(const void *raw, size_t len, usocket_addr_t *a) {
    int code = sim_inject(SIM_SOCKADDR);
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    if (code) {
        return code;
    }
    if (len < sizeof(sa_family_t)) {
        return USOCKET_EINVAL;
    }
    sa_family_t family;
    memcpy(&family, raw, sizeof family);
    *a = (usocket_addr_t){ .family = family };
    if (family == AF_INET && len >= sizeof in) {
        memcpy(&in, raw, sizeof in);
        a->port = ntohs(in.sin_port);
        memcpy(a->u.ip, &in.sin_addr, 4);
    } else if (family == AF_INET6 && len >= sizeof in6) {
        memcpy(&in6, raw, sizeof in6);
        a->port = ntohs(in6.sin6_port);
        a->flowinfo = ntohl(in6.sin6_flowinfo);
        a->scope = in6.sin6_scope_id;
        memcpy(a->u.ip, &in6.sin6_addr, 16);
    } else {
        return family == AF_INET || family == AF_INET6 ? USOCKET_EINVAL : USOCKET_EAFNOSUPPORT;
    }
    return 0;
}

int usocket_port_show_readable(int fd, int io) {
    int code = sim_inject(SIM_SHOW);
    struct sock *s = sim_sock(io);
    if (code || !s) {
        return code ? code : USOCKET_EBADF;
    }
    if (world.cannot_show) {
        return USOCKET_EOPNOTSUPP;
    }
    if (fd == io) {
        io = sim_handle_new(SOCKET, s);
    } else {
        sim_sock_drop(s);
    }
    if (io >= 0) {
        world.handles[fd] = (struct handle){ .kind = SHOWN };
    }
    return io;
}

void usocket_port_show_socket(int fd, int io) {
    struct sock *s = sim_sock(io);
    if (!s || (fd != io && world.handles[fd].kind == SOCKET && world.handles[fd].sock == s)) {
        return; /* it already has this state */
    }
    if (fd == io || fd < 0 || fd >= HANDLES || world.handles[fd].kind != SHOWN) {
        sim_misuse("show_socket without show_readable");
        return;
    }
    world.handles[fd] = (struct handle){ .kind = SOCKET, .sock = s };
    s->refs++;
}

int usocket_port_event_open(void) {
    int code = sim_inject(SIM_EVENT_OPEN);
    return code ? code : sim_handle_new(EVENT, NULL);
}

static struct handle *event_of(int event) {
    static struct handle nowhere;
    if (event < 0 || event >= HANDLES || world.handles[event].kind != EVENT) {
        sim_misuse("a call with a handle that is no open event");
        return &nowhere;
    }
    return &world.handles[event];
}

void usocket_port_event_set(int event) {
    event_of(event)->set = true;
}

void usocket_port_event_clear(int event) {
    sim_spend();
    event_of(event)->set = false;
}

void usocket_port_event_close(int event) {
    if (event >= 0 && event < HANDLES && world.handles[event].kind == SET) {
        world.handles[event].kind = EVENT;
    }
    *event_of(event) = (struct handle){ 0 };
    sim_sets_forget(event);
}
