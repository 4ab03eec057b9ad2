/* TLS by mbedTLS: the credentials, and the options that set them.
 *
 * An option is set wholly or not at all. After each, the digest of all options so far changes: it
 * keeps a session from being resumed under other options than those that it was verified with.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <stddef.h>
#include <string.h>

/* ---- Options ------------------------------------------------------------------------------------------------------ */

struct tls_creds *usocket_engine_creds_new(void) {
    struct tls_creds *c = usocket_mbed_alloc(sizeof(*c));
    if (c != NULL) {
        c->refs = 1;
        c->verify = -1;
        c->min_version = USOCKET_TLS_1_2;
        c->max_version = NEWEST;
        c->max_fragment = 16384;
    }
    return c;
}

void usocket_engine_creds_hold(struct tls_creds *c) {
    c->refs++;
}

bool usocket_engine_creds_shared(const struct tls_creds *c) {
    lock_sockets();
    bool shared = c->refs > 1 || c->resumption_ready; /* A ticket outlives its connection. */
    unlock_sockets();
    return shared;
}

void usocket_engine_creds_release(struct tls_creds *c) {
    lock_sockets();
    bool last = --c->refs == 0;
    unlock_sockets();
    if (!last) {
        return;
    }
    while (c->own != NULL) {
        struct own_pair *own = c->own;
        c->own = own->next;
        mbedtls_x509_crt_free(&own->cert);
        mbedtls_pk_free(&own->key);
        usocket_mbed_free(own, sizeof(*own));
    }
    usocket_mbed_trust_release(c->trust);
    usocket_mbed_trust_release(c->system);
    usocket_port_free(c->suites);
    usocket_port_free((void *)c->alpn);
    usocket_mbed_free(c->psk.bytes, c->psk.len);
    usocket_mbed_free(c->identity.bytes, c->identity.len);
    if (c->resumption_ready) {
        mbedtls_ssl_ticket_free(&c->tickets);
        mbedtls_ssl_cache_free(&c->sessions);
    }
    if (c->cookies_ready) {
        mbedtls_ssl_cookie_free(&c->cookies);
    }
    usocket_mbed_free(c, sizeof(*c));
}

/* Each option changes the digest; so does its being set again. */
static void digest_option(struct tls_creds *c, int name, const void *value, size_t len) {
    uint8_t all[2 * DIGEST + 1];
    memcpy(all, c->digest, DIGEST);
    usocket_mbed_digest(all + DIGEST, value, len);
    all[2 * DIGEST] = (uint8_t)name;
    usocket_mbed_digest(c->digest, all, sizeof(all));
}

/* A copy with a NUL behind it, as mbedTLS wants for PEM. The caller frees len + 1 bytes, wiped. */
static uint8_t *copy_terminated(const void *value, size_t len) {
    uint8_t *copy = usocket_port_alloc(len + 1);
    if (copy != NULL) {
        if (len != 0) {
            memcpy(copy, value, len);
        }
        copy[len] = '\0';
    }
    return copy;
}

static bool contains_text(const uint8_t *text, const char *part) {
    return strstr((const char *)text, part) != NULL;
}

/* Words for a value, with a NUL behind it, that is no certificate or no key: the usual mistakes. */
static const char *wrong_value_words(const uint8_t *text, size_t len, bool key, const char *otherwise) {
    bool secret = contains_text(text, "PRIVATE KEY-----");
    if (key && (contains_text(text, "ENCRYPTED"))) {
        return "the private key is encrypted: decrypt it first (openssl pkey)";
    }
    if (key && !secret && contains_text(text, "-----BEGIN CERTIFICATE")) {
        return "no private key, but a certificate";
    }
    if (!key && secret) {
        return "no certificate in it, but a private key";
    }
    /* One line of printable characters with a dot or a slash in it looks like a path. */
    size_t printable = 0;
    while (printable < len && text[printable] >= ' ' && text[printable] != 0x7f) {
        printable++;
    }
    if (printable != 0 && text[printable] == '\0' && printable + 1 >= len &&
        (contains_text(text, ".") || contains_text(text, "/"))) {
        return key ? "no private key, but apparently a file's name: its contents are wanted"
                   : "no certificate in it, but apparently a file's name: its contents are wanted";
    }
    return otherwise;
}

