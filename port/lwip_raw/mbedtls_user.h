/* Options of mbedTLS that usocket needs on MicroPython's boards, in addition to MicroPython's own (extmod/mbedtls). micropython.mk
 * and micropython.cmake name this file in MBEDTLS_USER_CONFIG_FILE where USOCKET_TLS=1 is set for the build. mbedTLS 3.6.
 *
 * SPDX-License-Identifier: MIT
 */

/* Buffers shrink to the size that was negotiated. */
#define MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH
#define MBEDTLS_SSL_MAX_FRAGMENT_LENGTH

/* Options TLS_ALPN_LIST and TLS_PEER_CERT, revocation lists, PEM. */
#define MBEDTLS_SSL_ALPN
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#define MBEDTLS_X509_CRL_PARSE_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_BASE64_C

/* Protection of TLS 1.2: RFC 7627, and RFC 7366 for suites with CBC. */
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_ENCRYPT_THEN_MAC

/* A server resumes sessions, and a DTLS server has cookies. */
#define MBEDTLS_SSL_CACHE_C
#define MBEDTLS_SSL_SESSION_TICKETS
#define MBEDTLS_SSL_TICKET_C
#define MBEDTLS_SSL_COOKIE_C
#define MBEDTLS_SSL_DTLS_HELLO_VERIFY
#define MBEDTLS_SSL_DTLS_ANTI_REPLAY
#define MBEDTLS_SSL_DTLS_CLIENT_PORT_REUSE
