/* TLS by mbedTLS: the transport below a connection.
 *
 * mbedTLS sends a message of the handshake in one record, even where the peer has asked for shorter ones. TLS 1.2 has these messages in
 * clear (its Finished is short), so they are cut here; but not with a version that cannot take the pieces itself, 2.28.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <string.h>

#define DTLS_MTU 1232        /* what IPv6 lets through anywhere: 1280 less its header and UDP's */
#define HELLO_RANDOM_END 59  /* RFC 6347: header of the record 13, of the message 12; the version 2, the random 32 */
#define DATAGRAMS_AT_ONCE 16 /* in one step, which looks neither at the clock nor for Ctrl-C */
#define RECORDS_AT_ONCE 24   /* likewise: receives and records together; the longest flight has half of it */
#define RECORD_HEADER 5
#define CLIENT_HELLO 1   /* a message of the handshake; nothing has been agreed on before it */
#define LONGEST_ALERT 32 /* encrypted by TLS 1.3: 2 bytes, the type, padding to 16, a tag of 16 */

/* ---- Receiving --------------------------------------------------------------------------------------------------- */

/* Whom the cookie is for. */
static bool set_client_id(usocket_engine_t *e) {
    uint8_t id[18];
    memcpy(id, e->peer.u.ip, 16);
    id[16] = (uint8_t)(e->peer.port >> 8);
    id[17] = (uint8_t)e->peer.port;
    return mbedtls_ssl_set_client_transport_id(&e->conn->ssl, id, sizeof(id)) == 0;
}

/* mbedTLS asks for a header, then for what it announces: so a small record comes with one call of the stack, not two. */
static int32_t receive(usocket_engine_t *e, uint8_t *buf, size_t len) {
    struct tls_conn *c = e->conn;
    if (c->ahead == 0) {
        bool whole = len >= AHEAD;
        int32_t r = usocket_transport_recv(&e->transport, whole ? buf : c->early, whole ? len : AHEAD, NULL);
        e->step_received = (uint8_t)(e->step_received + (r > 0));
        if (whole || r <= 0) {
            return r;
        }
        c->ahead = (uint8_t)r;
        c->ahead_at = 0;
    }
    len = len < c->ahead ? len : c->ahead;
    memcpy(buf, c->early + c->ahead_at, len);
    c->ahead_at = (uint8_t)(c->ahead_at + len);
    c->ahead = (uint8_t)(c->ahead - len);
    return (int32_t)len;
}

#if MBEDTLS_VERSION_NUMBER >= 0x03060300
#define FRAGMENTS(ssl) \
    ((ssl)->PRIVATE(badmac_seen_or_in_hsfraglen)) /* bytes of a message that goes on in the next record */
#else
#define FRAGMENTS(ssl) 0u
#endif

/* A peer may send records faster than mbedTLS can drop them, and mbedTLS looks neither at the clock nor for Ctrl-C; so it gets few at
 * a time. Records that bring neither data nor the handshake forward are counted: such a peer has no end. */
static int32_t receive_stream(usocket_engine_t *e, uint8_t *buf, size_t len) {
    struct tls_conn *c = e->conn;
    if (!usocket_mbed_may_go_on(e)) {
        return USOCKET_EAGAIN;
    }
    bool begins = c->ssl.PRIVATE(in_left) == 0;
    int32_t r = receive(e, buf, len);
    if (r > 0 && begins) {
        unsigned fragments = FRAGMENTS(&c->ssl);
        e->step_received++;
        e->idle_records = (uint8_t)(e->idle_records + (fragments <= c->fragments));
        c->fragments = fragments;
    }
    return r;
}

bool usocket_mbed_may_go_on(usocket_engine_t *e) {
    e->step_full = e->step_full || e->step_received >= RECORDS_AT_ONCE;
    return !e->step_full;
}

/* Whether a datagram begins with a hello of which mbedTLS can look at the cookie. RFC 6347: the record's header has its type, 22, at 0
 * and its epoch at 3; the message's its type, 1, at 13 and its fragment's offset at 19; the session's id is at 59, the cookie behind it. */
static bool is_hello(const uint8_t *d, size_t len) {
    static const uint8_t zero[3];
    if (len < 61 || d[0] != 22 || memcmp(d + 3, zero, 2) != 0 || d[13] != 1 || memcmp(d + 19, zero, 3) != 0) {
        return false;
    }
    size_t cookie = 60 + d[59];
    return cookie < len && cookie + 1 + d[cookie] <= len;
}

