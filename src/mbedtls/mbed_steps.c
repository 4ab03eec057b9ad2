/* TLS by mbedTLS: the steps of a session.
 *
 * mbedTLS returns to its caller after each handshake message, but not after each record. A step
 * ends for one of four reasons: it is complete; the transport has to become ready (`want`); its
 * budget is used up (`step_full`); the session has failed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <string.h>

/* In TLS 1.3, if an alert cannot be sent, mbedTLS returns that instead of the alert's cause. */
static int alert_cause(const usocket_engine_t *e, int ret) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    int reason = e->conn->ssl.PRIVATE(alert_reason);
    return reason != 0 && (ret == TRANSPORT_FAILED || ret == MBEDTLS_ERR_SSL_WANT_WRITE) ? reason : ret;
#else
    (void)e;
    return ret;
#endif
}

/* The code for mbedTLS's number, if a step has not succeeded. The transport's code counts only if
 * mbedTLS returns TRANSPORT_FAILED: mbedTLS may have gone on after it. */
static int step_result(usocket_engine_t *e, int ret) {
    ret = alert_cause(e, ret);
    if (ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE) {
        e->want = ret == MBEDTLS_ERR_SSL_WANT_READ ? USOCKET_POLL_IN : USOCKET_POLL_OUT;
        return USOCKET_EAGAIN;
    }
    int r = e->error;
    e->error = 0;
    if (ret == TRANSPORT_FAILED && r != 0) {
        if (e->stage == TLS_HANDSHAKE) {
            e->stage = TLS_FAILED;
            e->failed = r;
        }
        return r;
    }
    if (ret == MBEDTLS_ERR_SSL_TIMEOUT) { /* DTLS has sent its flight for the last time. */
        e->stage = TLS_FAILED;
        return e->failed = USOCKET_ETIMEDOUT;
    }
    return usocket_mbed_fail(e, ret);
}

/* A datagram without a valid cookie resets the context, once its answer is out: nothing of a client
 * is kept until it has shown that it receives at its address (RFC 6347, 4.2.1). */
int usocket_engine_cookie_exchange(usocket_engine_t *e) {
    int r = e->conn == NULL ? usocket_mbed_open(e) : 0;
    for (int datagrams = 0; r == 0 && datagrams < DATAGRAMS_AT_ONCE;) {
        mbedtls_ssl_context *ssl = &e->conn->ssl;
        int state = ssl->PRIVATE(state);
        if (state > MBEDTLS_SSL_SERVER_HELLO && state != MBEDTLS_SSL_SERVER_HELLO_VERIFY_REQUEST_SENT) {
            return 0; /* The cookie was right. The answer is in memory: a flight is sent with its last message. */
        }
        e->step_received = 0;
        int ret = mbedtls_ssl_handshake_step(ssl);
        if ((ret == MBEDTLS_ERR_SSL_WANT_READ && e->step_received == 0) || (ret != 0 && e->error != 0)) {
            e->want = USOCKET_POLL_IN;
            r = ret == MBEDTLS_ERR_SSL_WANT_READ ? USOCKET_EAGAIN : e->error;
            e->error = 0;
            return r;
        }
        if (ret != 0) { /* A cookie has been sent, or the datagram was of no use: begin anew with the next one. */
            datagrams++;
            r = usocket_mbed_is_alloc_failure(ret) || mbedtls_ssl_session_reset(ssl) != 0 ? USOCKET_ENOMEM : 0;
        }
    }
    e->want = USOCKET_POLL_IN;
    return r < 0 ? r : USOCKET_EAGAIN;
}

/* The state from which on a client of TLS 1.2 does not need its peer's key; RSA key exchange, which
 * 2.28 may have, needs it longer. */
#if defined(MBEDTLS_KEY_EXCHANGE_RSA_ENABLED)
#define KEY_USED MBEDTLS_SSL_HANDSHAKE_OVER
#else
#define KEY_USED MBEDTLS_SSL_CLIENT_KEY_EXCHANGE
#endif

#if NEWEST == USOCKET_TLS_1_3
/* After its Finished, a server of TLS 1.3 sends under the application's keys (RFC 8446, A.2).
 * mbedTLS 3.6 changes to them only after the client's Finished, so that a client cannot read an
 * alert before it: Mbed-TLS/mbedtls#10877. */
static void use_application_keys(mbedtls_ssl_context *ssl) {
    if (ssl->PRIVATE(tls_version) == MBEDTLS_SSL_VERSION_TLS1_3 && ssl->PRIVATE(transform_application) != NULL) {
        ssl->PRIVATE(transform_out) = ssl->PRIVATE(transform_application);
        memset(ssl->PRIVATE(cur_out_ctr), 0, sizeof(ssl->PRIVATE(cur_out_ctr)));
    }
}
#endif

