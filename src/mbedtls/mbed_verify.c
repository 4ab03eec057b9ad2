/* TLS by mbedTLS: whether to trust the peer. mbedTLS builds the chain and checks its signatures; dates, names, limits and words are here.
 *
 * mbedTLS calls back for each certificate of the chain, the authority first and the peer's own last. With the last one the verdict on the
 * whole chain is there. If the chain is not to be trusted, the peer's list is put into another order and verified again: mbedTLS looks
 * for an issuer behind its certificate only (RFC 8446, 4.4.2, lets peers send any order), and takes the first of that name.
 *
 * Dates: by the port's clock, so that they are checked whatever mbedTLS knows of time, and that a clock that was never set is
 * called that.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <mbedtls/oid.h>
#include <stdio.h>
#include <string.h>

#define CLOCK_SET_SINCE 1577836800 /* 2020-01-01: no clock that somebody has set is behind */
#define ORDERS 4                   /* of the peer's list, to be tried after its own */

/* ---- Dates -------------------------------------------------------------------------------------------------------- */

static void check_dates(usocket_engine_t *e, const mbedtls_x509_crt *crt, int depth, uint32_t *flags) {
    *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    int64_t now = usocket_port_wall_time();
    if (now < CLOCK_SET_SINCE) {
        *flags |= MBEDTLS_X509_BADCERT_OTHER;
        usocket_mbed_say(e, RANK_CLOCK, "the clock was never set: no certificate's dates can be checked");
        return;
    }
    char name[68] = " of ";
    if (depth == 0) {
        name[0] = '\0';
    } else {
        usocket_mbed_subject(crt, name + 4, sizeof(name) - 4);
    }
    if (now > usocket_mbed_seconds(&crt->valid_to)) {
        const mbedtls_x509_time *d = &crt->valid_to;
        *flags |= MBEDTLS_X509_BADCERT_EXPIRED;
        usocket_mbed_say(e, RANK_DATE, "the certificate%s expired on %04d-%02d-%02d", name, d->year, d->mon, d->day);
    } else if (now < usocket_mbed_seconds(&crt->valid_from)) {
        const mbedtls_x509_time *d = &crt->valid_from;
        *flags |= MBEDTLS_X509_BADCERT_FUTURE;
        usocket_mbed_say(
            e, RANK_DATE, "the certificate%s is not valid before %04d-%02d-%02d", name, d->year, d->mon, d->day);
    }
}

/* ---- Why nobody vouches for a certificate ------------------------------------------------------------------------- */

/* Not only issued in its own name, as an authority does for its next key. */
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

/* Why the first certificate of this list that has the issuer's name is not the issuer; NULL: there is none. */
static const char *why_not_by(const mbedtls_x509_crt *crt, const mbedtls_x509_crt *list, int authorities) {
    for (; list != NULL; list = list->next) {
        if (list != crt && list->raw.p != NULL && usocket_mbed_same_name(&crt->issuer, &list->subject)) {
            return list->version == 3 && !list->PRIVATE(ca_istrue) ? "signed by somebody who is no authority:"
                : lacks_usage(list, MBEDTLS_X509_KU_KEY_CERT_SIGN)
                ? "signed without the right to sign certificates (keyCertSign):"
                : list->PRIVATE(max_pathlen) > 0 && list->PRIVATE(max_pathlen) <= authorities
                ? "more authorities than the path length allows of:"
                : "the signature does not fit the key of:";
        }
    }
    return NULL;
}

static void say_untrusted(usocket_engine_t *e, mbedtls_x509_crt *crt, int depth) {
    const struct tls_conn *c = e->conn;
    char unreadable[USOCKET_TLS_WORDS];
    const char *words;
    if (depth + 1 < c->depths) {
        words = "the signature does not fit the key of:";
    } else if (depth == 0 && is_self_signed(crt)) {
        words = "signed by itself, unknown here:";
    } else {
        words = why_not_by(crt, crt->next, depth);
        words = words != NULL ? words : why_not_by(crt, c->conf.PRIVATE(ca_chain), depth);
        if (words == NULL && c->skipped != 0) {
            const char *what = usocket_mbed_unreadable(c->skipped);
            snprintf(unreadable, sizeof(unreadable), "an authority's certificate %s; signed by",
                what != NULL ? what : "cannot be read");
            words = unreadable;
        }
        words = words != NULL ? words : "signed by an unknown authority:";
    }
    usocket_mbed_say_of(e, RANK_TRUST, words, &crt->issuer);
}

