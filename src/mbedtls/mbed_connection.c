/* TLS by mbedTLS: opening a connection as the options say, and closing it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <string.h>

/* ---- Options that do not fit -------------------------------------------------------------------------------------- */

/* True if TLS_CA_CERT has given an authority, not revocation lists alone. */
static bool has_ca(const struct tls_creds *c) {
    return c->trust != NULL && c->trust->chain.raw.p != NULL;
}

static bool has_psk(const struct tls_creds *c) {
    return c->psk.bytes != NULL && c->identity.bytes != NULL;
}

/* Half a pair of certificate and key, or of PSK and identity, is USOCKET_ETLS_SETUP. */
static int check_pairs(usocket_engine_t *e) {
    const struct tls_creds *c = e->creds;
    for (const struct own_pair *own = c->own; own != NULL; own = own->next) {
        if (!own->has_cert || !own->has_key) {
            return usocket_mbed_fail_setup(e, MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED,
                own->has_cert ? "TLS_OWN_CERT without its TLS_OWN_KEY" : "TLS_OWN_KEY without its TLS_OWN_CERT");
        }
    }
    if ((c->psk.bytes != NULL) != (c->identity.bytes != NULL)) {
        return usocket_mbed_fail_setup(e, MBEDTLS_ERR_SSL_BAD_CONFIG, "TLS_PSK and TLS_PSK_IDENTITY go together");
    }
    return 0;
}

/* The versions that all options together allow: datagrams, shorter records, and a list without
 * suites of TLS 1.3 leave 1.2; a list without suites of TLS 1.2 leaves 1.3. None are allowed
 * if *min > *max. */
static void allowed_versions(const usocket_engine_t *e, int *min, int *max) {
    const struct tls_creds *c = e->creds;
    *min = c->suites != NULL && !c->suites_1_2 ? USOCKET_TLS_1_3 : c->min_version;
    *max = e->datagram || c->max_fragment < 16384 || (c->suites != NULL && !c->suites_1_3) ? USOCKET_TLS_1_2
                                                                                           : c->max_version;
}

/* 0, or USOCKET_ETLS_SETUP with words for options that contradict each other, or lack something. */
static int check_options(usocket_engine_t *e, bool server) {
    const struct tls_creds *c = e->creds;
    int r = check_pairs(e);
    if (r < 0) {
        return r;
    }
    if (server && c->own == NULL && !has_psk(c)) {
        return usocket_mbed_fail_setup(e, MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED, WORDS_NO_IDENTITY);
    }
#if !CUTS_MESSAGES
    for (const struct own_pair *own = c->own; !server && !e->datagram && own != NULL; own = own->next) {
        if (usocket_mbed_cert_message_len(&own->cert) > (size_t)c->max_fragment) {
            return usocket_mbed_fail_setup(e, MBEDTLS_ERR_SSL_BAD_CONFIG,
                "TLS_OWN_CERT is longer than TLS_MAX_FRAGMENT, and this mbedTLS cannot split it");
        }
    }
#endif
    int min;
    int max;
    allowed_versions(e, &min, &max);
    if (min <= max) {
        return 0;
    }
    return usocket_mbed_fail_setup(e, MBEDTLS_ERR_SSL_BAD_CONFIG,
        e->datagram                           ? "DTLS is 1.2 only, and the other options ask for 1.3"
            : c->min_version > c->max_version ? "TLS_MIN_VERSION is above TLS_MAX_VERSION"
            : c->max_fragment < 16384 ? "TLS_MAX_FRAGMENT works in TLS 1.2 only, and the other options ask for 1.3"
                                      : "TLS_CIPHERSUITE_LIST has no suite of the versions asked for");
}

/* ---- Configuration ------------------------------------------------------------------------------------------------ */

