/* usocket - TLS: sockets opened with USOCKET_PROTO_SEC.
 *
 * A program uses such a socket with the calls of usocket.h, and its laws hold: any thread may call,
 * an interrupt must not. One thread at a time is in a session; another one that calls meanwhile
 * waits for it within its own deadline. Each call keeps its meaning:
 * - The handshake is part of usocket_connect_by (client), or of the first use of a socket that
 *   usocket_accept_by has returned (server): accept never waits for it. The next call, whichever it
 *   is, continues a handshake that has not ended; so does usocket_poll.
 * - A client verifies the server by default: chain, dates, and the name of usocket_tls_name or
 *   USOCKET_TLS_HOSTNAME; an address without a name must be among the certificate's IP addresses.
 * - usocket_close sends close_notify, and waits for room until the socket's timeout, but never
 *   longer than USOCKET_TLS_CLOSE_MS. usocket_shutdown(USOCKET_SHUT_WR) sends it too, and leaves
 *   reading open; if it returns USOCKET_EAGAIN, USOCKET_ETIMEDOUT or USOCKET_EINTR, call it again.
 * - A stream that ends without the peer's close_notify is truncated: USOCKET_ETLS_TRUNCATED, after
 *   the bytes that had come.
 * - A peer that keeps sending cannot hold a call: after some records the call checks its deadline,
 *   the interrupt hook and close. A peer that sends more than 32 records in a row that bring
 *   neither data nor progress of the handshake (warnings, change_cipher_spec, tickets,
 *   renegotiation requests), or 4 empty ones, is USOCKET_ETLS_PROTOCOL.
 * - usocket_poll: a socket is readable with decrypted bytes, an end or a failure; it is writable if
 *   its handshake has ended and its stack has room. Every call sends what is encrypted and not yet
 *   sent.
 * - A send that has to end while a record is partly sent counts all but the record's last byte. The
 *   caller offers that byte and the rest in the next send, as after any short count. Thus, when all
 *   bytes are counted, the stack has all of them.
 * - Codes: besides those that usocket.h lists, the codes of `enum usocket_tls_error`. They stay:
 *   once TLS has failed, every call that sends or receives returns the code. usocket_tls_why has
 *   its text. Each of these calls may have to send, to receive and to connect, and may return a
 *   code of any of these: usocket_send_by, usocket_recv_by, usocket_connect_wait.
 * - usocket_listen is USOCKET_ETLS_SETUP if a half of the credentials is missing: a certificate
 *   without its key, a key without its certificate, a secret without its identity.
 * - usocket_errname and usocket_strerror know these codes, too.
 *
 * Datagrams: a socket of the type USOCKET_DGRAM speaks DTLS 1.2.
 * - A client connects; that includes the handshake, and its flights are sent again after 1, 2, 4
 *   ... s, within the deadline. Without a deadline USOCKET_ETIMEDOUT comes after some minutes.
 * - A server binds, listens and accepts as one of streams does. usocket_accept_by answers each
 *   ClientHello with a cookie, and returns a socket for a client that has sent its cookie back; it
 *   keeps nothing of a client before. The socket is another one on the same address, connected to
 *   the client, and its first use makes the handshake. usocket_poll reports a listener as readable
 *   only if there is a client to accept. @p backlog has no effect.
 * - A send is one datagram: USOCKET_EMSGSIZE if it is too long for a record (16384 bytes, or
 *   USOCKET_TLS_MAX_FRAGMENT); with an address it is USOCKET_EISCONN. A receive is one datagram,
 *   and drops the part of it that the buffer has no room for; it skips empty ones. 0 is the peer's
 *   close_notify, which may get lost. A datagram that was tampered with is dropped.
 * - The handshake makes progress only in calls. The peer may have missed the last flight, so the
 *   program keeps receiving or polling.
 *
 * TLS exists where USOCKET_TLS is 1 and the build has mbedTLS, 3.6 (TLS 1.2 and 1.3) or 2.28 (TLS
 * 1.2). Elsewhere opening such a socket returns USOCKET_EPROTONOSUPPORT.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_TLS_H
#define USOCKET_TLS_H

#include "usocket/usocket.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Options --------------------------------------------------------------------------------- */

#define USOCKET_SOL_TLS 282 /* Zephyr's, RT-Thread SAL's and Linux's SOL_TLS */

/* The numbers are Zephyr's where it has them (include/zephyr/net/socket.h), and this library's own
 * from 64. usocket_setsockopt and usocket_getsockopt pass them; a number is an int, a text needs no
 * NUL. A program sets them before it connects. Those of a listener hold for the connections that it
 * accepts, and cannot change once it has accepted one (USOCKET_EBUSY). A value that cannot be used
 * is USOCKET_ETLS_OPTION; usocket_tls_why tells which and why. */

