/* TLS by mbedTLS: what is kept of the peer's certificates. Those that lead to an authority go once they have been verified, and after
 * the handshake nothing stays but the bytes of the peer's own, as USOCKET_TLS_PEER_CERT gives them: a parsed certificate is two
 * to three times as long.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

#include "tls_mbedtls.h"

#include <string.h>

#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)

static void free_chain(mbedtls_x509_crt **chain) {
    mbedtls_x509_crt_free(*chain);
    mbedtls_free(*chain);
    *chain = NULL;
}

void usocket_backend_drop_issuers(struct tls_conn *c) {
    mbedtls_ssl_session *session = c->ssl.PRIVATE(session_negotiate);
    mbedtls_x509_crt *crt = session != NULL ? session->PRIVATE(peer_cert) : NULL;
    if (crt != NULL && crt->next != NULL) {
        free_chain(&crt->next);
    }
}

void usocket_backend_pack_peer(struct tls_conn *c) {
    mbedtls_ssl_session *session = c->ssl.PRIVATE(session_negotiate);
    session = session != NULL ? session : c->ssl.PRIVATE(session);
    mbedtls_x509_crt *crt = session != NULL ? session->PRIVATE(peer_cert) : NULL;
    uint8_t *bytes = crt != NULL && crt->raw.len != 0 ? usocket_port_alloc(crt->raw.len) : NULL;
    if (bytes != NULL) { /* else it stays as it is */
        memcpy(bytes, crt->raw.p, crt->raw.len);
        c->peer = bytes;
        c->peer_len = crt->raw.len;
        free_chain(&session->PRIVATE(peer_cert));
    }
}

const uint8_t *usocket_backend_peer(const struct tls_conn *c, size_t *len) {
    const mbedtls_x509_crt *crt = c->peer == NULL ? mbedtls_ssl_get_peer_cert(&c->ssl) : NULL;
    *len = crt != NULL ? crt->raw.len : c->peer_len;
    return crt != NULL ? crt->raw.p : c->peer;
}

#else

void usocket_backend_drop_issuers(struct tls_conn *c) {
    (void)c;
}

void usocket_backend_pack_peer(struct tls_conn *c) {
    (void)c;
}

#endif

#endif
