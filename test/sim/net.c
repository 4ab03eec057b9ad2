/* Addresses and hosts of the simulated network, and code shared by streams and datagrams.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

#define FATES 16

static struct {
    usocket_addr_t host;
    enum sim_fate fate;
} fates[FATES];
static size_t fate_count;

void sim_net_begin(void) {
    fate_count = 0;
}

void sim_latency(usocket_time_t us) {
    world.latency = us;
}

void sim_buffers(size_t receive, size_t send) {
    world.receive_buffer = receive;
    world.send_buffer = send;
}

void sim_datagrams(size_t most) {
    world.datagrams = most < DATAGRAMS ? most : DATAGRAMS;
}

void sim_piece(size_t most) {
    world.piece = most;
}

void sim_handles(int most) {
    world.most_handles = most < HANDLES ? most : HANDLES;
}

void sim_pending_unknown(bool unknown) {
    world.pending_unknown = unknown;
}

void sim_connected_unknown(bool unknown) {
    world.connected_unknown = unknown;
}

void sim_show_readable(bool able) {
    world.cannot_show = !able;
}

void sim_host(const char *address, enum sim_fate fate) {
    if (fate_count == FATES || usocket_addr_parse(&fates[fate_count].host, address, strlen(address), USOCKET_AF_UNSPEC)) {
        fprintf(stderr, "simulator: bad host %s\n", address);
        abort();
    }
    fates[fate_count++].fate = fate;
}

static size_t ip_size(int family) {
    return family == USOCKET_AF_INET ? 4 : 16;
}

static bool is_any(const usocket_addr_t *a) {
    static const uint8_t zero[16];
    return memcmp(a->u.ip, zero, ip_size(a->family)) == 0;
}

bool sim_is_local(const usocket_addr_t *a) {
    static const uint8_t one[16] = { [15] = 1 };
    if (a->family == USOCKET_AF_UNIX || is_any(a)) {
        return true;
    }
    for (size_t i = 0; i < fate_count; i++) {
        if (fates[i].host.family == a->family && memcmp(fates[i].host.u.ip, a->u.ip, ip_size(a->family)) == 0) {
            return fates[i].fate == SIM_LOCAL;
        }
    }
    return a->family == USOCKET_AF_INET ? a->u.ip[0] == 127 : memcmp(a->u.ip, one, 16) == 0;
}

enum sim_fate sim_fate_of(const usocket_addr_t *a) {
    for (size_t i = 0; i < fate_count; i++) {
        if (fates[i].host.family == a->family && memcmp(fates[i].host.u.ip, a->u.ip, ip_size(a->family)) == 0) {
            return fates[i].fate;
        }
    }
    return sim_is_local(a) ? SIM_LOCAL : SIM_UNREACH;
}

static bool same_place(const usocket_addr_t *bound, const usocket_addr_t *a) {
    if (bound->family != a->family || bound->port != a->port) {
        return false;
    }
    if (a->family == USOCKET_AF_UNIX) {
        return memcmp(bound->u.ip, a->u.ip, a->port < sizeof a->u ? a->port : sizeof a->u) == 0;
    }
    return is_any(bound) || is_any(a) || memcmp(bound->u.ip, a->u.ip, ip_size(a->family)) == 0;
}

struct sock *sim_bound_to(const usocket_addr_t *a, int type) {
    struct sock *found = NULL;
    for (struct sock *s = world.socks; s; s = s->next) {
        if (s->refs && s->bound && s->type == type && s->state != OPEN && s->state != CONNECTING && same_place(&s->local, a)) {
            found = !found || s->state == LISTENING ? s : found;
        }
    }
    return found;
}

/* The receiver of a datagram: a socket connected to its sender, otherwise an unconnected one. */
struct sock *sim_datagram_at(const usocket_addr_t *to, const usocket_addr_t *from) {
    struct sock *found = NULL;
    for (struct sock *s = world.socks; s; s = s->next) {
        if (s->refs && s->bound && s->type == USOCKET_DGRAM && same_place(&s->local, to)) {
            bool from_peer = s->remote.family && same_place(&s->remote, from);
            found = from_peer || (!s->remote.family && (!found || !found->remote.family)) ? s : found;
            if (from_peer) {
                break;
            }
        }
    }
    return found ? found : sim_bound_to(to, USOCKET_DGRAM);
}

#if USOCKET_TLS
int usocket_port_bind_beside(int handle, int listener, const usocket_addr_t *own) {
    struct sock *s = sim_sock(handle);
    struct sock *l = sim_sock(listener);
    int code = sim_inject(SIM_SETOPT);
    if (!s || !l || code) {
        return code ? code : USOCKET_EBADF;
    }
    int before = l->reuse;
    s->reuse = l->reuse = 1;
    int r = usocket_port_bind(handle, own);
    l->reuse = before;
    return r;
}
#endif

