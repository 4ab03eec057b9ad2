/* TLS by mbedTLS: the verdict on the peer's certificate. mbedTLS builds the chain and checks the
 * signatures; dates, names, limits and words are here.
 *
 * mbedTLS calls back for each certificate of a chain, the authority's first and the peer's last.
 * The flags of all of them are collected, and returned with the peer's.
 *
 * A chain that fails is verified again with the peer's list in another order: mbedTLS looks for an
 * issuer behind its certificate only, and takes the first one of that name, while RFC 8446, 4.4.2,
 * lets peers send any order.
 *
 * Dates are compared with the port's clock, so that they are checked whatever mbedTLS knows of
 * time, and a clock that was never set gets words of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <mbedtls/oid.h>
#include <stdio.h>
#include <string.h>

#define CLOCK_SET_SINCE 1577836800 /* 2020-01-01; a clock that is behind was never set */
#define ORDERS 4                   /* the most orders of the peer's list that are tried after its own */

/* ---- Dates -------------------------------------------------------------------------------------------------------- */

/* mbedTLS's own verdict on the dates is replaced. */
static void check_dates(usocket_engine_t *e, const mbedtls_x509_crt *crt, int depth, uint32_t *flags) {
    *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    int64_t now = usocket_port_wall_time();
    if (now < CLOCK_SET_SINCE) {
        *flags |= MBEDTLS_X509_BADCERT_OTHER;
        usocket_mbed_explain(e, RANK_CLOCK, "the clock was never set: no certificate's dates can be checked");
        return;
    }
    char name[68] = " of "; /* Names an authority; the peer's own certificate needs no name. */
    if (depth == 0) {
        name[0] = '\0';
    } else {
        usocket_mbed_format_subject(crt, name + 4, sizeof(name) - 4);
    }
    if (now > usocket_mbed_unix_time(&crt->valid_to)) {
        const mbedtls_x509_time *d = &crt->valid_to;
        *flags |= MBEDTLS_X509_BADCERT_EXPIRED;
        usocket_mbed_explain(
            e, RANK_DATE, "the certificate%s expired on %04d-%02d-%02d", name, d->year, d->mon, d->day);
    } else if (now < usocket_mbed_unix_time(&crt->valid_from)) {
        const mbedtls_x509_time *d = &crt->valid_from;
        *flags |= MBEDTLS_X509_BADCERT_FUTURE;
        usocket_mbed_explain(
            e, RANK_DATE, "the certificate%s is not valid before %04d-%02d-%02d", name, d->year, d->mon, d->day);
    }
}

/* ---- Words for an untrusted certificate --------------------------------------------------------------------------- */

/* True if the certificate's own key has signed it. An authority may issue one in its own name for
 * its next key: that is not self-signed. */
static bool is_self_signed(mbedtls_x509_crt *crt) {
    unsigned char hash[MBEDTLS_MD_MAX_SIZE];
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(crt->PRIVATE(sig_md));
    return usocket_mbed_same_name(&crt->issuer, &crt->subject) && md != NULL &&
        mbedtls_md(md, crt->tbs.p, crt->tbs.len, hash) == 0 &&
        mbedtls_pk_verify_ext(crt->PRIVATE(sig_pk), crt->PRIVATE(sig_opts), &crt->pk, crt->PRIVATE(sig_md), hash,
            mbedtls_md_get_size(md), crt->PRIVATE(sig).p, crt->PRIVATE(sig).len) == 0;
}

static bool lacks_usage(const mbedtls_x509_crt *crt, unsigned usage) {
    return (crt->PRIVATE(ext_types) & MBEDTLS_X509_EXT_KEY_USAGE) != 0 && (crt->PRIVATE(key_usage) & usage) == 0;
}

/* The reason why the first certificate with the issuer's name in this list is not the issuer; NULL:
 * the list has none of that name. authorities: how many are between it and the peer's
 * certificate. */
static const char *issuer_mismatch(const mbedtls_x509_crt *crt, const mbedtls_x509_crt *list, int authorities) {
    for (; list != NULL; list = list->next) {
        if (list != crt && list->raw.p != NULL && usocket_mbed_same_name(&crt->issuer, &list->subject)) {
            return list->version == 3 && !list->PRIVATE(ca_istrue) ? "signed by a certificate that is no authority:"
                : lacks_usage(list, MBEDTLS_X509_KU_KEY_CERT_SIGN)
                ? "signed without the right to sign certificates (keyCertSign):"
                : list->PRIVATE(max_pathlen) > 0 && list->PRIVATE(max_pathlen) <= authorities
                ? "more authorities than the path length allows:"
                : "the signature does not fit the key of the authority of this name:";
        }
    }
    return NULL;
}

