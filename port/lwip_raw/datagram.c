/* Datagram and raw sockets: a slot, its udp_pcb or raw_pcb, and the packets that wait.
 *
 * A packet keeps its sender in the bytes in front of its data, where its headers were; a packet
 * without that room gets an empty pbuf with it in front. The list of packets takes no other memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#if USOCKET_DATAGRAMS

#include <lwip/ip.h>
#include <lwip/netif.h>

#include <string.h>

typedef struct {
    struct pbuf *next; /* The packet behind it. */
    ip_addr_t from;
    uint16_t port;
} sender_t;

static void *place_of(struct pbuf *p) {
    return (uint8_t *)p->payload - sizeof(sender_t);
}

/* The place may not be aligned. */
static sender_t sender_of(struct pbuf *p) {
    sender_t sender;
    memcpy(&sender, place_of(p), sizeof(sender));
    return sender;
}

/* Make sure that a packet has the place. NULL: no memory; p is freed then. */
static struct pbuf *give_place(struct pbuf *p) {
    bool own = (p->type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS) != 0;
    if (own && (uint8_t *)p->payload >= (uint8_t *)p + LWIP_MEM_ALIGN_SIZE(sizeof(*p)) + sizeof(sender_t)) {
        return p; /* the usual case: pbuf_add_header would succeed */
    }
    if (pbuf_add_header_force(p, sizeof(sender_t)) == 0) {
        pbuf_remove_header(p, sizeof(sender_t));
        return p;
    }
    struct pbuf *front = pbuf_alloc(PBUF_RAW, sizeof(sender_t), PBUF_RAM);
    if (front == NULL) {
        pbuf_free(p);
        return NULL;
    }
    pbuf_remove_header(front, sizeof(sender_t));
    pbuf_cat(front, p);
    return front;
}

/* ---- Receiving ---------------------------------------------------------------------------------------------------- */

static unsigned kept; /* The pbufs in all lists: TCP receives into the same pool. */

static unsigned count_of(const struct pbuf *p) {
    return p->next == NULL ? 1 : pbuf_clen(p); /* the usual packet is in one piece */
}

/* Put a packet into the list, or drop it if there is no room. An empty list has room for one. Frees
 * p. */
static void keep(slot_t *s, struct pbuf *p, const ip_addr_t *from, uint16_t port) {
    sender_t sender = {.next = NULL, .port = port};
    ip_addr_copy(sender.from, *from);
    uint32_t held = s->held + p->tot_len;
    if (s->in != NULL && (held > s->set.room || kept + count_of(p) > PLAT_PBUFS_WAITING)) {
        pbuf_free(p);
        return;
    }
    p = give_place(p);
    if (p == NULL) {
        return;
    }
    kept += count_of(p);
    memcpy(place_of(p), &sender, sizeof(sender));
    if (s->in == NULL) {
        s->in = p;
    } else {
        memcpy(place_of(s->more.last), &p, sizeof(p)); /* sender_t.next */
    }
    s->more.last = p;
    s->held = held;
    slot_changed(s);
}

static void on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port) {
    (void)pcb;
    keep(arg, p, from, port);
}

#if LWIP_RAW
/* lwIP goes on with the packet, so the socket gets a copy: of IPv4 with its header, of IPv6 without,
 * as on Linux. */
static u8_t on_packet(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from) {
    slot_t *s = arg;
    u16_t skip = IP_IS_V4(from) ? 0 : ip_current_header_tot_len();
    (void)pcb;
    if (p->tot_len >= skip) {
        struct pbuf *copy = pbuf_alloc(PBUF_TRANSPORT, (u16_t)(p->tot_len - skip), PBUF_RAM);
        if (copy != NULL) {
            pbuf_copy_partial(p, copy->payload, copy->tot_len, skip); /* a PBUF_RAM is in one piece */
            keep(s, copy, from, 0);
        }
    }
    return 0;
}
#endif

/* Take the first packet out of the list. */
static void drop_first(slot_t *s) {
    struct pbuf *p = s->in;
    s->in = sender_of(p).next;
    s->held -= p->tot_len;
    kept -= count_of(p);
    pbuf_free(p);
    slot_memory_freed();
}

size_t datagram_pending(const slot_t *s) {
    return s->in != NULL ? s->in->tot_len : 0;
}

int32_t datagram_recv(slot_t *s, void *buf, size_t len, int flags, usocket_addr_t *from) {
    if (s->error != 0) {
        return slot_take_error(s);
    }
    if (s->in == NULL) {
        return USOCKET_EAGAIN; /* also after a shutdown, as on Linux; the core knows of it */
    }
    size_t size = datagram_pending(s);
    size_t n = len < size ? len : size;
    if (n != 0) {
        pbuf_copy_partial(s->in, buf, (u16_t)n, 0);
    }
    if (from != NULL) {
        sender_t sender = sender_of(s->in);
        from_lwip(s, &sender.from, sender.port, from);
    }
    if (!(flags & MSG_PEEK)) {
        drop_first(s);
    }
    return (int32_t)(flags & MSG_TRUNC ? size : n);
}

/* ---- The pcb ------------------------------------------------------------------------------------------------------ */

int datagram_make_pcb(slot_t *s) {
    if (s->kind == DATAGRAM) {
        struct udp_pcb *pcb = udp_new_ip_type(version_of(s));
        s->pcb.udp = pcb;
        if (pcb != NULL) {
            options_apply(s);
#if LWIP_MULTICAST_TX_OPTIONS
            udp_set_multicast_ttl(pcb, 1);
            udp_set_flags(pcb, UDP_FLAGS_MULTICAST_LOOP);
#endif
            udp_recv(pcb, on_datagram, s);
        }
    } else {
#if LWIP_RAW
        struct raw_pcb *pcb = raw_new_ip_type(version_of(s), s->set.proto);
        s->pcb.raw = pcb;
        if (pcb != NULL) {
            options_apply(s);
            raw_recv(pcb, on_packet, s);
        }
#endif
    }
    return s->pcb.any != NULL ? 0 : USOCKET_ENOBUFS;
}

