/* TLS by mbedTLS: whether to trust the peer. mbedTLS builds the chain and checks its signatures; dates, names and words are here.
 *
 * Dates: by the port's clock, so that they are checked whatever mbedTLS knows of time, and that a clock that was never set is
 * called that. Names: those of the subjectAltName alone; a commonName has not counted since RFC 6125, and mbedTLS takes it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

#include "tls_mbedtls.h"

#include <stdio.h>
#include <string.h>

#define CLOCK_SET_SINCE 1577836800 /* 2020-01-01: no clock that somebody has set is behind */

/* ---- Dates -------------------------------------------------------------------------------------------------------- */

/* Seconds since 1970. Days by the civil calendar, with years that begin in March. */
static int64_t seconds_of(const mbedtls_x509_time *d) {
    int64_t year = d->year - (d->mon <= 2);
    int64_t month = d->mon + (d->mon <= 2 ? 9 : -3);
    int64_t days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + d->day - 1 - 719468;
    return ((days * 24 + d->hour) * 60 + d->min) * 60 + d->sec;
}

/* Whose certificate: its commonName, or the whole subject. */
static void subject_of(const mbedtls_x509_crt *crt, char *buf, size_t room) {
    for (const mbedtls_x509_name *n = &crt->subject; n != NULL; n = n->next) {
        if (n->oid.len == 3 && memcmp(n->oid.p, "\x55\x04\x03", 3) == 0 && n->val.len != 0) {
            size_t len = n->val.len < room ? n->val.len : room - 1;
            for (size_t i = 0; i < len; i++) {
                char c = (char)n->val.p[i];
                buf[i] = c < ' ' || c > '~' ? '?' : c;
            }
            buf[len] = '\0';
            return;
        }
    }
    if (mbedtls_x509_dn_gets(buf, room, &crt->subject) <= 0) {
        buf[0] = '\0';
    }
}

static void check_dates(usocket_tls_t *t, const mbedtls_x509_crt *crt, int depth, uint32_t *flags) {
    *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    int64_t now = usocket_port_wall_time();
    if (now < CLOCK_SET_SINCE) {
        *flags |= MBEDTLS_X509_BADCERT_OTHER;
        usocket_backend_say(t, RANK_CLOCK, "the clock was never set: no certificate's dates can be checked");
        return;
    }
    char who[64];
    subject_of(crt, who, sizeof(who));
    const char *of = depth == 0 ? "" : " of ";
    const char *name = depth == 0 ? "" : who;
    if (now > seconds_of(&crt->valid_to)) {
        const mbedtls_x509_time *d = &crt->valid_to;
        *flags |= MBEDTLS_X509_BADCERT_EXPIRED;
        usocket_backend_say(
            t, RANK_DATE, "the certificate%s%s expired on %04d-%02d-%02d", of, name, d->year, d->mon, d->day);
    } else if (now < seconds_of(&crt->valid_from)) {
        const mbedtls_x509_time *d = &crt->valid_from;
        *flags |= MBEDTLS_X509_BADCERT_FUTURE;
        usocket_backend_say(
            t, RANK_DATE, "the certificate%s%s is not valid before %04d-%02d-%02d", of, name, d->year, d->mon, d->day);
    }
}