/** Text, ASCII (other letters as "xn--..."): the name that the server must have, also sent as SNI.
 *  It takes precedence over the name given to connect. */
#define USOCKET_TLS_HOSTNAME 2
/** Text: names of cipher suites, separated by commas or colons, the first preferred; IANA's names
 *  or mbedTLS's, those of TLS 1.3 and of 1.2 together. Empty: the default list, in which every
 *  suite has forward secrecy: those of TLS 1.3, and ECDHE with AES or ChaCha20-Poly1305, CBC last;
 *  DHE, CCM with a short tag, ARIA and Camellia are not in it. A list with a plain PSK suite
 *  (TLS_PSK_WITH_...) allows plain PSK, in TLS 1.3 psk_ke too: it has no forward secrecy, and is
 *  for devices that cannot afford an ephemeral key. */
#define USOCKET_TLS_CIPHERSUITE_LIST 3
/** Get: the suite in use: IANA's number, if the room is exactly an int; otherwise its name. */
#define USOCKET_TLS_CIPHERSUITE_USED 4
/** Number: 0 does not verify the peer; 1 verifies it, and keeps the connection whatever the
 *  verdict; 2 requires success. Default: 2 for clients, 0 for servers, which ask for a certificate
 *  unless it is 0. */
#define USOCKET_TLS_PEER_VERIFY 5
/** Text: protocols (ALPN), separated by commas, the first preferred. */
#define USOCKET_TLS_ALPN_LIST 7
/** Number: 1 keeps sessions, so that a later handshake with the same peer and the same options is
 *  short: clients keep USOCKET_TLS_SESSIONS of them, for the process; a server hands out tickets.
 *  0, the default, keeps none. */
#define USOCKET_TLS_SESSION_CACHE 12
/** Certificates of trusted authorities, PEM and DER, any number in a row, and revocation lists in
 *  PEM, in place of the system's bundle. Each call adds; NULL empties the list. All of a value
 *  counts, except certificates of a kind that mbedTLS lacks if there are others. A value is refused
 *  if it is empty, has neither a certificate nor a list, is truncated, or has anything else in it
 *  than PEM comments. Once a list is given, each authority of a chain needs a current one. */
#define USOCKET_TLS_CA_CERT 64
/** PEM or DER: the socket's own certificate, then those that lead to an authority. A value that
 *  cannot be used as a whole is refused. Each call begins a further pair of certificate and key; a
 *  server sends the first one for the name that the client asks for, otherwise the first. */
#define USOCKET_TLS_OWN_CERT 65
/** PEM or DER: the private key of the certificate that was given last. */
#define USOCKET_TLS_OWN_KEY 66
/** Numbers: USOCKET_TLS_1_2 or USOCKET_TLS_1_3. DTLS is always 1.2. */
#define USOCKET_TLS_MIN_VERSION 67
#define USOCKET_TLS_MAX_VERSION 68
/** Get: the negotiated protocol (ALPN); empty: none. */
#define USOCKET_TLS_ALPN_USED 69
/** Get: USOCKET_TLS_1_2 or USOCKET_TLS_1_3. */
#define USOCKET_TLS_VERSION_USED 70
/** Get: the peer's certificate, DER; empty: it sent none. */
#define USOCKET_TLS_PEER_CERT 71
/** Number: the most bytes in a record, 512, 1024, 2048 or 4096, in both directions, if the server
 *  agrees; the buffers shrink accordingly. mbedTLS negotiates it in TLS 1.2 only, so it keeps the
 *  connection at that version. 16384, the default: not negotiated. */
#define USOCKET_TLS_MAX_FRAGMENT 72
/** A secret shared with the peer, in bytes, and its identity. */
#define USOCKET_TLS_PSK 73
#define USOCKET_TLS_PSK_IDENTITY 74
/** Number: the socket's side of the handshake, 0 client, 1 server, as Zephyr's TLS_DTLS_ROLE, for
 *  streams. By default a socket that connects or is adopted is the client, and one that
 *  usocket_accept_by returns is the server. A program sets it before the handshake, on an adopted
 *  descriptor that turns to TLS as a server (STARTTLS), or if the connecting side is the server. 1
 *  on datagrams is USOCKET_ETLS_OPTION: their servers listen. */
#define USOCKET_TLS_ROLE 75
/** Get, a number: bytes that are decrypted and not yet received. */
#define USOCKET_TLS_PENDING 76
/** Get: the bytes, 128 at most, that came with the peer's close_notify and behind it, and are not
 *  TLS. A program that continues in plain text on the descriptor (usocket_detach, usocket_adopt)
 *  processes them first. */