int datagram_bind(slot_t *s, const ip_addr_t *ip, uint16_t port) {
    err_t err = ERR_OK;
    if (s->kind == DATAGRAM) {
        err = udp_bind(s->pcb.udp, ip, port);
        s->port = s->pcb.udp->local_port;
    } else {
#if LWIP_RAW
        err = raw_bind(s->pcb.raw, ip);
#endif
    }
    if (err == ERR_OK) {
        ip_addr_copy(s->own, *ip);
        s->flags |= BOUND | CHOSEN;
    }
    return code_of(err);
}

/* An own address that the program has not chosen is that of the interface to the peer. */
int datagram_connect(slot_t *s, const ip_addr_t *ip, uint16_t port) {
    const ip_addr_t *source = source_for(s, ip);
    if (source == NULL) {
        return USOCKET_ENETUNREACH;
    }
    err_t err = ERR_OK;
    if (s->kind == DATAGRAM) {
        err = udp_connect(s->pcb.udp, ip, port);
        s->port = s->pcb.udp->local_port;
        icmp_begin();
    } else {
#if LWIP_RAW
        err = raw_connect(s->pcb.raw, ip);
#endif
    }
    if (err == ERR_OK) {
        s->stage = CONNECTED;
        s->flags |= BOUND;
        if (ip_addr_isany(&s->own)) {
            ip_addr_copy(s->own, *source);
        }
    }
    return code_of(err);
}

void datagram_disconnect(slot_t *s) {
    if (s->kind == DATAGRAM) {
        udp_disconnect(s->pcb.udp);
    } else {
#if LWIP_RAW
        raw_disconnect(s->pcb.raw);
#endif
    }
    s->stage = FRESH;
    s->error = 0;
    if (!(s->flags & CHOSEN)) {
        ip_addr_set_any(s->set.family != USOCKET_AF_INET, &s->own);
    }
}

void datagram_close(slot_t *s) {
    while (s->in != NULL) {
        drop_first(s);
    }
    group_leave_all(s);
    if (s->kind == DATAGRAM) {
        udp_remove(s->pcb.udp);
    } else {
#if LWIP_RAW
        raw_remove(s->pcb.raw);
#endif
    }
}

/* ---- Sending ------------------------------------------------------------------------------------------------------ */

/* Most bytes in a packet: its length has 16 bits, with the header of IPv4. */
static size_t most_of(const slot_t *s, const ip_addr_t *ip) {
    (void)ip; /* Only IPv6 looks at it. */
    return (size_t)UINT16_MAX - (s->kind == DATAGRAM ? 8 : 0) - (IP_IS_V4(ip) ? 20 : 0);
}

/* 0, or the code with which a packet is refused. */
static int may_send(slot_t *s, size_t len, const ip_addr_t *ip, uint16_t port) {
    if (s->error != 0) {
        return slot_take_error(s);
    }
    if (s->flags & HALF_OUT) {
        return USOCKET_EPIPE;
    }
    if (ip == NULL) {
        return s->stage == CONNECTED ? 0 : USOCKET_EDESTADDRREQ;
    }
    if (port == 0 && s->kind == DATAGRAM) {
        return USOCKET_EINVAL;
    }
    if (len > most_of(s, ip)) {
        return USOCKET_EMSGSIZE;
    }
    return is_broadcast(ip) && !(s->set.options & OPT_BROADCAST) ? USOCKET_EACCES : 0;
}

static err_t send_packet(slot_t *s, struct pbuf *p, const ip_addr_t *ip, uint16_t port) {
    if (s->kind == DATAGRAM) {
        err_t err = udp_sendto(s->pcb.udp, p, ip, port);
        s->port = s->pcb.udp->local_port;
        return err;
    }
#if LWIP_RAW
    (void)port;
    return raw_sendto(s->pcb.raw, p, ip);
#else
    (void)port;
    return ERR_VAL;
#endif
}

int32_t datagram_send(slot_t *s, const void *buf, size_t len, const ip_addr_t *ip, uint16_t port) {
    int r = may_send(s, len, ip, port);
    if (r < 0) {
        return r;
    }
    if (ip == NULL) {
#if LWIP_RAW
        ip = s->kind == RAW ? &s->pcb.raw->remote_ip : &s->pcb.udp->remote_ip;
#else
        ip = &s->pcb.udp->remote_ip;
#endif
        port = s->kind == DATAGRAM ? s->pcb.udp->remote_port : 0;
        if (len > most_of(s, ip)) {
            return USOCKET_EMSGSIZE;
        }
    }
    struct pbuf *p = pbuf_alloc(s->kind == DATAGRAM ? PBUF_TRANSPORT : PBUF_IP, (u16_t)len, PBUF_RAM);
    if (p == NULL) {
        return USOCKET_ENOBUFS;
    }
    if (len != 0) {
        memcpy(p->payload, buf, len); /* a PBUF_RAM is in one piece */
    }
    err_t err = send_packet(s, p, ip, port);
    pbuf_free(p);
    if (err != ERR_OK) {
        return err == ERR_VAL ? USOCKET_EINVAL : code_of(err);
    }
    s->flags |= BOUND;
    return (int32_t)len;
}

#endif
