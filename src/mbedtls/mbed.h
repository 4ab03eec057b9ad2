/* Declarations that the files of src/mbedtls/ share. They work with mbedTLS 3.6 and 2.28.
 *
 * Caller: the files of src/mbedtls/ alone. src/tls/ enters through base/engine.h with the session's
 * lock, so one thread at a time is in a session, and nothing here locks one. Sessions share these,
 * and change them under lock_sockets(): the counts and the first use of credentials, the remembered
 * authorities, the sessions that clients may resume, the pair of certificate and key that was
 * checked last, and the default cipher suites.
 * Callbacks: mbedTLS calls them within a step, in the step's thread; their context is the
 * usocket_engine_t. They may use the transport, allocate, and change the session. A callback leaves
 * the transport's code in `error` and its findings in `words`.
 * Never: no callback frees e->conn or steps the session; no function waits, keeps a pointer into
 * mbedTLS's buffers after its step, or gives a secret back without wiping it.
 * Calls go down this list of files, never up: get; steps; connection; credentials, failure,
 * sessions; alerts, peer; verify; trust, constraints; names, parse, lists; transport, buffers,
 * support.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_MBED_H
#define USOCKET_MBED_H

#include "../base/engine.h"

/* mbedTLS has no peek and does not tell how much is unsent: in_offt and out_left are read here. */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS

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

/* One spelling for both versions. NOT_A_HELLO is a server's number for bytes that are not TLS. */
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define PRIVATE(member) MBEDTLS_PRIVATE(member)
#define RNG_ARGUMENTS , usocket_mbed_random, NULL
#define NOT_A_HELLO MBEDTLS_ERR_SSL_INVALID_RECORD
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

/* True where this mbedTLS joins a handshake message that comes in several records. A version that
 * cannot join them does not send them. */
#define CUTS_MESSAGES (MBEDTLS_VERSION_NUMBER >= 0x03060300)

/* Results of the transport's callbacks. TRANSPORT_FAILED: e->error has the code; the number is
 * MBEDTLS_ERR_NET_CONN_RESET, which mbedTLS passes through. FLOODED: IDLE_RECORDS is exceeded. */
#define TRANSPORT_FAILED (-0x0050)
#define FLOODED MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE

#define IDLE_RECORDS 32      /* the most records in a row that bring nothing */
#define DATAGRAMS_AT_ONCE 16 /* the most datagrams in one step */
#define RECORD_HEADER 5      /* bytes of a record's header, of streams */
#define DIGEST 32            /* bytes of SHA-256 */
#define EARLY_MAX 128        /* bytes received before mbedTLS asks for them: a small record with its header */

enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23 }; /* RFC 8446, 5.1 */

/* ---- State -------------------------------------------------------------------------------------------------------- */

/* A certificate with its chain, and its private key. Each comes from an option of its own. */
struct own_pair {
    struct own_pair *next;
    bool has_cert, has_key; /* The half has been set. */
    mbedtls_x509_crt cert;
    mbedtls_pk_context key;
};

/* Authorities with their revocation lists; counted, and constant once they have been parsed. */
enum trust_kind { TRUST_SYSTEM, TRUST_GIVEN };
struct trust {
    uint32_t refs; /* Holders: credentials, connections, the memory of mbed_trust.c; under the lock. */
    enum trust_kind kind;
    uint8_t id[DIGEST]; /* The digest of the content; of the system's bundle, of its path and version. */
    mbedtls_x509_crt chain;
    mbedtls_x509_crl crl;
};

/* A key, or its name, wiped when it is freed. */
struct psk_part {
    uint8_t *bytes; /* Owned; NULL: none. */
    size_t len;     /* In bytes. */
};

/* The options of a session, or of a listener and all of its connections. Options change only while
 * one session holds them (usocket_engine_creds_shared). */
