/* Options that usocket needs of the package mbedtls, in any configuration. SConscript names this
 * file in MBEDTLS_USER_CONFIG_FILE.
 *
 * SPDX-License-Identifier: MIT
 */

/* mbedTLS 3 takes randomness from the package's entropy, which is rand(): it must come from
 * usocket_port_random. */
#if defined(MBEDTLS_PSA_CRYPTO_C) && !defined(MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG)
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG
#endif

/* TLS_PEER_CERT needs it; the package's configuration for 2.28 is older than the option. */
#if !defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#endif
