/* TLS by mbedTLS: the options that are lists, cipher suites and protocols (ALPN); default suites.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <stdio.h>
#include <string.h>

/* ---- Texts -------------------------------------------------------------------------------------------------------- */

static bool is_separator(const char *separators, char c) {
    return c != '\0' && strchr(separators, c) != NULL;
}

/* The length of the next item, from *p on; 0: there are no more. */
static size_t next_list_item(const char **p, const char *end, const char *separators) {
    while (*p < end && is_separator(separators, **p)) {
        (*p)++;
    }
    const char *stop = *p;
    while (stop < end && !is_separator(separators, *stop)) {
        stop++;
    }
    return (size_t)(stop - *p);
}

static size_t count_items(const char *p, const char *end, const char *separators) {
    size_t items = 0;
    for (size_t n; (n = next_list_item(&p, end, separators)) != 0; p += n) {
        items++;
    }
    return items;
}

/* ---- Suites ------------------------------------------------------------------------------------------------------- */

static bool begins_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* By default a suite has an ephemeral key on a curve, and AES or ChaCha20-Poly1305 with a full
 * tag. */
static bool is_default(const char *name) {
    return (begins_with(name, "TLS1-3-") || begins_with(name, "TLS-ECDHE-")) &&
        (strstr(name, "-AES-") != NULL || strstr(name, "-CHACHA20-") != NULL) && strstr(name, "-CCM-8") == NULL;
}

/* In mbedTLS's order, but suites with CBC last; ended by 0. Made once for the process, under the
 * lock: the loop asks mbedTLS for constant tables only. */
static const int *default_suites(void) {
    static int defaults[32];
    lock_sockets();
    bool filled = defaults[0] != 0;
    size_t count = 0;
    for (int cbc = 0; !filled && cbc < 2; cbc++) {
        const int *id = mbedtls_ssl_list_ciphersuites();
        for (; *id != 0 && count < sizeof(defaults) / sizeof(defaults[0]) - 1; id++) {
            const char *name = mbedtls_ssl_get_ciphersuite_name(*id);
            if (is_default(name) && (strstr(name, "-CBC-") != NULL) == cbc) {
                defaults[count++] = *id;
            }
        }
    }
    unlock_sockets();
    return defaults;
}

void usocket_mbed_configure_suites(const struct tls_creds *c, mbedtls_ssl_config *conf) {
    mbedtls_ssl_conf_ciphersuites(conf, c->suites != NULL ? c->suites : default_suites());
#if NEWEST == USOCKET_TLS_1_3
    mbedtls_ssl_conf_tls13_key_exchange_modes(conf,
        c->suites != NULL && c->suites_plain_psk ? MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_ALL
                                                 : MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
#endif
}

/* True for IANA's name and for mbedTLS's: TLS_AES_128_GCM_SHA256 and
 * TLS1-3-AES-128-GCM-SHA256 are one. */
static bool same_suite(const char *name, const char *text, size_t len) {
    static const char prefix[] = "TLS1-3-";
    if (strncmp(name, prefix, 7) == 0 && len > 4 && strncmp(text, "TLS_", 4) == 0) {
        name += 7;
        text += 4;
        len -= 4;
    }
    if (strlen(name) != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if ((name[i] == '-' ? '_' : name[i]) != (text[i] == '-' ? '_' : text[i])) {
            return false;
        }
    }
    return true;
}

/* The list is set as a whole, or refused at its first unknown name. An empty one means the
 * default. */
int usocket_mbed_set_suites(usocket_engine_t *e, const char *text, size_t len) {
    static const char between[] = ",: ";
    struct tls_creds *c = e->creds;
    int *suites = usocket_mbed_alloc((count_items(text, text + len, between) + 1) * sizeof(int));
    if (suites == NULL) {
        return USOCKET_ENOMEM;
    }
    size_t count = 0;
    bool older = false;
    bool newer = false;
    bool plain_psk = false;
    const char *p = text;
    for (size_t n; (n = next_list_item(&p, text + len, between)) != 0; p += n) {
        const int *id = mbedtls_ssl_list_ciphersuites();
        while (*id != 0 && !same_suite(mbedtls_ssl_get_ciphersuite_name(*id), p, n)) {
            id++;
        }
        if (*id == 0) {
            usocket_port_free(suites);
            return usocket_mbed_option_error(e, "CIPHERSUITE_LIST", 0, "no suite %.*s", (int)(n < 60 ? n : 60), p);
        }
        suites[count++] = *id;
        const char *name = mbedtls_ssl_get_ciphersuite_name(*id);
        *(begins_with(name, "TLS1-3-") ? &newer : &older) = true;
        plain_psk = plain_psk || begins_with(name, "TLS-PSK-");
    }
    usocket_port_free(c->suites);
    c->suites = suites;
    c->suites_1_2 = older;
    c->suites_1_3 = newer;
    c->suites_plain_psk = plain_psk;
    if (count == 0) {
        usocket_port_free(suites);
        c->suites = NULL;
    }
    return 0;
}

/* ---- Protocols ---------------------------------------------------------------------------------------------------- */

/* One block of memory: the pointers, then the names. An empty list is none. */
int usocket_mbed_set_alpn(usocket_engine_t *e, const char *text, size_t len) {
    static const char between[] = ", ";
    struct tls_creds *c = e->creds;
    size_t items = count_items(text, text + len, between);
    char *block = usocket_mbed_alloc((items + 1) * sizeof(char *) + len + 1);
    if (block == NULL) {
        return USOCKET_ENOMEM;
    }
    const char **names = (const char **)(void *)block;
    char *out = block + (items + 1) * sizeof(char *);
    size_t count = 0;
    const char *p = text;
    for (size_t n; (n = next_list_item(&p, text + len, between)) != 0; p += n) {
        if (n > 255 || memchr(p, '\0', n) != NULL) {
            usocket_port_free(block);
            return usocket_mbed_option_error(
                e, "ALPN_LIST", 0, n > 255 ? "a name longer than 255 bytes" : "a name with a NUL");
        }
        memcpy(out, p, n);
        out[n] = '\0';
        names[count++] = out;
        out += n + 1;
    }
    usocket_port_free((void *)c->alpn);
    c->alpn = names;
    if (count == 0) {
        usocket_port_free(block);
        c->alpn = NULL;
    }
    return 0;
}

#endif