struct tls_creds {
    uint32_t refs;               /* Sessions that hold them; under the lock. */
    int16_t verify;              /* TLS_PEER_VERIFY; -1: by the role. */
    int16_t cache;               /* TLS_SESSION_CACHE. */
    int16_t min_version;         /* USOCKET_TLS_1_2 or _1_3. */
    int16_t max_version;         /* Likewise. */
    int16_t max_fragment;        /* Bytes of a record's content; 16384: not negotiated. */
    bool suites_1_2, suites_1_3; /* `suites` has some of TLS 1.2, of TLS 1.3. */
    bool suites_plain_psk;       /* `suites` has some with a PSK and no ephemeral key. */
    struct own_pair *own;        /* The first pair, owned; the last one may lack a half. */
    bool resumption_ready;       /* `tickets`, `ticket_key` and `sessions` are in use; under the lock. */
    bool cookies_ready;          /* `cookies` is in use; under the lock. */
    struct trust *trust;         /* TLS_CA_CERT, with a reference; NULL: the system's bundle. */
    struct trust *system;        /* The system's, from usocket_engine_check to the first connection; or NULL. */
    int *suites;                 /* IANA's numbers, ended by 0, owned; NULL: the default suites. */
    const char **alpn;           /* Names, ended by NULL, in one block with their texts, owned; NULL: none. */
    struct psk_part psk;         /* TLS_PSK. */
    struct psk_part identity;    /* TLS_PSK_IDENTITY. */
    uint8_t digest[DIGEST];      /* Of all options in their order. A session is resumed under the same ones only. */
    mbedtls_ssl_ticket_context tickets; /* A server's keys for tickets. */
    uint8_t ticket_key[DIGEST];         /* Key of the MAC over tickets of TLS 1.3 that carry a certificate. */
    mbedtls_ssl_cache_context sessions; /* A server's sessions of TLS 1.2, for clients without tickets. */
    mbedtls_ssl_cookie_ctx cookies;     /* A DTLS server's key for cookies. */
};

/* One connection, from the first step of its handshake to usocket_engine_close. */
struct tls_conn {
    mbedtls_ssl_config conf; /* Points into the credentials, which the session holds. */
    mbedtls_ssl_context ssl;
    struct trust *trust;     /* The system's authorities; NULL where it uses those of its credentials, or none. */
    uint8_t *peer_cert;      /* The peer's certificate, DER, owned; NULL: mbedTLS may have it. */
    size_t peer_cert_len;    /* In bytes. */
    struct session *offered; /* The session that a client's handshake tries to resume, owned; or NULL. */

    /* Verification, while it lasts: mbed_verify.c. */
    mbedtls_x509_crt *path[MBEDTLS_X509_MAX_VERIFY_CHAIN_SIZE]; /* The peer's certificate, its issuer, ... */
    int path_len;                                               /* Certificates in `path`. */
    int path_left;       /* Of those, the ones for which the callback has not been called yet. */
    uint32_t path_flags; /* MBEDTLS_X509_BADCERT_*, BADCRL_*: findings on all of them. */
    int unreadable;      /* mbedTLS's number for a certificate of the peer's list that it cannot read; 0: none. */
    bool reordering;     /* The list is being verified in another order. */

    /* The transport: mbed_transport.c. */
    unsigned fragment_bytes;  /* Bytes of an incomplete handshake message before the last record. */
    bool speaks_tls;          /* The peer has sent its hello. */
    bool alert_sent;          /* The record that began to go out last is an alert. */
    bool piece_first;         /* The piece that goes out is the first of its message. */
    uint16_t record_left;     /* Bytes of mbedTLS's record that have not gone out. */
    uint16_t piece_max;       /* Longest piece, in bytes, of a message that is cut; 0: it is not cut. */
    uint16_t piece_sent;      /* Bytes of the piece that have gone out, its header included. */
    uint8_t early_at;         /* Offset in `early` of the first byte that mbedTLS has not asked for. */
    uint8_t early_len;        /* Bytes from there on. */
    uint8_t early[EARLY_MAX]; /* Bytes received before mbedTLS has asked for them. */
};