/* What tells one hello from another. */
static void note_hello(usocket_engine_t *e, const uint8_t *d, size_t len) {
    memset(e->client_random, 0, CLIENT_RANDOM);
    if (len >= HELLO_RANDOM_END) {
        memcpy(e->client_random, d + HELLO_RANDOM_END - CLIENT_RANDOM, CLIENT_RANDOM);
    }
}

/* A client that begins anew from the same port has ended its connection, once a cookie has shown that it is there (RFC 6347, 4.2.8).
 * mbedTLS would also let the connection end by a double of the hello that it began with, or by what it cannot read as a hello. */
static void allow_new_client(usocket_engine_t *e, const uint8_t *d, size_t len) {
    bool anew = e->conn->ssl.PRIVATE(out_left) == 0 && is_hello(d, len) &&
        memcmp(e->client_random, d + HELLO_RANDOM_END - CLIENT_RANDOM, CLIENT_RANDOM) != 0;
    mbedtls_ssl_conf_dtls_cookies(&e->conn->conf, anew ? mbedtls_ssl_cookie_write : NULL,
        anew ? mbedtls_ssl_cookie_check : NULL, anew ? &e->creds->cookies : NULL);
}

/* mbedTLS drops datagrams without a word, so it gets few at a time: of a listener one, since a piece of a hello must not stay. */
static int32_t receive_datagram(usocket_engine_t *e, uint8_t *buf, size_t len) {
    int most = e->in_cookie_exchange ? 1 : DATAGRAMS_AT_ONCE;
    int32_t r = 0;
    while (r == 0 && e->step_received < most) { /* an empty one is not the end */
        r = usocket_transport_recv(&e->transport, buf, len, e->in_cookie_exchange ? &e->peer : NULL);
        e->step_received = (uint8_t)(e->step_received + (r >= 0));
    }
    if (r == 0 || r == USOCKET_EAGAIN) {
        r = e->shut_rd && e->stage == TLS_HANDSHAKE ? USOCKET_ECONNABORTED : USOCKET_EAGAIN;
    }
    return r;
}

static int transport_recv(void *context, unsigned char *buf, size_t len) {
    usocket_engine_t *e = context;
    int32_t r = e->datagram ? receive_datagram(e, buf, len) : receive_stream(e, buf, len);
    if (e->idle_records > IDLE_RECORDS) {
        return FLOODED;
    }
    if (e->lost != 0 && r <= 0) {
        r = e->lost; /* no alert explains it */
    }
    if (r == USOCKET_EAGAIN) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    if (r < 0) {
        e->error =
            r == USOCKET_EPIPE ? USOCKET_ECONNRESET : r; /* as the stack calls a reset after something was sent */
        return TRANSPORT_FAILED;
    }
    if (e->datagram) {
        if (e->in_cookie_exchange && !set_client_id(e)) {
            return MBEDTLS_ERR_SSL_ALLOC_FAILED;
        }
        if (e->in_cookie_exchange) {
            note_hello(e, buf, (size_t)r);
        } else if (e->server) {
            allow_new_client(e, buf, (size_t)r);
        }
        return r;
    }
    e->eof = e->eof || r == 0;
    return r;
}

/* ---- Sending ----------------------------------------------------------------------------------------------------- */

static void begin_record(usocket_engine_t *e, const uint8_t *head) {
    struct tls_conn *c = e->conn;
    unsigned len = (unsigned)head[3] << 8 | head[4];
    int most = mbedtls_ssl_get_max_out_record_payload(&c->ssl);
    bool cut = CUTS_MESSAGES && head[0] == HANDSHAKE && head[RECORD_HEADER] != CLIENT_HELLO && most > 0 &&
        len > (unsigned)most;
    c->alerted = head[0] == ALERT ||
        (head[0] == APPLICATION_DATA && len <= LONGEST_ALERT && (e->reading || e->stage == TLS_HANDSHAKE));
    c->out_left = (uint16_t)(RECORD_HEADER + len);
    c->out_most = cut ? (uint16_t)most : 0;
    c->out_at = 0;
    c->out_first = true;
}

/* The next piece of a message that is cut; what mbedTLS has given of it, or a code. Each piece needs a header of its own. It is written over
 * the last bytes of the piece before, which have gone out. */
