/* TLS by mbedTLS: memory, randomness; what went wrong, as a code and in words.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../tls/tls_state.h"

#if USOCKET_TLS

#include "mbed.h"

#include <mbedtls/asn1.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOWEST_BELOW_TLS (-0x5000) /* X.509, PK, RSA, ECP, ASN.1; TLS's own numbers are below it */

/* For mbedTLS itself, where its configuration names them (MBEDTLS_PLATFORM_STD_CALLOC; port/posix/mbedtls_user.h). */
void *usocket_tls_calloc(size_t n, size_t size) {
    return size != 0 && n > SIZE_MAX / size ? NULL : usocket_backend_alloc(n * size);
}

void usocket_tls_cfree(void *p) {
    usocket_port_free(p);
}

void *usocket_backend_alloc(size_t size) {
    void *p = usocket_port_alloc(size);
    if (p != NULL) {
        memset(p, 0, size);
    }
    return p;
}

void usocket_backend_free(void *p, size_t len) {
    if (p != NULL) {
        mbedtls_platform_zeroize(p, len);
        usocket_port_free(p);
    }
}

void usocket_backend_digest(uint8_t *out, const void *data, size_t len) {
    if (mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), data, len, out) != 0) {
        usocket_port_random(out, DIGEST); /* like no other */
    }
}

/* ---- Randomness --------------------------------------------------------------------------------------------------- */

int usocket_backend_random(void *context, unsigned char *buf, size_t len) {
    (void)context;
    return usocket_port_random(buf, len) == 0 ? 0 : MBEDTLS_ERR_SSL_NO_RNG;
}

#if defined(MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG)
psa_status_t mbedtls_psa_external_get_random(
    mbedtls_psa_external_random_context_t *context, uint8_t *out, size_t size, size_t *length) {
    (void)context;
    *length = size;
    return usocket_port_random(out, size) == 0 ? PSA_SUCCESS : PSA_ERROR_INSUFFICIENT_ENTROPY;
}
#endif

/* ---- Words -------------------------------------------------------------------------------------------------------- */

void usocket_backend_say(usocket_tls_t *t, enum rank rank, const char *format, ...) {
    if (rank < t->rank) {
        return;
    }
    t->rank = (uint8_t)rank;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(t->words, sizeof(t->words), format, args);
    va_end(args);
    if (len >= (int)sizeof(t->words)) { /* cut, but not within a character */
        char *end = t->words + sizeof(t->words) - 4;
        while (end > t->words && (*end & 0xc0) == 0x80) {
            end--;
        }
        memcpy(end, "...", 4);
    }
}

/* mbedTLS's own words. */
void usocket_backend_library_words(int ret, char *buf, size_t len) {
#if defined(MBEDTLS_ERROR_C)
    mbedtls_strerror(ret, buf, len);
#else
    snprintf(buf, len, "mbedTLS -0x%04x", (unsigned)-ret);
#endif
}

const char *usocket_backend_unreadable(int ret) {
    int part = -(-ret & ~0x7f); /* without what was wrong inside of it */
    if (ret == MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE) {
        return "uses an extension this build does not know";
    }
    if (ret ==
        MBEDTLS_ERR_X509_INVALID_EXTENSIONS + MBEDTLS_ERR_ASN1_UNEXPECTED_TAG) { /* 2.28 has one number for both */
        return "uses an extension this build does not know, or cannot read";
    }
    if (ret == MBEDTLS_ERR_PK_INVALID_PUBKEY) {
        return "has an RSA key with an exponent of more than 33 bits";
    }
    if (part == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG || part == MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE) {
        return "is signed with an algorithm that this build lacks, such as Ed25519";
    }
    if (part == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG || part == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE) {
        return "has a key of a kind that this build lacks, such as Ed25519";
    }
    return NULL;
}

