/* TLS by mbedTLS: the authorities that are trusted. Parsing them takes longer than much of a handshake, so those with the same content
 * are shared; with USOCKET_TLS_KEEP_TRUST, the system's and those of TLS_CA_CERT that were used last stay after their last user.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <string.h>

static struct trust *known[2]; /* the last one of each kind; with USOCKET_TLS_KEEP_TRUST, a user of it */

void usocket_mbed_trust_drop(struct trust *trust) {
    if (trust == NULL) {
        return;
    }
    lock_sockets();
    bool last = --trust->refs == 0;
    if (last && known[trust->kind] == trust) {
        known[trust->kind] = NULL;
    }
    unlock_sockets();
    if (last) {
        mbedtls_x509_crt_free(&trust->chain);
        mbedtls_x509_crl_free(&trust->crl);
        usocket_port_free(trust);
    }
}

static struct trust *find(enum trust_kind kind, const uint8_t *id) {
    lock_sockets();
    struct trust *found = known[kind] != NULL && memcmp(known[kind]->id, id, DIGEST) == 0 ? known[kind] : NULL;
    if (found != NULL) {
        found->refs++;
    }
    unlock_sockets();
    return found;
}

void usocket_mbed_trust_note(struct trust *trust) {
    lock_sockets();
    struct trust *old = known[trust->kind];
    known[trust->kind] = trust;
#if USOCKET_TLS_KEEP_TRUST
    trust->refs++;
#else
    old = NULL;
#endif
    unlock_sockets();
    usocket_mbed_trust_drop(old);
}

void usocket_mbed_trust_forget(void) {
    for (size_t kind = 0; kind < 2; kind++) {
        lock_sockets();
        struct trust *old = known[kind];
        known[kind] = NULL;
        unlock_sockets();
#if USOCKET_TLS_KEEP_TRUST
        usocket_mbed_trust_drop(old);
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
int mbedtls_pk_load_file(
    const char *path, unsigned char **buf, size_t *n); /* 3.6 has it, and no header that tells of it */
#endif

/* ---- The system's ------------------------------------------------------------------------------------------------- */

struct trust *usocket_mbed_trust(void) {
#if defined(MBEDTLS_FS_IO)
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
    struct trust *trust = file.version != 0 ? find(TRUST_SYSTEM, id) : NULL;
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
        usocket_mbed_trust_drop(trust);
        return NULL;
    }
    if (file.version != 0) {
        usocket_mbed_trust_note(trust);
    }
    return trust;
#else
    return NULL;
#endif
}

/* ---- Those of TLS_CA_CERT ----------------------------------------------------------------------------------------- */

static int copy(struct trust *to, const struct trust *from) {
    int ret = 0;
    for (const mbedtls_x509_crt *crt = &from->chain; ret == 0 && crt != NULL && crt->raw.p != NULL; crt = crt->next) {
        ret = usocket_mbed_parse_cert(&to->chain, crt->raw.p, crt->raw.len);
    }
    for (const mbedtls_x509_crl *crl = &from->crl; ret == 0 && crl != NULL && crl->raw.p != NULL; crl = crl->next) {
        ret = mbedtls_x509_crl_parse_der(&to->crl, crl->raw.p, crl->raw.len);
    }
    return ret;
}

struct trust *usocket_mbed_trust_with(const struct trust *old, const void *value, size_t len, bool *whole) {
    uint8_t id[2 * DIGEST] = {0};
    if (old != NULL) {
        memcpy(id, old->id, DIGEST);
    }
    usocket_mbed_digest(id + DIGEST, value, len);
    usocket_mbed_digest(id, id, sizeof(id));
    struct trust *trust = NULL;
#if defined(MBEDTLS_THREADING_C) || !USOCKET_THREADS /* without, no two threads may verify with one RSA key */
    trust = find(TRUST_GIVEN, id);
#endif
    *whole = trust != NULL;
    if (trust == NULL) {
        trust = new_trust(TRUST_GIVEN, id);
        if (trust != NULL && old != NULL && copy(trust, old) != 0) { /* it has been parsed before */
            usocket_mbed_trust_drop(trust);
            trust = NULL;
        }
    }
    return trust;
}

#endif