/* ---- The order of the peer's list --------------------------------------------------------------------------------- */

/* Each certificate's issuer behind it. True: something has been moved. */
static bool sort(mbedtls_x509_crt *at) {
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

/* One that has been tried goes to the end, if there is another of its name. */
static bool try_another(struct tls_conn *c) {
    for (int depth = c->depths - 1; depth > 0; depth--) {
        mbedtls_x509_crt **link = &c->path[0]->next;
        while (*link != NULL && *link != c->path[depth]) {
            link = &(*link)->next;
        }
        mbedtls_x509_crt *tried = *link; /* NULL: it is one of ours */
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

/* One certificate, of which the authorities are known. */
static uint32_t check(usocket_engine_t *e, int depth, uint32_t flags) {
    const struct tls_conn *c = e->conn;
    mbedtls_x509_crt *crt = c->path[depth];
    const mbedtls_x509_crt *ca = depth + 1 < c->depths ? c->path[depth + 1] : NULL;
    check_dates(e, crt, depth, &flags);
#if MBEDTLS_VERSION_NUMBER < 0x03000000 /* its profile has P-192 */
    if (mbedtls_pk_can_do(&crt->pk, MBEDTLS_PK_ECKEY) && mbedtls_pk_get_bitlen(&crt->pk) < 224) {
        flags |= MBEDTLS_X509_BADCERT_BAD_KEY;
    }
#endif
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
        say_untrusted(e, crt, depth);
    }
    if (ca != NULL && (flags & MBEDTLS_X509_BADCRL_NOT_TRUSTED) != 0 && lacks_usage(ca, MBEDTLS_X509_KU_CRL_SIGN)) {
        usocket_mbed_say_of(e, RANK_USE, "a list signed without the right to sign lists (cRLSign):", &ca->subject);
    }
#if USOCKET_TLS_CONSTRAINTS
    if (ca != NULL && c->conf.PRIVATE(ca_crl) != NULL) {
        usocket_mbed_check_listed(e, c->conf.PRIVATE(ca_crl), ca, &flags);
    }
    if (ca != NULL && depth > 0) {
        usocket_mbed_check_purpose(e, crt, &flags);
    }
#endif
    usocket_mbed_verify_words(e, flags);
    return flags;
}

int usocket_mbed_verify(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags) {
    usocket_engine_t *e = context;
    struct tls_conn *c = e->conn;
    if (c->to_come == 0) { /* the first of a chain */
        c->to_come = c->depths = depth + 1;
        c->flags = 0;
        e->rank = RANK_NONE;
    }
    c->to_come--;
    c->path[depth] = crt;
    c->flags |= check(e, depth, *flags);
    *flags = 0; /* until all of the chain is known */
    if (depth != 0) {
        return 0;
    }
    if (!e->server) {
        usocket_mbed_check_name(e, crt, &c->flags);
    }
#if USOCKET_TLS_CONSTRAINTS
    for (int i = c->depths - 1; i > 0 && (c->flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) == 0; i--) {
        usocket_mbed_check_constraints(e, c->path[i], crt, &c->flags);
    }
#endif
    bool first = !c->again;
    c->again = true;
    for (int i = 0; first && i < ORDERS && c->flags != 0 && (sort(crt) || try_another(c)); i++) {
        int ret = mbedtls_x509_crt_verify_with_profile(crt, c->conf.PRIVATE(ca_chain), c->conf.PRIVATE(ca_crl),
            c->conf.PRIVATE(cert_profile), NULL, flags, usocket_mbed_verify, e);
        if (ret != 0 && ret != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
            return ret;
        }
    }
    c->again = !first;
    *flags = c->flags;
    return 0;
}

void usocket_mbed_verify_words(usocket_engine_t *e, uint32_t flags) {
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
            usocket_mbed_say(e, rows[i].rank, "%s", rows[i].words);
        }
    }
}

#endif