/* The peer's list and the trusted one are searched for a near miss. */
static void explain_untrusted(usocket_engine_t *e, mbedtls_x509_crt *crt, int depth) {
    const struct tls_conn *c = e->conn;
    char unreadable[USOCKET_TLS_WORDS];
    const char *words;
    if (depth + 1 < c->path_len) {
        words = "the signature does not fit the key of the authority of this name:";
    } else if (depth == 0 && is_self_signed(crt)) {
        words = "self-signed, and not trusted:";
    } else {
        words = issuer_mismatch(crt, crt->next, depth);
        words = words != NULL ? words : issuer_mismatch(crt, c->conf.PRIVATE(ca_chain), depth);
        if (words == NULL && c->unreadable != 0) {
            const char *what = usocket_mbed_unreadable_words(c->unreadable);
            snprintf(unreadable, sizeof(unreadable), "an authority's certificate %s; signed by",
                what != NULL ? what : "cannot be read");
            words = unreadable;
        }
        words = words != NULL ? words : "signed by an unknown authority:";
    }
    usocket_mbed_explain_with_name(e, RANK_TRUST, words, &crt->issuer);
}

/* ---- The order of the peer's list --------------------------------------------------------------------------------- */

/* Put each certificate's issuer right behind it. True: something has been moved. */
static bool put_issuers_behind(mbedtls_x509_crt *at) {
    bool moved = false;
    for (; at->next != NULL; at = at->next) {
        mbedtls_x509_crt **link = &at->next;
        while (*link != NULL && !usocket_mbed_same_name(&at->issuer, &(*link)->subject)) {
            link = &(*link)->next;
        }
        mbedtls_x509_crt *issuer = *link;
        if (issuer == NULL) {
            break;
        }
        if (link != &at->next) {
            *link = issuer->next;
            issuer->next = at->next;
            at->next = issuer;
            moved = true;
        }
    }
    return moved;
}

/* Move an issuer that has been tried to the end of the list, if another one has its name. True:
 * something has been moved. */
static bool try_other_issuer(struct tls_conn *c) {
    for (int depth = c->path_len - 1; depth > 0; depth--) {
        mbedtls_x509_crt **link = &c->path[0]->next;
        while (*link != NULL && *link != c->path[depth]) {
            link = &(*link)->next;
        }
        mbedtls_x509_crt *tried = *link; /* NULL: it is a trusted one, not the peer's. */
        bool another = false;
        mbedtls_x509_crt *last = tried;
        while (last != NULL && last->next != NULL) {
            last = last->next;
            another = another || usocket_mbed_same_name(&last->subject, &tried->subject);
        }
        if (another) {
            *link = tried->next;
            last->next = tried;
            tried->next = NULL;
            return true;
        }
    }
    return false;
}

/* ---- The verdict -------------------------------------------------------------------------------------------------- */

/* Check one certificate of the path; those above it have been checked. Returns its flags. */
static uint32_t check_cert(usocket_engine_t *e, int depth, uint32_t flags) {
    const struct tls_conn *c = e->conn;
    mbedtls_x509_crt *crt = c->path[depth];
    const mbedtls_x509_crt *ca = depth + 1 < c->path_len ? c->path[depth + 1] : NULL;
    check_dates(e, crt, depth, &flags);
#if MBEDTLS_VERSION_NUMBER < 0x03000000 /* The profile of 2.28 accepts P-192. */
    if (mbedtls_pk_can_do(&crt->pk, MBEDTLS_PK_ECKEY) && mbedtls_pk_get_bitlen(&crt->pk) < 224) {
        flags |= MBEDTLS_X509_BADCERT_BAD_KEY;
    }
#endif
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
        explain_untrusted(e, crt, depth);
    }
    if (ca != NULL && (flags & MBEDTLS_X509_BADCRL_NOT_TRUSTED) != 0 && lacks_usage(ca, MBEDTLS_X509_KU_CRL_SIGN)) {
        usocket_mbed_explain_with_name(
            e, RANK_USE, "a list signed without the right to sign lists (cRLSign):", &ca->subject);
    }