/* ---- Support: mbed_support.c -------------------------------------------------------------------------------------- */

/* Memory of the port's. mbedTLS calls usocket_tls_calloc and _cfree where its configuration names
 * them (MBEDTLS_PLATFORM_STD_CALLOC; port/posix/mbedtls_user.h). */
void *usocket_tls_calloc(size_t n, size_t size);
void usocket_tls_cfree(void *p);
void *usocket_mbed_alloc(size_t size);       /* zeroed; NULL: no memory */
void usocket_mbed_free(void *p, size_t len); /* wipes len bytes first; p may be NULL */
bool usocket_mbed_is_alloc_failure(int ret); /* ret: mbedTLS's number, of any of its parts */

/* mbedTLS's callback for randomness, from the port. */
int usocket_mbed_random(void *context, unsigned char *buf, size_t len);

/* SHA-256 of data, DIGEST bytes. `out` may be `data`. Without memory it is random:
 * equal to no other. */
void usocket_mbed_digest(uint8_t *out, const void *data, size_t len);

/* Seconds since 1970. */
int64_t usocket_mbed_unix_time(const mbedtls_x509_time *d);

/* Precedence of `words`: a text replaces those of the same or a lower rank. */
#define WORDS_NO_IDENTITY "a server needs TLS_OWN_CERT and TLS_OWN_KEY, or TLS_PSK"
#define WORDS_NO_AUTHORITY "no authority to trust: TLS_CA_CERT gives none, and the system has none"

enum rank { RANK_NONE, RANK_LIBRARY, RANK_OTHER, RANK_USE, RANK_NAME, RANK_DATE, RANK_TRUST, RANK_REVOKED, RANK_CLOCK };

/* Set e->words, unless they have a higher rank. A text that is too long ends with "...". */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void usocket_mbed_explain(usocket_engine_t *e, enum rank rank, const char *format, ...);

/* mbedTLS's own words for its number. */
void usocket_mbed_library_words(int ret, char *buf, size_t len);

/* The value of an option (its name without TLS_) cannot be used: USOCKET_ETLS_OPTION, with words.
 * ret: mbedTLS's number, or 0. */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
int usocket_mbed_option_error(usocket_engine_t *e, const char *option, int ret, const char *format, ...);

/* ---- Options that are numbers: mbed_credentials.c ----------------------------------------------------------------- */

struct number_option {
    uint8_t name;         /* USOCKET_TLS_*. */
    uint8_t offset;       /* Of its int16_t in struct tls_creds. */
    uint16_t least, most; /* Of its values. */
    const char *option;   /* Its name without TLS_. */
    const char *values;   /* Words for its values. */
};

/* NULL: the option is no such number. */
const struct number_option *usocket_mbed_number_option(int name);

static inline int16_t *usocket_mbed_number_member(struct tls_creds *c, const struct number_option *o) {
    return (int16_t *)(void *)((char *)c + o->offset);
}

/* ---- Names in certificates: mbed_names.c -------------------------------------------------------------------------- */

#define ALT_NAME_DNS 0x82 /* tags of GeneralName, RFC 5280 */
#define ALT_NAME_IP 0x87

/* The n-th subjectAltName with this tag; NULL: there are no more. */
const mbedtls_x509_buf *usocket_mbed_alt_name(const mbedtls_x509_crt *crt, int tag, size_t n);

/* True if a dNSName of the certificate covers this host. */
bool usocket_mbed_matches_host(const mbedtls_x509_crt *crt, const char *name, size_t len);

/* Compare the peer's name or address with its certificate: sets MBEDTLS_X509_BADCERT_CN_MISMATCH
 * with words, or clears it. */
void usocket_mbed_check_name(usocket_engine_t *e, const mbedtls_x509_crt *crt, uint32_t *flags);

/* Equality of distinguished names as mbedTLS has it, and of text without the case of letters. */
bool usocket_mbed_same_name(const mbedtls_x509_name *a, const mbedtls_x509_name *b);
bool usocket_mbed_same_text(const uint8_t *a, const uint8_t *b, size_t len);

