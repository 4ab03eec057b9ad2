/* What usocket asks of the package mbedtls, whatever that is configured as. SConscript names it in MBEDTLS_USER_CONFIG_FILE.
 *
 * SPDX-License-Identifier: MIT
 */

/* mbedTLS 3 makes keys by itself, from entropy that the package takes from rand(): instead, from usocket_port_random. */
#if defined(MBEDTLS_PSA_CRYPTO_C) && !defined(MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG)
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG
#endif

/* TLS_PEER_CERT; the package's configuration for 2.28 is older than this option. */
#if !defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#endif