/* Give an unbound socket an address and a port; `towards` may be NULL. */
int sim_bind_any(struct sock *s, const usocket_addr_t *towards) {
    s->local.family = (uint16_t)s->family;
    if (s->family == USOCKET_AF_UNIX) {
        return 0;
    }
    if (towards && is_any(&s->local)) {
        memset(s->local.u.ip, 0, 16);
        s->local.u.ip[0] = s->family == USOCKET_AF_INET ? 127 : 0;
        s->local.u.ip[s->family == USOCKET_AF_INET ? 3 : 15] = 1;
    }
    if (!s->local.port) {
        s->bound = false;
        do {
            s->local.port = world.next_port;
            world.next_port = world.next_port == 65535 ? 40000 : (uint16_t)(world.next_port + 1);
        } while (sim_bound_to(&s->local, s->type));
    }
    s->bound = true;
    return 0;
}

int usocket_port_bind(int handle, const usocket_addr_t *a) {
    int code = sim_inject(SIM_BIND);
    struct sock *s = sim_sock(handle);
    if (code || !s) {
        return code ? code : USOCKET_EBADF;
    }
    if (a->family != s->family) {
        return USOCKET_EAFNOSUPPORT;
    }
    if (s->bound) {
        return USOCKET_EINVAL;
    }
    if (!sim_is_local(a)) {
        return USOCKET_EADDRNOTAVAIL;
    }
    if (a->port || a->family == USOCKET_AF_UNIX) {
        struct sock *other = sim_bound_to(a, s->type);
        if (other && !(s->reuse && other->reuse && other->state != LISTENING)) {
            return USOCKET_EADDRINUSE;
        }
    }
    s->local = *a;
    s->bound = true;
    return sim_bind_any(s, NULL);
}

void sim_net_tick(void) {
    for (struct sock *s = world.socks; s; s = s->next) {
        if (is_stream(s)) {
            sim_stream_tick(s);
        } else {
            sim_datagram_tick(s);
        }
    }
}

usocket_time_t sim_net_next(void) {
    usocket_time_t next = USOCKET_NEVER;
    for (struct sock *s = world.socks; s; s = s->next) {
        next = sim_earlier(next, is_stream(s) ? sim_stream_next(s) : sim_datagram_next(s));
    }
    return next;
}

int usocket_port_flags(int flags) {
    return (flags & MSG_PEEK ? USOCKET_PORT_PEEK : 0) | (flags & MSG_DONTWAIT ? USOCKET_PORT_DONTWAIT : 0)
        | (flags & MSG_WAITALL ? USOCKET_PORT_WAITALL : 0)
        | (flags & MSG_OOB ? USOCKET_PORT_URGENT : 0);
}

int usocket_port_msg_peek(void) {
    return MSG_PEEK;
}

int32_t usocket_port_recv(int handle, void *buf, size_t len, int flags, usocket_addr_t *from) {
    int code = sim_inject(SIM_RECV);
    struct sock *s = sim_sock(handle);
    if (code || !s) {
        return code ? code : USOCKET_EBADF;
    }
    return is_stream(s) ? sim_stream_recv(s, buf, len, flags) : sim_datagram_recv(s, buf, len, flags, from);
}

#if USOCKET_WAIT_INSIDE

/* As a stack that cannot do it. */
int usocket_port_inside(int handle, bool on) {
    (void)handle;
    (void)on;
    return USOCKET_EOPNOTSUPP;
}

int32_t usocket_port_recv_inside(int handle, void *buf, size_t len, int flags, usocket_addr_t *from) {
    return usocket_port_recv(handle, buf, len, flags, from);
}

void usocket_port_end_inside(int handle) {
    (void)handle;
}

bool usocket_port_rules_inside(int level, int name) {
    (void)level;
    (void)name;
    return false;
}

#endif

int32_t usocket_port_send(int handle, const void *buf, size_t len, int flags, const usocket_addr_t *to) {
    int code = sim_inject(SIM_SEND);
    struct sock *s = sim_sock(handle);
    if (code || !s) {
        return code ? code : USOCKET_EBADF;
    }
    if (is_stream(s)) {
        return to && s->family == USOCKET_AF_UNIX ? USOCKET_EISCONN : sim_stream_send(s, buf, len, flags);
    }
    return sim_datagram_send(s, buf, len, to);
}

int32_t usocket_port_pending(int handle) {
    int code = sim_inject(SIM_PENDING);
    struct sock *s = sim_sock(handle);
    if (code || !s) {
        return code ? code : USOCKET_EBADF;
    }
    if (world.pending_unknown) {
        return 0;
    }
    if (is_stream(s)) {
        return s->state == LISTENING ? USOCKET_EINVAL : (int32_t)sim_stream_pending(s);
    }
    return s->waiting && s->datagrams[0].at <= world.now ? (int32_t)s->datagrams[0].len : 0;
}
