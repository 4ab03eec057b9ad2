/* Shared declarations of the simulator's files.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIM_INTERNAL_H
#define SIM_INTERNAL_H

#include "sim.h"

#define HANDLES 64
#define SEGMENTS 64
#define BACKLOG 32
#define DATAGRAMS 32

enum kind { FREE, SOCKET, SHOWN, EVENT, SET, QUESTION };
enum state { FRESH, LISTENING, CONNECTING, OPEN, DEAD };

/* Bytes in flight to one end of a stream, and the arrival time of each segment. */
struct pipe {
    uint8_t *bytes;
    size_t room, head, len;
    struct segment {
        size_t len;
        usocket_time_t at;
    } segments[SEGMENTS];
    size_t count;
    usocket_time_t fin_at, reset_at;
};

struct datagram {
    usocket_addr_t from;
    uint8_t *bytes;
    size_t len;
    usocket_time_t at;
};

struct sock {
    struct sock *next; /* list of all sockets */
    int refs;
    int family, type, proto;
    enum state state;
    usocket_addr_t local, remote;
    bool bound, shut_rd, shut_wr, told;
    int error;

    /* For streams. */
    struct sock *peer;
    struct pipe in;
    struct sock *queue[BACKLOG + 1];
    int queued, backlog;
    usocket_time_t syn_at, give_up_at, settled_at; /* times of a connect */
    int verdict;

    /* For datagrams. */
    struct datagram datagrams[DATAGRAMS];
    size_t waiting;
    usocket_time_t error_at;
    int error_to_come;

    int reuse, keepalive, nodelay, broadcast, rcvbuf, sndbuf;
    int64_t rcvtimeo, sndtimeo;
};

struct handle {
    enum kind kind;
    bool set;           /* state of an event; of a question: its answer has been taken */
    usocket_time_t at;  /* time at which an alarm sets itself, or a question is answered; 0: neither */
    uint8_t armed[HANDLES]; /* for a set: the events that it reports for each handle */
    struct sock *sock;
    const char *host;   /* a question: the caller's text */
    int family, flags;
    bool (*ready)(void *arg); /* armed by usocket_port_notify */
    void *arg;
    usocket_time_t again_at;  /* `ready` has refused, and is called again then; 0: it has not */
};

struct world {
    usocket_time_t now, latency;
    struct handle handles[HANDLES];
    int most_handles;
    struct sock *socks;
    size_t receive_buffer, send_buffer, datagrams, piece;
    uint16_t next_port;
    bool pending_unknown, connected_unknown, cannot_show, draining;
    int allocations, misuses, resolving, resolved;
    sim_heap_t heap[SIM_OWNERS];
    int owner;
    uint64_t random;
    int64_t wall_offset; /* seconds between the world's clock and the calendar */
    const char *trust;
    uint64_t trust_version;
    unsigned lose;
    uint32_t loss_seed;
};
extern struct world world;

static inline bool is_stream(const struct sock *s) {
    return s->type == USOCKET_STREAM;
}

/* Defined in world.c. */
void sim_misuse(const char *what);
void sim_spend(void); /* advances the clock by the cost of a port call */

/* Defined in faults.c. @return 0, or the code with which this call must fail */
int sim_inject(enum sim_call call);
bool sim_inject_alloc(void);
void sim_faults_begin(void);

/* Defined in handles.c. */
int sim_handle_new(enum kind kind, struct sock *sock);
struct sock *sim_sock(int handle); /* NULL: misuse, which is recorded */
struct sock *sim_sock_new(int family, int type, int proto);
void sim_sock_drop(struct sock *s);
uint8_t sim_ready(int handle);
void sim_handles_begin(void);

/* Defined in net.c. */
void sim_net_begin(void);
void sim_net_tick(void);                /* processes all events that are due */
usocket_time_t sim_net_next(void);      /* time of the next event */
enum sim_fate sim_fate_of(const usocket_addr_t *a);
bool sim_is_local(const usocket_addr_t *a);
int sim_bind_any(struct sock *s, const usocket_addr_t *towards);
struct sock *sim_bound_to(const usocket_addr_t *a, int type);
struct sock *sim_datagram_at(const usocket_addr_t *to, const usocket_addr_t *from);

/* Defined in stream.c. */
void sim_stream_join(struct sock *a, struct sock *b);
void sim_stream_tick(struct sock *s);
usocket_time_t sim_stream_next(const struct sock *s);
void sim_stream_gone(struct sock *s);
uint8_t sim_stream_ready(struct sock *s);
int sim_stream_connect(struct sock *s, const usocket_addr_t *a);
int32_t sim_stream_recv(struct sock *s, void *buf, size_t len, int flags);
int32_t sim_stream_send(struct sock *s, const void *buf, size_t len, int flags);
size_t sim_stream_pending(const struct sock *s);

/* Defined in datagram.c. */
void sim_datagram_tick(struct sock *s);
usocket_time_t sim_datagram_next(const struct sock *s);
void sim_datagram_gone(struct sock *s);
uint8_t sim_datagram_ready(struct sock *s);
int32_t sim_datagram_recv(struct sock *s, void *buf, size_t len, int flags, usocket_addr_t *from);
int32_t sim_datagram_send(struct sock *s, const void *buf, size_t len, const usocket_addr_t *to);

/* Defined in sets.c. */
uint8_t sim_set_ready(const struct handle *set);
void sim_sets_forget(int handle);      /* called when the handle is closed */
usocket_time_t sim_alarms_next(void);

/* Defined in notify.c. */
void sim_notify_tick(void);            /* calls the functions whose handle is ready */
usocket_time_t sim_notify_next(void);  /* time of the next call of one that has refused */

/* Defined in names.c. */
void sim_names_begin(void);
void sim_secrets_begin(void);
void sim_secrets_random(const void *bytes, size_t len);
void sim_secrets_freed(const void *block, size_t size);

static inline usocket_time_t sim_earlier(usocket_time_t a, usocket_time_t b) {
    return a < b ? a : b;
}

#endif
