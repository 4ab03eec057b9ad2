/* TLS by mbedTLS: the options, and the credentials that they make.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <stdio.h>
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
    c->refs++; /* the caller has the lock */
}

bool usocket_engine_creds_shared(const struct tls_creds *c) {
    lock_sockets();
    bool shared = c->refs > 1 || c->server_ready; /* tickets that were handed out outlive their connections */
    unlock_sockets();
    return shared;
}

static void free_psk(struct tls_creds *c) {
    usocket_mbed_free(c->psk, c->psk_len);
    c->psk = NULL;
    c->psk_len = 0;
}

void usocket_engine_creds_release(struct tls_creds *c) {
    lock_sockets();
    bool last = --c->refs == 0;
    unlock_sockets();
    if (!last) {
        return;
    }
    while (c->own != NULL) {
        struct own *own = c->own;
        c->own = own->next;
        mbedtls_x509_crt_free(&own->cert);
        mbedtls_pk_free(&own->key);
        usocket_mbed_free(own, sizeof(*own));
    }
    usocket_mbed_trust_drop(c->trust);
    usocket_port_free(c->suites);
    usocket_port_free((void *)c->alpn);
    free_psk(c);
    usocket_port_free(c->identity);
    if (c->server_ready) {
        mbedtls_ssl_ticket_free(&c->tickets);
        mbedtls_ssl_cache_free(&c->sessions);
    }
    if (c->cookies_ready) {
        mbedtls_ssl_cookie_free(&c->cookies);
    }
    usocket_mbed_free(c, sizeof(*c));
}

static void note_option(struct tls_creds *c, int name, const void *value, size_t len) {
    uint8_t all[2 * DIGEST + 1];
    memcpy(all, c->digest, DIGEST);
    usocket_mbed_digest(all + DIGEST, value, len);
    all[2 * DIGEST] = (uint8_t)name;
    usocket_mbed_digest(c->digest, all, sizeof(all));
}

/* With a NUL behind it, for PEM; to be freed with usocket_mbed_free(copy, len + 1). */
static uint8_t *terminated(const void *value, size_t len) {
    uint8_t *copy = usocket_port_alloc(len + 1);
    if (copy != NULL) {
        if (len != 0) {
            memcpy(copy, value, len);
        }
        copy[len] = '\0';
    }
    return copy;
}

static bool contains(const uint8_t *text, const char *part) {
    return strstr((const char *)text, part) != NULL;
}

/* Words for a value, with a NUL behind it, that is no certificate or no key. */
static const char *text_words(const uint8_t *text, size_t len, bool key, const char *otherwise) {
    bool secret = contains(text, "PRIVATE KEY-----");
    if (key && (contains(text, "ENCRYPTED"))) {
        return "no private key without its pass phrase: decrypt it first (openssl pkey)";
    }
    if (key && !secret && contains(text, "-----BEGIN CERTIFICATE")) {
        return "no private key, but a certificate";
    }
    if (!key && secret) {
        return "no certificate in it, but a private key";
    }
    size_t printable = 0;
    while (printable < len && text[printable] >= ' ' && text[printable] != 0x7f) {
        printable++;
    }
    if (printable != 0 && text[printable] == '\0' && printable + 1 >= len &&
        (contains(text, ".") || contains(text, "/"))) {
        return key ? "no private key, but a file's name, it seems: its contents are wanted"
                   : "no certificate in it, but a file's name, it seems: its contents are wanted";
    }
    return otherwise;
}

static int parse_certs(usocket_engine_t *e, const char *option, mbedtls_x509_crt *certs, mbedtls_x509_crl *lists,
    const uint8_t *text, size_t len) {
    struct unreadable why;
    int r = usocket_mbed_parse_certs(text, len, certs, lists, lists != NULL ? TOLERATE_KINDS : TOLERATE_NONE, &why);
    if (r != USOCKET_ETLS_OPTION) {
        return r;
    }
    char words[128];
    const char *reason = why.cut ? "is cut short" : usocket_mbed_unreadable(why.ret);
    int ret = reason == NULL ? why.ret : 0; /* mbedTLS's own words where we have none */
    reason = reason != NULL ? reason : "cannot be read";
    if (why.list) {
        snprintf(words, sizeof(words), "a revocation list %s", reason);
    } else if (why.number == 0) {
        snprintf(words, sizeof(words), "%s", text_words(text, len, false, "no certificate in it"));
    } else {
        snprintf(words, sizeof(words), "%scertificate %u %s", why.none ? "no certificate that can be read: " : "",
            why.number, reason);
    }
    return usocket_mbed_option_error(e, option, ret, words);
}

