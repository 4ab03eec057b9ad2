/* TLS by mbedTLS: names in certificates, compared with a host, and written for people.
 *
 * A host is compared with the subjectAltNames alone. A commonName has not counted since RFC 6125;
 * mbedTLS accepts it, so its own comparison is not used.
 *
 * A name in a certificate is not trusted, and may end up in a terminal or a log: control characters
 * and bytes that are no UTF-8 are escaped, and a text that is too long ends with "...".
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <mbedtls/oid.h>
#include <stdio.h>
#include <string.h>

/* ---- Comparison --------------------------------------------------------------------------------------------------- */

static uint8_t to_lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

bool usocket_mbed_same_text(const uint8_t *a, const uint8_t *b, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (to_lower(a[i]) != to_lower(b[i])) {
            return false;
        }
    }
    return true;
}

/* mbedTLS compares strings of these two kinds with each other, without the case of letters. */
static bool is_caseless_string(int tag) {
    return tag == MBEDTLS_ASN1_UTF8_STRING || tag == MBEDTLS_ASN1_PRINTABLE_STRING;
}

bool usocket_mbed_same_name(const mbedtls_x509_name *a, const mbedtls_x509_name *b) {
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        const mbedtls_x509_buf *x = &a->val;
        const mbedtls_x509_buf *y = &b->val;
        bool same = a->oid.len == b->oid.len && x->len == y->len &&
            a->PRIVATE(next_merged) == b->PRIVATE(next_merged) &&
            (a->oid.len == 0 || memcmp(a->oid.p, b->oid.p, a->oid.len) == 0);
        if (!same ||
            (x->len != 0 && (x->tag != y->tag || memcmp(x->p, y->p, x->len) != 0) &&
                !(is_caseless_string(x->tag) && is_caseless_string(y->tag) &&
                    usocket_mbed_same_text(x->p, y->p, x->len)))) {
            return false;
        }
    }
    return a == NULL && b == NULL;
}

/* A pattern is a host's name, or "*." and at least two labels; the star stands for
 * exactly one label. */
static bool name_matches(const mbedtls_x509_buf *pattern, const uint8_t *name, size_t len) {
    const uint8_t *p = pattern->p;
    size_t plen = pattern->len;
    if (plen == len && usocket_mbed_same_text(p, name, len)) {
        return memchr(p, '\0', plen) == NULL;
    }
    const uint8_t *rest = memchr(name, '.', len);
    if (plen < 3 || p[0] != '*' || p[1] != '.' || rest == NULL || rest == name) {
        return false;
    }
    size_t rest_len = len - (size_t)(rest - name);
    return rest_len == plen - 1 && memchr(rest + 1, '.', rest_len - 1) != NULL &&
        usocket_mbed_same_text(p + 1, rest, rest_len);
}

const mbedtls_x509_buf *usocket_mbed_alt_name(const mbedtls_x509_crt *crt, int tag, size_t n) {
    for (const mbedtls_x509_sequence *s = &crt->subject_alt_names; s != NULL && s->buf.p != NULL; s = s->next) {
        if (s->buf.tag == tag && n-- == 0) {
            return &s->buf;
        }
    }
    return NULL;
}

bool usocket_mbed_matches_host(const mbedtls_x509_crt *crt, const char *name, size_t len) {
    const mbedtls_x509_buf *alt;
    for (size_t n = 0; (alt = usocket_mbed_alt_name(crt, ALT_NAME_DNS, n)) != NULL; n++) {
        if (name_matches(alt, (const uint8_t *)name, len)) {
            return true;
        }
    }
    return false;
}

