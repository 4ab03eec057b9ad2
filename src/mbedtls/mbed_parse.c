/* TLS by mbedTLS: certificates, revocation lists and keys as bytes, from options and from the
 * system's bundle: DER and PEM, any number in a row.
 *
 * All of a value counts, or it is refused. mbedTLS itself ignores damage behind the first item that
 * it can read, so a file that was cut short would pass as a shorter list of authorities.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <string.h>

enum item {
    ITEM_NONE,
    ITEM_DER,
    ITEM_CERT,
    ITEM_LIST,
    ITEM_KEY,
    ITEM_OTHER, /* PEM of any other kind */
    ITEM_CUT,   /* DER or PEM without its end */
    ITEM_STRAY, /* bytes that are neither an item nor a comment */
};

struct input {
    const uint8_t *p, *end;
    bool der; /* The last item was DER: no comment may follow. */
};

static const char pem_begin[] = "-----BEGIN ";
static const char pem_end[] = "-----END ";
#define PEM_BEGIN_LEN (sizeof(pem_begin) - 1)
#define PEM_END_LEN (sizeof(pem_end) - 1)

static bool is_space(uint8_t c) {
    return c == '\0' || c == ' ' || (c >= '\t' && c <= '\r');
}

/* The first occurrence of a text; NULL: there is none. p may be NULL. */
static const uint8_t *find_text(const uint8_t *p, const uint8_t *end, const char *text) {
    size_t len = strlen(text);
    while (p != NULL && (size_t)(end - p) >= len) {
        if (memcmp(p, text, len) == 0) {
            return p;
        }
        p = memchr(p + 1, text[0], (size_t)(end - p - 1));
    }
    return NULL;
}