/* One step of mbedTLS's is one message. What can be freed is freed between two of them: the peak of
 * memory is in the handshake. */
int usocket_engine_handshake(usocket_engine_t *e) {
    if (e->conn == NULL) {
        int r = usocket_mbed_open(e);
        if (r < 0) {
            return r;
        }
    }
    mbedtls_ssl_context *ssl = &e->conn->ssl;
    int ret = 0;
    while (ret == 0 && ssl->PRIVATE(state) != MBEDTLS_SSL_HANDSHAKE_OVER) {
        int state = ssl->PRIVATE(state);
#if NEWEST == USOCKET_TLS_1_3
        if (e->server && state == MBEDTLS_SSL_CERTIFICATE_REQUEST) { /* The ticket's session is not resumed. */
            usocket_port_free(e->conn->peer_cert);
            e->conn->peer_cert = NULL;
            e->conn->peer_cert_len = 0;
        }
#endif
        ret = mbedtls_ssl_handshake_step(ssl);
        if (ssl->PRIVATE(state) != state) {
            e->idle_records = 0;
        }
#if NEWEST == USOCKET_TLS_1_3
        if (e->server && state == MBEDTLS_SSL_SERVER_FINISHED && ret == 0) {
            use_application_keys(ssl);
        }
#endif
        if (ret == 0) {
            usocket_mbed_drop_issuers(e->conn); /* The Certificate message has been verified in its own step. */
            if (ssl->PRIVATE(state) == KEY_USED && !e->server) {
                usocket_mbed_pack_peer_cert(e->conn);
            }
        } else {
            ret = usocket_mbed_grow_input(e, ret);
        }
    }
    if (!e->conn->speaks_tls) {
        e->conn->speaks_tls = ssl->PRIVATE(state) > (e->server ? MBEDTLS_SSL_CLIENT_HELLO : MBEDTLS_SSL_SERVER_HELLO);
    }
    if (ret != 0) {
        return step_result(e, ret);
    }
    if (e->datagram) {
        mbedtls_ssl_set_mtu(ssl, 0); /* The length of the program's datagrams is its own choice. */
    }
    usocket_mbed_pack_peer_cert(e->conn);
    usocket_mbed_settle_session(e, e->conn);
    if (strcmp(mbedtls_ssl_get_version(ssl), "TLSv1.3") != 0) {
        usocket_mbed_keep_session(e); /* Tickets of TLS 1.3 come after the handshake. */
    }
    return 0;
}

size_t usocket_engine_pending(const usocket_engine_t *e) {
    return e->stage == TLS_OPEN ? mbedtls_ssl_get_bytes_avail(&e->conn->ssl) : 0;
}

bool usocket_engine_unsent(const usocket_engine_t *e) {
    return e->conn != NULL && e->stage == TLS_OPEN && e->conn->ssl.PRIVATE(out_left) != 0;
}

/* A datagram's bytes that a receive had no room for are lost, as without TLS. */
static void discard_rest(mbedtls_ssl_context *ssl) {
    unsigned char rest[64];
    while (mbedtls_ssl_get_bytes_avail(ssl) != 0 && mbedtls_ssl_read(ssl, rest, sizeof(rest)) > 0) {
    }
    mbedtls_platform_zeroize(rest, sizeof(rest));
}

#if NEWEST == USOCKET_TLS_1_3
/* Keep the session of a ticket. 0: the read may go on; else mbedTLS's number that ends its step. */
static int accept_ticket(usocket_engine_t *e) {
    usocket_mbed_keep_session(e);
    e->step_received++; /* One record may hold many tickets. */
    if (++e->idle_records > IDLE_RECORDS) {
        return FLOODED;
    }
    return usocket_mbed_may_receive(e) ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
}
#endif

/* A peek decrypts the next record by reading no bytes, and copies from mbedTLS's buffer. The loop
 * ends because each turn receives, which the step's budget limits. */
