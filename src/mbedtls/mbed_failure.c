/* TLS by mbedTLS: from mbedTLS's number to a code of USOCKET_ETLS_* and a sentence for people.
 *
 * One number has many causes: what the connection knows beside it decides first, then the table.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#define LOWEST_BELOW_TLS (-0x5000) /* above it are X.509's numbers, and those of keys and ASN.1; below it TLS's */

/* The peer's alert, if it is what ended the session; else -1. A client that refuses before it
 * uses its new keys sends the alert unencrypted (OpenSSL does), and mbedTLS calls that a record
 * with a wrong MAC. */
static int fatal_alert(const mbedtls_ssl_context *ssl, int ret) {
    const unsigned char *header = ssl->PRIVATE(in_hdr); /* type (1), version (2), length (2), content */
    if (ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        return ssl->PRIVATE(in_msg) != NULL ? ssl->PRIVATE(in_msg)[1] : 0;
    }
    if (ret == MBEDTLS_ERR_SSL_INVALID_MAC && header != NULL && header[0] == MBEDTLS_SSL_MSG_ALERT && header[3] == 0 &&
        header[4] == 2 && header[5] == MBEDTLS_SSL_ALERT_LEVEL_FATAL) {
        return header[6];
    }
    return -1;
}

/* True if a certificate of the peer's cannot be read: X.509's numbers; while certificates are
 * received, those of keys and ASN.1, too. */
static bool is_unreadable(const mbedtls_ssl_context *ssl, int ret) {
    int state = ssl->PRIVATE(state);
    return (ret <= MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && ret > MBEDTLS_ERR_X509_FATAL_ERROR) ||
        ((state == MBEDTLS_SSL_SERVER_CERTIFICATE || state == MBEDTLS_SSL_CLIENT_CERTIFICATE) &&
            ret > LOWEST_BELOW_TLS);
}

#if NEWEST == USOCKET_TLS_1_3
static bool is_key_update(const mbedtls_ssl_context *ssl) {
    return ssl->PRIVATE(state) == MBEDTLS_SSL_HANDSHAKE_OVER && ssl->PRIVATE(in_msg) != NULL &&
        ssl->PRIVATE(in_msgtype) == MBEDTLS_SSL_MSG_HANDSHAKE && ssl->PRIVATE(in_msg)[0] == 24; /* RFC 8446, 4.6.3 */
}
#endif

/* The numbers that have one cause. */
static const struct fault {
    int ret;
    int code;
    const char *words;
} faults[] = {
    {MBEDTLS_ERR_SSL_CONN_EOF, USOCKET_ETLS_TRUNCATED, "cut by the peer, or on the way, without close_notify"},
    {MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY, USOCKET_ETLS_ALERT, "refused by the peer: close_notify (0)"},
    {MBEDTLS_ERR_SSL_NO_RNG, USOCKET_ETLS_SETUP, "the system gives no randomness"},
    {MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION, USOCKET_ETLS_HANDSHAKE, "no version of TLS in common"},
    {MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE, USOCKET_ETLS_HANDSHAKE, "no cipher suite, group or kind of key in common"},
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    {MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL, USOCKET_ETLS_HANDSHAKE, "no protocol (ALPN) in common"},
#endif
    {MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY, USOCKET_ETLS_HANDSHAKE, "the peer's PSK identity is unknown"},
    {MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE, USOCKET_ETLS_CERTIFICATE, "the peer sent no certificate"},
    {MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL, USOCKET_ETLS_SETUP,
        "a message of our own is longer than this build sends (MBEDTLS_SSL_OUT_CONTENT_LEN)"},
    {MBEDTLS_ERR_SSL_INTERNAL_ERROR, USOCKET_ETLS_SETUP, "mbedTLS itself has failed, not the peer"},
    {MBEDTLS_ERR_SSL_BAD_CONFIG, USOCKET_ETLS_SETUP, "mbedTLS cannot work with these options"},
    {MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE, USOCKET_ETLS_PROTOCOL, "the peer asks for a feature that this mbedTLS lacks"},
    {MBEDTLS_ERR_SSL_COUNTER_WRAPPING, USOCKET_ETLS_SETUP, "too many records for one connection"},
    {MBEDTLS_ERR_X509_FATAL_ERROR, USOCKET_ETLS_CERTIFICATE, "the chain of certificates is too long"},
    {MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED, USOCKET_ETLS_SETUP, WORDS_NO_IDENTITY},
    {MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED, USOCKET_ETLS_SETUP, WORDS_NO_AUTHORITY},
};

static const struct fault *find_fault(int ret) {
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (faults[i].ret == ret) {
            return &faults[i];
        }
    }
    return NULL;
}

/* True if the verdict on the peer's certificate is what ended the handshake. */
static bool is_verdict(int ret, uint32_t flags) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    if (ret == MBEDTLS_ERR_SSL_BAD_CERTIFICATE && flags != 0 && flags != UINT32_MAX) {
        return true;
    }
#else
    (void)flags;
#endif
    return ret == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
}

