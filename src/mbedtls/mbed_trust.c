/* TLS by mbedTLS: the trusted authorities.
 *
 * Parsing them takes longer than much of a handshake, so connections with the same authorities
 * share them: the last ones of the system and the last ones of TLS_CA_CERT are remembered. With
 * USOCKET_TLS_KEEP_TRUST the memory holds a reference, and they outlive their last user.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <string.h>

static struct trust *remembered[2]; /* By kind; NULL: none. Under the lock. */

void usocket_mbed_trust_release(struct trust *trust) {
    if (trust == NULL) {
        return;
    }
    lock_sockets();
    bool last = --trust->refs == 0;
    if (last && remembered[trust->kind] == trust) {
        remembered[trust->kind] = NULL;
    }
    unlock_sockets();
    if (last) {
        mbedtls_x509_crt_free(&trust->chain);
        mbedtls_x509_crl_free(&trust->crl);
        usocket_port_free(trust);
    }
}

/* The remembered one, if it has this id, with a reference for the caller; else NULL. */
static struct trust *find_trust(enum trust_kind kind, const uint8_t *id) {
    lock_sockets();
    struct trust *found =
        remembered[kind] != NULL && memcmp(remembered[kind]->id, id, DIGEST) == 0 ? remembered[kind] : NULL;
    if (found != NULL) {
        found->refs++;
    }
    unlock_sockets();
    return found;
}

void usocket_mbed_trust_remember(struct trust *trust) {
    lock_sockets();
    struct trust *old = remembered[trust->kind];
    remembered[trust->kind] = trust;
#if USOCKET_TLS_KEEP_TRUST
    trust->refs++;
#else
    old = NULL;
#endif
    unlock_sockets();
    usocket_mbed_trust_release(old);
}

void usocket_mbed_trust_forget(void) {
    for (size_t kind = 0; kind < 2; kind++) {
        lock_sockets();
        struct trust *old = remembered[kind];
        remembered[kind] = NULL;
        unlock_sockets();
#if USOCKET_TLS_KEEP_TRUST
        usocket_mbed_trust_release(old);
#else
        (void)old;
#endif
    }
}

static struct trust *new_trust(enum trust_kind kind, const uint8_t *id) {
    struct trust *trust = usocket_mbed_alloc(sizeof(*trust));
    if (trust != NULL) {
        trust->refs = 1;
        trust->kind = kind;
        memcpy(trust->id, id, DIGEST);
        mbedtls_x509_crt_init(&trust->chain);
        mbedtls_x509_crl_init(&trust->crl);
    }
    return trust;
}

#if defined(MBEDTLS_FS_IO) && MBEDTLS_VERSION_NUMBER >= 0x03000000
/* 3.6 exports it, and no public header declares it. */
int mbedtls_pk_load_file(const char *path, unsigned char **buf, size_t *n);
#endif

/* ---- The system's ------------------------------------------------------------------------------------------------- */

struct trust *usocket_mbed_system_trust(void) {
#if defined(MBEDTLS_FS_IO)
    /* The id is the digest of path and version; a version of 0 means that the port cannot tell, and
     * the bundle is parsed anew. */
    struct {
        uint64_t version;
        char path[USOCKET_HOST_MAX];
    } file;
    memset(&file, 0, sizeof(file));
    const char *path = usocket_port_trust(&file.version);
    if (path == NULL || strlen(path) >= sizeof(file.path)) {
        return NULL;
    }
    strcpy(file.path, path);
    uint8_t id[DIGEST];
    usocket_mbed_digest(id, &file, sizeof(file));
    struct trust *trust = file.version != 0 ? find_trust(TRUST_SYSTEM, id) : NULL;
    if (trust != NULL) {
        return trust;
    }
    trust = new_trust(TRUST_SYSTEM, id);
    if (trust == NULL) {
        return NULL;
    }
    unsigned char *text;
    size_t len;
    struct unreadable left_out;
    if (mbedtls_pk_load_file(path, &text, &len) == 0) {
        usocket_mbed_parse_certs(text, len, &trust->chain, NULL, TOLERATE_ALL, &left_out);
        mbedtls_free(text);
    }
    if (trust->chain.raw.p == NULL) {
        usocket_mbed_trust_release(trust);
        return NULL;
    }
    if (file.version != 0) {
        usocket_mbed_trust_remember(trust);
    }
    return trust;
#else
    return NULL;
#endif
}

/* ---- Those of TLS_CA_CERT ----------------------------------------------------------------------------------------- */

/* Parse the certificates and lists of `from` again. 0, or mbedTLS's number. */
static int copy_certs(struct trust *to, const struct trust *from) {
    int ret = 0;
    for (const mbedtls_x509_crt *crt = &from->chain; ret == 0 && crt != NULL && crt->raw.p != NULL; crt = crt->next) {
        ret = usocket_mbed_parse_cert(&to->chain, crt->raw.p, crt->raw.len);
    }
    for (const mbedtls_x509_crl *crl = &from->crl; ret == 0 && crl != NULL && crl->raw.p != NULL; crl = crl->next) {
        ret = mbedtls_x509_crl_parse_der(&to->crl, crl->raw.p, crl->raw.len);
    }
    return ret;
}

struct trust *usocket_mbed_trust_add(const struct trust *old, const void *value, size_t len, bool *whole) {
    uint8_t id[2 * DIGEST] = {0};
    if (old != NULL) {
        memcpy(id, old->id, DIGEST);
    }
    usocket_mbed_digest(id + DIGEST, value, len);
    usocket_mbed_digest(id, id, sizeof(id));
    struct trust *trust = NULL;
#if defined(MBEDTLS_THREADING_C) || !USOCKET_THREADS /* Otherwise two threads must not verify with one RSA key. */
    trust = find_trust(TRUST_GIVEN, id);
#endif
    *whole = trust != NULL;
    if (trust == NULL) {
        trust = new_trust(TRUST_GIVEN, id);
        if (trust != NULL && old != NULL && copy_certs(trust, old) != 0) { /* Parsed before: only memory lacks. */
            usocket_mbed_trust_release(trust);
            trust = NULL;
        }
    }
    return trust;
}

#endif
