/* Between the sockets (tls.c, and the files that call it) and the TLS library (mbed_steps.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_TLS_STATE_H
#define USOCKET_TLS_STATE_H

#include "../base/base.h"
#include "usocket/tls.h"

#if USOCKET_TLS
#define HAS_TLS(base) ((base)->tls != NULL)
#else
#define HAS_TLS(base) false
#endif

enum tls_stage {
    TLS_NEW,        /* no connection yet */
    TLS_CONNECTING, /* the stack connects */
    TLS_HANDSHAKE,
    TLS_OPEN,
    TLS_FAILED,
};

#define SOON_US 50 /* who finds another thread inside, or has received all that one step may, looks again then */
#define HELLO_ID 8 /* bytes by which the hello of a client of DTLS is known again */

typedef struct usocket_tls {
    usocket_t *base;
    struct tls_creds *creds; /* what the options say; a listener's are its connections', too */
    struct tls_conn *conn;   /* from the first step of the handshake on */
    uint32_t busy;           /* a thread is in the TLS library */
    uint32_t steps;          /* how often one has been */
#if USOCKET_THREADS
    uint32_t news;     /* what the last step left that no wait for the transport tells: changes whenever that does */
    uint16_t sleepers; /* threads that wait for the transport, under the sockets' lock */
    bool waking;       /* they are to look again; the last of them ends it */
#endif
#if USOCKET_FORK
    unsigned process; /* that has used it last */
#endif
    int io; /* the transport of a socket that is being closed; -1 */
    uint8_t stage;
    uint8_t want; /* USOCKET_POLL_*: what the last step would have waited for */
    bool server;
    bool datagram;  /* DTLS */
    bool listening; /* a datagram socket, for clients */
    bool knocking;  /* the state of a listener's next client: uses the listener's transport */
    bool named;     /* by TLS_HOSTNAME */
    bool ended;     /* the peer has said goodbye */
    bool shut_rd, shut_wr;
    bool nodelay;  /* of the handshake's doing */
    bool goodbye;  /* ours is on its way */
    bool eof;      /* the transport has ended */
    int error;     /* a code of the transport, met inside the TLS library */
    int lost;      /* why nothing can be sent any more, met in the handshake */
    int failed;    /* why the stage is TLS_FAILED */
    int number;    /* the library's own number for that */
    uint8_t rank;  /* how telling the words are */
    uint8_t heard; /* what this step has received: datagrams; of streams records, and how often there was something */
    bool again;    /* it has ended for that alone: there may be more, whatever the transport says */
    uint8_t idle;  /* records of a stream in a row that brought nothing */
    bool reading;  /* what mbedTLS sends now answers what it receives */
    int refused;   /* why the last datagram did not go */
    int held;      /* 1 + a byte that is on its way and was not counted yet; 0 */
    uint32_t records; /* of application data, ever written */
    usocket_addr_t peer;
    usocket_time_t timer, timer_half; /* of DTLS's retransmissions; 0: off */
    struct usocket_tls *door;         /* of a datagram listener: who knocks */
    struct let_in *let_in;            /* of a datagram listener: who was let in last */
    uint8_t hello[HELLO_ID]; /* who knocks: of what its last datagram had at random; 0: it is too short for a hello */
    char *name;              /* the server's, with a NUL; NULL: `peer` */
    char words[USOCKET_TLS_WORDS];
} usocket_tls_t;

/* ---- tls.c, for socket.c, stream.c and calls.c ------------------------------------------------------------------------ */

/* A state for a socket to be opened; for a connection of the listener `from`, if not NULL. NULL: no memory. */
usocket_tls_t *usocket_tls_new(usocket_t *base, usocket_tls_t *from, bool datagram);
void usocket_tls_free(usocket_tls_t *t);

/* The socket's last user has left. t may be NULL; io: its transport, or -1 (given away). */
void usocket_tls_end(usocket_tls_t *t, usocket_time_t timeout, int io);

/* The first part of it while the socket is open: send close_notify, by then. */
int usocket_tls_say_end(usocket_t *s, usocket_time_t deadline);

/* A connection that others have made: a client, or whatever an option says. */
void usocket_tls_adopted(usocket_t *s, int handle);

/* enum tls_stage; USOCKET_EBADF: closed. */
int usocket_tls_stage(usocket_t *s);

/* The stack's own connect has returned r: what the program is told. a: whereto, or NULL. */
int usocket_tls_connected(usocket_t *s, const usocket_addr_t *a, int r, usocket_time_t deadline);

/* What a step would have waited for: USOCKET_POLL_*, 0: it has to be tried again soon; and at what time, whatever comes, 0: none. */
typedef struct {
    uint8_t events;
    usocket_time_t timer;
    uint32_t news; /* of the state when the step ended */
} tls_want_t;

