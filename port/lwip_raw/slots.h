/* The table of sockets: a handle is an index into it, and lwIP's callbacks have a pointer to a slot.
 *
 * Caller: the files of this folder. Every function here, and every access to a slot, happens between
 * PLAT_LWIP_ENTER and PLAT_LWIP_EXIT, or in a callback of lwIP; the UNDER_LWIP macro makes the pair.
 * Memory: static; a slot is valid from slot_take to slot_free. Received packets are lwIP's.
 * Never: a function waits, allocates from the program's heap, or calls the interpreter. The one call
 * out is a slot's `ready` function, which may be made in an interrupt.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_LWIP_RAW_SLOTS_H
#define USOCKET_LWIP_RAW_SLOTS_H

#include "platform.h"

#include "usocket/port.h"

#include <lwip/ip_addr.h>
#include <lwip/pbuf.h>
#include <lwip/raw.h>
#include <lwip/tcp.h>
#include <lwip/udp.h>

/* The kinds of slots. The first four that are not FREE are sockets. */
enum { FREE, STREAM, LISTENER, DATAGRAM, RAW, EVENT, QUESTION, SET, ALARM };

/* slot_t.stage of a stream. FAILED: the connect has failed; BROKEN: the connection was lost. A
 * datagram or raw socket is FRESH or CONNECTED. */
enum { FRESH, CONNECTING, CONNECTED, FAILED, BROKEN };

/* slot_t.flags */
enum {
    BOUND = 1,     /* It has an address. */
    HALF_IN = 2,   /* Shut down for reading: what has arrived is left, then the stream ends. */
    HALF_OUT = 4,  /* Shut down for writing. */
    ENDED = 8,     /* The peer has ended the stream. */
    FULL = 16,     /* A send has found no memory. */
    UNTOLD = 32,   /* The next connect returns the result of the one in progress, as on Linux. */
    CHOSEN = 64,   /* The program has chosen the address it is bound to. */
    LINGERS = 128, /* SO_LINGER is on. */
};

/* settings_t.options */
enum {
    OPT_REUSE = 1,
    OPT_KEEPALIVE = 2,
    OPT_BROADCAST = 4,
    OPT_NODELAY = 8,
    OPT_V6ONLY = 16,
    OPT_IN_QUEUE = 32, /* A connection that waits in the queue of its listener. */
    OPT_OTHERS = 64,   /* Some were set: a new pcb has others. */
};

/* A connection has those of its listener. */
typedef struct {
    uint8_t options; /* OPT_* */
    uint8_t family;  /* USOCKET_AF_* */
    uint8_t proto;
    uint8_t ttl, tos;
    uint8_t netif; /* SO_BINDTODEVICE: the number of an interface; 0: none. */
    uint8_t keep_cnt;
    uint16_t keep_idle; /* Seconds, as the next one. */
    uint16_t keep_intvl;
    uint16_t linger;
    uint32_t room;     /* SO_RCVBUF, bytes. */
    uint32_t timeo[2]; /* SO_RCVTIMEO, SO_SNDTIMEO, ms; 0: none. */
} settings_t;

typedef struct slot {
    union {
        void *any;
        struct tcp_pcb *tcp; /* NULL: lwIP has freed it, or it goes on without its socket. */
        struct udp_pcb *udp;
        struct raw_pcb *raw;
        const char *host; /* QUESTION */
    } pcb;
    struct pbuf *in; /* Received: of a stream bytes, of the others a list of packets (datagram.c). */
    union {
        struct pbuf *last; /* The last packet of that list. */
        uint32_t four;     /* QUESTION: the answer in IPv4. */
        bool on;           /* EVENT */
    } more;
    uint8_t kind;
    uint8_t stage;
    uint8_t flags;
    uint8_t error; /* The code of the next call that can fail, without its sign; 0: none. */
    int16_t next;  /* A listener: its first connection in the queue. A connection there: the one behind it. -1: none. */
    uint16_t port; /* The own port, once it has one. SET: its row in sets.c. */
#if USOCKET_DATAGRAMS
    uint32_t held; /* The bytes of the datagrams in `in`. */
#endif
    ip_addr_t own; /* The own address. QUESTION: the answer in IPv6. */
#if USOCKET_NOTIFIES
    bool (*ready)(void *arg); /* Called once, when a receive or an accept would find something; NULL: not. */
    void *arg;
#endif
    settings_t set; /* Of sockets. ALARM: the deadline is in `timeo`, so that a slot has 64 bytes. */
} slot_t;

extern slot_t slots[PLAT_HANDLE_COUNT];

/* Set r to the result of a call that uses lwIP or a slot. */
#define UNDER_LWIP(r, call) \
    do { \
        PLAT_LWIP_ENTER; \
        (r) = (call); \
        PLAT_LWIP_EXIT; \
    } while (0)

/* The same for a call that may find nothing, USOCKET_EAGAIN. Where PLAT_PUMP runs lwIP, lwIP takes
 * in what has arrived, and the call is made again. */
#define UNDER_LWIP_OR_PUMP(r, call) \
    do { \
        UNDER_LWIP(r, call); \
        if (PLAT_PUMPS && (r) == USOCKET_EAGAIN) { \
            PLAT_PUMP(); \
            UNDER_LWIP(r, call); \
        } \
    } while (0)

/* UNDER_LWIP for a call without a result. */
#define DO_UNDER_LWIP(call) \
    do { \
        PLAT_LWIP_ENTER; \
        call; \
        PLAT_LWIP_EXIT; \
    } while (0)

static inline bool is_socket(const slot_t *s) {
    return s->kind >= STREAM && s->kind <= RAW;
}

static inline bool is_datagram(const slot_t *s) {
    return USOCKET_DATAGRAMS && (s->kind == DATAGRAM || s->kind == RAW);
}