/* All certificates of an option's value. 0, USOCKET_ENOMEM, or USOCKET_ETLS_OPTION with words. */
static int parse_certs(usocket_engine_t *e, const char *option, mbedtls_x509_crt *certs, mbedtls_x509_crl *lists,
    const uint8_t *text, size_t len) {
    struct unreadable why;
    int r = usocket_mbed_parse_certs(text, len, certs, lists, lists != NULL ? TOLERATE_KINDS : TOLERATE_NONE, &why);
    if (r != USOCKET_ETLS_OPTION) {
        return r;
    }
    const char *reason = why.cut ? "is cut short" : usocket_mbed_unreadable_words(why.ret);
    int ret = reason == NULL ? why.ret : 0; /* mbedTLS's own words, where there are no better ones. */
    reason = reason != NULL ? reason : "cannot be read";
    if (why.list) {
        return usocket_mbed_option_error(e, option, ret, "a revocation list %s", reason);
    }
    if (why.number == 0) {
        return usocket_mbed_option_error(
            e, option, ret, "%s", wrong_value_words(text, len, false, "no certificate in it"));
    }
    return usocket_mbed_option_error(
        e, option, ret, "%scertificate %u %s", why.none ? "no certificate that can be read: " : "", why.number, reason);
}

/* text NULL: begin anew. Otherwise the authorities are a new set, with the former ones in it: other
 * sessions may be using those. */
static int set_ca(usocket_engine_t *e, const uint8_t *text, size_t len) {
    struct tls_creds *c = e->creds;
    struct trust *trust = NULL;
    if (text != NULL) {
        bool whole;
        trust = usocket_mbed_trust_add(c->trust, text, len, &whole);
        if (trust == NULL) {
            return USOCKET_ENOMEM;
        }
        int r = whole ? 0 : parse_certs(e, "CA_CERT", &trust->chain, &trust->crl, text, len);
        if (r < 0) {
            usocket_mbed_trust_release(trust);
            return r;
        }
    }
    usocket_mbed_trust_release(c->trust);
    c->trust = trust;
    return 0;
}

/* The link to the last pair, if it lacks this part; else to a new pair. NULL: no memory. */
static struct own_pair **incomplete_pair(struct tls_creds *c, bool key) {
    struct own_pair **end = &c->own;
    for (; *end != NULL; end = &(*end)->next) {
        if ((*end)->next == NULL && !(key ? (*end)->has_key : (*end)->has_cert)) {
            return end;
        }
    }
    struct own_pair *own = usocket_mbed_alloc(sizeof(*own));
    if (own == NULL) {
        return NULL;
    }
    mbedtls_x509_crt_init(&own->cert);
    mbedtls_pk_init(&own->key);
    *end = own;
    return end;
}

/* The chain has to fit the buffer for sending. mbedTLS would find that out in the handshake, and
 * blame the peer. */
static int check_message_len(usocket_engine_t *e, const mbedtls_x509_crt *crt) {
    size_t len = usocket_mbed_cert_message_len(crt);
    if (len < MBEDTLS_SSL_OUT_CONTENT_LEN) {
        return 0;
    }
    return usocket_mbed_option_error(e, "OWN_CERT", 0, "the chain takes %u bytes, and this build sends less than %u",
        (unsigned)len, (unsigned)MBEDTLS_SSL_OUT_CONTENT_LEN);
}

/* The digest of the last certificate and key that fitted, under the lock: to find out takes as long
 * as a signature. */
static uint8_t last_pair[DIGEST];

/* 0 for a pair; else mbedTLS's number. key: the bytes of the key, by which the pair is known again;
 * NULL: they are not there. */