/* The commonName, or the whole subject, for people. */
void usocket_mbed_format_subject(const mbedtls_x509_crt *crt, char *buf, size_t room);

/* usocket_mbed_explain, with a distinguished name behind the words. */
void usocket_mbed_explain_with_name(
    usocket_engine_t *e, enum rank rank, const char *words, const mbedtls_x509_name *name);

/* ---- Certificates as bytes: mbed_parse.c -------------------------------------------------------------------------- */

/* One certificate, DER, behind those of `certs`. 0, or mbedTLS's number. */
int usocket_mbed_parse_cert(mbedtls_x509_crt *certs, const uint8_t *p, size_t len);

/* Certificates that may be left out of a text if something else in it can be used. */
enum tolerance {
    TOLERATE_NONE,
    TOLERATE_KINDS, /* certificates of a kind that mbedTLS lacks */
    TOLERATE_ALL,   /* damaged ones, too */
};

/* The certificate or list that was refused, or the first that was left out. */
struct unreadable {
    unsigned number; /* Of the certificate, from 1; 0: there is none. */
    int ret;         /* mbedTLS's number. */
    bool cut;        /* It has no end. */
    bool list;       /* It is a revocation list. */
    bool none;       /* Nothing before it could be read. */
};

/* All certificates of a text that has a NUL behind it, PEM or DER; and its revocation lists, unless
 * `lists` is NULL. 0; USOCKET_ENOMEM; USOCKET_ETLS_OPTION, with *why. */
int usocket_mbed_parse_certs(const uint8_t *text, size_t len, mbedtls_x509_crt *certs, mbedtls_x509_crl *lists,
    enum tolerance tolerance, struct unreadable *why);

/* The rest of the sentence "the certificate ..." for mbedTLS's number; NULL: it is damaged. */
const char *usocket_mbed_unreadable_words(int ret);

/* True if the text is one private key with nothing cut; *len becomes the length for mbedTLS. */
bool usocket_mbed_is_one_key(const uint8_t *text, size_t *len);

/* The length of a Certificate message with this chain, in the version of TLS where it is longer. */
size_t usocket_mbed_cert_message_len(const mbedtls_x509_crt *crt);

/* ---- Options that are lists: mbed_lists.c ------------------------------------------------------------------------- */

int usocket_mbed_set_suites(usocket_engine_t *e, const char *text, size_t len);
int usocket_mbed_set_alpn(usocket_engine_t *e, const char *text, size_t len);

/* The cipher suites and key exchanges of a connection. */
void usocket_mbed_configure_suites(const struct tls_creds *c, mbedtls_ssl_config *conf);

/* ---- The transport: mbed_transport.c, mbed_buffers.c, mbed_alerts.c ----------------------------------------------- */

/* After mbedtls_ssl_setup: let the connection use e->transport, and its timer for DTLS. */
void usocket_mbed_set_transport(usocket_engine_t *e);

/* True if the step may receive more; otherwise e->step_full is set. */
bool usocket_mbed_may_receive(usocket_engine_t *e);

/* Before mbedtls_ssl_setup and after it: make the buffer for receiving a small one. */
void usocket_mbed_shrink_input(usocket_engine_t *e);

/* After a call that received has failed with ret: 0 if it may be repeated, since the buffer lacked
 * room and has it now; else ret, or an allocation failure. */
int usocket_mbed_grow_input(usocket_engine_t *e, int ret);

/* True if ret means that the peer's record is longer than the buffer. */
bool usocket_mbed_input_too_small(const usocket_engine_t *e, int ret);

/* IANA's name of an alert. */
const char *usocket_mbed_alert_name(int number);

/* Send the alert for mbedTLS's number, unless mbedTLS has sent one. */
void usocket_mbed_send_alert(usocket_engine_t *e, int ret);

/* ---- Trust in the peer: mbed_trust.c, mbed_verify.c, mbed_constraints.c ------------------------------------------- */