int32_t usocket_engine_read(usocket_engine_t *e, void *buf, size_t len, bool peek) {
    mbedtls_ssl_context *ssl = &e->conn->ssl;
    unsigned char none[1] = {0};
    for (;;) {
        size_t have = mbedtls_ssl_get_bytes_avail(ssl);
        if (peek && have != 0) {
            e->idle_records = 0;
            have = have < len ? have : len;
            if (have != 0) {
                memcpy(buf, ssl->PRIVATE(in_offt), have);
            }
            return len != 0 ? (int32_t)have : 1;
        }
        e->reading = true;
        int ret = mbedtls_ssl_read(ssl, peek ? none : buf, peek ? 0 : len);
        e->reading = false;
        if (ret > 0) {
            e->idle_records = 0;
            if (e->datagram && !peek) {
                discard_rest(ssl);
            }
            return ret;
        }
        if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            e->ended = true;
            return 0;
        }
#if NEWEST == USOCKET_TLS_1_3
        if (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
            ret = accept_ticket(e);
            if (ret == 0) {
                continue;
            }
            return step_result(e, ret);
        }
        if (ret == MBEDTLS_ERR_SSL_WANT_READ && !e->step_full &&
            ssl->PRIVATE(state) == MBEDTLS_SSL_TLS1_3_NEW_SESSION_TICKET) {
            continue; /* The next call returns a ticket. It is in mbedTLS's buffer, where poll does not see it. */
        }
#endif
        if (ret < 0) {
            ret = usocket_mbed_grow_input(e, ret);
            if (ret == 0) {
                continue;
            }
        }
        if (ret == 0 && (!e->eof || mbedtls_ssl_get_bytes_avail(ssl) != 0)) {
            continue; /* A peek has decrypted something, or an empty record has come. */
        }
        return step_result(e, ret == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : ret);
    }
}

int usocket_engine_flush(usocket_engine_t *e) {
    mbedtls_ssl_context *ssl = &e->conn->ssl;
    while (ssl->PRIVATE(out_left) != 0) {
        int ret = mbedtls_ssl_write(ssl, (const unsigned char *)"", 0); /* Sends what is unsent, and nothing else. */
        if (ret < 0) {
            return step_result(e, ret);
        }
    }
    return 0;
}

/* The transport has failed while sending. A peer that ends a connection sends its reason first:
 * receive that. 0: there is none; else mbedTLS's number. */
static int received_reason(usocket_engine_t *e) {
    unsigned char none[1] = {0};
    int code = e->error;
    int ret = mbedtls_ssl_read(&e->conn->ssl, none, 0);
    e->error = code;
    switch (ret) {
        case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
            e->ended = true;
            return 0;
        case TRANSPORT_FAILED:
        case MBEDTLS_ERR_SSL_WANT_READ:
        case MBEDTLS_ERR_SSL_WANT_WRITE:
#if NEWEST == USOCKET_TLS_1_3
        case MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET:
#endif
            return 0;
        default: /* 0: data, or the end of the stream */
            return ret;
    }
}

int32_t usocket_engine_write(usocket_engine_t *e, const void *buf, size_t len) {
    mbedtls_ssl_context *ssl = &e->conn->ssl;
    int r = usocket_engine_flush(e);
    if (r < 0) {
        return r;
    }
    int most = mbedtls_ssl_get_max_out_record_payload(ssl);
    if (most < 0) {
        return step_result(e, most);
    }
    if (e->datagram && len > (size_t)most) {
        return USOCKET_EMSGSIZE;
    }
    len = len < (size_t)most ? len : (size_t)most;
    e->refused = 0; /* transport_send sets it if the stack refuses this datagram. */
    int ret = mbedtls_ssl_write(ssl, buf, len);
    if (ret >= 0 && e->refused != 0) {
        return e->refused;
    }
    if (ret == MBEDTLS_ERR_SSL_WANT_WRITE && ssl->PRIVATE(out_left) != 0) {
        e->want = USOCKET_POLL_OUT;
        return (int32_t)len; /* The record is encrypted, so it counts; flush sends the rest. */
    }
    if (ret < 0 && e->error != 0) {
        int reason = received_reason(e);
        if (reason != 0) {
            e->error = 0;
            return usocket_mbed_fail(e, reason);
        }
    }
    return ret >= 0 ? ret : step_result(e, ret);
}

/* The alert is one record, which flush sends the rest of in later calls. */
int usocket_engine_close_notify(usocket_engine_t *e) {
    if (e->conn == NULL || e->stage != TLS_OPEN) {
        return 0;
    }
    int r = usocket_engine_flush(e);
    if (r == 0 && !e->close_notify) {
        int ret = mbedtls_ssl_close_notify(&e->conn->ssl);
        if (ret != 0 && ret != MBEDTLS_ERR_SSL_WANT_WRITE) {
            return step_result(e, ret);
        }
        e->close_notify = true;
        r = usocket_engine_flush(e);
    }
    return r;
}

#endif
