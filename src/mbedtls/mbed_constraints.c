/* TLS by mbedTLS: limits of authorities that mbedTLS does not check. RFC 5280: extendedKeyUsage
 * above the peer's certificate (4.2.1.12, as browsers and OpenSSL apply it), nameConstraints
 * (4.2.1.10), and authorities without a revocation list where others have one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS && USOCKET_TLS_CONSTRAINTS

#include "mbed.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <string.h>

#define CONTEXT (MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED)
#define SEQUENCE (MBEDTLS_ASN1_SEQUENCE | MBEDTLS_ASN1_CONSTRUCTED)

/* ---- extendedKeyUsage --------------------------------------------------------------------------------------------- */

void usocket_mbed_check_purpose(usocket_engine_t *e, const mbedtls_x509_crt *ca, uint32_t *flags) {
#if defined(MBEDTLS_X509_CHECK_EXTENDED_KEY_USAGE) || MBEDTLS_VERSION_NUMBER >= 0x03000000
    const char *purpose = e->server ? MBEDTLS_OID_CLIENT_AUTH : MBEDTLS_OID_SERVER_AUTH;
    if (mbedtls_x509_crt_check_extended_key_usage(ca, purpose, sizeof(MBEDTLS_OID_CLIENT_AUTH) - 1) != 0) {
        *flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
        usocket_mbed_explain_with_name(e, RANK_USE, "an authority for other uses (extendedKeyUsage):", &ca->subject);
    }
#else
    (void)e;
    (void)ca;
    (void)flags;
#endif
}

/* ---- Revocation lists --------------------------------------------------------------------------------------------- */

void usocket_mbed_check_crl(
    usocket_engine_t *e, const mbedtls_x509_crl *list, const mbedtls_x509_crt *ca, uint32_t *flags) {
    const uint32_t dates = MBEDTLS_X509_BADCRL_EXPIRED | MBEDTLS_X509_BADCRL_FUTURE;
    uint32_t found = MBEDTLS_X509_BADCRL_NOT_TRUSTED; /* no list of this authority's */
    int64_t now = usocket_port_wall_time();
    for (; list != NULL && found != 0; list = list->next) {
        if (usocket_mbed_same_name(&list->issuer, &ca->subject)) {
            found = now < usocket_mbed_unix_time(&list->this_update) ? MBEDTLS_X509_BADCRL_FUTURE
                : now > usocket_mbed_unix_time(&list->next_update)   ? MBEDTLS_X509_BADCRL_EXPIRED
                                                                     : 0;
        }
    }
    *flags = (*flags & ~dates) | found; /* One current list is enough. */
    if (found == MBEDTLS_X509_BADCRL_NOT_TRUSTED) {
        usocket_mbed_explain_with_name(e, RANK_USE, "no revocation list of", &ca->subject);
    }
}

/* ---- nameConstraints ---------------------------------------------------------------------------------------------- */

/* Findings: no subtree of the name's kind; one, and the name is not in it; the name is in one; an
 * extension that cannot be read or has a kind of name that is not compared. */
enum { UNTOUCHED = 0, LISTED = 1, WITHIN = 2, MALFORMED = 4 };

/* The contents of the next DER element, and *p behind it; NULL: it has another tag, or is cut. */
static const uint8_t *read_element(const uint8_t **p, const uint8_t *end, int tag, size_t *len) {
    unsigned char *q = (unsigned char *)*p;
    if (mbedtls_asn1_get_tag(&q, end, len, tag) != 0) {
        return NULL;
    }
    *p = q + *len;
    return q;
}

static size_t without_dot(const uint8_t *p, size_t len) {
    return len != 0 && p[len - 1] == '.' ? len - 1 : len;
}

/* True if the name is `base` or below it; if `base` begins with a dot, below it only. */
static bool in_tree(const uint8_t *name, size_t len, const uint8_t *base, size_t base_len) {
    if (base_len == 0) {
        return true;
    }
    if (len < base_len || !usocket_mbed_same_text(name + len - base_len, base, base_len)) {
        return false;
    }
    return len == base_len ? base[0] != '.' : base[0] == '.' || name[len - base_len - 1] == '.';
}

static int compare_host(const mbedtls_x509_buf *name, const uint8_t *base, size_t base_len, int excluded) {
    base_len = without_dot(base, base_len);
    if (memchr(base, '*', base_len) != NULL) {
        return MALFORMED;
    }
    size_t len = without_dot(name->p, name->len);
    if (in_tree(name->p, len, base, base_len)) {
        return WITHIN;
    }
    /* A wildcard also covers the label that is excluded: "*.b.c" is within "a.b.c". */
    const uint8_t *rest = memchr(base, '.', base_len);
    return excluded && len > 2 && name->p[0] == '*' && rest != NULL && base + base_len - rest == (ptrdiff_t)len - 1 &&
            usocket_mbed_same_text(name->p + 1, rest, len - 1)
        ? WITHIN
        : LISTED;
}

/* base: an address and a mask of the same length. The mask is malformed unless
 * all of its ones are in front. */