bool usocket_backend_is_alloc_failure(int ret) {
    switch (ret) {
        case -0x1180: /* MBEDTLS_ERR_PEM_ALLOC_FAILED */
        case MBEDTLS_ERR_SSL_ALLOC_FAILED:
        case MBEDTLS_ERR_X509_ALLOC_FAILED:
        case MBEDTLS_ERR_PK_ALLOC_FAILED:
        case MBEDTLS_ERR_MD_ALLOC_FAILED:
        case -0x0010: /* MBEDTLS_ERR_MPI_ALLOC_FAILED */
        case -0x4D80: /* MBEDTLS_ERR_ECP_ALLOC_FAILED */
        case -0x6180: /* MBEDTLS_ERR_CIPHER_ALLOC_FAILED */
        case -0x006A: /* MBEDTLS_ERR_ASN1_ALLOC_FAILED */
            return true;
        default: /* X.509 and PK put what went wrong inside them into the low bits */
            return (-ret & 0x7f) == 0x6A || (-ret & 0x7f) == 0x10;
    }
}

/* The peer's alert, if it is what ended the handshake; -1. A client that has not taken its new keys into use refuses in the clear
 * (OpenSSL does), and mbedTLS calls that a record with a wrong MAC. */
static int alert_of(const mbedtls_ssl_context *ssl, int ret) {
    const unsigned char *header = ssl->PRIVATE(in_hdr); /* type, version, length, content */
    if (ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        return ssl->PRIVATE(in_msg) != NULL ? ssl->PRIVATE(in_msg)[1] : 0;
    }
    if (ret == MBEDTLS_ERR_SSL_INVALID_MAC && header != NULL && header[0] == MBEDTLS_SSL_MSG_ALERT && header[3] == 0 &&
        header[4] == 2 && header[5] == MBEDTLS_SSL_ALERT_LEVEL_FATAL) {
        return header[6];
    }
    return -1;
}

/* One of the peer's certificates: X.509's numbers; those of keys and of ASN.1, too, where certificates are read. */
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