static bool is_for_address(const mbedtls_x509_crt *crt, const usocket_addr_t *a) {
    size_t len = a->family == USOCKET_AF_INET ? 4 : a->family == USOCKET_AF_INET6 ? 16 : SIZE_MAX;
    const mbedtls_x509_buf *alt;
    for (size_t n = 0; (alt = usocket_mbed_alt_name(crt, ALT_NAME_IP, n)) != NULL; n++) {
        if (alt->len == len && memcmp(alt->p, a->u.ip, len) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- Text --------------------------------------------------------------------------------------------------------- */

/* A text in a buffer of the caller's, always terminated. */
struct text {
    char *buf;
    size_t len;
    size_t room; /* Bytes of the buffer, four of which are kept for "..."; 0: the text has been cut. */
};

static void append(struct text *t, const void *bytes, size_t len) {
    if (t->room == 0) {
        return;
    }
    if (t->len + len + 4 > t->room) {
        bytes = "...";
        len = 3;
        t->room = 0;
    }
    memcpy(t->buf + t->len, bytes, len);
    t->len += len;
    t->buf[t->len] = '\0';
}

/* The length of the printable character at p, in UTF-8, of 1 to 3 bytes; 0: there is none. Not
 * printable are control characters, overlong forms, surrogates, and those that end a line or turn
 * the direction of text. */
static size_t printable_len(const uint8_t *p, size_t len) {
    if (p[0] < 0x80) {
        return p[0] >= ' ' && p[0] != 0x7f && p[0] != '"' && p[0] != '\\';
    }
    size_t n = p[0] < 0xe0 ? 2 : 3;
    if (n > len || (p[1] & 0xc0) != 0x80 || (n == 3 && (p[2] & 0xc0) != 0x80)) {
        return 0;
    }
    unsigned two = (unsigned)(p[0] << 8 | p[1]);
    bool bad = two < 0xc2a0 || (two >= 0xe000 && two < 0xe0a0) || (two >= 0xeda0 && two < 0xee00) || two >= 0xf000 ||
        (two == 0xe280 && p[2] >= 0xa8 && p[2] <= 0xae);
    return bad ? 0 : n;
}

static void append_printable(struct text *t, const uint8_t *p, size_t len) {
    while (len != 0) {
        size_t n = printable_len(p, len);
        char code[8];
        if (n != 0) {
            append(t, p, n);
        } else {
            append(t, code, (size_t)snprintf(code, sizeof(code), "\\x%02x", p[0]));
            n = 1;
        }
        p += n;
        len -= n;
    }
}

/* "CN=name, O=organisation". */
static void append_name(struct text *t, const mbedtls_x509_name *n) {
    for (; n != NULL && n->oid.p != NULL; n = n->next) {
        const char *kind = "?";
        mbedtls_oid_get_attr_short_name(&n->oid, &kind);
        append(t, ", ", t->len != 0 ? 2 : 0);
        append(t, kind, strlen(kind));
        append(t, "=", 1);
        append_printable(t, n->val.p, n->val.len);
    }
    if (t->len == 0) {
        append(t, "no name", 7);
    }
}

void usocket_mbed_format_subject(const mbedtls_x509_crt *crt, char *buf, size_t room) {
    struct text t = {buf, 0, room};
    for (const mbedtls_x509_name *n = &crt->subject; n != NULL; n = n->next) {
        if (n->oid.len == 3 && memcmp(n->oid.p, "\x55\x04\x03", 3) == 0 && n->val.len != 0) {
            append_printable(&t, n->val.p, n->val.len);
            return;
        }
    }
    append_name(&t, &crt->subject);
}

void usocket_mbed_explain_with_name(
    usocket_engine_t *e, enum rank rank, const char *words, const mbedtls_x509_name *name) {
    char buf[128];
    struct text text = {buf, 0, sizeof(buf)};
    append_name(&text, name);
    usocket_mbed_explain(e, rank, "%s %s", words, buf);
}

/* A host's name, within quotes if it does not look like one or looks like an address. */
static void append_host(struct text *t, const uint8_t *p, size_t len) {
    bool plain = true;
    bool address = true;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = to_lower(p[i]);
        bool digit = (c >= '0' && c <= '9') || c == '.';
        plain = plain && (digit || (c >= 'a' && c <= 'z') || c == '-' || c == '*' || c == '_');
        address = address && digit;
    }
    bool quotes = !plain || address;
    append(t, "\"", quotes);
    append_printable(t, p, len);
    append(t, "\"", quotes);
}

static void append_alt_name(struct text *t, const mbedtls_x509_buf *alt) {
    char address[USOCKET_ADDR_TEXT] = "an address"; /* This stays where a build without IPv6 meets IPv6. */
    if (alt->tag == ALT_NAME_DNS) {
        append_host(t, alt->p, alt->len);
        return;
    }
    if (alt->len == 4 || alt->len == 16) {
        usocket_ntop(alt->len == 4 ? USOCKET_AF_INET : USOCKET_AF_INET6, alt->p, address);
    }
    append(t, address, strlen(address));
}

#if USOCKET_TLS_CONSTRAINTS
void usocket_mbed_explain_not_permitted(usocket_engine_t *e, const mbedtls_x509_buf *alt, const mbedtls_x509_name *ca) {
    char buf[140];
    struct text text = {buf, 0, 60};
    append_alt_name(&text, alt);
    struct text by = {buf + 60, 0, 80};
    append_name(&by, ca);
    usocket_mbed_explain(e, RANK_USE, "the certificate is for %s, outside of the nameConstraints of %s", buf, by.buf);
}
#endif

/* ---- The verdict -------------------------------------------------------------------------------------------------- */

/* The reason why a name does not count that looks as if it did, or advice; "": neither. */
static const char *mismatch_hint(const mbedtls_x509_crt *crt, const char *wanted, bool numeric, bool named) {
    const mbedtls_x509_buf *alt;
    size_t len = strlen(wanted);
    if (usocket_mbed_alt_name(crt, ALT_NAME_DNS, 0) == NULL && usocket_mbed_alt_name(crt, ALT_NAME_IP, 0) == NULL) {
        return "; it has no subjectAltName for one, and a commonName does not count";
    }
    for (size_t n = 0; (alt = usocket_mbed_alt_name(crt, ALT_NAME_DNS, n)) != NULL; n++) {
        if (numeric && alt->len == len && usocket_mbed_same_text(alt->p, (const uint8_t *)wanted, len)) {
            return "; a dNSName does not count for an address";
        }
        const uint8_t *star = alt->len != 0 ? memchr(alt->p, '*', alt->len) : NULL;
        size_t rest = star != NULL ? alt->len - (size_t)(star + 1 - alt->p) : 0;
        if (star != NULL && rest <= len &&
            usocket_mbed_same_text(star + 1, (const uint8_t *)wanted + len - rest, rest)) {
            return "; a * is one whole label with two labels behind it";
        }
    }
    return numeric && !named ? "; TLS_HOSTNAME sets the server's name" : "";
}

void usocket_mbed_check_name(usocket_engine_t *e, const mbedtls_x509_crt *crt, uint32_t *flags) {
    *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH;
    char address[USOCKET_ADDR_TEXT];
    const char *wanted = e->name;
    usocket_addr_t a = e->peer;
    bool numeric = e->name == NULL || usocket_addr_parse(&a, e->name, strlen(e->name), USOCKET_AF_UNSPEC) == 0;
    bool fits;
    size_t len = 0;
    if (numeric) { /* An address is compared with iPAddress only, a name with dNSName only. */
        fits = is_for_address(crt, &a);
        wanted = usocket_ntop(a.family, a.u.ip, address) < 0 ? "a nameless peer" : address;
    } else {
        len = strlen(wanted);
        len -= len > 1 && wanted[len - 1] == '.'; /* An absolute name ends with a dot. */
        fits = usocket_mbed_matches_host(crt, wanted, len);
    }
    if (fits) {
        return;
    }
    *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    const char *why = mismatch_hint(crt, wanted, numeric, e->named);
    char text[USOCKET_TLS_WORDS];
    struct text all = {text, 0, 88}; /* The certificate's names get 88 bytes, the wanted one 72, advice the rest. */
    for (int tag = ALT_NAME_DNS; tag <= ALT_NAME_IP; tag += ALT_NAME_IP - ALT_NAME_DNS) {
        const mbedtls_x509_buf *alt;
        for (size_t n = 0; (alt = usocket_mbed_alt_name(crt, tag, n)) != NULL; n++) {
            append(&all, ", ", all.len != 0 ? 2 : 0);
            append_alt_name(&all, alt);
        }
    }
    if (all.len == 0) {
        append(&all, "no host", 7);
    }
    all.room = all.len + 72;
    append(&all, ", not ", 6);
    if (numeric) {
        append(&all, wanted, strlen(wanted));
    } else {
        append_host(&all, (const uint8_t *)wanted, strlen(wanted));
    }
    usocket_mbed_explain(e, RANK_NAME, "the certificate is for %s%s", text, why);
}

#endif