static void set_versions(mbedtls_ssl_config *conf, const usocket_engine_t *e) {
    int min;
    int max;
    allowed_versions(e, &min, &max);
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

/* TLS_PEER_VERIFY's 0, 1 and 2 are MBEDTLS_SSL_VERIFY_NONE, _OPTIONAL and _REQUIRED. Revocation
 * lists count with the system's authorities, too. */
static void configure_verification(usocket_engine_t *e, mbedtls_ssl_config *conf, int verify) {
    const struct tls_creds *c = e->creds;
    mbedtls_ssl_conf_authmode(conf, verify);
    mbedtls_ssl_conf_verify(conf, usocket_mbed_verify, e);
    struct trust *trust = has_ca(c) ? c->trust : e->conn->trust;
    if (verify != MBEDTLS_SSL_VERIFY_NONE && trust != NULL) {
        mbedtls_ssl_conf_ca_chain(
            conf, &trust->chain, c->trust != NULL && c->trust->crl.raw.p != NULL ? &c->trust->crl : NULL);
    }
}

/* Certificates with their keys, and the PSK. 0, or mbedTLS's number. */
static int configure_identity(const struct tls_creds *c, mbedtls_ssl_config *conf) {
    int ret = 0;
    for (struct own_pair *own = c->own; ret == 0 && own != NULL; own = own->next) {
        ret = own->has_cert && own->has_key ? mbedtls_ssl_conf_own_cert(conf, &own->cert, &own->key) : 0;
    }
#if defined(MBEDTLS_KEY_EXCHANGE_PSK_ENABLED) || defined(MBEDTLS_SSL_HANDSHAKE_WITH_PSK_ENABLED)
    if (ret == 0 && has_psk(c)) {
        ret = mbedtls_ssl_conf_psk(conf, c->psk.bytes, c->psk.len, c->identity.bytes, c->identity.len);
    }
#endif
    return ret;
}

/* ALPN and max_fragment_length. 0, or mbedTLS's number. */
static int configure_extensions(const struct tls_creds *c, mbedtls_ssl_config *conf) {
    int ret = 0;
#if defined(MBEDTLS_SSL_ALPN)
    if (c->alpn != NULL) {
        ret = mbedtls_ssl_conf_alpn_protocols(conf, c->alpn);
    }
#endif
#if defined(MBEDTLS_SSL_MAX_FRAGMENT_LENGTH)
    if (ret == 0 && c->max_fragment < 16384) {
        unsigned char code = 1; /* RFC 6066's number of 512 bytes; the next ones stand for twice as many. */
        while (512 << (code - 1) < c->max_fragment) {
            code++;
        }
        ret = mbedtls_ssl_conf_max_frag_len(conf, code);
    }
#endif
    return ret;
}

/* mbedTLS's callback for SNI: the server offers its certificates for this name, and mbedTLS chooses
 * among them by the kind of key. Without one for the name, all of them stay on offer. */
static int choose_certificates(void *context, mbedtls_ssl_context *ssl, const unsigned char *name, size_t len) {
    usocket_engine_t *e = context;
    for (struct own_pair *own = e->creds->own; own != NULL; own = own->next) {
        if (own->has_cert && usocket_mbed_matches_host(&own->cert, (const char *)name, len)) {
            int ret = mbedtls_ssl_set_hs_own_cert(ssl, &own->cert, &own->key);
            if (ret != 0) {
                return ret;
            }
        }
    }
    return 0;
}

/* Make the ticket keys and the session cache, for the first connection of these credentials. The
 * lock is held meanwhile: another connection's first step may come at the same time. */
static int prepare_resumption(struct tls_creds *c) {
    int ret = 0;
    lock_sockets();
    if (!c->resumption_ready) {
        mbedtls_ssl_ticket_init(&c->tickets);
        mbedtls_ssl_cache_init(&c->sessions);
        ret = usocket_mbed_random(NULL, c->ticket_key, sizeof(c->ticket_key));
        if (ret == 0) {
            ret = mbedtls_ssl_ticket_setup(&c->tickets, usocket_mbed_random, NULL, MBEDTLS_CIPHER_AES_256_GCM, 86400);
        }
        if (ret == 0) {
            c->resumption_ready = true;
        } else {
            mbedtls_ssl_ticket_free(&c->tickets);
            mbedtls_ssl_cache_free(&c->sessions);
        }
    }
    unlock_sockets();
    return ret;
}

/* Make the key of the cookies, likewise. */
static int prepare_cookies(struct tls_creds *c) {
    int ret = 0;
    lock_sockets();
    if (!c->cookies_ready) {
        mbedtls_ssl_cookie_init(&c->cookies);
        ret = mbedtls_ssl_cookie_setup(&c->cookies, usocket_mbed_random, NULL);
        c->cookies_ready = ret == 0;
        if (ret != 0) {
            mbedtls_ssl_cookie_free(&c->cookies);
        }
    }
    unlock_sockets();
    return ret;
}

/* 0, or mbedTLS's number. */
static int configure_server(usocket_engine_t *e, mbedtls_ssl_config *conf, int verify) {
    struct tls_creds *c = e->creds;
    int ret = 0;
#if defined(MBEDTLS_SSL_SERVER_NAME_INDICATION)
    mbedtls_ssl_conf_sni(conf, choose_certificates, e);
#endif
    if (e->datagram) {
        ret = prepare_cookies(c);
        mbedtls_ssl_conf_dtls_cookies(conf, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &c->cookies);
    }
    if (ret == 0 && c->cache) { /* Tickets, and for clients of TLS 1.2 without them, the cache. */
        ret = prepare_resumption(c);
        mbedtls_ssl_conf_session_tickets_cb(conf, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &c->tickets);
        mbedtls_ssl_conf_session_cache(conf, &c->sessions, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
#if NEWEST == USOCKET_TLS_1_3 && defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
        if (verify != MBEDTLS_SSL_VERIFY_NONE) {
            mbedtls_ssl_conf_session_tickets_cb(conf, usocket_mbed_write_ticket, usocket_mbed_parse_ticket, e);
        }
#endif
    }
    (void)verify;
    return ret;
}

/* A client offers and accepts tickets only if it keeps sessions. */
static void configure_client(const struct tls_creds *c, mbedtls_ssl_config *conf) {
#if defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_CLI_C)
    mbedtls_ssl_conf_session_tickets(
        conf, c->cache ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#if NEWEST == USOCKET_TLS_1_3 && defined(MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED)
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(conf, c->cache);
#endif
#else
    (void)c;
    (void)conf;
#endif
}

/* Fill `conf`. Its pointers lead into the credentials. 0, or mbedTLS's number. */
static int configure(usocket_engine_t *e, mbedtls_ssl_config *conf, int verify) {
    const struct tls_creds *c = e->creds;
    int ret = mbedtls_ssl_config_defaults(conf, e->server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
        e->datagram ? MBEDTLS_SSL_TRANSPORT_DATAGRAM : MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (ret != 0) {
        return ret;
    }
    set_versions(conf, e);
    mbedtls_ssl_conf_rng(conf, usocket_mbed_random, NULL);
    configure_verification(e, conf, verify);
    usocket_mbed_configure_suites(c, conf);
    ret = configure_extensions(c, conf);
    if (ret == 0) {
        ret = configure_identity(c, conf);
    }
    if (ret == 0 && e->server) {
        ret = configure_server(e, conf, verify);
    }
    if (!e->server) {
        configure_client(c, conf);
    }
    return ret;
}

/* ---- Opening and closing ----------------------------------------------------------------------------------------- */

/* Start PSA, which mbedTLS 3 uses for TLS 1.3; once it has started, this does nothing. 0,
 * USOCKET_ENOMEM, or USOCKET_ETLS_SETUP with words. */
static int start_crypto(usocket_engine_t *e) {
#if defined(MBEDTLS_PSA_CRYPTO_C) && MBEDTLS_VERSION_NUMBER >= 0x03000000
    psa_status_t status = psa_crypto_init();
    if (status != PSA_SUCCESS) {
        return status == PSA_ERROR_INSUFFICIENT_MEMORY
            ? USOCKET_ENOMEM
            : usocket_mbed_fail_setup(e, MBEDTLS_ERR_SSL_NO_RNG, "the system gives no randomness");
    }
#else
    (void)e;
#endif
    return 0;
}

/* Find the authorities for a connection that verifies. *trust: the system's, with a reference; it
 * stays NULL where TLS_CA_CERT has given some. 0, or USOCKET_ETLS_SETUP with words. */
static int find_authorities(usocket_engine_t *e, struct trust **trust) {
    struct tls_creds *c = e->creds;
    if (has_ca(c)) {
        usocket_mbed_trust_remember(c->trust);
        return 0;
    }
    if (c->system != NULL) {
        *trust = c->system;
        c->system = NULL;
    } else {
        *trust = usocket_mbed_system_trust();
    }
    return *trust != NULL || has_psk(c)
        ? 0
        : usocket_mbed_fail_setup(e, MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED, WORDS_NO_AUTHORITY);
}

static int verify_mode(const struct tls_creds *c, bool server) {
    return c->verify >= 0 ? c->verify : server ? MBEDTLS_SSL_VERIFY_NONE : MBEDTLS_SSL_VERIFY_REQUIRED;
}

/* The stage stays: the program may set what is missing, and go on. */
int usocket_engine_check(usocket_engine_t *e, bool server, bool all) {
    uint8_t stage = e->stage;
    int r = all ? check_options(e, server) : check_pairs(e);
    if (r == 0 && all && !server && verify_mode(e->creds, false) != MBEDTLS_SSL_VERIFY_NONE) {
        struct trust *system = NULL;
        r = find_authorities(e, &system);
        e->creds->system = system;
    }
    e->stage = stage;
    return r;
}

/* Set the name for SNI: without a final dot, and none for an address (RFC 6066, 3). */
static int set_server_name(usocket_engine_t *e) {
    usocket_addr_t a;
    char name[USOCKET_HOST_MAX];
    if (e->name == NULL || usocket_addr_parse(&a, e->name, strlen(e->name), USOCKET_AF_UNSPEC) == 0) {
        return mbedtls_ssl_set_hostname(&e->conn->ssl, NULL);
    }
    strcpy(name, e->name);
    size_t len = strlen(name);
    if (len > 1 && name[len - 1] == '.') {
        name[len - 1] = '\0';
    }
    return mbedtls_ssl_set_hostname(&e->conn->ssl, name);
}

/* 0, or mbedTLS's number. */
static int set_up_contexts(usocket_engine_t *e, int verify) {
    struct tls_conn *conn = e->conn;
    int ret = configure(e, &conn->conf, verify);
    if (ret == 0) {
        usocket_mbed_shrink_input(e);
        ret = mbedtls_ssl_setup(&conn->ssl, &conn->conf);
        conn->ssl.PRIVATE(conf) = &conn->conf; /* After a failure, mbedtls_ssl_free may need it. */
    }
    if (ret == 0) {
        usocket_mbed_shrink_input(e);
        usocket_mbed_set_transport(e);
        ret = e->server ? 0 : set_server_name(e);
    }
    return ret;
}

/* The order matters: mbedtls_ssl_free uses the configuration; the credentials outlive both. */
void usocket_engine_close(usocket_engine_t *e) {
    struct tls_conn *conn = e->conn;
    if (conn != NULL) {
        e->conn = NULL;
        mbedtls_ssl_free(&conn->ssl);
        mbedtls_ssl_config_free(&conn->conf);
        usocket_mbed_trust_release(conn->trust);
        usocket_mbed_settle_session(e, conn);
        usocket_port_free(conn->peer_cert);
        usocket_mbed_free(conn, sizeof(*conn));
    }
}

int usocket_mbed_open(usocket_engine_t *e) {
    const struct tls_creds *c = e->creds;
    int verify = verify_mode(c, e->server);
    struct trust *trust = NULL;
    int r = check_options(e, e->server);
    if (r == 0) {
        r = start_crypto(e);
    }
    if (r == 0 && verify != MBEDTLS_SSL_VERIFY_NONE) {
        r = find_authorities(e, &trust);
    }
    if (r < 0) {
        return r;
    }
    struct tls_conn *conn = usocket_mbed_alloc(sizeof(*conn));
    if (conn == NULL) {
        usocket_mbed_trust_release(trust);
        return USOCKET_ENOMEM;
    }
    conn->trust = trust;
    mbedtls_ssl_config_init(&conn->conf);
    mbedtls_ssl_init(&conn->ssl);
    e->conn = conn;
    int ret = set_up_contexts(e, verify);
    if (ret != 0) {
        usocket_engine_close(e);
        if (usocket_mbed_is_alloc_failure(ret)) {
            return USOCKET_ENOMEM;
        }
        char library[120];
        usocket_mbed_library_words(ret, library, sizeof(library));
        return usocket_mbed_fail_setup(e, ret, library);
    }
    if (!e->server && c->cache) {
        usocket_mbed_offer_session(e);
    }
    return 0;
}

#endif