static int fail_verdict(usocket_engine_t *e, uint32_t flags) {
    usocket_mbed_explain_flags(e, flags);
    if (e->rank == RANK_NONE) {
        usocket_mbed_explain(e, RANK_OTHER, "the certificate was refused, flags 0x%x", (unsigned)flags);
    }
    return e->failed = e->rank == RANK_CLOCK ? USOCKET_ETLS_CLOCK : USOCKET_ETLS_CERTIFICATE;
}

/* mbedTLS itself ends a session for four empty records in a row. */
static bool is_flood(const usocket_engine_t *e, int ret) {
    return e->idle_records > IDLE_RECORDS || (ret == MBEDTLS_ERR_SSL_INVALID_MAC && e->conn->ssl.PRIVATE(nb_zero) > 3);
}

/* True if the ServerHello has a version or cipher suite that the client did not offer. */
static bool is_wrong_server_hello(const usocket_engine_t *e, int ret) {
    bool illegal = ret == MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    illegal = illegal || ret == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER;
#endif
    return illegal && !e->server && e->conn->ssl.PRIVATE(state) == MBEDTLS_SSL_SERVER_HELLO;
}

/* True if the first thing that the peer sent was no hello. */
static bool is_not_tls(const usocket_engine_t *e, int ret) {
    return !e->conn->speaks_tls &&
        (ret == MBEDTLS_ERR_SSL_INVALID_RECORD || ret == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE || ret == NOT_A_HELLO);
}

/* Words for a violation of the protocol that the number alone does not tell; NULL: there are
 * none. */
static const char *violation_words(const usocket_engine_t *e, int ret) {
#if NEWEST == USOCKET_TLS_1_3
    if (ret == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE && is_key_update(&e->conn->ssl)) {
        return "the peer sent a KeyUpdate (TLS 1.3), which mbedTLS does not support";
    }
#endif
    return usocket_mbed_input_too_small(e, ret) ? "the peer's message is longer than this build accepts"
        : is_wrong_server_hello(e, ret) ? "the server's version or cipher suite was not offered, or changed on the way"
        : is_not_tls(e, ret)            ? "the peer does not speak TLS"
                                        : NULL;
}

static int fail_with(usocket_engine_t *e, int code, const char *words) {
    usocket_mbed_explain(e, RANK_OTHER, "%s", words);
    return e->failed = code;
}

/* For a certificate that cannot be read, and for every other number, which gets
 * mbedTLS's own words. */
static int fail_other(usocket_engine_t *e, int ret) {
    bool unreadable = is_unreadable(&e->conn->ssl, ret);
    const char *what = unreadable ? usocket_mbed_unreadable_words(ret) : NULL;
    if (what != NULL) {
        usocket_mbed_explain(e, RANK_OTHER, "the certificate %s", what);
    } else {
        char library[120];
        usocket_mbed_library_words(ret, library, sizeof(library));
        usocket_mbed_explain(e, RANK_OTHER, "%s (%s)",
            unreadable ? "a certificate cannot be read" : "the peer sent an invalid message", library);
    }
    return e->failed = unreadable ? USOCKET_ETLS_CERTIFICATE : USOCKET_ETLS_PROTOCOL;
}

int usocket_mbed_fail(usocket_engine_t *e, int ret) {
    int alert = fatal_alert(&e->conn->ssl, ret);
    e->stage = TLS_FAILED;
    e->number = alert >= 0 ? MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE : ret;
    usocket_mbed_send_alert(e, e->number);
    if (usocket_mbed_is_alloc_failure(ret)) {
        return e->failed = USOCKET_ENOMEM;
    }
    uint32_t flags = mbedtls_ssl_get_verify_result(&e->conn->ssl);
    if (is_verdict(ret, flags)) {
        return fail_verdict(e, flags);
    }
    e->rank = RANK_NONE; /* The verdict on the certificate has not ended the session: its words go. */
    if (is_flood(e, ret)) {
        return fail_with(e, USOCKET_ETLS_PROTOCOL, "the peer keeps sending warnings or empty records");
    }
    if (alert >= 0) {
        bool psk = !e->server && alert == MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE && e->creds->psk.bytes != NULL;
        usocket_mbed_explain(e, RANK_OTHER, "refused by the peer: %s (%d)%s", usocket_mbed_alert_name(alert), alert,
            psk ? "; it may not know TLS_PSK_IDENTITY" : "");
        return e->failed = USOCKET_ETLS_ALERT;
    }
    const char *words = violation_words(e, ret);
    if (words != NULL) {
        return fail_with(e, USOCKET_ETLS_PROTOCOL, words);
    }
    if (ret == MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE && e->creds->psk.bytes != NULL) {
        return fail_with(e, USOCKET_ETLS_HANDSHAKE, "no PSK (identity, secret), cipher suite or group in common");
    }
    const struct fault *fault = find_fault(ret);
    return fault != NULL ? fail_with(e, fault->code, fault->words) : fail_other(e, ret);
}

int usocket_mbed_fail_setup(usocket_engine_t *e, int number, const char *words) {
    e->rank = RANK_NONE;
    e->stage = TLS_FAILED;
    e->number = number;
    usocket_mbed_explain(e, RANK_OTHER, "%s", words);
    return e->failed = USOCKET_ETLS_SETUP;
}

#endif
