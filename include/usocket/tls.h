/* usocket - TLS: sockets opened with USOCKET_PROTO_SEC.
 *
 * Such a socket speaks TLS, through the calls of usocket.h, each of which keeps its meaning:
 * - The handshake is part of usocket_connect_by (client), and of the first use of what usocket_accept_by returns (server):
 *   accept never waits for it. It goes on in whatever call is made next, until it has ended; usocket_poll does its part, too.
 * - A client verifies the server by default: chain, dates, and the name that usocket_tls_name or USOCKET_TLS_HOSTNAME gave; an
 *   address with no name is looked for among the certificate's IP addresses.
 * - usocket_close says goodbye (close_notify), waiting for room until the socket's timeout but never longer than
 *   USOCKET_TLS_CLOSE_MS. usocket_shutdown(USOCKET_SHUT_WR) does, too, and leaves reading open; it may return USOCKET_EAGAIN,
 *   USOCKET_ETIMEDOUT or USOCKET_EINTR then, and is to be called again.
 * - A stream that ends without the peer's goodbye is cut: USOCKET_ETLS_TRUNCATED, after the bytes that had come.
 * - No peer holds a call by sending: after some records the call looks at its deadline, at the interrupt hook and at close. A peer that sends
 *   more than 32 records in a row that bring neither data nor the handshake forward (warnings, change_cipher_spec, tickets, requests for
 *   another handshake), or 4 empty ones, is USOCKET_ETLS_PROTOCOL.
 * - usocket_poll: readable is a socket with decrypted bytes, an end or a failure; writable one whose handshake has ended and
 *   whose stack has room. What has been encrypted and not yet sent goes out in any call.
 * - A send that has to end while a record is partly on its way counts all but the record's last byte; offer that byte and what follows
 *   in the next send, as after any short count. So when all is counted, all is with the stack.
 * - Codes in addition to those that usocket.h lists: those of `enum usocket_tls_error`. They stay: once TLS has failed, every call
 *   that sends or receives says so. usocket_tls_why has the words. Any of these calls may also return what usocket_send_by,
 *   usocket_recv_by and usocket_connect_wait do, for each may have to send, to receive and to connect.
 * - usocket_listen is USOCKET_ETLS_SETUP where a half of the credentials is missing: a certificate without its key, a key without its
 *   certificate, a secret without its identity.
 * - usocket_errname and usocket_strerror have names and words for these codes, too.
 *
 * Datagrams: a socket of the type USOCKET_DGRAM speaks DTLS 1.2.
 * - A client connects; the handshake is part of it, its flights are sent again after 1, 2, 4 ... s, within the deadline. Without a
 *   deadline USOCKET_ETIMEDOUT comes after some minutes.
 * - A server binds, listens and accepts as one of streams does. usocket_accept_by answers whoever sends a hello with a cookie, and
 *   returns a socket for a client that has shown its own; until then nothing is kept of it. The socket is another one on the same
 *   address, connected to the client, and its handshake is part of its first use. usocket_poll says readable of a listener only if
 *   there is somebody to accept. @p backlog does not matter.
 * - A send is one datagram: USOCKET_EMSGSIZE if it is too long for a record (16384 bytes, or USOCKET_TLS_MAX_FRAGMENT); naming an
 *   address is USOCKET_EISCONN. A receive is one datagram, what it has no room for is gone; an empty one is not seen. 0 is the peer's goodbye,
 *   which may be lost. Datagrams that were tampered with are as lost ones.
 * - The handshake goes on only while somebody calls: a socket whose peer may have missed the last flight has to receive or to poll.
 *
 * There is TLS where USOCKET_TLS is 1 and the build has mbedTLS, 3.6 (TLS 1.2 and 1.3) or 2.28 (TLS 1.2). Elsewhere opening such a
 * socket gives USOCKET_EPROTONOSUPPORT.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_TLS_H
#define USOCKET_TLS_H

#include "usocket/usocket.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Options -------------------------------------------------------------------------------------------------------- */

#define USOCKET_SOL_TLS 282 /* Zephyr's, RT-Thread SAL's and Linux's SOL_TLS */

/* Zephyr's numbers where it has them (include/zephyr/net/socket.h), ours from 64. Through usocket_setsockopt and
 * usocket_getsockopt; a number is an int, a text needs no NUL. They are set before the connection is made; those of a listener
 * hold for the connections that it accepts, and cannot change once it has accepted one (USOCKET_EBUSY).
 * A value that cannot be used is USOCKET_ETLS_OPTION, and usocket_tls_why says which and why. */

