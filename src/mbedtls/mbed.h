/* What the files that see mbedTLS (3.6, or 2.28) know of each other: mbed_steps.c, the connections; mbed_*.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_MBED_H
#define USOCKET_MBED_H

#include "../base/engine.h"

#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* in_offt, in_msglen, out_left: mbedTLS has no peek, and does not tell what is unsent */

#include <mbedtls/version.h>

#include <mbedtls/error.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#if defined(MBEDTLS_PSA_CRYPTO_C)
#include <psa/crypto.h>
#endif

#if MBEDTLS_VERSION_NUMBER < 0x021C0000
#error "mbedTLS is too old: 2.28 at least"
#endif
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_PSA_CRYPTO_C) && defined(MBEDTLS_ENTROPY_HARDWARE_ALT) && \
    !defined(MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG)
#error \
    "mbedTLS would make keys from mbedtls_hardware_poll(), not from usocket_port_random(): define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG"
#endif

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define PRIVATE(member) MBEDTLS_PRIVATE(member)
#define RNG_ARGUMENTS , usocket_mbed_random, NULL
#define NOT_A_HELLO MBEDTLS_ERR_SSL_INVALID_RECORD /* what a server says of something that is not TLS */
#else
#define PRIVATE(member) member
#define RNG_ARGUMENTS
#define NOT_A_HELLO MBEDTLS_ERR_SSL_BAD_HS_CLIENT_HELLO
#define MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION
#define MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN
#endif

#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && MBEDTLS_VERSION_NUMBER >= 0x03060000
#define NEWEST USOCKET_TLS_1_3
#else
#define NEWEST USOCKET_TLS_1_2
#endif

#define TRANSPORT_FAILED (-0x0050) /* MBEDTLS_ERR_NET_CONN_RESET; mbedTLS hands it through, e->error is what counts */
#define FLOODED MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE
#define IDLE_RECORDS 32 /* in a row that bring nothing, at the most */

/* Whether this mbedTLS puts the pieces of a message of the handshake together, and so may be sent them. */
#define CUTS_MESSAGES (MBEDTLS_VERSION_NUMBER >= 0x03060300)

enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23 }; /* RFC 8446, 5.1 */

#define DIGEST 32
#define AHEAD 128 /* bytes that may be received before mbedTLS asks for them: a small record with its header */

/* A certificate with its chain, and its key. */
struct own {
    struct own *next;
    bool has_cert, has_key;
    mbedtls_x509_crt cert;
    mbedtls_pk_context key;
};

/* Authorities; what is in them stays as it is. */
enum trust_kind { TRUST_SYSTEM, TRUST_GIVEN };
struct trust {
    uint32_t refs;
    enum trust_kind kind;
    uint8_t id[DIGEST]; /* of the content */
    mbedtls_x509_crt chain;
    mbedtls_x509_crl crl;
};

struct tls_creds {
    uint32_t refs;
    struct own *own;
    bool server_ready, cookies_ready, cache;
    struct trust *trust; /* by TLS_CA_CERT */
    int *suites;         /* ending with 0 */
    const char **alpn;   /* ending with NULL, the texts behind it */
    uint8_t *psk;
    size_t psk_len;
    char *identity;
    size_t identity_len;
    int min_version, max_version, max_fragment;
    bool suites_older, suites_newer; /* whether `suites` has some of TLS 1.2, of 1.3 */
    bool suites_plain_psk;           /* whether it has some with a secret that is shared and no ephemeral key */
    int verify;                      /* -1: as the role has it */
    uint8_t digest[DIGEST];          /* of all options: sessions are kept apart by it */
    mbedtls_ssl_ticket_context tickets;
    uint8_t ticket_key[DIGEST]; /* of what we add to them */
    mbedtls_ssl_cache_context sessions;
    mbedtls_ssl_cookie_ctx cookies; /* of DTLS */
};

struct tls_conn {
    mbedtls_ssl_config conf;
    mbedtls_ssl_context ssl;
    struct trust *trust; /* the system's */
    uint8_t *peer;       /* the peer's certificate, DER; NULL: mbedTLS has it */
    size_t peer_len;
    struct session *resumed;                                    /* what the handshake tries to resume */
    mbedtls_x509_crt *path[MBEDTLS_X509_MAX_VERIFY_CHAIN_SIZE]; /* what is being verified: the peer's, its issuer ... */
    int depths, to_come;                                        /* how many they are; and have not been looked at */
    uint32_t flags;                                             /* what is wrong with those that have */
    int skipped;                                                /* why one of the peer's list could not be read; 0 */
    bool again;                                                 /* the list is being verified in another order */
    unsigned fragments;      /* bytes of a message of the handshake that had come before the last record */
    bool spoken;             /* something has come that was TLS */
    bool alerted;            /* the last record that began to go out was an alert */
    bool out_first;          /* the piece that goes out is the first of its message */
    uint16_t out_left;       /* bytes of mbedTLS's record that have not gone out */
    uint16_t out_most;       /* the longest piece of a message that is cut; 0: it is not */
    uint16_t out_at;         /* bytes of the piece that have gone out, with its header */
    uint8_t ahead_at, ahead; /* of `early`: where what mbedTLS has not asked for yet begins, and how much it is */
    uint8_t early[AHEAD];
};

