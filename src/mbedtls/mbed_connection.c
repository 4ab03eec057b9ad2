/* TLS by mbedTLS: the transport below a connection, and how one begins.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../tls/tls_state.h"

#if USOCKET_TLS

#include "mbed.h"

#include <string.h>

/* ---- The transport ------------------------------------------------------------------------------------------------ */

#define DTLS_MTU 1232        /* what IPv6 lets through anywhere: 1280 less its header and UDP's */
#define HELLO_RANDOM_END 59  /* RFC 6347: header of the record 13, of the message 12; the version 2, the random 32 */
#define DATAGRAMS_AT_ONCE 16 /* in one step, which looks neither at the clock nor for Ctrl-C */
#define RECORDS_AT_ONCE 24   /* likewise: receives and records together; the longest flight has half of it */

/* Whom the cookie is for. */
static bool set_client_id(usocket_tls_t *t) {
    uint8_t id[18];
    memcpy(id, t->peer.u.ip, 16);
    id[16] = (uint8_t)(t->peer.port >> 8);
    id[17] = (uint8_t)t->peer.port;
    return mbedtls_ssl_set_client_transport_id(&t->conn->ssl, id, sizeof(id)) == 0;
}

/* mbedTLS asks for a header, then for what it announces: so a small record comes with one call of the stack, not two. */
static int32_t receive(usocket_tls_t *t, uint8_t *buf, size_t len) {
    struct tls_conn *c = t->conn;
    if (c->ahead == 0) {
        bool whole = len >= AHEAD;
        int32_t r = usocket_tls_transport_recv(t, whole ? buf : c->early, whole ? len : AHEAD);
        t->heard = (uint8_t)(t->heard + (r > 0));
        if (whole || r <= 0) {
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

#if MBEDTLS_VERSION_NUMBER >= 0x03060300
#define FRAGMENTS(ssl) \
    ((ssl)->PRIVATE(badmac_seen_or_in_hsfraglen)) /* bytes of a message that goes on in the next record */
#else
#define FRAGMENTS(ssl) 0u
#endif

/* A peer may send records faster than mbedTLS can drop them, and mbedTLS looks neither at the clock nor for Ctrl-C; so it gets few at
 * a time. Records that bring neither data nor the handshake forward are counted: such a peer has no end. */
static int32_t receive_stream(usocket_tls_t *t, uint8_t *buf, size_t len) {
    struct tls_conn *c = t->conn;
    if (!usocket_backend_may_go_on(t)) {
        return USOCKET_EAGAIN;
    }
    bool begins = c->ssl.PRIVATE(in_left) == 0;
    int32_t r = receive(t, buf, len);
    if (r > 0 && begins) {
        unsigned fragments = FRAGMENTS(&c->ssl);
        t->heard++;
        t->idle = (uint8_t)(t->idle + (fragments <= c->fragments));
        c->fragments = fragments;
    }
    return r;
}

bool usocket_backend_may_go_on(usocket_tls_t *t) {
    t->again = t->again || t->heard >= RECORDS_AT_ONCE;
    return !t->again;
}

/* Whether a datagram begins with a hello of which mbedTLS can look at the cookie. RFC 6347: the record's header has its type, 22, at 0
 * and its epoch at 3; the message's its type, 1, at 13 and its fragment's offset at 19; the session's id is at 59, the cookie behind it. */
static bool is_hello(const uint8_t *d, size_t len) {
    static const uint8_t zero[3];
    if (len < 61 || d[0] != 22 || memcmp(d + 3, zero, 2) != 0 || d[13] != 1 || memcmp(d + 19, zero, 3) != 0) {
        return false;
    }
    size_t cookie = 60 + d[59];
    return cookie < len && cookie + 1 + d[cookie] <= len;
}

/* What tells one hello from another. */
static void note_hello(usocket_tls_t *t, const uint8_t *d, size_t len) {
    memset(t->hello, 0, HELLO_ID);
    if (len >= HELLO_RANDOM_END) {
        memcpy(t->hello, d + HELLO_RANDOM_END - HELLO_ID, HELLO_ID);
    }
}

/* A client that begins anew from the same port has ended its connection, once a cookie has shown that it is there (RFC 6347, 4.2.8).
 * mbedTLS would also let the connection end by a double of the hello that it began with, or by what it cannot read as a hello. */
static void allow_new_client(usocket_tls_t *t, const uint8_t *d, size_t len) {
    bool anew = t->conn->ssl.PRIVATE(out_left) == 0 && is_hello(d, len) &&
        memcmp(t->hello, d + HELLO_RANDOM_END - HELLO_ID, HELLO_ID) != 0;
    mbedtls_ssl_conf_dtls_cookies(&t->conn->conf, anew ? mbedtls_ssl_cookie_write : NULL,
        anew ? mbedtls_ssl_cookie_check : NULL, anew ? &t->creds->cookies : NULL);
}

/* mbedTLS drops datagrams without a word, so it gets few at a time: of a listener one, since a piece of a hello must not stay. */
static int32_t receive_datagram(usocket_tls_t *t, uint8_t *buf, size_t len) {
    int most = t->knocking ? 1 : DATAGRAMS_AT_ONCE;
    int32_t r = 0;
    while (r == 0 && t->heard < most) { /* an empty one is not the end */
        r = usocket_tls_transport_recv(t, buf, len);
        t->heard = (uint8_t)(t->heard + (r >= 0));
    }
    if (r == 0 || r == USOCKET_EAGAIN) {
        r = t->shut_rd && t->stage == TLS_HANDSHAKE ? USOCKET_ECONNABORTED : USOCKET_EAGAIN;
    }
    return r;
}

static int transport_recv(void *context, unsigned char *buf, size_t len) {
    usocket_tls_t *t = context;
    int32_t r = t->datagram ? receive_datagram(t, buf, len) : receive_stream(t, buf, len);
    if (t->idle > IDLE_RECORDS) {
        return FLOODED;
    }
    if (t->lost != 0 && r <= 0) {
        r = t->lost; /* no alert explains it */
    }
    if (r == USOCKET_EAGAIN) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    if (r < 0) {
        t->error =
            r == USOCKET_EPIPE ? USOCKET_ECONNRESET : r; /* as the stack calls a reset after something was sent */
        return TRANSPORT_FAILED;
    }
    if (t->datagram) {
        if (t->knocking && !set_client_id(t)) {
            return MBEDTLS_ERR_SSL_ALLOC_FAILED;
        }
        if (t->knocking) {
            note_hello(t, buf, (size_t)r);
        } else if (t->server) {
            allow_new_client(t, buf, (size_t)r);
        }
        return r;
    }
    t->eof = t->eof || r == 0;
    return r;
}

/* A peer that refuses what we say sends its alert and leaves; we may notice that while we still talk. In the handshake, what is
 * said into the void counts as said, so that mbedTLS goes on to listen and finds the alert. So does a datagram that the stack
 * refuses: mbedTLS would hold it and offer it again for ever; write tells, and a client that cannot be answered is no client. */
static int transport_send(void *context, const unsigned char *buf, size_t len) {
    usocket_tls_t *t = context;
    int32_t r = t->lost;
    if (t->reading && t->stage == TLS_OPEN && !t->datagram && ++t->idle > IDLE_RECORDS) {
        return FLOODED; /* requests for another handshake, each of which mbedTLS answers */
    }
    if (r == 0) {
        r = usocket_backend_send_records(t, buf, len);
    }
    if (r == USOCKET_EAGAIN) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    if (t->stage == TLS_HANDSHAKE && (r == USOCKET_EPIPE || r == USOCKET_ECONNRESET)) {
        t->lost = r;
        return (int)len;
    }
    if (r < 0 && t->datagram && (t->stage == TLS_OPEN || t->knocking)) {
        t->refused = r;
        return (int)len;
    }
    if (r < 0) {
        t->error = r;
        return TRANSPORT_FAILED;
    }
    return r;
}

/* DTLS sends its flights again by these: by the port's clock, and whoever waits for the socket wakes up for them. */
static void set_timer(void *context, uint32_t half, uint32_t whole) {
    usocket_tls_t *t = context;
    usocket_time_t now = usocket_port_now();
    t->timer_half = now + (usocket_time_t)half * 1000;
    t->timer = whole != 0 ? now + (usocket_time_t)whole * 1000 : 0;
}

static int get_timer(void *context) {
    const usocket_tls_t *t = context;
    usocket_time_t now = usocket_port_now();
    return t->timer == 0 ? -1 : now >= t->timer ? 2 : now >= t->timer_half;
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
        ret = usocket_backend_random(NULL, c->ticket_key, sizeof(c->ticket_key));
        if (ret == 0) {
            ret =
                mbedtls_ssl_ticket_setup(&c->tickets, usocket_backend_random, NULL, MBEDTLS_CIPHER_AES_256_GCM, 86400);
        }
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

/* The key of the cookies, made for a listener's first client. */
static int prepare_cookies(struct tls_creds *c) {
    int ret = 0;
    lock_sockets();
    if (!c->cookies_ready) {
        mbedtls_ssl_cookie_init(&c->cookies);
        ret = mbedtls_ssl_cookie_setup(&c->cookies, usocket_backend_random, NULL);
        c->cookies_ready = ret == 0;
        if (ret != 0) {
            mbedtls_ssl_cookie_free(&c->cookies);
        }
    }
    unlock_sockets();
    return ret;
}

/* What is left of the versions by the other options: no suite of a version, no such version. */
static void allowed_versions(const usocket_tls_t *t, int *min, int *max) {
    const struct tls_creds *c = t->creds;
    *min = c->suites != NULL && !c->suites_older ? USOCKET_TLS_1_3 : c->min_version;
    *max = t->datagram || c->max_fragment < 16384 || (c->suites != NULL && !c->suites_newer) ? USOCKET_TLS_1_2
                                                                                             : c->max_version;
}

static void set_versions(mbedtls_ssl_config *conf, const usocket_tls_t *t) {
    int min;
    int max;
    allowed_versions(t, &min, &max);
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

/* Whom to trust, not lists alone. */
static bool has_ca(const struct tls_creds *c) {
    return c->trust != NULL && c->trust->chain.raw.p != NULL;
}

/* Those that the socket's credentials do not have for the whole library. 0, or mbedTLS's number. */
static int configure(usocket_tls_t *t, mbedtls_ssl_config *conf, int verify) {
    struct tls_creds *c = t->creds;
    set_versions(conf, t);
    mbedtls_ssl_conf_rng(conf, usocket_backend_random, NULL);
    mbedtls_ssl_conf_authmode(conf, verify); /* 0, 1, 2 are MBEDTLS_SSL_VERIFY_NONE, _OPTIONAL, _REQUIRED */
    mbedtls_ssl_conf_verify(conf, usocket_backend_verify, t);
    if (verify != MBEDTLS_SSL_VERIFY_NONE) {
        struct trust *trust = has_ca(c) ? c->trust : t->conn->trust;
        if (trust != NULL) {
            mbedtls_ssl_conf_ca_chain(
                conf, &trust->chain, c->trust != NULL && c->trust->crl.raw.p != NULL ? &c->trust->crl : NULL);
        }
    }
    usocket_backend_conf_suites(c, conf);
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
    if (ret == 0 && t->server && t->datagram) {
        ret = prepare_cookies(c);
        mbedtls_ssl_conf_dtls_cookies(conf, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &c->cookies);
    }
    if (ret == 0 && t->server && c->cache) {
        ret = prepare_server(c);
        mbedtls_ssl_conf_session_tickets_cb(conf, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &c->tickets);
        mbedtls_ssl_conf_session_cache(conf, &c->sessions, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
#if NEWEST == USOCKET_TLS_1_3 && defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
        if (verify != MBEDTLS_SSL_VERIFY_NONE) {
            mbedtls_ssl_conf_session_tickets_cb(conf, usocket_backend_write_ticket, usocket_backend_parse_ticket, t);
        }
#endif
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

/* Credentials of which a part is missing, on either side. */
static int check_halves(usocket_tls_t *t) {
    const struct tls_creds *c = t->creds;
    for (const struct own *own = c->own; own != NULL; own = own->next) {
        if (!own->has_cert || !own->has_key) {
            return usocket_backend_fail_setup(t, MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED,
                own->has_cert ? "TLS_OWN_CERT without its TLS_OWN_KEY" : "TLS_OWN_KEY without its TLS_OWN_CERT");
        }
    }
    if ((c->psk != NULL) != (c->identity != NULL)) {
        return usocket_backend_fail_setup(t, MBEDTLS_ERR_SSL_BAD_CONFIG, "TLS_PSK and TLS_PSK_IDENTITY go together");
    }
    return 0;
}

int usocket_backend_check_server(usocket_tls_t *t) {
    uint8_t stage = t->stage;
    int r = check_halves(t);
    t->stage = stage; /* what is missing may be given, and listen called again */
    return r;
}

int usocket_backend_start(usocket_tls_t *t) {
    struct tls_creds *c = t->creds;
    int verify = c->verify >= 0 ? c->verify : t->server ? MBEDTLS_SSL_VERIFY_NONE : MBEDTLS_SSL_VERIFY_REQUIRED;
    bool psk = c->psk != NULL && c->identity != NULL;
    int r = check_halves(t);
    if (r < 0) {
        return r;
    }
    if (t->server && c->own == NULL && !psk) {
        return usocket_backend_fail_setup(
            t, MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED, "a server needs TLS_OWN_CERT and TLS_OWN_KEY, or TLS_PSK");
    }
#if !CUTS_MESSAGES
    for (const struct own *own = c->own; !t->server && !t->datagram && own != NULL; own = own->next) {
        if (usocket_backend_chain_len(&own->cert) > (size_t)c->max_fragment) {
            return usocket_backend_fail_setup(t, MBEDTLS_ERR_SSL_BAD_CONFIG,
                "TLS_OWN_CERT is longer than TLS_MAX_FRAGMENT, and this mbedTLS cannot cut it");
        }
    }
#endif
    int min;
    int max;
    allowed_versions(t, &min, &max);
    if (min > max) {
        return usocket_backend_fail_setup(t, MBEDTLS_ERR_SSL_BAD_CONFIG,
            t->datagram                           ? "DTLS is 1.2 alone, the other options ask for 1.3"
                : c->min_version > c->max_version ? "TLS_MIN_VERSION is above TLS_MAX_VERSION"
                : c->max_fragment < 16384 ? "TLS_MAX_FRAGMENT works in TLS 1.2 alone, the other options ask for 1.3"
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
    if (verify != MBEDTLS_SSL_VERIFY_NONE && has_ca(c)) {
        usocket_backend_trust_note(c->trust);
    } else if (verify != MBEDTLS_SSL_VERIFY_NONE) {
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
        t->datagram ? MBEDTLS_SSL_TRANSPORT_DATAGRAM : MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (ret == 0) {
        ret = configure(t, &conn->conf, verify);
    }
    if (ret == 0) {
        usocket_backend_small_buffer(t);
        ret = mbedtls_ssl_setup(&conn->ssl, &conn->conf);
        conn->ssl.PRIVATE(conf) = &conn->conf; /* where it has failed, mbedtls_ssl_free may still need it */
    }
    if (ret == 0) {
        usocket_backend_small_buffer(t);
        mbedtls_ssl_set_bio(&conn->ssl, t, transport_send, transport_recv, NULL);
        if (t->datagram) {
            mbedtls_ssl_set_timer_cb(&conn->ssl, t, set_timer, get_timer);
            mbedtls_ssl_set_mtu(&conn->ssl, DTLS_MTU);
        }
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

#endif
