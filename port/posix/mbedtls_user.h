/* What this build of mbedTLS has otherwise than mbedTLS's own defaults. MBEDTLS_USER_CONFIG_FILE names it, everywhere.
 *
 * SPDX-License-Identifier: MIT
 */

/* Threads: MicroPython has some, and our sockets may be used by several. */
#define MBEDTLS_THREADING_C
#define MBEDTLS_THREADING_PTHREAD

/* Randomness from usocket_port_random alone; see src/mbedtls/mbed_support.c. */
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG

/* Buffers follow what was negotiated. The one for writing is this long at first, for 8 KiB less in each connection; a bulk send is 3 to
 * 7 % slower than with records of 16 KiB, and a chain of certificates of one's own is that long at the most. */
#define MBEDTLS_SSL_OUT_CONTENT_LEN \
    8208 /* 8192 bytes in one record of TLS 1.3, too, whose content is padded to 16 bytes */
#define MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH

/* mbedTLS answers the extension, and does not keep to it in the handshake: a client with a small limit aborts. */
#undef MBEDTLS_SSL_RECORD_SIZE_LIMIT

/* Memory from the port: counted, and refused, by the tests. */
#include <stddef.h>
void *usocket_tls_calloc(size_t n, size_t size);
void usocket_tls_cfree(void *p);
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_STD_CALLOC usocket_tls_calloc
#define MBEDTLS_PLATFORM_STD_FREE usocket_tls_cfree

/* Each certificate that a peer shows is read by this: mk/mbedtls.mk. */
struct mbedtls_ssl_context;
struct mbedtls_x509_crt;
int usocket_tls_peer_cert(
    struct mbedtls_ssl_context *ssl, struct mbedtls_x509_crt *chain, const unsigned char *der, size_t len);

/* No keys in files of the working directory. */
#undef MBEDTLS_PSA_CRYPTO_STORAGE_C
#undef MBEDTLS_PSA_ITS_FILE_C

#undef MBEDTLS_SSL_RENEGOTIATION
#undef MBEDTLS_SSL_DTLS_CONNECTION_ID
#undef MBEDTLS_SSL_DTLS_CONNECTION_ID_COMPAT
#undef MBEDTLS_KEY_EXCHANGE_RSA_ENABLED /* no forward secrecy */
#undef MBEDTLS_KEY_EXCHANGE_RSA_PSK_ENABLED
#undef MBEDTLS_KEY_EXCHANGE_ECDH_ECDSA_ENABLED
#undef MBEDTLS_KEY_EXCHANGE_ECDH_RSA_ENABLED

/* Suites that src/mbedtls/mbed_lists.c does not offer unless they are named: without them the archive is 32 KB smaller (x86-64, -O2). */
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
