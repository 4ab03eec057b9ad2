/* TLS by mbedTLS: connections.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <string.h>

/* mbedTLS in TLS 1.3 returns what became of the alert, if that could not be sent: not what the alert was about. */
static int fault_of(const usocket_engine_t *e, int ret) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    int reason = e->conn->ssl.PRIVATE(alert_reason);
    return reason != 0 && (ret == TRANSPORT_FAILED || ret == MBEDTLS_ERR_SSL_WANT_WRITE) ? reason : ret;
#else
    (void)e;
    return ret;
#endif
}

/* mbedTLS's answer to a step that did not succeed. The transport's error is the reason only if mbedTLS returns it. */
static int answer(usocket_engine_t *e, int ret) {
    ret = fault_of(e, ret);
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
    if (ret == MBEDTLS_ERR_SSL_TIMEOUT) { /* DTLS has sent its flight often enough */
        e->stage = TLS_FAILED;
        return e->failed = USOCKET_ETIMEDOUT;
    }
    return usocket_mbed_fail(e, ret);
}

int usocket_engine_cookie_exchange(usocket_engine_t *e) {
    int r = e->conn == NULL ? usocket_mbed_start(e) : 0;
    for (int datagrams = 0; r == 0 && datagrams < 16;) {
        mbedtls_ssl_context *ssl = &e->conn->ssl;
        int state = ssl->PRIVATE(state);
        if (state > MBEDTLS_SSL_SERVER_HELLO && state != MBEDTLS_SSL_SERVER_HELLO_VERIFY_REQUEST_SENT) {
            return 0; /* a hello with its cookie has been answered, in memory: the flight goes out with its last message */
        }
        e->step_received = 0;
        int ret = mbedtls_ssl_handshake_step(ssl);
        if ((ret == MBEDTLS_ERR_SSL_WANT_READ && e->step_received == 0) || (ret != 0 && e->error != 0)) {
            e->want = USOCKET_POLL_IN;
            r = ret == MBEDTLS_ERR_SSL_WANT_READ ? USOCKET_EAGAIN : e->error;
            e->error = 0;
            return r;
        }
        if (ret != 0) { /* a cookie has been sent, or it was nonsense, or a piece of something: the next one */
            datagrams++;
            r = usocket_mbed_is_alloc_failure(ret) || mbedtls_ssl_session_reset(ssl) != 0 ? USOCKET_ENOMEM : 0;
        }
    }
    e->want = USOCKET_POLL_IN;
    return r < 0 ? r : USOCKET_EAGAIN;
}

/* From here on, a client of TLS 1.2 needs its peer's key no more. 2.28 might have RSA key exchange. */
#if defined(MBEDTLS_KEY_EXCHANGE_RSA_ENABLED)
#define KEY_USED MBEDTLS_SSL_HANDSHAKE_OVER
#else
#define KEY_USED MBEDTLS_SSL_CLIENT_KEY_EXCHANGE
#endif

#if NEWEST == USOCKET_TLS_1_3
/* After its Finished, a server of TLS 1.3 sends with the keys of the application (RFC 8446, A.2). mbedTLS 3.6 changes to them only when
 * the client has finished, too, and the client cannot read an alert before: Mbed-TLS/mbedtls#10877. */
static void take_new_keys(mbedtls_ssl_context *ssl) {
    if (ssl->PRIVATE(tls_version) == MBEDTLS_SSL_VERSION_TLS1_3 && ssl->PRIVATE(transform_application) != NULL) {
        ssl->PRIVATE(transform_out) = ssl->PRIVATE(transform_application);
        memset(ssl->PRIVATE(cur_out_ctr), 0, sizeof(ssl->PRIVATE(cur_out_ctr)));
    }
}
#endif

int usocket_engine_handshake(usocket_engine_t *e) {
    if (e->conn == NULL) {
        int r = usocket_mbed_start(e);
        if (r < 0) {
            return r;
        }
    }
    mbedtls_ssl_context *ssl = &e->conn->ssl;
    int ret = 0;
    while (ret == 0 && ssl->PRIVATE(state) != MBEDTLS_SSL_HANDSHAKE_OVER) {
        int state = ssl->PRIVATE(state);
#if NEWEST == USOCKET_TLS_1_3
        if (e->server && state == MBEDTLS_SSL_CERTIFICATE_REQUEST) { /* no session has been resumed */
            usocket_port_free(e->conn->peer);
            e->conn->peer = NULL;
            e->conn->peer_len = 0;
        }
#endif
        ret = mbedtls_ssl_handshake_step(ssl);
        if (ssl->PRIVATE(state) != state) {
            e->idle_records = 0;
        }
#if NEWEST == USOCKET_TLS_1_3
        if (e->server && state == MBEDTLS_SSL_SERVER_FINISHED && ret == 0) {
            take_new_keys(ssl);
        }
#endif
        if (ret == 0) {
            usocket_mbed_drop_issuers(e->conn); /* a step is a message: the one with certificates verifies them */
            if (ssl->PRIVATE(state) == KEY_USED && !e->server) {
                usocket_mbed_pack_peer(e->conn);
            }
        } else {
            ret = usocket_mbed_make_room(e, ret);
        }
    }
    if (!e->conn->spoken) {
        e->conn->spoken = ssl->PRIVATE(state) > (e->server ? MBEDTLS_SSL_CLIENT_HELLO : MBEDTLS_SSL_SERVER_HELLO);
    }
    if (ret != 0) {
        return answer(e, ret);
    }
    if (e->datagram) {
        mbedtls_ssl_set_mtu(ssl, 0); /* the program's datagrams are as long as they are */
    }
    usocket_mbed_pack_peer(e->conn);
    usocket_mbed_resumed(e, e->conn);
    if (strcmp(mbedtls_ssl_get_version(ssl), "TLSv1.3") != 0) {
        usocket_mbed_keep_session(e); /* in TLS 1.3, tickets come later */
    }
    return 0;
}

