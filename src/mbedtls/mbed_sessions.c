/* TLS by mbedTLS: the sessions that clients keep, for the process, and the tickets of servers. The peer's certificate is kept beside mbedTLS's session, which would
 * parse it three times for each connection.
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
    uint8_t key[DIGEST];
    uint8_t secret[DIGEST]; /* of TLS 1.2: the same in a connection that has resumed the session */
    size_t len, cert_len;
    uint8_t bytes[]; /* the session, the certificate */
};
static struct session *sessions; /* the last one first */

static void session_key(const usocket_engine_t *e, uint8_t *key) {
    uint8_t all[2 * DIGEST + USOCKET_ADDR_TEXT + USOCKET_HOST_MAX + 1];
    memset(all, 0, sizeof(all));
    memcpy(all, e->creds->digest, DIGEST);
    if (e->conn->trust != NULL) { /* the system's bundle may have changed since */
        memcpy(all + DIGEST, e->conn->trust->id, DIGEST);
    }
    usocket_addr_format(&e->peer, (char *)all + 2 * DIGEST);
    if (e->name != NULL) {
        strcpy((char *)all + 2 * DIGEST + USOCKET_ADDR_TEXT, e->name);
    }
    all[sizeof(all) - 1] = e->datagram; /* DTLS is 1.2 alone, and cannot go on with a session of TLS 1.3 */
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

/* Out of the list, so that no ticket is used twice. */
static struct session *take_session(const uint8_t *key) {
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

static struct session *save(usocket_engine_t *e, const mbedtls_ssl_session *session) {
    const struct tls_conn *c = e->conn;
    size_t len = 0;
    size_t cert_len = c->peer_len;
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
        memcpy(s->bytes + s->len, c->peer, cert_len);
    }
    return s;
}

/* A session is worth something, but never a failure. */
void usocket_mbed_keep_session(usocket_engine_t *e) {
    if (e->server || !e->creds->cache) {
        return;
    }
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    struct session *s = mbedtls_ssl_get_session(&e->conn->ssl, &session) == 0 ? save(e, &session) : NULL;
    mbedtls_ssl_session_free(&session);
    if (s == NULL) {
        return;
    }
    free_session(take_session(s->key));
    lock_sockets();
    s->next = sessions;
    sessions = s;
    struct session **at = &sessions;
    for (size_t n = 0; n < USOCKET_TLS_SESSIONS && *at != NULL; n++) {
        at = &(*at)->next;
    }
    struct session *rest = *at;
    *at = NULL;
    unlock_sockets();
    free_session(rest); /* one at the most */
}

void usocket_mbed_resume_session(usocket_engine_t *e) {
    uint8_t key[DIGEST];
    session_key(e, key);
    struct session *s = take_session(key);
    if (s == NULL) {
        return;
    }
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_session_load(&session, s->bytes, s->len) == 0) {
        mbedtls_ssl_set_session(&e->conn->ssl, &session);
    }
    mbedtls_ssl_session_free(&session);
    e->conn->resumed = s;
}

/* In TLS 1.3 a server that has shown no certificate has resumed the session, or uses TLS_PSK. */
static bool has_resumed(const usocket_engine_t *e, const struct session *s, const mbedtls_ssl_session *session) {
    uint8_t secret[DIGEST];
    if (strcmp(mbedtls_ssl_get_version(&e->conn->ssl), "TLSv1.3") == 0) {
#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
        size_t len;
        return e->creds->psk == NULL && usocket_mbed_peer(e->conn, &len) == NULL;
#else
        return false;
#endif
    }
    digest_secret(secret, session);
    return memcmp(secret, s->secret, DIGEST) == 0;
}

void usocket_mbed_resumed(usocket_engine_t *e, struct tls_conn *c) {
    struct session *s = c->resumed;
    const mbedtls_ssl_session *session = c->ssl.PRIVATE(session);
    if (s == NULL) {
        return;
    }
    if (session != NULL && c->peer == NULL && s->cert_len != 0) {
        c->peer = has_resumed(e, s, session) ? usocket_port_alloc(s->cert_len) : NULL;
        if (c->peer != NULL) {
            c->peer_len = s->cert_len;
            memcpy(c->peer, s->bytes + s->len, s->cert_len);
        }
    }
    c->resumed = NULL;
    free_session(s);
}

/* ---- Tickets of servers --------------------------------------------------------------------------------------------- */

#if NEWEST == USOCKET_TLS_1_3 && defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)

/* A ticket of TLS 1.3: mbedTLS's, the certificate, the length of the certificate, a MAC of all that. */
#define TRAILER (2 + DIGEST)

static bool is_1_3(const usocket_engine_t *e) {
    return e->conn->ssl.PRIVATE(tls_version) == MBEDTLS_SSL_VERSION_TLS1_3;
}

static int ticket_mac(const usocket_engine_t *e, const uint8_t *ticket, size_t len, uint8_t *mac) {
    return mbedtls_md_hmac(
        mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), e->creds->ticket_key, DIGEST, ticket, len, mac);
}

int usocket_mbed_write_ticket(void *context, const mbedtls_ssl_session *session, unsigned char *start,
    const unsigned char *end, size_t *len, uint32_t *lifetime) {
    usocket_engine_t *e = context;
    int ret = mbedtls_ssl_ticket_write(&e->creds->tickets, session, start, end, len, lifetime);
    if (ret != 0 || !is_1_3(e)) {
        return ret;
    }
    size_t cert_len;
    const uint8_t *cert = usocket_mbed_peer(e->conn, &cert_len);
    if (cert_len > UINT16_MAX || (size_t)(end - start) < *len + cert_len + TRAILER) {
        *lifetime = 0; /* a client discards it */
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
    usocket_port_free(c->peer);
    c->peer = cert;
    c->peer_len = cert_len;
    return 0;
}

#endif

void usocket_tls_forget(void) {
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