/* ---- Names -------------------------------------------------------------------------------------------------------- */

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool same_text(const char *a, const char *b, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

/* A name of a certificate: itself, or "*." and the rest, for exactly one label; the rest has two at least. */
static bool name_matches(const char *pattern, size_t plen, const char *name, size_t len) {
    if (plen == len && same_text(pattern, name, len)) {
        return memchr(pattern, '\0', plen) == NULL;
    }
    const char *rest = memchr(name, '.', len);
    if (plen < 3 || pattern[0] != '*' || pattern[1] != '.' || rest == NULL || rest == name) {
        return false;
    }
    size_t rest_len = len - (size_t)(rest - name);
    return rest_len == plen - 1 && memchr(rest + 1, '.', rest_len - 1) != NULL &&
        same_text(pattern + 1, rest, rest_len);
}

#define TAG_DNS 2 /* of GeneralName, RFC 5280 */
#define TAG_IP 7

/* The n-th subjectAltName of a kind; NULL: there are no more. */
static const mbedtls_x509_buf *alt_name(const mbedtls_x509_crt *crt, int tag, size_t n) {
    for (const mbedtls_x509_sequence *s = &crt->subject_alt_names; s != NULL && s->buf.p != NULL; s = s->next) {
        if ((s->buf.tag & 0x1f) == tag && n-- == 0) {
            return &s->buf;
        }
    }
    return NULL;
}

bool usocket_backend_is_for(const mbedtls_x509_crt *crt, const char *name, size_t len) {
    const mbedtls_x509_buf *alt;
    for (size_t n = 0; (alt = alt_name(crt, TAG_DNS, n)) != NULL; n++) {
        if (name_matches((const char *)alt->p, alt->len, name, len)) {
            return true;
        }
    }
    return false;
}

static bool is_for_address(const mbedtls_x509_crt *crt, const usocket_addr_t *a) {
    size_t len = a->family == USOCKET_AF_INET ? 4 : 16;
    const mbedtls_x509_buf *alt;
    for (size_t n = 0; (alt = alt_name(crt, TAG_IP, n)) != NULL; n++) {
        if (alt->len == len && memcmp(alt->p, a->u.ip, len) == 0) {
            return true;
        }
    }
    return false;
}

/* The names of a certificate, for people, as many as fit. */
static void list_names(const mbedtls_x509_crt *crt, char *buf, size_t room) {
    size_t len = 0;
    buf[0] = '\0';
    for (int tag = TAG_DNS; tag <= TAG_IP; tag += TAG_IP - TAG_DNS) {
        const mbedtls_x509_buf *alt;
        for (size_t n = 0; (alt = alt_name(crt, tag, n)) != NULL; n++) {
            char text[64];
            size_t used = 0;
            if (tag == TAG_IP) {
                int r = alt->len == 4 || alt->len == 16
                    ? usocket_ntop(alt->len == 4 ? USOCKET_AF_INET : USOCKET_AF_INET6, alt->p, text)
                    : 0;
                used = r > 0 ? (size_t)r : strlen(strcpy(text, "an address")); /* IPv6, in a build without it */
            } else {
                for (; used < alt->len && used < sizeof(text) - 1; used++) {
                    char c = (char)alt->p[used];
                    text[used] = c < ' ' || c > '~' ? '?' : c;
                }
            }
            if (len + used + 8 > room) {
                snprintf(buf + len, room - len, "...");
                return;
            }
            len += (size_t)snprintf(buf + len, room - len, "%s%.*s", len != 0 ? ", " : "", (int)used, text);
        }
    }
}

static void check_name(usocket_tls_t *t, const mbedtls_x509_crt *crt, uint32_t *flags) {
    *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH;
    char wanted[USOCKET_ADDR_TEXT];
    usocket_addr_t a = t->peer;
    bool numeric = t->name == NULL;
    bool fits;
    if (t->name != NULL && usocket_addr_parse(&a, t->name, strlen(t->name), USOCKET_AF_UNSPEC) == 0) {
        numeric = true;
    }
    if (numeric) {
        fits = is_for_address(crt, &a);
        if (usocket_ntop(a.family, a.u.ip, wanted) < 0) {
            strcpy(wanted, "a nameless peer");
        }
    } else {
        size_t len = strlen(t->name);
        len -= len > 1 && t->name[len - 1] == '.'; /* a full name's last dot */
        fits = usocket_backend_is_for(crt, t->name, len);
        snprintf(wanted, sizeof(wanted), "%.60s", t->name);
    }
    if (fits) {
        return;
    }
    *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    char names[80];
    list_names(crt, names, sizeof(names));
    usocket_backend_say(t, RANK_NAME, "the certificate is for %s, not %s%s", names[0] != '\0' ? names : "no host",
        wanted, numeric ? "; TLS_HOSTNAME tells the server's name" : "");
}

static bool same_name(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b) {
    return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

/* ---- The verdict -------------------------------------------------------------------------------------------------- */

int usocket_backend_verify(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags) {
    usocket_tls_t *t = context;
    check_dates(t, crt, depth, flags);
    if (depth == 0 && !t->server) {
        check_name(t, crt, flags);
    }
    char who[64];
    if (*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
        if (mbedtls_x509_dn_gets(who, sizeof(who), &crt->issuer) <= 0) {
            subject_of(crt, who, sizeof(who));
        }
        bool self = same_name(&crt->issuer_raw, &crt->subject_raw);
        const mbedtls_x509_crt *issuer = crt->next; /* the peer's chain */
        while (issuer != NULL && (self || !same_name(&crt->issuer_raw, &issuer->subject_raw))) {
            issuer = issuer->next;
        }
        const char *words = self                            ? "signed by itself, unknown here:"
            : issuer != NULL && !issuer->PRIVATE(ca_istrue) ? "signed by somebody who is no authority:"
                                                            : "signed by an unknown authority:";
        usocket_backend_say(t, RANK_TRUST, "%s %s", words, who);
    }
    usocket_backend_verify_words(t, *flags);
    return 0;
}

void usocket_backend_verify_words(usocket_tls_t *t, uint32_t flags) {
    static const struct {
        uint32_t flag;
        enum rank rank;
        const char *words;
    } rows[] = {
        {MBEDTLS_X509_BADCERT_REVOKED, RANK_REVOKED, "the certificate has been revoked"},
        {MBEDTLS_X509_BADCERT_MISSING, RANK_TRUST, "the peer has shown no certificate"},
        {MBEDTLS_X509_BADCRL_NOT_TRUSTED, RANK_USE, "the revocation list is not signed by the authority"},
        {MBEDTLS_X509_BADCRL_EXPIRED, RANK_USE, "the revocation list has expired"},
        {MBEDTLS_X509_BADCRL_FUTURE, RANK_USE, "the revocation list is not valid yet"},
        {MBEDTLS_X509_BADCERT_KEY_USAGE, RANK_USE, "the certificate is not meant for this use (keyUsage)"},
        {MBEDTLS_X509_BADCERT_EXT_KEY_USAGE, RANK_USE, "the certificate is not meant for this use (extendedKeyUsage)"},
        {MBEDTLS_X509_BADCERT_NS_CERT_TYPE, RANK_USE, "the certificate is not meant for this use (nsCertType)"},
        {MBEDTLS_X509_BADCERT_BAD_MD, RANK_USE, "the certificate is signed with a weak hash"},
        {MBEDTLS_X509_BADCERT_BAD_PK, RANK_USE, "the certificate is signed with a weak kind of key"},
        {MBEDTLS_X509_BADCERT_BAD_KEY, RANK_USE, "the certificate's key, or its authority's, is too weak"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if ((flags & rows[i].flag) && rows[i].rank > t->rank) {
            usocket_backend_say(t, rows[i].rank, "%s", rows[i].words);
        }
    }
}

#endif