/** Text: the name that the server must have, and that it is told (SNI), in ASCII: letters beyond it are written as "xn--...". It goes
 *  before the name given to connect. */
#define USOCKET_TLS_HOSTNAME 2
/** Text: names of cipher suites, between commas or colons, the first preferred; IANA's names or mbedTLS's, those of TLS 1.3 and of
 *  1.2 together. Empty: the list by default, which has forward secrecy in every suite: TLS 1.3's, and ECDHE's with AES or
 *  ChaCha20-Poly1305, those with CBC last; DHE, CCM with a short tag, ARIA and Camellia are not in it. A list with a suite of plain PSK
 *  (TLS_PSK_WITH_...) allows that, in TLS 1.3 psk_ke, too: for devices that cannot afford an ephemeral key, without forward secrecy. */
#define USOCKET_TLS_CIPHERSUITE_LIST 3
/** Get: IANA's number of the suite in use, where there is room for an int exactly; its name elsewhere. */
#define USOCKET_TLS_CIPHERSUITE_USED 4
/** Number: 0 the peer is not verified; 1 it is, but whatever the verdict, the connection stands; 2 it must pass. Clients: 2,
 *  servers (which ask for a certificate unless it is 0): 0. */
#define USOCKET_TLS_PEER_VERIFY 5
/** Text: protocols (ALPN) between commas, the first preferred. */
#define USOCKET_TLS_ALPN_LIST 7
/** Number: 1 keeps sessions, so that a later handshake with the same peer and the same options is short: a client
 *  USOCKET_TLS_SESSIONS of them, for the process; a server hands out tickets. 0, the default, does not. */
#define USOCKET_TLS_SESSION_CACHE 12
/** PEM and DER, any number in a row, and revocation lists in PEM: whom to trust, instead of the system's bundle. Each call adds; NULL
 *  begins anew. All of it counts, but for certificates of a kind that mbedTLS lacks if there are others. A value that is empty, has no
 *  certificate and no list, is cut short or has anything else in it but comments of PEM is refused. Once a list is given, each authority
 *  of a chain needs one that is current. */
#define USOCKET_TLS_CA_CERT 64
/** PEM or DER (the certificate, then those that lead to an authority): what to show of oneself; all of it, or it is refused. Each call begins a further pair
 *  of certificate and key; a server shows the first that is for the name that the client asked for, else the first. */
#define USOCKET_TLS_OWN_CERT 65
/** PEM or DER: the private key of the certificate given last, one. */
#define USOCKET_TLS_OWN_KEY 66
/** Numbers: USOCKET_TLS_1_2 or USOCKET_TLS_1_3. DTLS is 1.2 alone. */
#define USOCKET_TLS_MIN_VERSION 67
#define USOCKET_TLS_MAX_VERSION 68
/** Get: the protocol that was agreed on; empty: none. */
#define USOCKET_TLS_ALPN_USED 69
/** Get: USOCKET_TLS_1_2 or USOCKET_TLS_1_3. */
#define USOCKET_TLS_VERSION_USED 70
/** Get: the peer's certificate, DER; empty: it showed none. */
#define USOCKET_TLS_PEER_CERT 71
/** Number: 512, 1024, 2048 or 4096 bytes in a record at the most, in both directions, if the server agrees; the buffers follow.
 *  mbedTLS negotiates it in TLS 1.2 alone: it keeps the connection at that version. 16384, the default: not negotiated. */
#define USOCKET_TLS_MAX_FRAGMENT 72
/** A secret shared with the peer, and the name it goes by. */
#define USOCKET_TLS_PSK 73
#define USOCKET_TLS_PSK_IDENTITY 74
/** Number: which side of the handshake the socket takes, 0 the client's, 1 the server's; as Zephyr's TLS_DTLS_ROLE has it, for streams.
 *  Without it, a socket that connects or is adopted is the client, one that usocket_accept_by returns the server. Set it on an adopted
 *  descriptor whose program has turned to TLS as a server (STARTTLS), or where the side that connects is the server. Before the
 *  handshake; USOCKET_ETLS_OPTION for 1 on datagrams, whose servers listen. */
#define USOCKET_TLS_ROLE 75
/** Get, a number: bytes that are decrypted and not received yet. */
#define USOCKET_TLS_PENDING 76
/** Get, at most 128 bytes: those behind the peer's close_notify that came with it, and are no TLS. A program that goes on in plain text on
 *  the descriptor (usocket_detach, usocket_adopt) has to begin with them. */