/* How telling: what is said later with less is not written down. */
enum rank { RANK_NONE, RANK_LIBRARY, RANK_OTHER, RANK_USE, RANK_NAME, RANK_DATE, RANK_TRUST, RANK_REVOKED, RANK_CLOCK };

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void usocket_mbed_say(usocket_engine_t *e, enum rank rank, const char *format, ...);

/* mbedTLS's own words. */
void usocket_mbed_library_words(int ret, char *buf, size_t len);

bool usocket_mbed_is_alloc_failure(int ret);

/* What is wrong, from mbedTLS's number: the code, with e->number and words. The connection has failed for good. */
int usocket_mbed_fail(usocket_engine_t *e, int ret);

/* An option's value that cannot be used: USOCKET_ETLS_OPTION. ret: mbedTLS's number, or 0. */
int usocket_mbed_option_error(usocket_engine_t *e, const char *option, int ret, const char *words);

/* The length of the message with a chain of one's own, in the version of TLS where it is longer. */
size_t usocket_mbed_chain_len(const mbedtls_x509_crt *crt);

/* TLS_CIPHERSUITE_LIST and TLS_ALPN_LIST, from texts; the suites and the key exchanges of a connection. */
int usocket_mbed_set_suites(usocket_engine_t *e, const char *text, size_t len);
int usocket_mbed_set_alpn(usocket_engine_t *e, const char *text, size_t len);
void usocket_mbed_conf_suites(const struct tls_creds *c, mbedtls_ssl_config *conf);

/* Something that is lacking before the handshake. */
int usocket_mbed_fail_setup(usocket_engine_t *e, int number, const char *words);

/* Whether the step may receive more; if not, e->step_full is set. */
bool usocket_mbed_may_go_on(usocket_engine_t *e);

/* After mbedtls_ssl_setup: the connection receives and sends through e->transport. */
void usocket_mbed_set_transport(usocket_engine_t *e);

/* IANA's name of an alert. */
const char *usocket_mbed_alert_name(int number);

/* The connection ends with mbedTLS's number ret: say so to the peer, if mbedTLS has not. */
void usocket_mbed_send_alert(usocket_engine_t *e, int ret);

/* Make e->conn as the options say. */
int usocket_mbed_start(usocket_engine_t *e);

/* Before and after mbedtls_ssl_setup: the buffer for reading begins small. */
void usocket_mbed_small_buffer(usocket_engine_t *e);

/* A call that received has failed with ret: 0 if that was for want of room, of which there is enough now; else ret, or another. */
int usocket_mbed_make_room(usocket_engine_t *e, int ret);

/* Whether mbedTLS's number ret means that the peer's record is too long for the buffer. */
bool usocket_mbed_no_room(const usocket_engine_t *e, int ret);

/* Of the peer's certificates: without those that lead to an authority, once they have been verified; as bytes, after the handshake; and
 * where they are, NULL: it showed none. */
void usocket_mbed_drop_issuers(struct tls_conn *c);
void usocket_mbed_pack_peer(struct tls_conn *c);
const uint8_t *usocket_mbed_peer(const struct tls_conn *c, size_t *len);

/* Of clients: what there is to resume; and what there will be. */
void usocket_mbed_resume_session(usocket_engine_t *e);
void usocket_mbed_keep_session(usocket_engine_t *e);

/* Of servers that verify: tickets that have the client's certificate with them, which a session of TLS 1.3 does not; context is the
 * usocket_engine_t. As mbedTLS's callbacks. The certificate counts only if the handshake does not ask for another. */
int usocket_mbed_write_ticket(void *context, const mbedtls_ssl_session *session, unsigned char *start,
    const unsigned char *end, size_t *len, uint32_t *lifetime);
int usocket_mbed_parse_ticket(void *context, mbedtls_ssl_session *session, unsigned char *buf, size_t len);

/* The handshake has ended, well or not: whether it has resumed the session. */
void usocket_mbed_resumed(usocket_engine_t *e, struct tls_conn *c);

int usocket_mbed_random(void *context, unsigned char *buf, size_t len);

/* SHA-256. */
void usocket_mbed_digest(uint8_t *out, const void *data, size_t len);

