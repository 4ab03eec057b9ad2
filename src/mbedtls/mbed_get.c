/* TLS by mbedTLS: reading options, and the results of the handshake.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <stdio.h>
#include <string.h>

/* IANA's name of a cipher suite, as snprintf: mbedTLS has hyphens, and TLS1-3- in front of
 * those of TLS 1.3. */
static size_t suite_name(int id, char *buf, size_t room) {
    const char *name = mbedtls_ssl_get_ciphersuite_name(id);
    bool newer = strncmp(name, "TLS1-3-", 7) == 0;
    int n = snprintf(buf, room, "%s%s", newer ? "TLS_" : "", newer ? name + 7 : name);
    for (char *p = buf; room != 0 && *p != '\0'; p++) {
        *p = *p == '-' ? '_' : *p;
    }
    return n > 0 ? (size_t)n : 0;
}

/* Every give_... fills `value` as far as *len goes and sets *len to what it has filled; value NULL
 * asks for the whole length. Numbers and certificates are not cut: USOCKET_EINVAL without room. */
static int give_bytes(void *value, size_t *len, const void *data, size_t size) {
    if (value != NULL) {
        size = size < *len ? size : *len;
        if (size != 0) {
            memcpy(value, data, size);
        }
    }
    *len = size;
    return 0;
}

static int give_number(void *value, size_t *len, int n) {
    return value != NULL && *len < sizeof(n) ? USOCKET_EINVAL : give_bytes(value, len, &n, sizeof(n));
}

/* The certificates of a chain in a row, DER. */
static int give_certs(void *value, size_t *len, const mbedtls_x509_crt *crt) {
    size_t room = *len;
    size_t all = 0;
    for (; crt != NULL && crt->raw.p != NULL; crt = crt->next) {
        if (value != NULL && crt->raw.len <= room - all) {
            memcpy((uint8_t *)value + all, crt->raw.p, crt->raw.len);
        } else if (value != NULL) {
            return USOCKET_EINVAL;
        }
        all += crt->raw.len;
    }
    *len = all;
    return 0;
}

/* The names of TLS_ALPN_LIST or TLS_CIPHERSUITE_LIST, between commas. */
static int give_names(void *value, size_t *len, const struct tls_creds *c, bool alpn) {
    size_t all = 0;
    for (size_t i = 0; alpn ? c->alpn != NULL && c->alpn[i] != NULL : c->suites != NULL && c->suites[i] != 0; i++) {
        char name[260];
        size_t n = alpn ? (size_t)snprintf(name, sizeof(name), "%s", c->alpn[i])
                        : suite_name(c->suites[i], name, sizeof(name));
        if (all != 0) {
            if (value != NULL && all < *len) {
                ((char *)value)[all] = ',';
            }
            all++;
        }
        for (size_t k = 0; k < n; k++, all++) {
            if (value != NULL && all < *len) {
                ((char *)value)[all] = name[k];
            }
        }
    }
    *len = value != NULL && all > *len ? *len : all;
    return 0;
}

/* Results of the handshake. They can be read after a failure, too. */
static int get_used(usocket_engine_t *e, int name, void *value, size_t *len) {
    if (e->stage != TLS_OPEN && !(e->stage == TLS_FAILED && e->conn != NULL)) {
        return USOCKET_ENOTCONN;
    }
    const mbedtls_ssl_context *ssl = &e->conn->ssl;
    char text[64];
    switch (name) {
        case USOCKET_TLS_CIPHERSUITE_USED: {
            const char *suite = mbedtls_ssl_get_ciphersuite(ssl);
            int id = suite != NULL ? mbedtls_ssl_get_ciphersuite_id(suite) : 0;
            if (id == 0) {
                return USOCKET_ENOTCONN;
            }
            if (value != NULL && *len == sizeof(int)) {
                return give_number(value, len, id);
            }
            return give_bytes(value, len, text, suite_name(id, text, sizeof(text)));
        }
        case USOCKET_TLS_PENDING:
            return give_number(value, len, (int)usocket_engine_pending(e));
        case USOCKET_TLS_REST:
            return give_bytes(value, len, e->conn->early + e->conn->early_at, e->ended ? e->conn->early_len : 0);
        case USOCKET_TLS_VERSION_USED:
            if (ssl->PRIVATE(state) != MBEDTLS_SSL_HANDSHAKE_OVER) {
                return USOCKET_ENOTCONN;
            }
            return give_number(
                value, len, strcmp(mbedtls_ssl_get_version(ssl), "TLSv1.3") == 0 ? USOCKET_TLS_1_3 : USOCKET_TLS_1_2);
        case USOCKET_TLS_ALPN_USED: {
#if defined(MBEDTLS_SSL_ALPN)
            const char *protocol = mbedtls_ssl_get_alpn_protocol(ssl);
            return give_bytes(value, len, protocol, protocol != NULL ? strlen(protocol) : 0);
#else
            return USOCKET_ENOPROTOOPT;
#endif
        }
        default: {
#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
            size_t size;
            const uint8_t *cert = usocket_mbed_peer_cert(e->conn, &size);
            return value != NULL && *len < size ? USOCKET_EINVAL : give_bytes(value, len, cert, size);
#else
            return USOCKET_ENOPROTOOPT;
#endif
        }
    }
}

int usocket_engine_get(usocket_engine_t *e, int name, void *value, size_t *len) {
    const struct tls_creds *c = e->creds;
    switch (name) {
        case USOCKET_TLS_PEER_VERIFY:
            return give_number(value, len, c->verify >= 0 ? c->verify : e->server ? 0 : 2);
        case USOCKET_TLS_ROLE:
            return give_number(value, len, e->server);
        case USOCKET_TLS_CIPHERSUITE_LIST:
        case USOCKET_TLS_ALPN_LIST:
            return give_names(value, len, c, name == USOCKET_TLS_ALPN_LIST);
        case USOCKET_TLS_PSK_IDENTITY:
            return give_bytes(value, len, c->identity.bytes, c->identity.len);
        case USOCKET_TLS_CA_CERT:
            return give_certs(value, len, c->trust != NULL ? &c->trust->chain : NULL);
        case USOCKET_TLS_OWN_CERT:
            return give_certs(value, len, c->own != NULL ? &c->own->cert : NULL);
        case USOCKET_TLS_OWN_KEY:
        case USOCKET_TLS_PSK:
            return USOCKET_EACCES; /* Secrets cannot be read. */
        case USOCKET_TLS_CIPHERSUITE_USED:
        case USOCKET_TLS_VERSION_USED:
        case USOCKET_TLS_ALPN_USED:
        case USOCKET_TLS_PEER_CERT:
        case USOCKET_TLS_PENDING:
        case USOCKET_TLS_REST:
            return get_used(e, name, value, len);
        default:
            break;
    }
    const struct number_option *o = usocket_mbed_number_option(name);
    return o != NULL ? give_number(value, len, *usocket_mbed_number_member(e->creds, o)) : USOCKET_ENOPROTOOPT;
}

#endif
