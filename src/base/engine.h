/* The contract of a TLS library: what src/tls/ asks of it, and what it may use.
 *
 * Caller: src/tls/ alone, with the session's lock (usocket_tls_trylock), so that one thread at a
 * time is in one session. Two sessions that share credentials may be stepped at the same time.
 * Never: an engine does not wait, reads no clock but for the timer of DTLS, knows no socket, and
 * takes lock_sockets() only around what sessions share. A step does a bounded amount of work,
 * whatever the peer sends.
 * Results: 0 or more is success; USOCKET_EAGAIN: the step could not go on, and `want` says for what
 * (`step_full`: it may go on at once); every other code ends the call. A code that ends the session
 * sets `stage` to TLS_FAILED, `failed` to the code, `number` to the library's own and `words` to a
 * sentence for people.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_ENGINE_H
#define USOCKET_ENGINE_H

#include "sync.h"
#include "transport.h"
#include "usocket/tls.h"

#if USOCKET_TLS

enum tls_stage {
    TLS_NEW,        /* no connection yet */
    TLS_CONNECTING, /* the stack connects */
    TLS_HANDSHAKE,
    TLS_OPEN,
    TLS_FAILED,
};

#define CLIENT_RANDOM 8 /* bytes of a ClientHello's random that tell one from another */

struct tls_creds; /* the engine's own: what the options say */
struct tls_conn;  /* the engine's own: one connection */

/* The engine's half of a session. [in]: set by src/tls/, read by the engine; [out]: the other way
 * round; the rest is the engine's. */
typedef struct {
    struct tls_creds *creds;       /* A connection holds those of its listener. */
    struct tls_conn *conn;         /* NULL before the first step of the handshake. */
    usocket_transport_t transport; /* [in] */
    uint8_t stage;                 /* enum tls_stage, set by both. */
    uint8_t want;                  /* [out] USOCKET_POLL_*: what the transport has to become before a step can go on. */
    bool server;                   /* The role; set by the option, or by src/tls/ for a listener's connections. */
    bool datagram;                 /* [in] DTLS. */
    bool in_cookie_exchange; /* [in] A listener's pending client (RFC 6347, 4.2.1); it uses the listener's transport. */
    bool named;              /* [in] `name` comes from TLS_HOSTNAME. */
    bool shut_rd;            /* [in] The program has shut down reading. */
    bool ended;              /* [out] The peer's close_notify has arrived. */
    bool eof;                /* [out] The transport has ended. */
    bool close_notify;       /* Our close_notify has been written, perhaps not sent yet. */
    bool reading;            /* A receive is in progress: what the library sends now answers what it receives. */
    bool step_full;          /* [out] The step ended because its budget is used up: more may be there at once. */
    uint8_t step_received; /* [in: 0] Records, and receives that brought something, in this step; datagrams of DTLS. */
    uint8_t idle_records;  /* Records in a row that brought neither data nor the handshake forward. */
    uint8_t rank;          /* enum rank of `words`. */
    int error;             /* A code of the transport, met inside the library. */
    int lost;              /* A code of the transport after which nothing can be sent, met in the handshake. */
    int refused;           /* A code of the transport for the datagram that was sent last. */
    int failed;            /* [out] The code that ended the session. */
    int number;            /* [out] The library's own number for it. */
    usocket_addr_t peer;   /* [in] The address connected to; of a pending client, the sender of its last datagram. */
    usocket_time_t timer;  /* [out] When DTLS sends its flight again; 0: off. */
    usocket_time_t timer_intermediate; /* The library's intermediate delay; meaningless while `timer` is 0. */
    /* Last bytes of the random in the latest ClientHello of a client of DTLS; all zero if that
     * datagram was too short to be one. */
    uint8_t client_random[CLIENT_RANDOM];
    char *name;                    /* [in] The server's name, with a NUL; NULL: `peer`. */
    char words[USOCKET_TLS_WORDS]; /* [out] */
} usocket_engine_t;

/* ---- Credentials: counted, shared by a listener and its connections ---------------------------------------------- */

/* New ones, with one reference. NULL: no memory. */
struct tls_creds *usocket_engine_creds_new(void);

/* One reference more; with the lock. */
void usocket_engine_creds_hold(struct tls_creds *c);

/* One less; the last one frees them, wiped. c may be NULL. */
void usocket_engine_creds_release(struct tls_creds *c);

/* True if another session holds them, so that no option may change. */
bool usocket_engine_creds_shared(const struct tls_creds *c);

/* ---- Options (USOCKET_TLS_*), before the first step -------------------------------------------------------------- */

/* @return 0, USOCKET_ENOMEM, USOCKET_EINVAL,
 * USOCKET_ENOPROTOOPT, or USOCKET_ETLS_OPTION with words */
int usocket_engine_set(usocket_engine_t *e, int name, const void *value, size_t len);
int usocket_engine_set_role(usocket_engine_t *e, const void *value, size_t len);

/* As usocket_getsockopt: value NULL asks for the length. */
int usocket_engine_get(usocket_engine_t *e, int name, void *value, size_t *len);

/* Check the options together, as those of a server or a client: USOCKET_ETLS_SETUP, with words. all: none is still to
 * be set; otherwise only half a pair of credentials is refused. */
int usocket_engine_check(usocket_engine_t *e, bool server, bool all);

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

/* Go on with the handshake, or begin it. 0: it is complete. */
int usocket_engine_handshake(usocket_engine_t *e);

/* A server of DTLS: go on until the pending client has returned its cookie. 0: it has; the
 * handshake goes on on its own socket. */
int usocket_engine_cookie_exchange(usocket_engine_t *e);

/* Decrypted bytes; 0 after close_notify. peek: they stay. len 0, with peek: 1 if there is
 * something, 0 at the end. */
int32_t usocket_engine_read(usocket_engine_t *e, void *buf, size_t len, bool peek);

/* Encrypt bytes into one record and send it. What it
 * returns has been taken, though some of it may be unsent. */
int32_t usocket_engine_write(usocket_engine_t *e, const void *buf, size_t len);

/* Send what is unsent. */
int usocket_engine_flush(usocket_engine_t *e);

/* Send close_notify, once. */
int usocket_engine_close_notify(usocket_engine_t *e);

/* Bytes decrypted and not yet read. */
size_t usocket_engine_pending(const usocket_engine_t *e);

/* True if a record is encrypted and not sent as a whole. */
bool usocket_engine_unsent(const usocket_engine_t *e);

/* Free what the library keeps for later connections: sessions, the system's authorities. */
void usocket_engine_forget(void);

/* Free `conn`, wiped. The credentials stay. */
void usocket_engine_close(usocket_engine_t *e);

#endif

#endif