/* The length of the DER sequence that begins at p; 0: it is cut, or is none. */
static size_t element_length(const uint8_t *p, const uint8_t *end) {
    unsigned char *q = (unsigned char *)p;
    size_t len;
    int ret = mbedtls_asn1_get_tag(&q, end, &len, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
    return ret == 0 ? (size_t)(q - p) + len : 0;
}

/* True if the bytes in front of an item, or behind the last one, are text. The rest of an item that
 * lost its beginning is not, and neither is the beginning of one that lost its rest. */
static bool is_comment(const uint8_t *p, const uint8_t *end, bool last) {
    if (find_text(p, end, pem_end) != NULL) {
        return false;
    }
    const uint8_t *line = p;
    for (; p < end; p++) {
        if (*p < ' ' && !is_space(*p)) {
            return false;
        }
        line = *p == '\n' || *p == '\0' ? p + 1 : line;
    }
    size_t tail = (size_t)(end - line); /* The last line, which may be the first bytes of "-----BEGIN ". */
    return !last || tail == 0 || tail >= PEM_BEGIN_LEN || memcmp(line, pem_begin, tail) != 0;
}

static bool ends_with(const uint8_t *label, size_t len, const char *text) {
    size_t n = strlen(text);
    return len >= n && memcmp(label + len - n, text, n) == 0;
}

/* OpenSSL's "TRUSTED CERTIFICATE" is a certificate of a kind that mbedTLS lacks. */
static enum item pem_kind(const uint8_t *label, size_t len) {
    return ends_with(label, len, "CERTIFICATE") ? ITEM_CERT
        : ends_with(label, len, "X509 CRL")     ? ITEM_LIST
        : ends_with(label, len, "PRIVATE KEY")  ? ITEM_KEY
                                                : ITEM_OTHER;
}

/* The next item: from *at on, *len bytes, unless it is ITEM_NONE, _CUT or _STRAY. */
static enum item next_encoded(struct input *in, const uint8_t **at, size_t *len) {
    while (in->p < in->end && is_space(*in->p)) {
        in->p++;
    }
    const uint8_t *p = in->p;
    if (p == in->end) {
        return ITEM_NONE;
    }
    *at = p;
    size_t left = (size_t)(in->end - p);
    if (p[0] == 0x30 &&
        (left == 1 || p[1] >= 0x80 || (left > 2 && p[2] == MBEDTLS_ASN1_INTEGER))) { /* DER: no text begins so. */
        *len = element_length(p, in->end);
        in->p += *len;
        in->der = true;
        return *len != 0 ? ITEM_DER : ITEM_CUT;
    }
    const uint8_t *begin = find_text(p, in->end, pem_begin);
    if (in->der ? begin != p : !is_comment(p, begin != NULL ? begin : in->end, begin == NULL)) {
        return ITEM_STRAY;
    }
    if (begin == NULL) {
        return ITEM_NONE;
    }
    in->der = false;
    const uint8_t *label = begin + PEM_BEGIN_LEN;
    const uint8_t *stop = find_text(label, in->end, pem_end);
    const uint8_t *label_end = find_text(label, in->end, "-----");
    stop = stop != NULL ? find_text(stop + PEM_END_LEN, in->end, "-----") : NULL;
    if (stop == NULL) {
        return ITEM_CUT;
    }
    *at = begin;
    in->p = stop + 5;
    *len = (size_t)(in->p - begin);
    return pem_kind(label, (size_t)(label_end - label));
}

#if USOCKET_TLS_CONSTRAINTS
/* mbedTLS's callback for an extension that it does not know: mbed_constraints.c checks
 * nameConstraints. */
static int accept_extension(void *context, const mbedtls_x509_crt *crt, const mbedtls_x509_buf *oid, int critical,
    const unsigned char *p, const unsigned char *end) {
    (void)context;
    (void)crt;
    (void)critical;
    (void)p;
    (void)end;
    return oid->len == 3 && memcmp(oid->p, MBEDTLS_OID_NAME_CONSTRAINTS, 3) == 0 ? 0
                                                                                 : MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE;
}
#endif

int usocket_mbed_parse_cert(mbedtls_x509_crt *certs, const uint8_t *p, size_t len) {
    if (element_length(p, p + len) != len) {
        return MBEDTLS_ERR_X509_INVALID_FORMAT;
    }
#if USOCKET_TLS_CONSTRAINTS
    return mbedtls_x509_crt_parse_der_with_ext_cb(certs, p, len, 1, accept_extension, NULL);
#else
    return mbedtls_x509_crt_parse_der(certs, p, len);
#endif
}

/* One certificate, or one revocation list unless `lists` is NULL. 0, or mbedTLS's number. */
static int parse_pem(mbedtls_x509_crt *certs, mbedtls_x509_crl *lists, const uint8_t *p) {
    int ret = MBEDTLS_ERR_X509_CERT_UNKNOWN_FORMAT;
#if defined(MBEDTLS_PEM_PARSE_C)
    const char *header = lists != NULL ? "-----BEGIN X509 CRL-----" : "-----BEGIN CERTIFICATE-----";
    const char *footer = lists != NULL ? "-----END X509 CRL-----" : "-----END CERTIFICATE-----";
    if (memcmp(p, header, strlen(header)) == 0) {
        mbedtls_pem_context pem;
        size_t used;
        mbedtls_pem_init(&pem);
        ret = mbedtls_pem_read_buffer(&pem, header, footer, p, NULL, 0, &used);
        if (ret == 0) {
            const uint8_t *der = pem.PRIVATE(buf);
            size_t len = pem.PRIVATE(buflen);
            ret =
                lists != NULL ? mbedtls_x509_crl_parse_der(lists, der, len) : usocket_mbed_parse_cert(certs, der, len);
        }
        mbedtls_pem_free(&pem);
    }
#else
    (void)certs;
    (void)lists;
    (void)p;
#endif
    return ret;
}

/* True if bytes are missing or changed; false if the certificate is of a kind that mbedTLS
 * lacks. */
static bool is_damage(int ret) {
    return ret == MBEDTLS_ERR_X509_INVALID_FORMAT || ret > -0x60 /* Base64 */ ||
        (ret > -0x1500 && ret <= -0x1080) /* PEM */;
}

const char *usocket_mbed_unreadable_words(int ret) {
    int part = -(-ret & ~0x7f); /* without the number of the part below, in the low bits */
    if (ret == MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE) {
        return "uses an extension this build does not know";
    }
    if (ret ==
        MBEDTLS_ERR_X509_INVALID_EXTENSIONS + MBEDTLS_ERR_ASN1_UNEXPECTED_TAG) { /* 2.28 has one number for both. */
        return "uses an extension this build does not know, or cannot read";
    }
    if (ret == MBEDTLS_ERR_PK_INVALID_PUBKEY) {
        return "has an RSA key with an exponent of more than 33 bits";
    }
    if (part == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG || part == MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE) {
        return "is signed with an algorithm that this build lacks, such as Ed25519";
    }
    if (part == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG || part == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE) {
        return "has a key of a kind that this build lacks, such as Ed25519";
    }
    return NULL;
}

int usocket_mbed_parse_certs(const uint8_t *text, size_t len, mbedtls_x509_crt *certs, mbedtls_x509_crl *lists,
    enum tolerance tolerance, struct unreadable *why) {
    struct input in = {text, text + len, false};
    unsigned count = 0;
    unsigned good = 0;
    const uint8_t *at = NULL;
    size_t n = 0;
    memset(why, 0, sizeof(*why));
    for (enum item item; (item = next_encoded(&in, &at, &n)) != ITEM_NONE;) {
        bool list = item == ITEM_LIST && lists != NULL;
        if (!list && (item == ITEM_KEY || item == ITEM_OTHER || item == ITEM_LIST)) {
            continue; /* A file may have a key beside its certificates. */
        }
        count += !list;
        int ret = MBEDTLS_ERR_X509_INVALID_FORMAT;
        bool cut = item == ITEM_CUT || item == ITEM_STRAY;
        if (!cut) {
            ret = item == ITEM_DER ? usocket_mbed_parse_cert(certs, at, n) : parse_pem(certs, list ? lists : NULL, at);
        }
        if (ret == 0) {
            good++;
            continue;
        }
        if (usocket_mbed_is_alloc_failure(ret)) {
            return USOCKET_ENOMEM;
        }
        bool refused = cut || list || tolerance == TOLERATE_NONE || (tolerance == TOLERATE_KINDS && is_damage(ret));
        if (refused || why->ret == 0) {
            *why = (struct unreadable){count, ret, item == ITEM_CUT, list, false};
        }
        if (refused) {
            why->none = good == 0;
            return USOCKET_ETLS_OPTION;
        }
    }
    why->none = good == 0;
    return good == 0 ? USOCKET_ETLS_OPTION : 0;
}

/* TLS 1.3's message is the longer one: a header of 4 bytes, a context of 1, a length of 3; with
 * each certificate, a length of 3 and one of extensions, 2. */
size_t usocket_mbed_cert_message_len(const mbedtls_x509_crt *crt) {
    size_t len = 8;
    for (; crt != NULL; crt = crt->next) {
        len += crt->raw.len + 5;
    }
    return len;
}

bool usocket_mbed_is_one_key(const uint8_t *text, size_t *len) {
    struct input in = {text, text + *len, false};
    const uint8_t *at = NULL;
    size_t n = 0;
    unsigned keys = 0;
    bool der = false;
    for (enum item item; (item = next_encoded(&in, &at, &n)) != ITEM_NONE;) {
        if (item == ITEM_CUT || item == ITEM_STRAY) {
            return false;
        }
        if (item == ITEM_DER) {
            der = true;
            *len = n;
        }
        keys += item == ITEM_DER || item == ITEM_KEY;
    }
    *len += !der; /* mbedTLS wants PEM with its NUL. */
    return keys == 1;
}

#endif