static inline int handle_of(const slot_t *s) {
    return (int)(s - slots);
}

/* The slot of an open handle of any kind, or NULL. */
static inline slot_t *slot_of(int handle) {
    return (unsigned)handle < PLAT_HANDLE_COUNT && slots[handle].kind != FREE ? &slots[handle] : NULL;
}

/* The slot of an open socket that the program has, or NULL. Not inlined: each call begins with it. */
slot_t *socket_of(int handle);

/* The slot of a stream, or NULL. One that waits in a queue has a handle that no program knows. */
static inline slot_t *stream_of(int handle) {
    return (unsigned)handle < PLAT_HANDLE_COUNT && slots[handle].kind == STREAM ? &slots[handle] : NULL;
}

/* Take a free slot; NULL: there is none. Its members are zero but for `kind`, `next`, `own`, `arg` and `set`. */
slot_t *slot_take(int kind);

/* Free a slot, and the packets in it. */
void slot_free(slot_t *s);

/* Take the pending error. 0, or its code. */
int slot_take_error(slot_t *s);

/* Note an error of the connection for the next call. */
void slot_fail(slot_t *s, int code);

/* USOCKET_POLL_* that a slot is ready for, among `events`, ERR and HUP. */
uint8_t slot_ready(const slot_t *s, uint8_t events);

/* Something about a slot has changed: waits, sets and `ready` look at it. Callbacks end with it. */
void slot_changed(slot_t *s);

/* A send has found no memory. */
void slot_full(slot_t *s);

/* Some memory of lwIP has become free: the sends that have found none are worth repeating. */
void slot_memory_freed(void);

/* Make calls of `ready` that were refused before. */
#if USOCKET_NOTIFIES
extern bool slot_owed; /* There are some. */
void slot_call_owed(void);
#define slot_owes() slot_owed
static inline void slot_call_again(void) {
    if (slot_owed) {
        slot_call_owed();
    }
}
#else
#define slot_owes() false
#define slot_call_again() ((void)0)
#endif

/* ---- Addresses and errors: address.c ------------------------------------------------------------------------------ */

/* The library's code of lwIP's. */
int code_of(err_t err);

/* lwIP's form of an address, for a socket of the family; "any" is of any version for a socket of
 * both. 0; USOCKET_EAFNOSUPPORT */
int to_lwip(const slot_t *s, const usocket_addr_t *a, ip_addr_t *out);

/* The library's form, as a socket of the family shows it. */
void from_lwip(const slot_t *s, const ip_addr_t *ip, uint16_t port, usocket_addr_t *out);

/* 0 if a socket may bind to the address; USOCKET_EADDRNOTAVAIL */
int check_own(const ip_addr_t *ip);

/* True for a broadcast address of an interface. */
bool is_broadcast(const ip_addr_t *ip);

/* Replace "any" as a destination by this host's own address, as Linux does. */
void replace_any(ip_addr_t *ip);

/* The address that packets to a destination have, or NULL: there is no route. */
const ip_addr_t *source_for(const slot_t *s, const ip_addr_t *to);

/* ---- Streams: stream.c, listener.c --------------------------------------------------------------------------------- */

/* Make the pcb of a stream with the options of its slot. 0; USOCKET_ENOBUFS */
int stream_make_pcb(slot_t *s);

/* Give a pcb its slot, callbacks and options. */
void stream_attach(slot_t *s, struct tcp_pcb *pcb);

int stream_bind(slot_t *s, const ip_addr_t *ip, uint16_t port);
int stream_connect(slot_t *s, const ip_addr_t *ip, uint16_t port);
int stream_shutdown(slot_t *s, int how);

/* Close the connection; the slot stays. `reset`: without a goodbye. */
void stream_close(slot_t *s, bool reset);

/* True if the peer has not yet acknowledged what was sent. */
bool stream_unfinished(const slot_t *s);

uint8_t stream_ready(const slot_t *s);

int listener_begin(slot_t *s, int backlog);
int listener_accept(slot_t *s, usocket_addr_t *peer);
void listener_close(slot_t *s);
uint8_t listener_ready(const slot_t *s);

/* ---- Datagrams: datagram.c, icmp.c --------------------------------------------------------------------------------- */

int datagram_make_pcb(slot_t *s);
int datagram_bind(slot_t *s, const ip_addr_t *ip, uint16_t port);
int datagram_connect(slot_t *s, const ip_addr_t *ip, uint16_t port);
void datagram_disconnect(slot_t *s);
int32_t datagram_recv(slot_t *s, void *buf, size_t len, int flags, usocket_addr_t *from);
int32_t datagram_send(slot_t *s, const void *buf, size_t len, const ip_addr_t *ip, uint16_t port);
size_t datagram_pending(const slot_t *s);
void datagram_close(slot_t *s);

/* Have ICMP errors reported to connected datagram sockets, from the first of them on. */
void icmp_begin(void);

/* ---- Options: options.c, groups.c ---------------------------------------------------------------------------------- */

/* The settings that a new socket has. */
void options_begin(slot_t *s, int family, int proto);

/* Bring the options of the slot to its pcb, if there is one. */
void options_apply(slot_t *s);

/* IPADDR_TYPE_* of the socket's pcb: IPv6 speaks IPv4 as well unless IPV6_V6ONLY is on. */
uint8_t version_of(const slot_t *s);

/* Join or leave a group, as the option IP_ADD_MEMBERSHIP and its relatives do: the group, then the
 * address of an interface (IPv4), its number (IPv6), or both. 0, or a code. */
int group_change(slot_t *s, bool join, int level, const uint8_t *value, size_t len);

/* Leave the groups that a socket is in. */
void group_leave_all(slot_t *s);

#endif