int usocket_backend_fail(usocket_tls_t *t, int ret) {
    static const struct {
        int ret;
        int code;
        const char *words;
    } rows[] = {
        {MBEDTLS_ERR_SSL_CONN_EOF, USOCKET_ETLS_TRUNCATED, "cut by the peer, or on the way, without a goodbye"},
        {MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY, USOCKET_ETLS_ALERT, "refused by the peer: close_notify (0)"},
        {MBEDTLS_ERR_SSL_NO_RNG, USOCKET_ETLS_SETUP, "the system gives no randomness"},
        {MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION, USOCKET_ETLS_HANDSHAKE, "no version of TLS in common"},
        {MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE, USOCKET_ETLS_HANDSHAKE, "no cipher suite, group or kind of key in common"},
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
        {MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL, USOCKET_ETLS_HANDSHAKE, "no protocol (ALPN) in common"},
#endif
        {MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY, USOCKET_ETLS_HANDSHAKE, "the peer goes by an unknown identity (PSK)"},
        {MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE, USOCKET_ETLS_CERTIFICATE, "the peer has shown no certificate"},
        {MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL, USOCKET_ETLS_SETUP,
            "a message of our own is longer than this build sends (MBEDTLS_SSL_OUT_CONTENT_LEN)"},
        {MBEDTLS_ERR_SSL_INTERNAL_ERROR, USOCKET_ETLS_SETUP, "mbedTLS itself has failed, not the peer"},
        {MBEDTLS_ERR_SSL_BAD_CONFIG, USOCKET_ETLS_SETUP, "mbedTLS cannot work with these options"},
        {MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE, USOCKET_ETLS_PROTOCOL,
            "the peer asks for what this mbedTLS does not have"},
        {MBEDTLS_ERR_SSL_COUNTER_WRAPPING, USOCKET_ETLS_SETUP, "too many records for one connection"},
        {MBEDTLS_ERR_X509_FATAL_ERROR, USOCKET_ETLS_CERTIFICATE, "the chain of certificates is too long"},
        {MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED, USOCKET_ETLS_SETUP, "a key is missing: TLS_OWN_KEY, or TLS_PSK"},
        {MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED, USOCKET_ETLS_SETUP, "nobody to trust: TLS_CA_CERT, or the system's bundle"},
    };
    struct tls_conn *c = t->conn;
    int alert = alert_of(&c->ssl, ret);
    t->stage = TLS_FAILED;
    t->number = alert >= 0 ? MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE : ret;
    usocket_backend_send_alert(t, t->number);
    if (usocket_backend_is_alloc_failure(ret)) {
        return t->failed = USOCKET_ENOMEM;
    }
    uint32_t flags = mbedtls_ssl_get_verify_result(&c->ssl);
    if (ret == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
        || (ret == MBEDTLS_ERR_SSL_BAD_CERTIFICATE && flags != 0 && flags != UINT32_MAX)
#endif
    ) {
        usocket_backend_verify_words(t, flags);
        if (t->rank == RANK_NONE) {
            usocket_backend_say(t, RANK_OTHER, "the certificate was refused, flags 0x%x", (unsigned)flags);
        }
        return t->failed = t->rank == RANK_CLOCK ? USOCKET_ETLS_CLOCK : USOCKET_ETLS_CERTIFICATE;
    }
    t->rank = RANK_NONE; /* the verdict on the certificate was not what ended it */
    if (t->idle > IDLE_RECORDS || (ret == MBEDTLS_ERR_SSL_INVALID_MAC && c->ssl.PRIVATE(nb_zero) > 3)) {
        usocket_backend_say(t, RANK_OTHER, "the peer sends warnings, or records with nothing in them, without end");
        return t->failed = USOCKET_ETLS_PROTOCOL;
    }
    if (alert >= 0) {
        const char *name = usocket_backend_alert_name(alert);
        usocket_backend_say(t, RANK_OTHER, "refused by the peer: %s (%d)", name, alert);
        return t->failed = USOCKET_ETLS_ALERT;
    }
#if NEWEST == USOCKET_TLS_1_3
    if (ret == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE && is_key_update(&c->ssl)) {
        usocket_backend_say(t, RANK_OTHER, "the peer changes its keys (KeyUpdate of TLS 1.3), which mbedTLS cannot");
        return t->failed = USOCKET_ETLS_PROTOCOL;
    }
#endif
    if (usocket_backend_no_room(t, ret)) {
        usocket_backend_say(t, RANK_OTHER, "a message that is longer than this build takes");
        return t->failed = USOCKET_ETLS_PROTOCOL;
    }
    bool misfit = ret == MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    misfit = misfit || ret == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER;
#endif
    if (misfit && !t->server && c->ssl.PRIVATE(state) == MBEDTLS_SSL_SERVER_HELLO) {
        usocket_backend_say(
            t, RANK_OTHER, "the server's version or cipher suite was not offered, or changed on the way");
        return t->failed = USOCKET_ETLS_PROTOCOL;
    }
    if (!c->spoken &&
        (ret == MBEDTLS_ERR_SSL_INVALID_RECORD || ret == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE || ret == NOT_A_HELLO)) {
        usocket_backend_say(t, RANK_OTHER, "the peer does not speak TLS");
        return t->failed = USOCKET_ETLS_PROTOCOL;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].ret == ret) {
            usocket_backend_say(t, RANK_OTHER, "%s", rows[i].words);
            return t->failed = rows[i].code;
        }
    }
    bool unreadable = is_unreadable(&c->ssl, ret);
    const char *what = unreadable ? usocket_backend_unreadable(ret) : NULL;
    if (what != NULL) {
        usocket_backend_say(t, RANK_OTHER, "the certificate %s", what);
    } else {
        char library[120];
        usocket_backend_library_words(ret, library, sizeof(library));
        usocket_backend_say(t, RANK_OTHER, "%s (%s)",
            unreadable ? "a certificate cannot be read" : "what the peer sent is wrong", library);
    }
    return t->failed = unreadable ? USOCKET_ETLS_CERTIFICATE : USOCKET_ETLS_PROTOCOL;
}

int usocket_backend_fail_setup(usocket_tls_t *t, int number, const char *words) {
    t->rank = RANK_NONE;
    t->stage = TLS_FAILED;
    t->number = number;
    usocket_backend_say(t, RANK_OTHER, "%s", words);
    return t->failed = USOCKET_ETLS_SETUP;
}

#endif