static int check_pair(struct own_pair *own, const uint8_t *key, size_t len) {
    if (key == NULL) {
        return mbedtls_pk_check_pair(&own->cert.pk, &own->key RNG_ARGUMENTS);
    }
    uint8_t id[2 * DIGEST];
    usocket_mbed_digest(id, own->cert.raw.p, own->cert.raw.len);
    usocket_mbed_digest(id + DIGEST, key, len);
    usocket_mbed_digest(id, id, sizeof(id));
    lock_sockets();
    bool known = memcmp(id, last_pair, DIGEST) == 0;
    unlock_sockets();
    int ret = known ? 0 : mbedtls_pk_check_pair(&own->cert.pk, &own->key RNG_ARGUMENTS);
    if (ret == 0) {
        lock_sockets();
        memcpy(last_pair, id, DIGEST);
        unlock_sockets();
    }
    return ret;
}

/* *len becomes the length that counts. 0, USOCKET_ENOMEM, or USOCKET_ETLS_OPTION with words. */
static int parse_key(usocket_engine_t *e, mbedtls_pk_context *key, const uint8_t *text, size_t *len) {
    bool one = usocket_mbed_is_one_key(text, len);
    int ret = one ? mbedtls_pk_parse_key(key, text, *len, NULL, 0 RNG_ARGUMENTS) : MBEDTLS_ERR_PK_KEY_INVALID_FORMAT;
    if (ret == 0 || usocket_mbed_is_alloc_failure(ret)) {
        return ret == 0 ? 0 : USOCKET_ENOMEM;
    }
    const char *otherwise = one ? "no private key" : "no private key, more than one, or something else with it";
    return usocket_mbed_option_error(e, "OWN_KEY", ret, "%s", wrong_value_words(text, *len, true, otherwise));
}

/* TLS_OWN_CERT or TLS_OWN_KEY. A part that is refused leaves the pair as it was. */
static int set_own_part(usocket_engine_t *e, bool key, const uint8_t *text, size_t len) {
    struct own_pair **pair = incomplete_pair(e->creds, key);
    if (pair == NULL) {
        return USOCKET_ENOMEM;
    }
    struct own_pair *own = *pair;
    int r = key ? parse_key(e, &own->key, text, &len) : parse_certs(e, "OWN_CERT", &own->cert, NULL, text, len);
    if (r == 0 && !key) {
        r = check_message_len(e, &own->cert);
    }
    if (r == 0 && (key ? own->has_cert : own->has_key)) {
        int ret = check_pair(own, key ? text : NULL, len); /* Of a key that was set first, the bytes are wiped. */
        if (ret != 0) {
            r = usocket_mbed_is_alloc_failure(ret)
                ? USOCKET_ENOMEM
                : usocket_mbed_option_error(e, key ? "OWN_KEY" : "OWN_CERT", ret,
                      ret == MBEDTLS_ERR_SSL_NO_RNG ? "the system gives no randomness"
                                                    : "the key is not that of the certificate");
        }
    }
    if (r == 0) {
        *(key ? &own->has_key : &own->has_cert) = true;
    } else if (key) {
        mbedtls_pk_free(&own->key);
        mbedtls_pk_init(&own->key);
    } else {
        mbedtls_x509_crt_free(&own->cert);
        mbedtls_x509_crt_init(&own->cert);
    }
    if (!own->has_key && !own->has_cert) { /* The first part of a new pair was refused. */
        usocket_mbed_free(own, sizeof(*own));
        *pair = NULL;
    }
    return r;
}

/* TLS_PSK or TLS_PSK_IDENTITY; an empty value removes it. */
static int set_psk(usocket_engine_t *e, bool identity, const void *value, size_t len) {
    struct psk_part *part = identity ? &e->creds->identity : &e->creds->psk;
    size_t most = identity ? 128 : MBEDTLS_PSK_MAX_LEN;
    if (len > most) {
        return usocket_mbed_option_error(
            e, identity ? "PSK_IDENTITY" : "PSK", 0, "longer than %u bytes", (unsigned)most);
    }
    uint8_t *copy = len != 0 ? copy_terminated(value, len) : NULL;
    if (len != 0 && copy == NULL) {
        return USOCKET_ENOMEM;
    }
    usocket_mbed_free(part->bytes, part->len);
    part->bytes = copy;
    part->len = len;
    return 0;
}

static const char versions[] = "0x303 (TLS 1.2) or 0x304 (TLS 1.3)";