size_t usocket_engine_pending(const usocket_engine_t *e) {
    return e->stage == TLS_OPEN ? mbedtls_ssl_get_bytes_avail(&e->conn->ssl) : 0;
}

bool usocket_engine_unsent(const usocket_engine_t *e) {
    return e->conn != NULL && e->stage == TLS_OPEN && e->conn->ssl.PRIVATE(out_left) != 0;
}

/* What a receive had no room for is gone, as with any datagram. */
static void forget_rest(mbedtls_ssl_context *ssl) {
    unsigned char rest[64];
    while (mbedtls_ssl_get_bytes_avail(ssl) != 0 && mbedtls_ssl_read(ssl, rest, sizeof(rest)) > 0) {
    }
    mbedtls_platform_zeroize(rest, sizeof(rest));
}

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
                forget_rest(ssl);
            }
            return ret;
        }
        if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            e->ended = true;
            return 0;
        }
#if NEWEST == USOCKET_TLS_1_3
        if (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
            usocket_mbed_keep_session(e);
            e->step_received++; /* there may be many in one record */
            if (++e->idle_records > IDLE_RECORDS) {
                return answer(e, FLOODED);
            }
            if (usocket_mbed_may_go_on(e)) {
                continue;
            }
            return answer(e, MBEDTLS_ERR_SSL_WANT_READ);
        }
        if (ret == MBEDTLS_ERR_SSL_WANT_READ && !e->step_full &&
            ssl->PRIVATE(state) == MBEDTLS_SSL_TLS1_3_NEW_SESSION_TICKET) {
            continue; /* a ticket is there, to be taken by the next call; what follows it may be there, too, and not in the stack */
        }
#endif
        if (ret < 0) {
            ret = usocket_mbed_make_room(e, ret);
            if (ret == 0) {
                continue;
            }
        }
        if (ret == 0 && (!e->eof || mbedtls_ssl_get_bytes_avail(ssl) != 0)) {
            continue; /* a look has found something, or an empty record has come */
        }
        return answer(e, ret == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : ret);
    }
}

int usocket_engine_flush(usocket_engine_t *e) {
    mbedtls_ssl_context *ssl = &e->conn->ssl;
    while (ssl->PRIVATE(out_left) != 0) {
        int ret = mbedtls_ssl_write(ssl, (const unsigned char *)"", 0); /* with something unsent: just that */
        if (ret < 0) {
            return answer(e, ret);
        }
    }
    return 0;
}

int32_t usocket_engine_write(usocket_engine_t *e, const void *buf, size_t len) {
    mbedtls_ssl_context *ssl = &e->conn->ssl;
    int r = usocket_engine_flush(e);
    if (r < 0) {
        return r;
    }
    int most = mbedtls_ssl_get_max_out_record_payload(ssl);
    if (most < 0) {
        return answer(e, most);
    }
    if (e->datagram && len > (size_t)most) {
        return USOCKET_EMSGSIZE;
    }
    len = len < (size_t)most ? len : (size_t)most;
    e->refused = 0;
    int ret = mbedtls_ssl_write(ssl, buf, len);
    if (ret >= 0 && e->refused != 0) {
        return e->refused;
    }
    if (ret == MBEDTLS_ERR_SSL_WANT_WRITE && ssl->PRIVATE(out_left) != 0) {
        e->want = USOCKET_POLL_OUT;
        return (int32_t)len; /* encrypted already: it can be neither changed nor taken back */
    }
    if (ret < 0 && e->error != 0) {
        unsigned char none[1] = {0};
        int code = e->error;
        int said = mbedtls_ssl_read(ssl, none, 0);
        e->error = code;
        switch (said) {
            case TRANSPORT_FAILED:
            case MBEDTLS_ERR_SSL_WANT_READ:
            case MBEDTLS_ERR_SSL_WANT_WRITE:
#if NEWEST == USOCKET_TLS_1_3
            case MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET:
#endif
            case 0: /* data, or the end */
                break;
            case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
                e->ended = true;
                break;
            default:
                e->error = 0;
                return usocket_mbed_fail(e, said); /* why the peer has left, or we should */
        }
    }
    return ret >= 0 ? ret : answer(e, ret);
}

int usocket_engine_close_notify(usocket_engine_t *e) {
    if (e->conn == NULL || e->stage != TLS_OPEN) {
        return 0;
    }
    int r = usocket_engine_flush(e);
    if (r == 0 && !e->close_notify) {
        int ret = mbedtls_ssl_close_notify(&e->conn->ssl);
        if (ret != 0 && ret != MBEDTLS_ERR_SSL_WANT_WRITE) {
            return answer(e, ret);
        }
        e->close_notify = true;
        r = usocket_engine_flush(e);
    }
    return r;
}

#endif