#define USOCKET_TLS_REST 77

/* The numbers in the protocol. */
#define USOCKET_TLS_1_2 0x0303
#define USOCKET_TLS_1_3 0x0304

/* ---- Failures ------------------------------------------------------------------------------------------------------- */

enum usocket_tls_error {
    USOCKET_ETLS_BASE = -2000,
    USOCKET_ETLS_CERTIFICATE = -2001, /**< the peer's certificate is not to be trusted */
    USOCKET_ETLS_ALERT = -2002,       /**< the peer has refused */
    USOCKET_ETLS_TRUNCATED = -2003,   /**< the stream ended without the peer's goodbye */
    USOCKET_ETLS_PROTOCOL = -2004,    /**< what came is not TLS, or was tampered with */
    USOCKET_ETLS_HANDSHAKE = -2005,   /**< nothing in common: versions, suites, protocols, keys */
    USOCKET_ETLS_OPTION = -2006,      /**< an option's value cannot be used */
    USOCKET_ETLS_SETUP = -2007,       /**< something is missing: a certificate, a key, somebody to trust, randomness */
    USOCKET_ETLS_CLOCK = -2008,       /**< the clock was never set, so no certificate's dates can be checked */
};

/** True for a code of TLS (USOCKET_ETLS_*). */
static inline bool usocket_is_tls(int code) {
    return code < USOCKET_ETLS_BASE && code > USOCKET_ETLS_BASE - 100;
}

#define USOCKET_TLS_WORDS 192 /**< longest text of usocket_tls_why, NUL included */

/* ---- Calls ---------------------------------------------------------------------------------------------------------- */

#if USOCKET_TLS

/** Why the last call returned a USOCKET_ETLS_*: words, and mbedTLS's own number.
 *
 * @param number receives the number, negative; 0 without one; may be NULL
 * @param words  of USOCKET_TLS_WORDS bytes, terminated
 * @return 0; USOCKET_EBADF: closed; USOCKET_ENOPROTOOPT: not a TLS socket
 */
int usocket_tls_why(usocket_t *s, int *number, char *words);

/** The name that connect was given, for SNI and verification, unless USOCKET_TLS_HOSTNAME says another.
 *
 * @param host a name, or a numeric address
 * @return 0; USOCKET_ENOMEM, USOCKET_EBADF, USOCKET_EISCONN: the handshake has begun; USOCKET_ENAMETOOLONG, USOCKET_EFAULT;
 *         USOCKET_EINVAL: letters beyond ASCII (they are written as "xn--..."), spaces, control characters;
 *         USOCKET_ENOPROTOOPT: not a TLS socket
 */
int usocket_tls_name(usocket_t *s, const char *host, size_t len);

/** Do the handshake now, or what is left of it.
 *
 * @return 0: it has ended; USOCKET_EAGAIN, USOCKET_ETIMEDOUT, USOCKET_EINTR: it goes on in the next call; USOCKET_ENOPROTOOPT: not a TLS
 *         socket; USOCKET_ENOTCONN, USOCKET_ECONNRESET; USOCKET_ETLS_*; a code of usocket_connect_by
 */
int usocket_tls_handshake_by(usocket_t *s, usocket_time_t deadline);

/** End TLS, not the connection: say goodbye (close_notify), and wait for the peer's. Then both may go on in plain text: detach the
 *  descriptor and adopt it; USOCKET_TLS_REST has what came behind the peer's goodbye.
 *
 * @return 0; USOCKET_EAGAIN, USOCKET_ETIMEDOUT, USOCKET_EINTR: it goes on in the next call; USOCKET_EBUSY: something has come that is to be
 *         received before; USOCKET_ENOTCONN: the handshake has not ended; USOCKET_ENOPROTOOPT: not a TLS socket; USOCKET_EOPNOTSUPP:
 *         datagrams; USOCKET_EPIPE, USOCKET_ECONNRESET; USOCKET_ETLS_*; a code of usocket_recv_by
 */
int usocket_tls_unwrap_by(usocket_t *s, usocket_time_t deadline);

/** Forget what is kept for later connections: the sessions of clients (USOCKET_TLS_SESSION_CACHE), and authorities that nobody uses
 *  now (USOCKET_TLS_KEEP_TRUST). */
void usocket_tls_forget(void);

#endif

#ifdef __cplusplus
}
#endif

#endif