#if USOCKET_TLS_CONSTRAINTS
    if (ca != NULL && c->conf.PRIVATE(ca_crl) != NULL) {
        usocket_mbed_check_crl(e, c->conf.PRIVATE(ca_crl), ca, &flags);
    }
    if (ca != NULL && depth > 0) {
        usocket_mbed_check_purpose(e, crt, &flags);
    }
#endif
    usocket_mbed_explain_flags(e, flags);
    return flags;
}

/* A verification in another order calls this again, from within the outermost call for the peer's
 * certificate, which then returns the last verdict. */
int usocket_mbed_verify(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags) {
    usocket_engine_t *e = context;
    struct tls_conn *c = e->conn;
    if (c->path_left == 0) { /* The first certificate of a chain. */
        c->path_left = c->path_len = depth + 1;
        c->path_flags = 0;
        e->rank = RANK_NONE;
    }
    c->path_left--;
    c->path[depth] = crt;
    c->path_flags |= check_cert(e, depth, *flags);
    *flags = 0; /* path_flags has them until the chain is complete. */
    if (depth != 0) {
        return 0;
    }
    if (!e->server) {
        usocket_mbed_check_name(e, crt, &c->path_flags);
    }
#if USOCKET_TLS_CONSTRAINTS
    for (int i = c->path_len - 1; i > 0 && (c->path_flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) == 0; i--) {
        usocket_mbed_check_constraints(e, c->path[i], crt, &c->path_flags);
    }
#endif
    bool first = !c->reordering;
    c->reordering = true;
    for (int i = 0; first && i < ORDERS && c->path_flags != 0 && (put_issuers_behind(crt) || try_other_issuer(c));
         i++) {
        int ret = mbedtls_x509_crt_verify_with_profile(crt, c->conf.PRIVATE(ca_chain), c->conf.PRIVATE(ca_crl),
            c->conf.PRIVATE(cert_profile), NULL, flags, usocket_mbed_verify, e);
        if (ret != 0 && ret != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
            return ret;
        }
    }
    c->reordering = !first;
    *flags = c->path_flags;
    return 0;
}

void usocket_mbed_explain_flags(usocket_engine_t *e, uint32_t flags) {
    static const struct {
        uint32_t flag;
        enum rank rank;
        const char *words;
    } rows[] = {
        {MBEDTLS_X509_BADCERT_REVOKED, RANK_REVOKED, "the certificate has been revoked"},
        {MBEDTLS_X509_BADCERT_MISSING, RANK_TRUST, "the peer sent no certificate"},
        {MBEDTLS_X509_BADCRL_NOT_TRUSTED, RANK_USE, "the revocation list is not signed by the authority"},
        {MBEDTLS_X509_BADCRL_EXPIRED, RANK_USE, "the revocation list has expired"},
        {MBEDTLS_X509_BADCRL_FUTURE, RANK_USE, "the revocation list is not valid yet"},
        {MBEDTLS_X509_BADCRL_BAD_MD | MBEDTLS_X509_BADCRL_BAD_PK | MBEDTLS_X509_BADCRL_BAD_KEY, RANK_USE,
            "the revocation list is signed with a weak hash or key"},
        {MBEDTLS_X509_BADCERT_KEY_USAGE, RANK_USE, "the certificate is not meant for this use (keyUsage)"},
        {MBEDTLS_X509_BADCERT_EXT_KEY_USAGE, RANK_USE, "the certificate is not meant for this use (extendedKeyUsage)"},
        {MBEDTLS_X509_BADCERT_NS_CERT_TYPE, RANK_USE, "the certificate is not meant for this use (nsCertType)"},
        {MBEDTLS_X509_BADCERT_BAD_MD, RANK_USE, "the certificate is signed with a weak hash"},
        {MBEDTLS_X509_BADCERT_BAD_PK, RANK_USE, "the certificate is signed with a weak kind of key"},
        {MBEDTLS_X509_BADCERT_BAD_KEY, RANK_USE, "the certificate's key, or its authority's, is too weak"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if ((flags & rows[i].flag) && rows[i].rank > e->rank) {
            usocket_mbed_explain(e, rows[i].rank, "%s", rows[i].words);
        }
    }
}

#endif
