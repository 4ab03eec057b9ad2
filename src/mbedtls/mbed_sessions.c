/* TLS by mbedTLS: the sessions that clients keep, for the process, and the tickets of servers.
 *
 * A client resumes a session only with the same server under the same options and authorities, so
 * that the certificate needs no second verification. The certificate is kept beside mbedTLS's
 * session, which would parse it three times for each connection.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <mbedtls/constant_time.h>
#endif

#include <string.h>

struct session {
    struct session *next;
    uint8_t key[DIGEST];    /* session_key() of its connection. */
    uint8_t secret[DIGEST]; /* Digest of TLS 1.2's master secret, which a resumed connection shares. */
    size_t len, cert_len;   /* Bytes of mbedTLS's session, and of the certificate. */
    uint8_t bytes[];        /* Both, in this order. */
};

/* At most USOCKET_TLS_SESSIONS, the newest first; under the lock. */
static struct session *sessions;

/* The digest of all that a session depends on: options, authorities, address, name, protocol. */
static void session_key(const usocket_engine_t *e, uint8_t *key) {
    uint8_t all[2 * DIGEST + USOCKET_ADDR_TEXT + USOCKET_HOST_MAX + 1];
    memset(all, 0, sizeof(all));
    memcpy(all, e->creds->digest, DIGEST);
    if (e->conn->trust != NULL) { /* The system's bundle may change between two connections. */
        memcpy(all + DIGEST, e->conn->trust->id, DIGEST);
    }
    usocket_addr_format(&e->peer, (char *)all + 2 * DIGEST);
    if (e->name != NULL) {
        strcpy((char *)all + 2 * DIGEST + USOCKET_ADDR_TEXT, e->name);
    }
    all[sizeof(all) - 1] = e->datagram; /* DTLS has 1.2 only: a session of TLS 1.3 is of no use to it. */
    usocket_mbed_digest(key, all, sizeof(all));
}

static void free_session(struct session *s) {
    if (s != NULL) {
        usocket_mbed_free(s, sizeof(*s) + s->len + s->cert_len);
    }
}

static void digest_secret(uint8_t *out, const mbedtls_ssl_session *session) {
    usocket_mbed_digest(out, session->PRIVATE(master), sizeof(session->PRIVATE(master)));
}

/* Unlink the session with this key; NULL: there is none. It leaves the list because a ticket must
 * not be used twice (RFC 8446, C.4). */
static struct session *remove_session(const uint8_t *key) {
    lock_sockets();
    struct session **at = &sessions;
    while (*at != NULL && memcmp((*at)->key, key, DIGEST) != 0) {
        at = &(*at)->next;
    }
    struct session *s = *at;
    if (s != NULL) {
        *at = s->next;
    }
    unlock_sockets();
    return s;
}

/* NULL: no memory, or mbedTLS has no session to save. */
static struct session *save_session(usocket_engine_t *e, const mbedtls_ssl_session *session) {
    const struct tls_conn *c = e->conn;
    size_t len = 0;
    size_t cert_len = c->peer_cert_len;
    mbedtls_ssl_session_save(session, NULL, 0, &len);
    struct session *s = len != 0 ? usocket_mbed_alloc(sizeof(*s) + len + cert_len) : NULL;
    if (s == NULL) {
        return NULL;
    }
    s->len = len;
    s->cert_len = cert_len;
    session_key(e, s->key);
    digest_secret(s->secret, session);
    if (mbedtls_ssl_session_save(session, s->bytes, len, &len) != 0) {
        free_session(s);
        return NULL;
    }
    if (cert_len != 0) {
        memcpy(s->bytes + s->len, c->peer_cert, cert_len);
    }
    return s;
}

/* A session that cannot be kept is no failure: the next connection makes a whole handshake. */
void usocket_mbed_keep_session(usocket_engine_t *e) {
    if (USOCKET_TLS_SESSIONS == 0 || e->server || !e->creds->cache) {
        return;
    }
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    struct session *s = mbedtls_ssl_get_session(&e->conn->ssl, &session) == 0 ? save_session(e, &session) : NULL;
    mbedtls_ssl_session_free(&session);
    if (s == NULL) {
        return;
    }
    free_session(remove_session(s->key));
    lock_sockets();
    s->next = sessions;
    sessions = s;
    struct session **at = &sessions;
    for (size_t left = USOCKET_TLS_SESSIONS; left > 0 && *at != NULL; left--) {
        at = &(*at)->next;
    }
    struct session *rest = *at; /* The oldest one, above the limit. */
    *at = NULL;
    unlock_sockets();
    free_session(rest);
}

void usocket_mbed_offer_session(usocket_engine_t *e) {
    uint8_t key[DIGEST];
    session_key(e, key);
    struct session *s = remove_session(key);
    if (s == NULL) {
        return;
    }
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_session_load(&session, s->bytes, s->len) == 0) {
        mbedtls_ssl_set_session(&e->conn->ssl, &session);
    }
    mbedtls_ssl_session_free(&session);
    e->conn->offered = s;
}

/* True if the handshake has resumed the session. In TLS 1.3 a server that has sent no certificate
 * has done so, or uses TLS_PSK. */
