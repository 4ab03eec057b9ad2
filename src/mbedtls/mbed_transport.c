/* TLS by mbedTLS: its callbacks for the transport and the timer.
 *
 * A step receives a bounded amount. mbedTLS itself goes on for as long as records arrive: it drops
 * warnings, empty records and foreign datagrams without returning, and looks neither at a clock nor
 * at an interrupt. So the callbacks count what one step receives, and end it with "want read".
 *
 * mbedTLS sends a handshake message in one record, even if the peer has negotiated shorter ones.
 * In TLS 1.2 these messages are not encrypted (all but Finished, which is short), so they are cut
 * into several records here: see CUTS_MESSAGES.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <string.h>

#define DTLS_MTU 1232       /* IPv6's smallest MTU, 1280, less the headers of IPv6 and UDP */
#define HELLO_RANDOM_END 59 /* RFC 6347: headers of record (13) and message (12), version (2), random (32) */
#define RECORDS_AT_ONCE 24  /* the most receives and records in one step: twice the longest flight */
#define CLIENT_HELLO 1      /* a handshake message's type; nothing has been negotiated before it */
#define LONGEST_ALERT 32    /* bytes of an alert encrypted by TLS 1.3: 2, type, padding to 16, tag of 16 */

/* ---- Receiving ---------------------------------------------------------------------------------------------------- */

/* The cookie is bound to the client's address and port. */
static bool set_client_id(usocket_engine_t *e) {
    uint8_t id[18];
    memcpy(id, e->peer.u.ip, 16);
    id[16] = (uint8_t)(e->peer.port >> 8);
    id[17] = (uint8_t)e->peer.port;
    return mbedtls_ssl_set_client_transport_id(&e->conn->ssl, id, sizeof(id)) == 0;
}

/* mbedTLS asks for a record's header first, then for the rest. Up to EARLY_MAX bytes are received
 * at the first request and kept in `early`, so that a small record costs one call of the stack. */
static int32_t receive_ahead(usocket_engine_t *e, uint8_t *buf, size_t len) {
    struct tls_conn *c = e->conn;
    if (c->early_len == 0) {
        bool whole = len >= EARLY_MAX;
        int32_t r = usocket_transport_recv(&e->transport, whole ? buf : c->early, whole ? len : EARLY_MAX, NULL);
        e->step_received = (uint8_t)(e->step_received + (r > 0));
        if (whole || r <= 0) {
            return r;
        }
        c->early_len = (uint8_t)r;
        c->early_at = 0;
    }
    len = len < c->early_len ? len : c->early_len;
    memcpy(buf, c->early + c->early_at, len);
    c->early_at = (uint8_t)(c->early_at + len);
    c->early_len = (uint8_t)(c->early_len - len);
    return (int32_t)len;
}

/* Bytes of a handshake message that have arrived and go on in the next record. */
#if MBEDTLS_VERSION_NUMBER >= 0x03060300
#define FRAGMENTS(ssl) ((ssl)->PRIVATE(badmac_seen_or_in_hsfraglen))
#else
#define FRAGMENTS(ssl) 0u
#endif

/* Each record counts as idle until a step resets the count, because it brought data or a stage of
 * the handshake; a piece that makes a handshake message longer does not count. */
static int32_t receive_stream(usocket_engine_t *e, uint8_t *buf, size_t len) {
    struct tls_conn *c = e->conn;
    if (!usocket_mbed_may_receive(e)) {
        return USOCKET_EAGAIN;
    }
    bool new_record = c->ssl.PRIVATE(in_left) == 0;
    int32_t r = receive_ahead(e, buf, len);
    if (r > 0 && new_record) {
        unsigned fragments = FRAGMENTS(&c->ssl);
        e->step_received++;
        e->idle_records = (uint8_t)(e->idle_records + (fragments <= c->fragment_bytes));
        c->fragment_bytes = fragments;
    }
    return r;
}

bool usocket_mbed_may_receive(usocket_engine_t *e) {
    e->step_full = e->step_full || e->step_received >= RECORDS_AT_ONCE;
    return !e->step_full;
}