static int32_t send_piece(usocket_engine_t *e, const uint8_t *buf) {
    struct tls_conn *c = e->conn;
    unsigned body = c->out_left - (c->out_first ? RECORD_HEADER : 0U);
    unsigned len = body < c->out_most ? body : c->out_most;
    uint8_t *head = (uint8_t *)(uintptr_t)buf - (c->out_first ? 0 : RECORD_HEADER); /* mbedTLS's own buffer */
    if (c->out_at == 0) {
        static const uint8_t type[3] = {HANDSHAKE, 3, 3};
        memcpy(head, type, sizeof(type));
        head[3] = (uint8_t)(len >> 8);
        head[4] = (uint8_t)len;
    }
    while (c->out_at < RECORD_HEADER + len) {
        int32_t r = usocket_transport_send(&e->transport, head + c->out_at, RECORD_HEADER + len - c->out_at, NULL);
        if (r <= 0) {
            return r < 0 ? r : USOCKET_EAGAIN;
        }
        c->out_at = (uint16_t)(c->out_at + r);
    }
    unsigned given = len + (c->out_first ? RECORD_HEADER : 0U);
    c->out_left = (uint16_t)(c->out_left - given);
    c->out_at = 0;
    c->out_first = false;
    return (int32_t)given;
}

static int32_t send_records(usocket_engine_t *e, const uint8_t *buf, size_t len) {
    struct tls_conn *c = e->conn;
    if (e->datagram) {
        c->alerted = buf[0] == ALERT;
        return usocket_transport_send(&e->transport, buf, len, e->in_cookie_exchange ? &e->peer : NULL);
    }
    if (c->out_left == 0) {
        begin_record(e, buf);
    }
    if (c->out_most != 0) {
        return send_piece(e, buf);
    }
    int32_t r = usocket_transport_send(&e->transport, buf, len < c->out_left ? len : c->out_left, NULL);
    if (r > 0) {
        c->out_left = (uint16_t)(c->out_left - r);
    }
    return r;
}

/* A peer that refuses what we say sends its alert and leaves; we may notice that while we still talk. In the handshake, what is
 * said into the void counts as said, so that mbedTLS goes on to listen and finds the alert. So does a datagram that the stack
 * refuses: mbedTLS would hold it and offer it again for ever; write tells, and a client that cannot be answered is no client. */
static int transport_send(void *context, const unsigned char *buf, size_t len) {
    usocket_engine_t *e = context;
    int32_t r = e->lost;
    if (e->reading && e->stage == TLS_OPEN && !e->datagram && ++e->idle_records > IDLE_RECORDS) {
        return FLOODED; /* requests for another handshake, each of which mbedTLS answers */
    }
    if (r == 0) {
        r = send_records(e, buf, len);
    }
    if (r == USOCKET_EAGAIN) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    if (e->stage == TLS_HANDSHAKE && (r == USOCKET_EPIPE || r == USOCKET_ECONNRESET)) {
        e->lost = r;
        return (int)len;
    }
    if (r < 0 && e->datagram && (e->stage == TLS_OPEN || e->in_cookie_exchange)) {
        e->refused = r;
        return (int)len;
    }
    if (r < 0) {
        e->error = r;
        return TRANSPORT_FAILED;
    }
    return r;
}

/* ---- Timers ------------------------------------------------------------------------------------------------------ */

/* DTLS sends its flights again by these: by the port's clock, and whoever waits for the socket wakes up for them. */
static void set_timer(void *context, uint32_t half, uint32_t whole) {
    usocket_engine_t *e = context;
    usocket_time_t now = usocket_port_now();
    e->timer_intermediate = now + (usocket_time_t)half * 1000;
    e->timer = whole != 0 ? now + (usocket_time_t)whole * 1000 : 0;
}

static int get_timer(void *context) {
    const usocket_engine_t *e = context;
    usocket_time_t now = usocket_port_now();
    return e->timer == 0 ? -1 : now >= e->timer ? 2 : now >= e->timer_intermediate;
}

void usocket_mbed_set_transport(usocket_engine_t *e) {
    mbedtls_ssl_context *ssl = &e->conn->ssl;
    mbedtls_ssl_set_bio(ssl, e, transport_send, transport_recv, NULL);
    if (e->datagram) {
        mbedtls_ssl_set_timer_cb(ssl, e, set_timer, get_timer);
        mbedtls_ssl_set_mtu(ssl, DTLS_MTU);
    }
}

#endif