const struct number_option *usocket_mbed_number_option(int name) {
#define MEMBER(name) (uint8_t) offsetof(struct tls_creds, name)
    static const struct number_option rows[] = {
        {USOCKET_TLS_PEER_VERIFY, MEMBER(verify), 0, 2, "PEER_VERIFY", "0, 1 or 2"},
        {USOCKET_TLS_SESSION_CACHE, MEMBER(cache), 0, 1, "SESSION_CACHE", "0 or 1"},
        {USOCKET_TLS_MIN_VERSION, MEMBER(min_version), USOCKET_TLS_1_2, USOCKET_TLS_1_3, "MIN_VERSION", versions},
        {USOCKET_TLS_MAX_VERSION, MEMBER(max_version), USOCKET_TLS_1_2, USOCKET_TLS_1_3, "MAX_VERSION", versions},
        {USOCKET_TLS_MAX_FRAGMENT, MEMBER(max_fragment), 512, 16384, "MAX_FRAGMENT", "512, 1024, 2048, 4096 or 16384"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].name == name) {
            return &rows[i];
        }
    }
    return NULL;
}

static int set_number(usocket_engine_t *e, const struct number_option *o, const void *value, size_t len) {
    int n;
    if (len != sizeof(n)) {
        return USOCKET_EINVAL;
    }
    memcpy(&n, value, sizeof(n));
    bool is_fragment = o->name == USOCKET_TLS_MAX_FRAGMENT; /* A power of 2, but not RFC 6066's gap. */
    if (n < o->least || n > o->most || (is_fragment && ((n & (n - 1)) != 0 || n == 8192))) {
        return usocket_mbed_option_error(e, o->option, 0, "must be %s", o->values);
    }
    if (o->values == versions && n > NEWEST) {
        return usocket_mbed_option_error(e, o->option, 0, "this build has no TLS 1.3");
    }
    *usocket_mbed_number_member(e->creds, o) = (int16_t)n;
    return 0;
}

int usocket_engine_set_role(usocket_engine_t *e, const void *value, size_t len) {
    int n;
    if (len != sizeof(n)) {
        return USOCKET_EINVAL;
    }
    memcpy(&n, value, sizeof(n));
    if (n != 0 && (n != 1 || e->datagram)) {
        return usocket_mbed_option_error(
            e, "ROLE", 0, n == 1 ? "a server of datagrams has to listen" : "must be 0 (client) or 1 (server)");
    }
    e->server = n == 1;
    return 0;
}

int usocket_engine_set(usocket_engine_t *e, int name, const void *value, size_t len) {
    uint8_t *text;
    int r;
    const struct number_option *number = usocket_mbed_number_option(name);
    bool anew = value == NULL;
    value = anew ? "" : value;
    switch (number != NULL ? 0 : name) {
        case 0:
            r = set_number(e, number, value, len);
            break;
        case USOCKET_TLS_CIPHERSUITE_LIST:
            r = usocket_mbed_set_suites(e, value, len);
            break;
        case USOCKET_TLS_ALPN_LIST:
            r = usocket_mbed_set_alpn(e, value, len);
            break;
        case USOCKET_TLS_PSK:
        case USOCKET_TLS_PSK_IDENTITY:
            r = set_psk(e, name == USOCKET_TLS_PSK_IDENTITY, value, len);
            break;
        case USOCKET_TLS_CA_CERT:
        case USOCKET_TLS_OWN_CERT:
        case USOCKET_TLS_OWN_KEY:
            anew = anew && name == USOCKET_TLS_CA_CERT;
            text = anew ? NULL : copy_terminated(value, len);
            if (text == NULL && !anew) {
                return USOCKET_ENOMEM;
            }
            r = name == USOCKET_TLS_CA_CERT ? set_ca(e, text, len)
                                            : set_own_part(e, name == USOCKET_TLS_OWN_KEY, text, len);
            usocket_mbed_free(text, len + 1);
            break;
        default:
            return USOCKET_ENOPROTOOPT;
    }
    if (r == 0) {
        digest_option(e->creds, name, value, len);
    }
    return r;
}

#endif