/* True if a datagram begins with a ClientHello and mbedTLS can check its cookie. RFC 6347: the
 * record's type, 22, is at 0, its epoch at 3; the message's type, 1, at 13, its fragment's offset
 * at 19; the session id, with its length, at 59, and the cookie with its length behind it. */
static bool is_client_hello(const uint8_t *d, size_t len) {
    static const uint8_t zero[3];
    if (len < 61 || d[0] != 22 || memcmp(d + 3, zero, 2) != 0 || d[13] != 1 || memcmp(d + 19, zero, 3) != 0) {
        return false;
    }
    size_t cookie = 60 + d[59];
    return cookie < len && cookie + 1 + d[cookie] <= len;
}

static void note_client_random(usocket_engine_t *e, const uint8_t *d, size_t len) {
    memset(e->client_random, 0, CLIENT_RANDOM);
    if (len >= HELLO_RANDOM_END) {
        memcpy(e->client_random, d + HELLO_RANDOM_END - CLIENT_RANDOM, CLIENT_RANDOM);
    }
}

/* RFC 6347, 4.2.8: a ClientHello on an established association replaces it once its cookie has been
 * verified. mbedTLS would let a duplicate of the first ClientHello do that, or a datagram that it
 * cannot parse as one; so it gets its cookie callbacks only for a ClientHello with another
 * random. */
static void allow_new_client(usocket_engine_t *e, const uint8_t *d, size_t len) {
    bool anew = e->conn->ssl.PRIVATE(out_left) == 0 && is_client_hello(d, len) &&
        memcmp(e->client_random, d + HELLO_RANDOM_END - CLIENT_RANDOM, CLIENT_RANDOM) != 0;
    mbedtls_ssl_conf_dtls_cookies(&e->conn->conf, anew ? mbedtls_ssl_cookie_write : NULL,
        anew ? mbedtls_ssl_cookie_check : NULL, anew ? &e->creds->cookies : NULL);
}

/* A pending client gets one datagram in a step: mbedTLS would keep a fragment of its ClientHello,
 * and the next datagram may be another client's. */
static int32_t receive_datagram(usocket_engine_t *e, uint8_t *buf, size_t len) {
    int most = e->in_cookie_exchange ? 1 : DATAGRAMS_AT_ONCE;
    int32_t r = 0;
    while (r == 0 && e->step_received < most) { /* An empty datagram is not the end. */
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
        r = e->lost; /* The peer has left no alert to explain it. */
    }
    if (r == USOCKET_EAGAIN) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    if (r < 0) {
        /* A stack reports a reset as EPIPE after something was sent. */
        e->error = r == USOCKET_EPIPE ? USOCKET_ECONNRESET : r;
        return TRANSPORT_FAILED;
    }
    if (e->datagram) {
        if (e->in_cookie_exchange && !set_client_id(e)) {
            return MBEDTLS_ERR_SSL_ALLOC_FAILED;
        }
        if (e->in_cookie_exchange) {
            note_client_random(e, buf, (size_t)r);
        } else if (e->server) {
            allow_new_client(e, buf, (size_t)r);
        }
        return r;
    }
    e->eof = e->eof || r == 0;
    return r;
}

/* ---- Sending ------------------------------------------------------------------------------------------------------ */

/* mbedTLS gives a record from its first byte: find out what it is, and if it has to be cut. An
 * encrypted record of TLS 1.3 has no type; a short one that answers what was received is an
 * alert. */
static void start_record(usocket_engine_t *e, const uint8_t *head) {
    struct tls_conn *c = e->conn;
    unsigned len = (unsigned)head[3] << 8 | head[4];
    int most = mbedtls_ssl_get_max_out_record_payload(&c->ssl);
    bool cut = CUTS_MESSAGES && head[0] == HANDSHAKE && head[RECORD_HEADER] != CLIENT_HELLO && most > 0 &&
        len > (unsigned)most;
    c->alert_sent = head[0] == ALERT ||
        (head[0] == APPLICATION_DATA && len <= LONGEST_ALERT && (e->reading || e->stage == TLS_HANDSHAKE));
    c->record_left = (uint16_t)(RECORD_HEADER + len);
    c->piece_max = cut ? (uint16_t)most : 0;
    c->piece_sent = 0;
    c->piece_first = true;
}

