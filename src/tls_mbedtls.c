/* TLS by mbedTLS: connections.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

#include "tls_mbedtls.h"

#include <string.h>

/* mbedTLS's answer to a step that did not succeed. */
static int answer(usocket_tls_t *t, int ret) {
    if (ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE) {
        t->want = ret == MBEDTLS_ERR_SSL_WANT_READ ? USOCKET_POLL_IN : USOCKET_POLL_OUT;
        return USOCKET_EAGAIN;
    }
    if (t->error != 0) {
        int r = t->error;
        t->error = 0;
        if (t->stage == TLS_HANDSHAKE) {
            t->stage = TLS_FAILED;
            t->failed = r;
        }
        return r;
    }
    return usocket_backend_fail(t, ret);
}

/* ---- The transport ------------------------------------------------------------------------------------------------ */

#define TRANSPORT_FAILED (-0x0050) /* MBEDTLS_ERR_NET_CONN_RESET; mbedTLS hands it through, t->error is what counts */

/* mbedTLS asks for a header, then for what it announces: so a small record comes with one call of the stack, not two. */
static int32_t receive(usocket_tls_t *t, uint8_t *buf, size_t len) {
    struct tls_conn *c = t->conn;
    if (c->ahead == 0) {
        if (len >= AHEAD || c->conf.PRIVATE(transport) != MBEDTLS_SSL_TRANSPORT_STREAM) {
            return usocket_tls_transport_recv(t, buf, len);
        }
        int32_t r = usocket_tls_transport_recv(t, c->early, AHEAD);
        if (r <= 0) {
            return r;
        }
        c->ahead = (uint8_t)r;
        c->ahead_at = 0;
    }
    len = len < c->ahead ? len : c->ahead;
    memcpy(buf, c->early + c->ahead_at, len);
    c->ahead_at = (uint8_t)(c->ahead_at + len);
    c->ahead = (uint8_t)(c->ahead - len);
    return (int32_t)len;
}

static int transport_recv(void *context, unsigned char *buf, size_t len) {
    usocket_tls_t *t = context;
    int32_t r = receive(t, buf, len);
    if (t->lost != 0 && r <= 0) {
        r = t->lost; /* no alert explains it */
    }
    if (r == USOCKET_EAGAIN) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    if (r < 0) {
        t->error = r;
        return TRANSPORT_FAILED;
    }
    t->eof = t->eof || r == 0;
    return r;
}

/* A peer that refuses what we say sends its alert and leaves; we may notice that while we still talk. In the handshake, what is
 * said into the void counts as said, so that mbedTLS goes on to listen and finds the alert. */
static int transport_send(void *context, const unsigned char *buf, size_t len) {
    usocket_tls_t *t = context;
    int32_t r = t->lost;
    if (r == 0) {
        r = usocket_tls_transport_send(t, buf, len);
    }
    if (r == USOCKET_EAGAIN) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    if (t->stage == TLS_HANDSHAKE && (r == USOCKET_EPIPE || r == USOCKET_ECONNRESET)) {
        t->lost = r;
        return (int)len;
    }
    if (r < 0) {
        t->error = r;
        return TRANSPORT_FAILED;
    }
    return r;
}

/* ---- Connections -------------------------------------------------------------------------------------------------- */

/* Which certificates a server shows: those for the name that the client asked for. mbedTLS chooses among them by kind. */
static int choose_own(void *context, mbedtls_ssl_context *ssl, const unsigned char *name, size_t len) {
    usocket_tls_t *t = context;
    for (struct own *own = t->creds->own; own != NULL; own = own->next) {
        if (own->has_cert && usocket_backend_is_for(&own->cert, (const char *)name, len)) {
            int ret = mbedtls_ssl_set_hs_own_cert(ssl, &own->cert, &own->key);
            if (ret != 0) {
                return ret;
            }
        }
    }
    return 0;
}

