/* TLS by mbedTLS: connections.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../tls/tls_state.h"

#if USOCKET_TLS

#include "mbed.h"

#include <string.h>

/* mbedTLS in TLS 1.3 returns what became of the alert, if that could not be sent: not what the alert was about. */
static int fault_of(const usocket_tls_t *t, int ret) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    int reason = t->conn->ssl.PRIVATE(alert_reason);
    return reason != 0 && (ret == TRANSPORT_FAILED || ret == MBEDTLS_ERR_SSL_WANT_WRITE) ? reason : ret;
#else
    (void)t;
    return ret;
#endif
}

/* mbedTLS's answer to a step that did not succeed. The transport's error is the reason only if mbedTLS returns it. */
static int answer(usocket_tls_t *t, int ret) {
    ret = fault_of(t, ret);
    if (ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE) {
        t->want = ret == MBEDTLS_ERR_SSL_WANT_READ ? USOCKET_POLL_IN : USOCKET_POLL_OUT;
        return USOCKET_EAGAIN;
    }
    int r = t->error;
    t->error = 0;
    if (ret == TRANSPORT_FAILED && r != 0) {
        if (t->stage == TLS_HANDSHAKE) {
            t->stage = TLS_FAILED;
            t->failed = r;
        }
        return r;
    }
    if (ret == MBEDTLS_ERR_SSL_TIMEOUT) { /* DTLS has sent its flight often enough */
        t->stage = TLS_FAILED;
        return t->failed = USOCKET_ETIMEDOUT;
    }
    return usocket_backend_fail(t, ret);
}

int usocket_backend_knock(usocket_tls_t *t) {
    int r = t->conn == NULL ? usocket_backend_start(t) : 0;
    for (int datagrams = 0; r == 0 && datagrams < 16;) {
        mbedtls_ssl_context *ssl = &t->conn->ssl;
        int state = ssl->PRIVATE(state);
        if (state > MBEDTLS_SSL_SERVER_HELLO && state != MBEDTLS_SSL_SERVER_HELLO_VERIFY_REQUEST_SENT) {
            return 0; /* a hello with its cookie has been answered, in memory: the flight goes out with its last message */
        }
        t->heard = 0;
        int ret = mbedtls_ssl_handshake_step(ssl);
        if ((ret == MBEDTLS_ERR_SSL_WANT_READ && t->heard == 0) || (ret != 0 && t->error != 0)) {
            t->want = USOCKET_POLL_IN;
            r = ret == MBEDTLS_ERR_SSL_WANT_READ ? USOCKET_EAGAIN : t->error;
            t->error = 0;
            return r;
        }
        if (ret != 0) { /* a cookie has been sent, or it was nonsense, or a piece of something: the next one */
            datagrams++;
            r = usocket_backend_is_alloc_failure(ret) || mbedtls_ssl_session_reset(ssl) != 0 ? USOCKET_ENOMEM : 0;
        }
    }
    t->want = USOCKET_POLL_IN;
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

int usocket_backend_handshake(usocket_tls_t *t) {
    if (t->conn == NULL) {
        int r = usocket_backend_start(t);
        if (r < 0) {
            return r;
        }
    }
    mbedtls_ssl_context *ssl = &t->conn->ssl;
    int ret = 0;
    while (ret == 0 && ssl->PRIVATE(state) != MBEDTLS_SSL_HANDSHAKE_OVER) {
        int state = ssl->PRIVATE(state);
#if NEWEST == USOCKET_TLS_1_3
        if (t->server && state == MBEDTLS_SSL_CERTIFICATE_REQUEST) { /* no session has been resumed */
            usocket_port_free(t->conn->peer);
            t->conn->peer = NULL;
            t->conn->peer_len = 0;
        }
#endif
        ret = mbedtls_ssl_handshake_step(ssl);
        if (ssl->PRIVATE(state) != state) {
            t->idle = 0;
        }
#if NEWEST == USOCKET_TLS_1_3
        if (t->server && state == MBEDTLS_SSL_SERVER_FINISHED && ret == 0) {
            take_new_keys(ssl);
        }
#endif
        if (ret == 0) {
            usocket_backend_drop_issuers(t->conn); /* a step is a message: the one with certificates verifies them */
            if (ssl->PRIVATE(state) == KEY_USED && !t->server) {
                usocket_backend_pack_peer(t->conn);
            }
        } else {
            ret = usocket_backend_make_room(t, ret);
        }
    }
    if (!t->conn->spoken) {
        t->conn->spoken = ssl->PRIVATE(state) > (t->server ? MBEDTLS_SSL_CLIENT_HELLO : MBEDTLS_SSL_SERVER_HELLO);
    }
    if (ret != 0) {
        return answer(t, ret);
    }
    if (t->datagram) {
        mbedtls_ssl_set_mtu(ssl, 0); /* the program's datagrams are as long as they are */
    }
    usocket_backend_pack_peer(t->conn);
    usocket_backend_resumed(t, t->conn);
    if (strcmp(mbedtls_ssl_get_version(ssl), "TLSv1.3") != 0) {
        usocket_backend_keep_session(t); /* in TLS 1.3, tickets come later */
    }
    return 0;
}

size_t usocket_backend_pending(const usocket_tls_t *t) {
    return t->stage == TLS_OPEN ? mbedtls_ssl_get_bytes_avail(&t->conn->ssl) : 0;
}

bool usocket_backend_unsent(const usocket_tls_t *t) {
    return t->conn != NULL && t->stage == TLS_OPEN && t->conn->ssl.PRIVATE(out_left) != 0;
}

/* What a receive had no room for is gone, as with any datagram. */
static void forget_rest(mbedtls_ssl_context *ssl) {
    unsigned char rest[64];
    while (mbedtls_ssl_get_bytes_avail(ssl) != 0 && mbedtls_ssl_read(ssl, rest, sizeof(rest)) > 0) {
    }
    mbedtls_platform_zeroize(rest, sizeof(rest));
}

int32_t usocket_backend_read(usocket_tls_t *t, void *buf, size_t len, bool peek) {
    mbedtls_ssl_context *ssl = &t->conn->ssl;
    unsigned char none[1] = {0};
    for (;;) {
        size_t have = mbedtls_ssl_get_bytes_avail(ssl);
        if (peek && have != 0) {
            t->idle = 0;
            have = have < len ? have : len;
            if (have != 0) {
                memcpy(buf, ssl->PRIVATE(in_offt), have);
            }
            return len != 0 ? (int32_t)have : 1;
        }
        t->reading = true;
        int ret = mbedtls_ssl_read(ssl, peek ? none : buf, peek ? 0 : len);
        t->reading = false;
        if (ret > 0) {
            t->idle = 0;
            if (t->datagram && !peek) {
                forget_rest(ssl);
            }
            return ret;
        }
        if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            t->ended = true;
            return 0;
        }
#if NEWEST == USOCKET_TLS_1_3
        if (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
            usocket_backend_keep_session(t);
            t->heard++; /* there may be many in one record */
            if (++t->idle > IDLE_RECORDS) {
                return answer(t, FLOODED);
            }
            if (usocket_backend_may_go_on(t)) {
                continue;
            }
            return answer(t, MBEDTLS_ERR_SSL_WANT_READ);
        }
        if (ret == MBEDTLS_ERR_SSL_WANT_READ && !t->again &&
            ssl->PRIVATE(state) == MBEDTLS_SSL_TLS1_3_NEW_SESSION_TICKET) {
            continue; /* a ticket is there, to be taken by the next call; what follows it may be there, too, and not in the stack */
        }
#endif
        if (ret < 0) {
            ret = usocket_backend_make_room(t, ret);
            if (ret == 0) {
                continue;
            }
        }
        if (ret == 0 && (!t->eof || mbedtls_ssl_get_bytes_avail(ssl) != 0)) {
            continue; /* a look has found something, or an empty record has come */
        }
        return answer(t, ret == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : ret);
    }
}