static int set_ca(usocket_engine_t *e, const uint8_t *text, size_t len) {
    struct tls_creds *c = e->creds;
    struct trust *trust = NULL;
    if (text != NULL) {
        bool whole;
        trust = usocket_mbed_trust_with(c->trust, text, len, &whole);
        if (trust == NULL) {
            return USOCKET_ENOMEM;
        }
        int r = whole ? 0 : parse_certs(e, "CA_CERT", &trust->chain, &trust->crl, text, len);
        if (r < 0) {
            usocket_mbed_trust_drop(trust);
            return r;
        }
    }
    usocket_mbed_trust_drop(c->trust);
    c->trust = trust;
    return 0;
}

/* Where the pair hangs that this part completes, or a new one. NULL: no memory. */
static struct own **pair_without(struct tls_creds *c, bool key) {
    struct own **end = &c->own;
    for (; *end != NULL; end = &(*end)->next) {
        if ((*end)->next == NULL && !(key ? (*end)->has_key : (*end)->has_cert)) {
            return end;
        }
    }
    struct own *own = usocket_mbed_alloc(sizeof(*own));
    if (own == NULL) {
        return NULL;
    }
    mbedtls_x509_crt_init(&own->cert);
    mbedtls_pk_init(&own->key);
    *end = own;
    return end;
}

/* TLS 1.3's is the longer message: a header of 4 bytes, a context of 1, a length of 3; with each certificate lengths of 5. */
size_t usocket_mbed_chain_len(const mbedtls_x509_crt *crt) {
    size_t len = 8;
    for (; crt != NULL; crt = crt->next) {
        len += crt->raw.len + 5;
    }
    return len;
}

/* It has to fit the buffer for sending. mbedTLS finds out in the handshake, and says that a peer is wrong. */
static int check_length(usocket_engine_t *e, const mbedtls_x509_crt *crt) {
    size_t len = usocket_mbed_chain_len(crt);
    if (len < MBEDTLS_SSL_OUT_CONTENT_LEN) {
        return 0;
    }
    char words[96];
    snprintf(words, sizeof(words), "the chain takes %u bytes, and this build sends less than %u", (unsigned)len,
        (unsigned)MBEDTLS_SSL_OUT_CONTENT_LEN);
    return usocket_mbed_option_error(e, "OWN_CERT", 0, words);
}

/* Whether key and certificate are a pair takes as long as a signature: the answer for the last pair stays. */
static uint8_t last_pair[DIGEST];