/* Tickets and the cache of a listener, made for its first connection. */
static int prepare_server(struct tls_creds *c) {
    int ret = 0;
    lock_sockets();
    if (!c->server_ready) {
        mbedtls_ssl_ticket_init(&c->tickets);
        mbedtls_ssl_cache_init(&c->sessions);
        ret = mbedtls_ssl_ticket_setup(&c->tickets, usocket_backend_random, NULL, MBEDTLS_CIPHER_AES_256_GCM, 86400);
        if (ret == 0) {
            c->server_ready = true;
        } else {
            mbedtls_ssl_ticket_free(&c->tickets);
            mbedtls_ssl_cache_free(&c->sessions);
        }
    }
    unlock_sockets();
    return ret;
}

/* What is left of the versions by the other options: no suite of a version, no such version. */
static void allowed_versions(const struct tls_creds *c, int *min, int *max) {
    *min = c->suites != NULL && !c->suites_older ? USOCKET_TLS_1_3 : c->min_version;
    *max = c->max_fragment < 16384 || (c->suites != NULL && !c->suites_newer) ? USOCKET_TLS_1_2 : c->max_version;
}

static void set_versions(mbedtls_ssl_config *conf, const struct tls_creds *c) {
    int min;
    int max;
    allowed_versions(c, &min, &max);
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
    mbedtls_ssl_conf_min_tls_version(
        conf, min == USOCKET_TLS_1_3 ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(
        conf, max == USOCKET_TLS_1_3 ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2);
#else
    mbedtls_ssl_conf_min_version(conf, min >> 8, min & 0xff);
    mbedtls_ssl_conf_max_version(conf, max >> 8, max & 0xff);
#endif
}

/* Those that the socket's credentials do not have for the whole library. 0, or mbedTLS's number. */
static int configure(usocket_tls_t *t, mbedtls_ssl_config *conf, int verify) {
    struct tls_creds *c = t->creds;
    set_versions(conf, c);
    mbedtls_ssl_conf_rng(conf, usocket_backend_random, NULL);
    mbedtls_ssl_conf_authmode(conf, verify); /* 0, 1, 2 are MBEDTLS_SSL_VERIFY_NONE, _OPTIONAL, _REQUIRED */
    if (verify != MBEDTLS_SSL_VERIFY_NONE) {
        mbedtls_ssl_conf_verify(conf, usocket_backend_verify, t);
        if (c->has_ca) {
            mbedtls_ssl_conf_ca_chain(conf, &c->ca, c->crl.raw.p != NULL ? &c->crl : NULL);
        } else if (t->conn->trust != NULL) {
            mbedtls_ssl_conf_ca_chain(conf, &t->conn->trust->chain, c->crl.raw.p != NULL ? &c->crl : NULL);
        }
    }
    if (c->suites != NULL) {
        mbedtls_ssl_conf_ciphersuites(conf, c->suites);
    }
    int ret = 0;
#if defined(MBEDTLS_SSL_ALPN)
    if (c->alpn != NULL) {
        ret = mbedtls_ssl_conf_alpn_protocols(conf, c->alpn);
    }
#endif
    for (struct own *own = c->own; ret == 0 && own != NULL; own = own->next) {
        ret = own->has_cert && own->has_key ? mbedtls_ssl_conf_own_cert(conf, &own->cert, &own->key) : 0;
    }
#if defined(MBEDTLS_SSL_SERVER_NAME_INDICATION)
    if (t->server) {
        mbedtls_ssl_conf_sni(conf, choose_own, t);
    }
#endif
#if defined(MBEDTLS_KEY_EXCHANGE_PSK_ENABLED) || defined(MBEDTLS_SSL_PROTO_TLS1_3)
    if (ret == 0 && c->psk != NULL && c->identity != NULL) {
        ret = mbedtls_ssl_conf_psk(conf, c->psk, c->psk_len, (const unsigned char *)c->identity, c->identity_len);
    }
#endif
#if defined(MBEDTLS_SSL_MAX_FRAGMENT_LENGTH)
    if (ret == 0 && c->max_fragment < 16384) {
        unsigned char code = 1; /* 512; RFC 6066's numbers */
        while (512 << (code - 1) < c->max_fragment) {
            code++;
        }
        ret = mbedtls_ssl_conf_max_frag_len(conf, code);
    }
#endif
    if (ret == 0 && t->server && c->cache) {
        ret = prepare_server(c);
        mbedtls_ssl_conf_session_tickets_cb(conf, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &c->tickets);
        mbedtls_ssl_conf_session_cache(conf, &c->sessions, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
    }
#if defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_CLI_C)
    if (!t->server) {
        mbedtls_ssl_conf_session_tickets(
            conf, c->cache ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#if NEWEST == USOCKET_TLS_1_3 && defined(MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED)
        mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(conf, c->cache);
#endif
    }
#endif
    return ret;
}

/* The name that the server is told; none for an address. */
static int set_server_name(usocket_tls_t *t) {
    usocket_addr_t a;
    char name[USOCKET_HOST_MAX];
    if (t->name == NULL || usocket_addr_parse(&a, t->name, strlen(t->name), USOCKET_AF_UNSPEC) == 0) {
        return mbedtls_ssl_set_hostname(&t->conn->ssl, NULL);
    }
    strcpy(name, t->name);
    size_t len = strlen(name);
    if (len > 1 && name[len - 1] == '.') {
        name[len - 1] = '\0';
    }
    return mbedtls_ssl_set_hostname(&t->conn->ssl, name);
}

static int start(usocket_tls_t *t) {
    struct tls_creds *c = t->creds;
    int verify = c->verify >= 0 ? c->verify : t->server ? MBEDTLS_SSL_VERIFY_NONE : MBEDTLS_SSL_VERIFY_REQUIRED;
    bool psk = c->psk != NULL && c->identity != NULL;
    for (const struct own *own = c->own; own != NULL; own = own->next) {
        if (!own->has_cert || !own->has_key) {
            return usocket_backend_fail_setup(t, MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED,
                own->has_cert ? "TLS_OWN_CERT without its TLS_OWN_KEY" : "TLS_OWN_KEY without its TLS_OWN_CERT");
        }
    }
    if ((c->psk != NULL) != (c->identity != NULL)) {
        return usocket_backend_fail_setup(t, MBEDTLS_ERR_SSL_BAD_CONFIG, "TLS_PSK and TLS_PSK_IDENTITY go together");
    }
    if (t->server && c->own == NULL && !psk) {
        return usocket_backend_fail_setup(
            t, MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED, "a server needs TLS_OWN_CERT and TLS_OWN_KEY, or TLS_PSK");
    }
    int min;
    int max;
    allowed_versions(c, &min, &max);
    if (min > max) {
        return usocket_backend_fail_setup(t, MBEDTLS_ERR_SSL_BAD_CONFIG,
            c->min_version > c->max_version ? "TLS_MIN_VERSION is above TLS_MAX_VERSION"
                : c->max_fragment < 16384   ? "TLS_MAX_FRAGMENT works in TLS 1.2 alone, the other options ask for 1.3"
                                            : "TLS_CIPHERSUITE_LIST has no suite of the versions asked for");
    }
#if defined(MBEDTLS_PSA_CRYPTO_C) && MBEDTLS_VERSION_NUMBER >= 0x03000000
    psa_status_t status = psa_crypto_init();
    if (status != PSA_SUCCESS) {
        return status == PSA_ERROR_INSUFFICIENT_MEMORY
            ? USOCKET_ENOMEM
            : usocket_backend_fail_setup(t, MBEDTLS_ERR_SSL_NO_RNG, "the system gives no randomness");
    }
#endif
    struct trust *trust = NULL;
    if (verify != MBEDTLS_SSL_VERIFY_NONE && !c->has_ca) {
        trust = usocket_backend_trust();
        if (trust == NULL && !psk) {
            return usocket_backend_fail_setup(t, MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED,
                "nobody to trust: the system has no certificates, and TLS_CA_CERT gives none");
        }
    }
    struct tls_conn *conn = usocket_backend_alloc(sizeof(*conn));
    if (conn == NULL) {
        usocket_backend_trust_drop(trust);
        return USOCKET_ENOMEM;
    }
    conn->trust = trust;
    mbedtls_ssl_config_init(&conn->conf);
    mbedtls_ssl_init(&conn->ssl);
    t->conn = conn;
    int ret = mbedtls_ssl_config_defaults(&conn->conf, t->server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
        MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (ret == 0) {
        ret = configure(t, &conn->conf, verify);
    }
    if (ret == 0) {
        ret = mbedtls_ssl_setup(&conn->ssl, &conn->conf);
        conn->ssl.PRIVATE(conf) = &conn->conf; /* where it has failed, mbedtls_ssl_free may still need it */
    }
    if (ret == 0) {
        mbedtls_ssl_set_bio(&conn->ssl, t, transport_send, transport_recv, NULL);
        ret = t->server ? 0 : set_server_name(t);
    }
    if (ret != 0) {
        bool memory = usocket_backend_is_alloc_failure(ret);
        usocket_backend_close(t);
        if (memory) {
            return USOCKET_ENOMEM;
        }
        char library[120];
        usocket_backend_library_words(ret, library, sizeof(library));
        return usocket_backend_fail_setup(t, ret, library);
    }
    if (!t->server && c->cache) {
        usocket_backend_resume_session(t);
    }
    return 0;
}

int usocket_backend_handshake(usocket_tls_t *t) {
    if (t->conn == NULL) {
        int r = start(t);
        if (r < 0) {
            return r;
        }
    }
    mbedtls_ssl_context *ssl = &t->conn->ssl;
    int ret = mbedtls_ssl_handshake(ssl);
    if (!t->conn->spoken) {
        t->conn->spoken = ssl->PRIVATE(state) > (t->server ? MBEDTLS_SSL_CLIENT_HELLO : MBEDTLS_SSL_SERVER_HELLO);
    }
    if (ret != 0) {
        return answer(t, ret);
    }
    if (strcmp(mbedtls_ssl_get_version(ssl), "TLSv1.2") == 0) {
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

int32_t usocket_backend_read(usocket_tls_t *t, void *buf, size_t len, bool peek) {
    mbedtls_ssl_context *ssl = &t->conn->ssl;
    unsigned char none[1] = {0};
    for (;;) {
        size_t have = mbedtls_ssl_get_bytes_avail(ssl);
        if (peek && have != 0) {
            have = have < len ? have : len;
            if (have != 0) {
                memcpy(buf, ssl->PRIVATE(in_offt), have);
            }
            return len != 0 ? (int32_t)have : 1;
        }
        int ret = mbedtls_ssl_read(ssl, peek ? none : buf, peek ? 0 : len);
        if (ret > 0) {
            return ret;
        }
        if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            t->ended = true;
            return 0;
        }
#if NEWEST == USOCKET_TLS_1_3
        if (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
            usocket_backend_keep_session(t);
            continue;
        }
#endif
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
    len = len < (size_t)most ? len : (size_t)most;
    int ret = mbedtls_ssl_write(ssl, buf, len);
    if (ret == MBEDTLS_ERR_SSL_WANT_WRITE && ssl->PRIVATE(out_left) != 0) {
        t->want = USOCKET_POLL_OUT;
        return (int32_t)len; /* encrypted already: it can be neither changed nor taken back */
    }
    if (ret < 0 && t->error != 0) {
        unsigned char none[1] = {0};
        int code = t->error;
        if (mbedtls_ssl_read(ssl, none, 0) == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
            return usocket_backend_fail(t, MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE); /* why the peer has left */
        }
        t->error = code;
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
        usocket_backend_free(conn, sizeof(*conn));
    }
}

#endif
