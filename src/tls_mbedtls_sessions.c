/* TLS by mbedTLS: the sessions that clients keep, for the process. The peer's certificate is kept beside mbedTLS's session, which would
 * parse it three times for each connection.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

#include "tls_mbedtls.h"

#include <string.h>

struct session {
    struct session *next;
    uint8_t key[DIGEST];
    uint8_t secret[DIGEST]; /* tells whether a handshake has resumed it; of TLS 1.2 */
    size_t len, cert_len;
    uint8_t bytes[]; /* the session, the certificate */
};
static struct session *sessions; /* the last one first */

static void session_key(const usocket_tls_t *t, uint8_t *key) {
    uint8_t all[DIGEST + USOCKET_ADDR_TEXT + USOCKET_HOST_MAX];
    memset(all, 0, sizeof(all));
    memcpy(all, t->creds->digest, DIGEST);
    usocket_addr_format(&t->peer, (char *)all + DIGEST);
    if (t->name != NULL) {
        strcpy((char *)all + DIGEST + USOCKET_ADDR_TEXT, t->name);
    }
    usocket_backend_digest(key, all, sizeof(all));
}

static void free_session(struct session *s) {
    if (s != NULL) {
        usocket_backend_free(s, sizeof(*s) + s->len + s->cert_len);
    }
}

static void digest_secret(uint8_t *out, const mbedtls_ssl_session *session) {
    usocket_backend_digest(out, session->PRIVATE(master), sizeof(session->PRIVATE(master)));
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

static struct session *save(usocket_tls_t *t, const mbedtls_ssl_session *session) {
    const struct tls_conn *c = t->conn;
    size_t len = 0;
    size_t cert_len = strcmp(mbedtls_ssl_get_version(&c->ssl), "TLSv1.3") != 0 ? c->peer_len : 0;
    mbedtls_ssl_session_save(session, NULL, 0, &len);
    struct session *s = len != 0 ? usocket_backend_alloc(sizeof(*s) + len + cert_len) : NULL;
    if (s == NULL) {
        return NULL;
    }
    s->len = len;
    s->cert_len = cert_len;
    session_key(t, s->key);
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
void usocket_backend_keep_session(usocket_tls_t *t) {
    if (t->server || !t->creds->cache) {
        return;
    }
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    struct session *s = mbedtls_ssl_get_session(&t->conn->ssl, &session) == 0 ? save(t, &session) : NULL;
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

void usocket_backend_resume_session(usocket_tls_t *t) {
    uint8_t key[DIGEST];
    session_key(t, key);
    struct session *s = take_session(key);
    if (s == NULL) {
        return;
    }
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_session_load(&session, s->bytes, s->len) == 0) {
        mbedtls_ssl_set_session(&t->conn->ssl, &session);
    }
    mbedtls_ssl_session_free(&session);
    t->conn->resumed = s;
}

void usocket_backend_resumed(struct tls_conn *c) {
    struct session *s = c->resumed;
    const mbedtls_ssl_session *session = c->ssl.PRIVATE(session);
    if (s == NULL) {
        return;
    }
    uint8_t secret[DIGEST];
    if (session != NULL && c->peer == NULL && s->cert_len != 0) {
        digest_secret(secret, session);
        c->peer = memcmp(secret, s->secret, DIGEST) == 0 ? usocket_port_alloc(s->cert_len) : NULL;
        if (c->peer != NULL) {
            c->peer_len = s->cert_len;
            memcpy(c->peer, s->bytes + s->len, s->cert_len);
        }
    }
    c->resumed = NULL;
    free_session(s);
}

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
    usocket_backend_trust_forget();
}

#endif
