/* TLS by mbedTLS: the sessions that clients keep, for the process.
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
    size_t len;
    uint8_t bytes[];
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
        usocket_backend_free(s, sizeof(*s) + s->len);
    }
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

/* A session is worth something, but never a failure. */
void usocket_backend_keep_session(usocket_tls_t *t) {
    if (t->server || !t->creds->cache) {
        return;
    }
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    size_t len = 0;
    struct session *s = NULL;
    if (mbedtls_ssl_get_session(&t->conn->ssl, &session) == 0) {
        mbedtls_ssl_session_save(&session, NULL, 0, &len);
        s = len != 0 ? usocket_backend_alloc(sizeof(*s) + len) : NULL;
    }
    if (s != NULL) {
        s->len = len;
        session_key(t, s->key);
        if (mbedtls_ssl_session_save(&session, s->bytes, len, &len) != 0) {
            free_session(s);
            s = NULL;
        }
    }
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
