/* TLS by mbedTLS: connections and sessions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

#include "tls_mbedtls.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
    vsnprintf(t->words, sizeof(t->words), format, args);
    va_end(args);
}

/* mbedTLS's own words. */
void usocket_backend_library_words(int ret, char *buf, size_t len) {
#if defined(MBEDTLS_ERROR_C)
    mbedtls_strerror(ret, buf, len);
#else
    snprintf(buf, len, "mbedTLS -0x%04x", (unsigned)-ret);
#endif
}

bool usocket_backend_is_alloc_failure(int ret) {
    switch (ret) {
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

/* What is wrong, from mbedTLS's number: the code, with t->number and words. The connection has failed for good. */
static int fail(usocket_tls_t *t, int ret) {
    static const struct {
        int ret;
        int code;
        const char *words;
    } rows[] = {
        {MBEDTLS_ERR_SSL_CONN_EOF, USOCKET_ETLS_TRUNCATED, "cut by the peer, or on the way, without a goodbye"},
        {MBEDTLS_ERR_SSL_NO_RNG, USOCKET_ETLS_SETUP, "the system gives no randomness"},
        {MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION, USOCKET_ETLS_HANDSHAKE, "no version of TLS in common"},
        {MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE, USOCKET_ETLS_HANDSHAKE, "no cipher suite, group or kind of key in common"},
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
        {MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL, USOCKET_ETLS_HANDSHAKE, "no protocol (ALPN) in common"},
#endif
        {MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY, USOCKET_ETLS_HANDSHAKE, "the peer goes by an unknown identity (PSK)"},
        {MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE, USOCKET_ETLS_CERTIFICATE, "the peer has shown no certificate"},
        {MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED, USOCKET_ETLS_SETUP, "a key is missing: TLS_OWN_KEY, or TLS_PSK"},
        {MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED, USOCKET_ETLS_SETUP, "nobody to trust: TLS_CA_CERT, or the system's bundle"},
    };
    struct tls_conn *c = t->conn;
    t->stage = TLS_FAILED;
    t->number = ret;
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
    if (ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        static const struct {
            uint8_t number;
            const char *name;
        } alerts[] = {
            {10, "unexpected_message"},
            {20, "bad_record_mac"},
            {22, "record_overflow"},
            {40, "handshake_failure"},
            {42, "bad_certificate"},
            {43, "unsupported_certificate"},
            {44, "certificate_revoked"},
            {45, "certificate_expired"},
            {46, "certificate_unknown"},
            {47, "illegal_parameter"},
            {48, "unknown_ca"},
            {49, "access_denied"},
            {50, "decode_error"},
            {51, "decrypt_error"},
            {70, "protocol_version"},
            {71, "insufficient_security"},
            {80, "internal_error"},
            {86, "inappropriate_fallback"},
            {90, "user_canceled"},
            {109, "missing_extension"},
            {110, "unsupported_extension"},
            {112, "unrecognized_name"},
            {115, "unknown_psk_identity"},
            {116, "certificate_required"},
            {120, "no_application_protocol"},
        };
        unsigned number = c->ssl.PRIVATE(in_msg) != NULL ? c->ssl.PRIVATE(in_msg)[1] : 0;
        const char *name = "alert";
        for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
            name = alerts[i].number == number ? alerts[i].name : name;
        }
        usocket_backend_say(t, RANK_OTHER, "refused by the peer: %s (%u)", name, number);
        return t->failed = USOCKET_ETLS_ALERT;
    }
    if (!c->spoken && (ret == MBEDTLS_ERR_SSL_INVALID_RECORD || ret == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE)) {
        usocket_backend_say(t, RANK_OTHER, "the peer does not speak TLS");
        return t->failed = USOCKET_ETLS_PROTOCOL;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].ret == ret) {
            usocket_backend_say(t, RANK_OTHER, "%s", rows[i].words);
            return t->failed = rows[i].code;
        }
    }
    char library[120];
    usocket_backend_library_words(ret, library, sizeof(library));
    usocket_backend_say(t, RANK_OTHER, "what the peer sent is wrong (%s)", library);
    return t->failed = USOCKET_ETLS_PROTOCOL;
}

/* Something that is lacking before the handshake. */
static int fail_setup(usocket_tls_t *t, int number, const char *words) {
    t->rank = RANK_NONE;
    t->stage = TLS_FAILED;
    t->number = number;
    usocket_backend_say(t, RANK_OTHER, "%s", words);
    return t->failed = USOCKET_ETLS_SETUP;
}

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
    return fail(t, ret);
}

/* ---- The transport ------------------------------------------------------------------------------------------------ */

#define TRANSPORT_FAILED (-0x0050) /* MBEDTLS_ERR_NET_CONN_RESET; mbedTLS hands it through, t->error is what counts */

static int transport_recv(void *context, unsigned char *buf, size_t len) {
    usocket_tls_t *t = context;
    int32_t r = usocket_tls_transport_recv(t, buf, len);
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

static int transport_send(void *context, const unsigned char *buf, size_t len) {
    usocket_tls_t *t = context;
    int32_t r = usocket_tls_transport_send(t, buf, len);
    if (r == USOCKET_EAGAIN) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    if (r < 0) {
        t->error = r;
        return TRANSPORT_FAILED;
    }
    return r;
}

/* ---- Sessions of clients ------------------------------------------------------------------------------------------ */

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
static void keep_session(usocket_tls_t *t) {
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

static void resume_session(usocket_tls_t *t) {
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
            return fail_setup(t, MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED,
                own->has_cert ? "TLS_OWN_CERT without its TLS_OWN_KEY" : "TLS_OWN_KEY without its TLS_OWN_CERT");
        }
    }
    if ((c->psk != NULL) != (c->identity != NULL)) {
        return fail_setup(t, MBEDTLS_ERR_SSL_BAD_CONFIG, "TLS_PSK and TLS_PSK_IDENTITY go together");
    }
    if (t->server && c->own == NULL && !psk) {
        return fail_setup(
            t, MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED, "a server needs TLS_OWN_CERT and TLS_OWN_KEY, or TLS_PSK");
    }
    int min;
    int max;
    allowed_versions(c, &min, &max);
    if (min > max) {
        return fail_setup(t, MBEDTLS_ERR_SSL_BAD_CONFIG,
            c->min_version > c->max_version ? "TLS_MIN_VERSION is above TLS_MAX_VERSION"
                : c->max_fragment < 16384   ? "TLS_MAX_FRAGMENT works in TLS 1.2 alone, the other options ask for 1.3"
                                            : "TLS_CIPHERSUITE_LIST has no suite of the versions asked for");
    }
#if defined(MBEDTLS_PSA_CRYPTO_C) && MBEDTLS_VERSION_NUMBER >= 0x03000000
    psa_status_t status = psa_crypto_init();
    if (status != PSA_SUCCESS) {
        return status == PSA_ERROR_INSUFFICIENT_MEMORY
            ? USOCKET_ENOMEM
            : fail_setup(t, MBEDTLS_ERR_SSL_NO_RNG, "the system gives no randomness");
    }
#endif
    struct trust *trust = NULL;
    if (verify != MBEDTLS_SSL_VERIFY_NONE && !c->has_ca) {
        trust = usocket_backend_trust();
        if (trust == NULL && !psk) {
            return fail_setup(t, MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED,
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
        return fail_setup(t, ret, library);
    }
    if (!t->server && c->cache) {
        resume_session(t);
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
        keep_session(t); /* in TLS 1.3, tickets come later */
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
    unsigned char none[1];
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
            keep_session(t);
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