static int compare_address(const mbedtls_x509_buf *name, const uint8_t *base, size_t base_len) {
    if (base_len != 8 && base_len != 32) {
        return MALFORMED;
    }
    size_t half = base_len / 2;
    bool within = name->len == half;
    bool ended = false; /* The mask's ones have ended. */
    for (size_t bit = 0; bit < base_len * 4; bit++) {
        uint8_t mask = (uint8_t)(0x80 >> (bit & 7));
        if ((base[half + bit / 8] & mask) == 0) {
            ended = true;
        } else if (ended) {
            return MALFORMED;
        } else if (within && ((base[bit / 8] ^ name->p[bit / 8]) & mask) != 0) {
            within = false;
        }
    }
    return within ? WITHIN : LISTED;
}

/* STRICT: a subtree of a kind that is not compared counts as malformed. A server that verifies its
 * clients knows them by their subjects and mail addresses, which are not compared here. */
enum { STRICT = 1, EXCLUDED = 2 };

/* All findings of a list of subtrees for a name, together. The whole list is read. */
static int compare_subtrees(const mbedtls_x509_buf *name, const uint8_t *p, size_t list_len, int how) {
    int found = UNTOUCHED;
    if (p == NULL) {
        return found;
    }
    const uint8_t *end = p + list_len;
    while (p < end) {
        size_t len;
        const uint8_t *tree = read_element(&p, end, SEQUENCE, &len);
        const uint8_t *tree_end = p;
        if (tree == NULL) {
            return MALFORMED;
        }
        int tag = tree[0]; /* If the tree is empty, the next byte: read_element refuses it. */
        const uint8_t *base = read_element(&tree, tree_end, tag, &len);
        size_t rest = (size_t)(tree_end - tree); /* RFC 5280 allows a minimum of 0, and no maximum. */
        if (base == NULL || (rest != 0 && (rest != 3 || memcmp(tree, "\x80\x01", 3) != 0))) {
            return MALFORMED;
        }
        if (tag == name->tag) {
            found |=
                tag == ALT_NAME_DNS ? compare_host(name, base, len, how & EXCLUDED) : compare_address(name, base, len);
        } else if ((how & STRICT) && (tag ^ name->tag) != (ALT_NAME_DNS ^ ALT_NAME_IP)) { /* Of a third kind. */
            return MALFORMED;
        }
    }
    return found;
}

/* Check the certificate's names against one extension nameConstraints. UNTOUCHED: all are
 * permitted; MALFORMED; WITHIN: *which is one that is not permitted. */
static int check_extension(
    const uint8_t *p, size_t len, const mbedtls_x509_crt *leaf, int how, const mbedtls_x509_buf **which) {
    const uint8_t *end = p + len;
    const uint8_t *lists = read_element(&p, end, SEQUENCE, &len);
    if (lists == NULL || p != end) {
        return MALFORMED;
    }
    size_t permitted_len = 0;
    size_t excluded_len = 0;
    const uint8_t *permitted = read_element(&lists, end, CONTEXT | 0, &permitted_len);
    const uint8_t *excluded = read_element(&lists, end, CONTEXT | 1, &excluded_len);
    if (lists != end || len == 0) {
        return MALFORMED;
    }
    for (int tag = ALT_NAME_DNS; tag <= ALT_NAME_IP; tag += ALT_NAME_IP - ALT_NAME_DNS) {
        const mbedtls_x509_buf none = {tag, 0, NULL}; /* A certificate without names still reads both lists. */
        const mbedtls_x509_buf *name = &none;
        for (size_t n = 0; name != NULL; n++) {
            int allowed = compare_subtrees(name, permitted, permitted_len, how);
            int forbidden = compare_subtrees(name, excluded, excluded_len, how | EXCLUDED);
            if (((allowed | forbidden) & MALFORMED) != 0) {
                return MALFORMED;
            }
            if (n != 0 && ((forbidden & WITHIN) != 0 || allowed == LISTED)) {
                *which = name;
                return WITHIN;
            }
            name = usocket_mbed_alt_name(leaf, tag, n);
        }
    }
    return UNTOUCHED;
}

void usocket_mbed_check_constraints(
    usocket_engine_t *e, const mbedtls_x509_crt *ca, const mbedtls_x509_crt *leaf, uint32_t *flags) {
    const uint8_t *outer = ca->v3_ext.p; /* mbedTLS has checked the structure of all extensions. */
    size_t n;
    const uint8_t *p = outer != NULL ? read_element(&outer, outer + ca->v3_ext.len, SEQUENCE, &n) : NULL;
    const uint8_t *end = outer;
    const uint8_t *extension;
    while (p != NULL && (extension = read_element(&p, end, SEQUENCE, &n)) != NULL) {
        const uint8_t *oid = read_element(&extension, p, MBEDTLS_ASN1_OID, &n);
        if (oid == NULL || n != 3 || memcmp(oid, MBEDTLS_OID_NAME_CONSTRAINTS, 3) != 0) {
            continue;
        }
        read_element(&extension, p, MBEDTLS_ASN1_BOOLEAN, &n);
        const uint8_t *value = read_element(&extension, p, MBEDTLS_ASN1_OCTET_STRING, &n);
        const mbedtls_x509_buf *which = NULL;
        int found = value != NULL ? check_extension(value, n, leaf, e->server * STRICT, &which) : MALFORMED;
        if (found == UNTOUCHED) {
            continue;
        }
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
        if (found == WITHIN) {
            usocket_mbed_explain_not_permitted(e, which, &ca->subject);
        } else {
            usocket_mbed_explain_with_name(e, RANK_USE, "unreadable nameConstraints of", &ca->subject);
        }
    }
}

#endif