static int check_pair(struct own *own, const uint8_t *key, size_t len) {
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

static int set_own(usocket_engine_t *e, bool key, const uint8_t *text, size_t len) {
    const char *option = key ? "OWN_KEY" : "OWN_CERT";
    struct own **pair = pair_without(e->creds, key);
    if (pair == NULL) {
        return USOCKET_ENOMEM;
    }
    struct own *own = *pair;
    int r = 0;
    if (key) {
        bool one = usocket_mbed_one_key(text, &len);
        int ret =
            one ? mbedtls_pk_parse_key(&own->key, text, len, NULL, 0 RNG_ARGUMENTS) : MBEDTLS_ERR_PK_KEY_INVALID_FORMAT;
        if (ret != 0) {
            r = usocket_mbed_is_alloc_failure(ret)
                ? USOCKET_ENOMEM
                : usocket_mbed_option_error(e, option, ret,
                      text_words(text, len, true,
                          one ? "no private key" : "no private key, more than one, or something else with it"));
        }
    } else {
        r = parse_certs(e, option, &own->cert, NULL, text, len);
        r = r == 0 ? check_length(e, &own->cert) : r;
    }
    if (r == 0 && (key ? own->has_cert : own->has_key)) {
        int ret = check_pair(own, key ? text : NULL, len); /* with the certificate behind it, the key's text is gone */
        if (ret != 0) {
            r = usocket_mbed_is_alloc_failure(ret)
                ? USOCKET_ENOMEM
                : usocket_mbed_option_error(e, option, ret,
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
    if (!own->has_key && !own->has_cert) { /* its first part was refused */
        usocket_mbed_free(own, sizeof(*own));
        *pair = NULL;
    }
    return r;
}

static int set_psk(usocket_engine_t *e, bool identity, const void *value, size_t len) {
    struct tls_creds *c = e->creds;
    size_t most = identity ? 128 : MBEDTLS_PSK_MAX_LEN;
    if (len > most) {
        char words[32];
        snprintf(words, sizeof(words), "longer than %u bytes", (unsigned)most);
        return usocket_mbed_option_error(e, identity ? "PSK_IDENTITY" : "PSK", 0, words);
    }
    uint8_t *copy = len != 0 ? terminated(value, len) : NULL;
    if (len != 0 && copy == NULL) {
        return USOCKET_ENOMEM;
    }
    if (identity) {
        usocket_port_free(c->identity);
        c->identity = (char *)copy;
        c->identity_len = len;
    } else {
        free_psk(c);
        c->psk = copy;
        c->psk_len = len;
    }
    return 0;
}

static int set_number(usocket_engine_t *e, int name, int n) {
    struct tls_creds *c = e->creds;
    bool known = n == USOCKET_TLS_1_2 || n == USOCKET_TLS_1_3;
    switch (name) {
        case USOCKET_TLS_PEER_VERIFY:
            if (n < 0 || n > 2) {
                return usocket_mbed_option_error(e, "PEER_VERIFY", 0, "must be 0, 1 or 2");
            }
            c->verify = n;
            return 0;
        case USOCKET_TLS_SESSION_CACHE:
            if (n < 0 || n > 1) {
                return usocket_mbed_option_error(e, "SESSION_CACHE", 0, "must be 0 or 1");
            }
            c->cache = n != 0;
            return 0;
        case USOCKET_TLS_MIN_VERSION:
        case USOCKET_TLS_MAX_VERSION: {
            const char *option = name == USOCKET_TLS_MIN_VERSION ? "MIN_VERSION" : "MAX_VERSION";
            if (!known) {
                return usocket_mbed_option_error(e, option, 0, "must be 0x303 (TLS 1.2) or 0x304 (TLS 1.3)");
            }
            if (n > NEWEST) {
                return usocket_mbed_option_error(e, option, 0, "this build has no TLS 1.3");
            }
            *(name == USOCKET_TLS_MIN_VERSION ? &c->min_version : &c->max_version) = n;
            return 0;
        }
        default:
            if (n != 512 && n != 1024 && n != 2048 && n != 4096 && n != 16384) {
                return usocket_mbed_option_error(e, "MAX_FRAGMENT", 0, "must be 512, 1024, 2048, 4096 or 16384");
            }
            c->max_fragment = n;
            return 0;
    }
}

int usocket_engine_set_role(usocket_engine_t *e, const void *value, size_t len) {
    int n;
    if (len != sizeof(n)) {
        return USOCKET_EINVAL;
    }
    memcpy(&n, value, sizeof(n));
    if (n != 0 && (n != 1 || e->datagram)) {
        return usocket_mbed_option_error(
            e, "ROLE", 0, n == 1 ? "a server of datagrams listens" : "must be 0 (client) or 1 (server)");
    }
    e->server = n == 1;
    return 0;
}

int usocket_engine_set(usocket_engine_t *e, int name, const void *value, size_t len) {
    uint8_t *text;
    int r;
    int n;
    bool anew = value == NULL;
    value = anew ? "" : value;
    switch (name) {
        case USOCKET_TLS_PEER_VERIFY:
        case USOCKET_TLS_SESSION_CACHE:
        case USOCKET_TLS_MIN_VERSION:
        case USOCKET_TLS_MAX_VERSION:
        case USOCKET_TLS_MAX_FRAGMENT:
            if (len != sizeof(n)) {
                return USOCKET_EINVAL;
            }
            memcpy(&n, value, sizeof(n));
            r = set_number(e, name, n);
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
            text = anew ? NULL : terminated(value, len);
            if (text == NULL && !anew) {
                return USOCKET_ENOMEM;
            }
            r = name == USOCKET_TLS_CA_CERT ? set_ca(e, text, len) : set_own(e, name == USOCKET_TLS_OWN_KEY, text, len);
            usocket_mbed_free(text, len + 1);
            break;
        default:
            return USOCKET_ENOPROTOOPT;
    }
    if (r == 0) {
        note_option(e->creds, name, value, len);
    }
    return r;
}

#endif