/* Send the next piece of a message that is cut, as a record of its own. Its header is written into
 * mbedTLS's buffer, over the last bytes of the piece before, which have gone out.
 * @return bytes of mbedTLS's record that this was; or a code */
static int32_t send_piece(usocket_engine_t *e, const uint8_t *buf) {
    struct tls_conn *c = e->conn;
    unsigned body = c->record_left - (c->piece_first ? RECORD_HEADER : 0U);
    unsigned len = body < c->piece_max ? body : c->piece_max;
    uint8_t *head = (uint8_t *)(uintptr_t)buf - (c->piece_first ? 0 : RECORD_HEADER);
    if (c->piece_sent == 0) {
        static const uint8_t type[3] = {HANDSHAKE, 3, 3};
        memcpy(head, type, sizeof(type));
        head[3] = (uint8_t)(len >> 8);
        head[4] = (uint8_t)len;
    }
    while (c->piece_sent < RECORD_HEADER + len) {
        int32_t r =
            usocket_transport_send(&e->transport, head + c->piece_sent, RECORD_HEADER + len - c->piece_sent, NULL);
        if (r <= 0) {
            return r < 0 ? r : USOCKET_EAGAIN;
        }
        c->piece_sent = (uint16_t)(c->piece_sent + r);
    }
    unsigned given = len + (c->piece_first ? RECORD_HEADER : 0U);
    c->record_left = (uint16_t)(c->record_left - given);
    c->piece_sent = 0;
    c->piece_first = false;
    return (int32_t)given;
}

static int32_t send_records(usocket_engine_t *e, const uint8_t *buf, size_t len) {
    struct tls_conn *c = e->conn;
    if (e->datagram) {
        c->alert_sent = buf[0] == ALERT;
        return usocket_transport_send(&e->transport, buf, len, e->in_cookie_exchange ? &e->peer : NULL);
    }
    if (c->record_left == 0) {
        start_record(e, buf);
    }
    if (c->piece_max != 0) {
        return send_piece(e, buf);
    }
    int32_t r = usocket_transport_send(&e->transport, buf, len < c->record_left ? len : c->record_left, NULL);
    if (r > 0) {
        c->record_left = (uint16_t)(c->record_left - r);
    }
    return r;
}

/* Two failures count as sent.
 * In the handshake, a stream that the peer has closed: it may have sent an alert first, and mbedTLS
 * finds that only if it goes on to receive. The code stays in `lost`.
 * A datagram that the stack refuses: mbedTLS would keep it and offer it for ever. The code stays in
 * `refused`, where a write finds it; a pending client that cannot be answered is dropped. */
static int transport_send(void *context, const unsigned char *buf, size_t len) {
    usocket_engine_t *e = context;
    int32_t r = e->lost;
    if (e->reading && e->stage == TLS_OPEN && !e->datagram && ++e->idle_records > IDLE_RECORDS) {
        return FLOODED; /* Requests for renegotiation: mbedTLS answers each of them. */
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

/* ---- Timers ------------------------------------------------------------------------------------------------------- */

/* The timer of DTLS's retransmissions, on the port's clock. A wait for the socket ends when it
 * expires. In mbedTLS's terms `half` is the intermediate delay, `whole` the final one, both in
 * ms. */
static void set_timer(void *context, uint32_t half, uint32_t whole) {
    usocket_engine_t *e = context;
    usocket_time_t now = usocket_port_now();
    e->timer_intermediate = now + (usocket_time_t)half * 1000;
    e->timer = whole != 0 ? now + (usocket_time_t)whole * 1000 : 0;
}

/* -1: off, 0: running, 1: the intermediate delay has passed, 2: the final one. */
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
