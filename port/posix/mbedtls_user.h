/* The differences of this build of mbedTLS from mbedTLS's defaults. Every build names this file in
 * MBEDTLS_USER_CONFIG_FILE.
 *
 * SPDX-License-Identifier: MIT
 */

/* MicroPython has threads, and several may use one socket. */
#define MBEDTLS_THREADING_C
#define MBEDTLS_THREADING_PTHREAD

/* usocket_port_random is the only source of randomness: src/mbedtls/mbed_support.c. */
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG

/* Buffers shrink to the negotiated size. The output buffer begins with this length, which saves 8
 * KiB per connection. A bulk send is 3 to 7 % slower than with records of 16 KiB, and the chain of
 * the own certificate can be no longer than this. */
#define MBEDTLS_SSL_OUT_CONTENT_LEN 8208 /* TLS 1.3 pads to 16 bytes: 8192 bytes fit in one record there, too */
#define MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH

/* mbedTLS answers the extension, but exceeds the limit in the handshake: a client with a small
 * limit aborts. */
#undef MBEDTLS_SSL_RECORD_SIZE_LIMIT

/* Memory comes from the port; the tests count it, and let allocations fail. */
#include <stddef.h>
void *usocket_tls_calloc(size_t n, size_t size);
void usocket_tls_cfree(void *p);
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_STD_CALLOC usocket_tls_calloc
#define MBEDTLS_PLATFORM_STD_FREE usocket_tls_cfree

/* mbedTLS calls this for each certificate that a peer sends: mk/mbedtls.mk. */
struct mbedtls_ssl_context;
struct mbedtls_x509_crt;
int usocket_tls_peer_cert(
    struct mbedtls_ssl_context *ssl, struct mbedtls_x509_crt *chain, const unsigned char *der, size_t len);

/* PSA must not store keys in files of the working directory. */
#undef MBEDTLS_PSA_CRYPTO_STORAGE_C
#undef MBEDTLS_PSA_ITS_FILE_C

#undef MBEDTLS_SSL_RENEGOTIATION
#undef MBEDTLS_SSL_DTLS_CONNECTION_ID
#undef MBEDTLS_SSL_DTLS_CONNECTION_ID_COMPAT
#undef MBEDTLS_KEY_EXCHANGE_RSA_ENABLED /* no forward secrecy */
#undef MBEDTLS_KEY_EXCHANGE_RSA_PSK_ENABLED
#undef MBEDTLS_KEY_EXCHANGE_ECDH_ECDSA_ENABLED
#undef MBEDTLS_KEY_EXCHANGE_ECDH_RSA_ENABLED

/* Suites that the library offers only by name. Without them the archive is 32 KB smaller (x86-64,
 * -O2). */
#undef MBEDTLS_KEY_EXCHANGE_DHE_RSA_ENABLED
#undef MBEDTLS_KEY_EXCHANGE_DHE_PSK_ENABLED
#undef MBEDTLS_DHM_C
#undef MBEDTLS_ARIA_C
#undef MBEDTLS_CAMELLIA_C
#undef MBEDTLS_DEBUG_C
#undef MBEDTLS_NET_C
#undef MBEDTLS_SELF_TEST
#undef MBEDTLS_LMS_C
#undef MBEDTLS_PKCS7_C