void *usocket_tls_calloc(size_t n, size_t size);
void usocket_tls_cfree(void *p);

/* Zeroed; and freed, wiped. */
void *usocket_mbed_alloc(size_t size);
void usocket_mbed_free(void *p, size_t len);

/* The callback of mbedTLS's verification; context is the usocket_engine_t. */
int usocket_mbed_verify(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags);

/* Seconds since 1970. */
int64_t usocket_mbed_seconds(const mbedtls_x509_time *d);

/* Names: mbed_names.c. */
#define ALT_NAME_DNS 0x82 /* tags of GeneralName, RFC 5280 */
#define ALT_NAME_IP 0x87

/* Whether a certificate is for this name. */
bool usocket_mbed_is_for(const mbedtls_x509_crt *crt, const char *name, size_t len);

/* The peer's name against that of the certificate. */
void usocket_mbed_check_name(usocket_engine_t *e, const mbedtls_x509_crt *crt, uint32_t *flags);

/* The n-th subjectAltName of a kind; NULL: there are no more. */
const mbedtls_x509_buf *usocket_mbed_alt_name(const mbedtls_x509_crt *crt, int tag, size_t n);

/* As mbedTLS compares names, and hosts. */
bool usocket_mbed_same_name(const mbedtls_x509_name *a, const mbedtls_x509_name *b);
bool usocket_mbed_same_text(const uint8_t *a, const uint8_t *b, size_t len);

/* The commonName, or the whole subject, for people. */
void usocket_mbed_subject(const mbedtls_x509_crt *crt, char *buf, size_t room);

/* usocket_mbed_say, with a name behind the words. */
void usocket_mbed_say_of(usocket_engine_t *e, enum rank rank, const char *words, const mbedtls_x509_name *name);

/* Limits of authorities: mbed_constraints.c. Each adds its flag and its words. */
#if USOCKET_TLS_CONSTRAINTS
void usocket_mbed_check_purpose(usocket_engine_t *e, const mbedtls_x509_crt *ca, uint32_t *flags);
void usocket_mbed_check_listed(
    usocket_engine_t *e, const mbedtls_x509_crl *list, const mbedtls_x509_crt *ca, uint32_t *flags);
void usocket_mbed_check_constraints(
    usocket_engine_t *e, const mbedtls_x509_crt *ca, const mbedtls_x509_crt *leaf, uint32_t *flags);
void usocket_mbed_say_not_allowed(usocket_engine_t *e, const mbedtls_x509_buf *alt, const mbedtls_x509_name *ca);
#endif

/* What a certificate is that mbedTLS cannot read, by mbedTLS's number: the rest of a sentence. NULL: it is
 * broken. */
const char *usocket_mbed_unreadable(int ret);

/* One certificate, in DER. 0, or mbedTLS's number. */
int usocket_mbed_parse_cert(mbedtls_x509_crt *certs, const uint8_t *p, size_t len);

/* All certificates of a text with a NUL behind it, and revocation lists unless that is NULL. What cannot be read is refused; or is left
 * out if another is of use: those of a kind that mbedTLS lacks, or whatever is wrong with them. 0; USOCKET_ENOMEM;
 * USOCKET_ETLS_OPTION. */
enum tolerance { TOLERATE_NONE, TOLERATE_KINDS, TOLERATE_ALL };
struct unreadable {
    unsigned number; /* of the certificate, from 1; 0: there is none */
    int ret;         /* mbedTLS's number */
    bool cut, list;  /* it has no end; it is a revocation list */
    bool none;       /* no certificate and no list before it could be read */
};
int usocket_mbed_parse_certs(const uint8_t *text, size_t len, mbedtls_x509_crt *certs, mbedtls_x509_crl *lists,
    enum tolerance tolerance, struct unreadable *why);

/* Whether there is one private key, and nothing that is cut; *len becomes what mbedTLS has to parse. */
bool usocket_mbed_one_key(const uint8_t *text, size_t *len);

/* Words for what mbedTLS finds only after the callbacks. */
void usocket_mbed_verify_words(usocket_engine_t *e, uint32_t flags);

/* The system's bundle of authorities, to be dropped; NULL: there is none. */
struct trust *usocket_mbed_trust(void);
void usocket_mbed_trust_drop(struct trust *trust);

/* What has been given, with more, to be dropped; *whole: it is there already, otherwise what is more has yet to be parsed. NULL: no memory. */
struct trust *usocket_mbed_trust_with(const struct trust *old, const void *value, size_t len, bool *whole);

/* In use: who needs the same may have it. */
void usocket_mbed_trust_note(struct trust *trust);
void usocket_mbed_trust_forget(void);

#endif