int usocket_backend_flush(usocket_tls_t *t) {
    mbedtls_ssl_context *ssl = &t->conn->ssl;
    while (ssl->PRIVATE(out_left) != 0) {
        int ret = mbedtls_ssl_write(ssl, (const unsigned char *)"", 0); /* with something unsent: just that */
        if (ret < 0) {
            return answer(t, ret);
        }
    }
    return 0;
}

int32_t usocket_backend_write(usocket_tls_t *t, const void *buf, size_t len) {
    mbedtls_ssl_context *ssl = &t->conn->ssl;
    int r = usocket_backend_flush(t);
    if (r < 0) {
        return r;
    }
    int most = mbedtls_ssl_get_max_out_record_payload(ssl);
    if (most < 0) {
        return answer(t, most);
    }
    if (t->datagram && len > (size_t)most) {
        return USOCKET_EMSGSIZE;
    }
    len = len < (size_t)most ? len : (size_t)most;
    t->refused = 0;
    int ret = mbedtls_ssl_write(ssl, buf, len);
    if (ret >= 0 && t->refused != 0) {
        return t->refused;
    }
    if (ret == MBEDTLS_ERR_SSL_WANT_WRITE && ssl->PRIVATE(out_left) != 0) {
        t->want = USOCKET_POLL_OUT;
        return (int32_t)len; /* encrypted already: it can be neither changed nor taken back */
    }
    if (ret < 0 && t->error != 0) {
        unsigned char none[1] = {0};
        int code = t->error;
        int said = mbedtls_ssl_read(ssl, none, 0);
        t->error = code;
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
                t->ended = true;
                break;
            default:
                t->error = 0;
                return usocket_backend_fail(t, said); /* why the peer has left, or we should */
        }
    }
    return ret >= 0 ? ret : answer(t, ret);
}

int usocket_backend_goodbye(usocket_tls_t *t) {
    if (t->conn == NULL || t->stage != TLS_OPEN) {
        return 0;
    }
    int r = usocket_backend_flush(t);
    if (r == 0 && !t->goodbye) {
        int ret = mbedtls_ssl_close_notify(&t->conn->ssl);
        if (ret != 0 && ret != MBEDTLS_ERR_SSL_WANT_WRITE) {
            return answer(t, ret);
        }
        t->goodbye = true;
        r = usocket_backend_flush(t);
    }
    return r;
}

void usocket_backend_close(usocket_tls_t *t) {
    struct tls_conn *conn = t->conn;
    if (conn != NULL) {
        t->conn = NULL;
        mbedtls_ssl_free(&conn->ssl);
        mbedtls_ssl_config_free(&conn->conf);
        usocket_backend_trust_drop(conn->trust);
        usocket_backend_resumed(t, conn);
        usocket_port_free(conn->peer);
        usocket_backend_free(conn, sizeof(*conn));
    }
}

#endif