/* The system's bundle, with a reference for the caller; NULL: there is none, or no memory. */
struct trust *usocket_mbed_system_trust(void);

/* The authorities of `old`, which may be NULL, and those of `value`, as a new set with a reference
 * for the caller; NULL: no memory. *whole: a set with this content was remembered; otherwise the
 * caller still has to parse `value` into it. */
struct trust *usocket_mbed_trust_add(const struct trust *old, const void *value, size_t len, bool *whole);

/* One reference less; the last one frees it. trust may be NULL. */
void usocket_mbed_trust_release(struct trust *trust);

/* Remember it as the last one of its kind; forget both. */
void usocket_mbed_trust_remember(struct trust *trust);
void usocket_mbed_trust_forget(void);

/* mbedTLS's callback for each certificate of a chain. */
int usocket_mbed_verify(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags);

/* Words for the flags of mbedTLS's that no check here has explained. */
void usocket_mbed_explain_flags(usocket_engine_t *e, uint32_t flags);

#if USOCKET_TLS_CONSTRAINTS
/* Limits that mbedTLS does not check. Each adds its flag, with words. */
void usocket_mbed_check_purpose(usocket_engine_t *e, const mbedtls_x509_crt *ca, uint32_t *flags);
void usocket_mbed_check_crl(
    usocket_engine_t *e, const mbedtls_x509_crl *list, const mbedtls_x509_crt *ca, uint32_t *flags);
void usocket_mbed_check_constraints(
    usocket_engine_t *e, const mbedtls_x509_crt *ca, const mbedtls_x509_crt *leaf, uint32_t *flags);
void usocket_mbed_explain_not_permitted(
    usocket_engine_t *e, const mbedtls_x509_buf *alt, const mbedtls_x509_name *ca); /* mbed_names.c */
#endif

/* ---- The peer's certificate and sessions: mbed_peer.c, mbed_sessions.c -------------------------------------------- */

/* After the verification: free the certificates above the peer's own. */
void usocket_mbed_drop_issuers(struct tls_conn *c);

/* Once the peer's key is not needed any more: keep its certificate as bytes, free the parsed
 * one. */
void usocket_mbed_pack_peer_cert(struct tls_conn *c);

/* The peer's certificate, DER, in the connection's memory; NULL: it sent none. */
const uint8_t *usocket_mbed_peer_cert(const struct tls_conn *c, size_t *len);

/* A client's handshake: offer the session that is kept for its peer, if there is one; afterwards,
 * completed or not, take over its certificate if it was resumed, and free it; keep the new one. */
void usocket_mbed_offer_session(usocket_engine_t *e);
void usocket_mbed_settle_session(usocket_engine_t *e, struct tls_conn *c);
void usocket_mbed_keep_session(usocket_engine_t *e);

/* mbedTLS's callbacks for the tickets of a server that verifies its clients. A ticket of TLS 1.3
 * carries the client's certificate, which mbedTLS's session lacks; it counts if the handshake
 * asks for no other. */
int usocket_mbed_write_ticket(void *context, const mbedtls_ssl_session *session, unsigned char *start,
    const unsigned char *end, size_t *len, uint32_t *lifetime);
int usocket_mbed_parse_ticket(void *context, mbedtls_ssl_session *session, unsigned char *buf, size_t len);

/* ---- Failures and opening: mbed_failure.c, mbed_connection.c ----------------------------------------------------- */

/* The session ends with mbedTLS's number: sends the alert, sets stage, number and words, and
 * returns the code. */
int usocket_mbed_fail(usocket_engine_t *e, int ret);

/* The session cannot begin: USOCKET_ETLS_SETUP, with the number and the words. */
int usocket_mbed_fail_setup(usocket_engine_t *e, int number, const char *words);

/* Make e->conn as the options say. 0, USOCKET_ENOMEM, or USOCKET_ETLS_SETUP with words. */
int usocket_mbed_open(usocket_engine_t *e);

#endif