#define USOCKET_TLS_REST 77

/* The protocol's own numbers. */
#define USOCKET_TLS_1_2 0x0303
#define USOCKET_TLS_1_3 0x0304

/* ---- Failures -------------------------------------------------------------------------------- */

enum usocket_tls_error {
    USOCKET_ETLS_BASE = -2000,
    USOCKET_ETLS_CERTIFICATE = -2001, /**< the peer's certificate is not trusted */
    USOCKET_ETLS_ALERT = -2002,       /**< the peer has refused, by an alert */
    USOCKET_ETLS_TRUNCATED = -2003,   /**< the stream ended without close_notify */
    USOCKET_ETLS_PROTOCOL = -2004,    /**< the data is not TLS, or was tampered with */
    USOCKET_ETLS_HANDSHAKE = -2005,   /**< no common version, suite, protocol, key */
    USOCKET_ETLS_OPTION = -2006,      /**< an option's value cannot be used */
    USOCKET_ETLS_SETUP = -2007,       /**< no certificate, key, authority or randomness */
    USOCKET_ETLS_CLOCK = -2008,       /**< the clock was never set: dates cannot be checked */
};

/** True for a code of TLS (USOCKET_ETLS_*). */
static inline bool usocket_is_tls(int code) {
    return code < USOCKET_ETLS_BASE && code > USOCKET_ETLS_BASE - 100;
}

#define USOCKET_TLS_WORDS 192 /**< longest text of usocket_tls_why, NUL included */

/* ---- Calls ----------------------------------------------------------------------------------- */

#if USOCKET_TLS

/** The reason for the last USOCKET_ETLS_* of this socket, as a text and as mbedTLS's own number.
 * Never waits.
 *
 * @param number receives the number, negative; 0: there is none; may be NULL
 * @param words  receives the text, USOCKET_TLS_WORDS bytes; terminated
 * @return 0; USOCKET_EBADF: closed; USOCKET_ENOPROTOOPT: not a TLS socket
 */
int usocket_tls_why(usocket_t *s, int *number, char *words);

/** Set the name for SNI and verification: the one that the program connects to.
 * USOCKET_TLS_HOSTNAME takes precedence. Never waits.
 *
 * @param host a name, or a numeric address
 * @param len  its length, in bytes
 * @return 0; USOCKET_ENOMEM, USOCKET_EBADF, USOCKET_EISCONN: the handshake has begun;
 *         USOCKET_ENAMETOOLONG, USOCKET_EFAULT; USOCKET_EINVAL: letters beyond ASCII (a program
 *         writes them as "xn--..."), spaces, control characters; USOCKET_ENOPROTOOPT: not a TLS
 *         socket
 */
int usocket_tls_name(usocket_t *s, const char *host, size_t len);

/** Make the handshake, or the rest of it. Waits until @p deadline.
 *
 * @return 0: it has ended; USOCKET_EAGAIN, USOCKET_ETIMEDOUT, USOCKET_EINTR: it goes on in the next
 *         call; USOCKET_ENOPROTOOPT: not a TLS socket; USOCKET_ENOTCONN, USOCKET_ECONNRESET;
 *         USOCKET_ETLS_*; a code of usocket_connect_by
 */
int usocket_tls_handshake_by(usocket_t *s, usocket_time_t deadline);

/** End TLS, but not the connection: send close_notify, and wait for the peer's until @p deadline.
 * Then both may continue in plain text: the program detaches the descriptor and adopts it;
 * USOCKET_TLS_REST has the bytes that came behind the peer's close_notify.
 *
 * @return 0; USOCKET_EAGAIN, USOCKET_ETIMEDOUT, USOCKET_EINTR: it goes on in the next call;
 *         USOCKET_EBUSY: there is data to receive before; USOCKET_ENOTCONN: the handshake has not
 *         ended; USOCKET_ENOPROTOOPT: not a TLS socket; USOCKET_EOPNOTSUPP: datagrams;
 *         USOCKET_EPIPE, USOCKET_ECONNRESET; USOCKET_ETLS_*; a code of usocket_recv_by
 */
int usocket_tls_unwrap_by(usocket_t *s, usocket_time_t deadline);

/** Free what is kept for later connections: the sessions of clients (USOCKET_TLS_SESSION_CACHE),
 *  and authorities that no connection uses (USOCKET_TLS_KEEP_TRUST). */
void usocket_tls_forget(void);

#endif

#ifdef __cplusplus
}
#endif

#endif