/* One attempt. USOCKET_EAGAIN: *want tells what usocket_tls_await has to wait for. */
int32_t usocket_tls_recv(usocket_t *s, void *buf, size_t len, bool peek, tls_want_t *want);
int usocket_tls_readable(usocket_t *s, tls_want_t *want);
int usocket_tls_await(usocket_t *s, tls_want_t want, patience_t *p);

int32_t usocket_tls_send(usocket_t *s, const void *buf, size_t len, patience_t *p);
int usocket_tls_shutdown(usocket_t *s, int how);
struct usocket_look; /* what the last look said, of USOCKET_POLLER; may be NULL */
int usocket_tls_poll(usocket_t *s, int events, usocket_time_t deadline, struct usocket_look *look);
int32_t usocket_tls_pending(usocket_t *s);
int usocket_tls_setopt(usocket_t *s, int name, const void *value, size_t len);
int usocket_tls_getopt(usocket_t *s, int name, void *value, size_t *len);

/* Before a listener of either kind listens: credentials of which a half is missing are USOCKET_ETLS_SETUP. */
int usocket_tls_check_listener(usocket_t *s);

/* Servers of DTLS: tls_datagram.c. */
int usocket_tls_listen(usocket_t *s);
int usocket_tls_admit(
    usocket_tls_t *t); /* 0: the door's peer has shown a cookie; USOCKET_EAGAIN with t->want; or a code */
int usocket_tls_accept(usocket_t *s, usocket_t *conn, usocket_addr_t *peer, patience_t *p);

/* socket.c: whether the stack's connect has ended; as usocket_connect_wait at the deadline USOCKET_NOW. */
int usocket_tcp_connected(usocket_t *s);

/* ---- Between tls.c, tls_life.c and tls_options.c ------------------------------------------------------------------------ */

/* One thread at a time is in the TLS library. Nothing there waits, so who finds another inside looks again soon. */
bool usocket_tls_enter(usocket_tls_t *t);
uint32_t usocket_tls_leave(usocket_tls_t *t); /* tls_want_t.news */

/* Wait for the transport, until w is ready, the deadline, or until another thread's step has left `news`: that has taken from the
 * transport, into the library, what this one waits for. As usocket_wait_for. */
int usocket_tls_wait(usocket_t *s, usocket_wait_t *w, usocket_time_t deadline, uint32_t news);

/* The same for calls that have no deadline: they wait for the thread that is inside. 0; USOCKET_EBADF: closed, not entered. */
int usocket_tls_enter_for(usocket_t *s, usocket_tls_t *t);

/* Get as far as application data can flow. 0: it can; USOCKET_EAGAIN with t->want; or a code. */
int usocket_tls_open_up(usocket_t *s, usocket_tls_t *t);

/* The tail of every step: what to wait for, if there is more to be sent than the call knows of. */
int32_t usocket_tls_done(usocket_tls_t *t, int32_t r, tls_want_t *want);

/* After a look that ended with r: what the stack says of datagrams it says once, and the next receive is to tell. */
void usocket_tls_keep_error(usocket_t *s, const usocket_tls_t *t, int r);

/* ---- The transport, for the TLS library ------------------------------------------------------------------------------- */

int32_t usocket_tls_transport_recv(usocket_tls_t *t, void *buf, size_t len);
int32_t usocket_tls_transport_send(usocket_tls_t *t, const void *buf, size_t len);

/* ---- The TLS library: mbed_steps.c -------------------------------------------------------------------------------------
 * Nothing here waits. One thread at a time for each state. Results: 0 or more is good; USOCKET_EAGAIN, with t->want set; otherwise
 * a code, with t->words. */

struct tls_creds *usocket_backend_creds(void);
void usocket_backend_creds_hold(struct tls_creds *c);
void usocket_backend_creds_drop(struct tls_creds *c);
bool usocket_backend_creds_shared(const struct tls_creds *c);
int usocket_backend_set(usocket_tls_t *t, int name, const void *value, size_t len);
int usocket_backend_set_role(usocket_tls_t *t, const void *value, size_t len);
int usocket_backend_check_server(usocket_tls_t *t);
int usocket_backend_get(usocket_tls_t *t, int name, void *value, size_t *len);

int usocket_backend_handshake(usocket_tls_t *t);
int usocket_backend_knock(usocket_tls_t *t); /* as far as a client's cookie */
int32_t usocket_backend_read(
    usocket_tls_t *t, void *buf, size_t len, bool peek); /* len 0: whether there is something, 1 or 0 */
int32_t usocket_backend_write(usocket_tls_t *t, const void *buf, size_t len);
int usocket_backend_flush(usocket_tls_t *t);
int usocket_backend_goodbye(usocket_tls_t *t);
size_t usocket_backend_pending(const usocket_tls_t *t);
bool usocket_backend_unsent(const usocket_tls_t *t);
void usocket_backend_close(usocket_tls_t *t); /* frees t->conn, wiped */

#endif
