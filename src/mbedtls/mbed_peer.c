/* TLS by mbedTLS: the peer's certificates in memory.
 *
 * Certificates above the peer's own are freed once they have been verified. After the handshake
 * only the bytes of its own stay, for USOCKET_TLS_PEER_CERT: a parsed certificate is two to three
 * times as long.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <mbedtls/oid.h>
#include <string.h>

static inline void free_chain(mbedtls_x509_crt **chain) {
    mbedtls_x509_crt_free(*chain);
    mbedtls_free(*chain);
    *chain = NULL;
}

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
/* Limits of the work that a peer's list can cause. Each certificate may cost a check of a
 * signature, which takes longer with each bit of the exponent. mbedTLS takes eight
 * authorities in a chain. */
#define MOST_CERTS 12
#define MOST_EXPONENT 33 /* bits of an RSA key's public exponent */

static bool has_slow_key(const mbedtls_x509_crt *crt) {
#if defined(MBEDTLS_RSA_C)
    return mbedtls_pk_get_type(&crt->pk) == MBEDTLS_PK_RSA &&
        mbedtls_mpi_bitlen(&mbedtls_pk_rsa(crt->pk)->PRIVATE(E)) > MOST_EXPONENT;
#else
    (void)crt;
    return false;
#endif
}

/* mbedTLS, as mk/mbedtls.mk builds it, calls this for each certificate that a peer sends. One above
 * the peer's own that cannot be read is left out: the chain may do without it. mbedTLS would leave
 * out the peer's own, too. 0, or mbedTLS's number. */
int usocket_tls_peer_cert(mbedtls_ssl_context *ssl, mbedtls_x509_crt *chain, const unsigned char *der, size_t len);
int usocket_tls_peer_cert(mbedtls_ssl_context *ssl, mbedtls_x509_crt *chain, const unsigned char *der, size_t len) {
    const mbedtls_ssl_config *conf = ssl->PRIVATE(conf);
    if (conf->PRIVATE(f_vrfy) != usocket_mbed_verify) { /* This is MicroPython's own TLS, not a session of ours. */
        return mbedtls_x509_crt_parse_der(chain, der, len);
    }
    bool own = chain->version == 0;
    unsigned count = 1;
    mbedtls_x509_crt *last = chain;
    for (; last->next != NULL; last = last->next) {
        count++;
    }
    if (count >= MOST_CERTS) {
        return 0;
    }
    int ret = usocket_mbed_parse_cert(chain, der, len);
    mbedtls_x509_crt **link = own ? &chain : &last->next;
    if (ret == 0 && has_slow_key(*link)) {
        ret = MBEDTLS_ERR_PK_INVALID_PUBKEY;
        if (!own) {
            free_chain(link);
        }
    }
    if (ret == 0 || usocket_mbed_is_alloc_failure(ret)) {
        return ret;
    }
    usocket_engine_t *e = conf->PRIVATE(p_vrfy);
    e->conn->unreadable = ret;
    return !own                                                               ? 0
        : ret == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND ? MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG
                                                                              : ret;
}
#endif

#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)

void usocket_mbed_drop_issuers(struct tls_conn *c) {
    mbedtls_ssl_session *session = c->ssl.PRIVATE(session_negotiate);
    mbedtls_x509_crt *crt = session != NULL ? session->PRIVATE(peer_cert) : NULL;
    if (crt != NULL && crt->next != NULL) {
        free_chain(&crt->next);
    }
}

void usocket_mbed_pack_peer_cert(struct tls_conn *c) {
    mbedtls_ssl_session *session = c->ssl.PRIVATE(session_negotiate);
    session = session != NULL ? session : c->ssl.PRIVATE(session);
    mbedtls_x509_crt *crt = session != NULL ? session->PRIVATE(peer_cert) : NULL;
    uint8_t *bytes = crt != NULL && crt->raw.len != 0 ? usocket_port_alloc(crt->raw.len) : NULL;
    if (bytes != NULL) { /* Without memory the parsed one stays. */
        memcpy(bytes, crt->raw.p, crt->raw.len);
        c->peer_cert = bytes;
        c->peer_cert_len = crt->raw.len;
        free_chain(&session->PRIVATE(peer_cert));
    }
}

const uint8_t *usocket_mbed_peer_cert(const struct tls_conn *c, size_t *len) {
    const mbedtls_x509_crt *crt = c->peer_cert == NULL ? mbedtls_ssl_get_peer_cert(&c->ssl) : NULL;
    *len = crt != NULL ? crt->raw.len : c->peer_cert_len;
    return crt != NULL ? crt->raw.p : c->peer_cert;
}

#else

void usocket_mbed_drop_issuers(struct tls_conn *c) {
    (void)c;
}

void usocket_mbed_pack_peer_cert(struct tls_conn *c) {
    (void)c;
}

#endif

#endif