static bool has_resumed(const usocket_engine_t *e, const struct session *s, const mbedtls_ssl_session *session) {
    uint8_t secret[DIGEST];
    if (strcmp(mbedtls_ssl_get_version(&e->conn->ssl), "TLSv1.3") == 0) {
#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
        size_t len;
        return e->creds->psk.bytes == NULL && usocket_mbed_peer_cert(e->conn, &len) == NULL;
#else
        return false;
#endif
    }
    digest_secret(secret, session);
    return memcmp(secret, s->secret, DIGEST) == 0;
}

void usocket_mbed_settle_session(usocket_engine_t *e, struct tls_conn *c) {
    struct session *s = c->offered;
    const mbedtls_ssl_session *session = c->ssl.PRIVATE(session);
    if (s == NULL) {
        return;
    }
    if (session != NULL && c->peer_cert == NULL && s->cert_len != 0) {
        c->peer_cert = has_resumed(e, s, session) ? usocket_port_alloc(s->cert_len) : NULL;
        if (c->peer_cert != NULL) {
            c->peer_cert_len = s->cert_len;
            memcpy(c->peer_cert, s->bytes + s->len, s->cert_len);
        }
    }
    c->offered = NULL;
    free_session(s);
}

/* ---- Tickets of servers ------------------------------------------------------------------------------------------- */

#if NEWEST == USOCKET_TLS_1_3 && defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)

/* A ticket of TLS 1.3 is mbedTLS's ticket, the certificate, the certificate's length (2 bytes),
 * and a MAC of all that. The client returns it, so nothing in it is trusted before the MAC has
 * been verified. */
#define TRAILER (2 + DIGEST)

static bool is_1_3(const usocket_engine_t *e) {
    return e->conn->ssl.PRIVATE(tls_version) == MBEDTLS_SSL_VERSION_TLS1_3;
}

static int ticket_mac(const usocket_engine_t *e, const uint8_t *ticket, size_t len, uint8_t *mac) {
    return mbedtls_md_hmac(
        mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), e->creds->ticket_key, DIGEST, ticket, len, mac);
}

/* Ask mbedTLS for its ticket, and put the client's certificate behind it. */
int usocket_mbed_write_ticket(void *context, const mbedtls_ssl_session *session, unsigned char *start,
    const unsigned char *end, size_t *len, uint32_t *lifetime) {
    usocket_engine_t *e = context;
    int ret = mbedtls_ssl_ticket_write(&e->creds->tickets, session, start, end, len, lifetime);
    if (ret != 0 || !is_1_3(e)) {
        return ret;
    }
    size_t cert_len;
    const uint8_t *cert = usocket_mbed_peer_cert(e->conn, &cert_len);
    if (cert_len > UINT16_MAX || (size_t)(end - start) < *len + cert_len + TRAILER) {
        *lifetime = 0; /* Tells the client to discard the ticket. */
        return 0;
    }
    if (cert_len != 0) {
        memcpy(start + *len, cert, cert_len);
        *len += cert_len;
    }
    start[(*len)++] = (uint8_t)(cert_len >> 8);
    start[(*len)++] = (uint8_t)cert_len;
    ret = ticket_mac(e, start, *len, start + *len);
    *len += DIGEST;
    return ret;
}

/* The certificate is taken over only if mbedTLS accepts its own part. */
int usocket_mbed_parse_ticket(void *context, mbedtls_ssl_session *session, unsigned char *buf, size_t len) {
    usocket_engine_t *e = context;
    struct tls_conn *c = e->conn;
    uint8_t *cert = NULL;
    size_t cert_len = 0;
    if (is_1_3(e)) {
        uint8_t mac[DIGEST];
        if (len < TRAILER || ticket_mac(e, buf, len - DIGEST, mac) != 0 ||
            mbedtls_ct_memcmp(mac, buf + len - DIGEST, DIGEST) != 0) {
            return MBEDTLS_ERR_SSL_INVALID_MAC;
        }
        len -= TRAILER;
        cert_len = (size_t)buf[len] << 8 | buf[len + 1];
        if (cert_len > len) {
            return MBEDTLS_ERR_SSL_INVALID_MAC;
        }
        len -= cert_len;
        cert = cert_len != 0 ? usocket_port_alloc(cert_len) : NULL;
        if (cert == NULL && cert_len != 0) {
            return MBEDTLS_ERR_SSL_ALLOC_FAILED;
        }
        if (cert != NULL) {
            memcpy(cert, buf + len, cert_len);
        }
    }
    int ret = mbedtls_ssl_ticket_parse(&e->creds->tickets, session, buf, len);
    if (ret != 0) {
        usocket_port_free(cert);
        return ret;
    }
    usocket_port_free(c->peer_cert);
    c->peer_cert = cert;
    c->peer_cert_len = cert_len;
    return 0;
}

#endif

void usocket_engine_forget(void) {
    lock_sockets();
    struct session *s = sessions;
    sessions = NULL;
    unlock_sockets();
    while (s != NULL) {
        struct session *next = s->next;
        free_session(s);
        s = next;
    }
    usocket_mbed_trust_forget();
}

#endif
