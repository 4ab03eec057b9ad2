/* mbedTLS for the board: client and server of TLS 1.2 and 1.3, ECDHE with ECDSA or RSA, AES-GCM, SHA-256 and SHA-384. The module
 * adds port/lwip_raw/mbedtls_user.h. Memory comes from the interpreter's heap, randomness from random.c.
 *
 * SPDX-License-Identifier: MIT
 */

/* ---- The board ---- */

#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#include <stddef.h>
void *usocket_tls_calloc(size_t n, size_t size);
void usocket_tls_cfree(void *p);
#define MBEDTLS_PLATFORM_STD_CALLOC usocket_tls_calloc
#define MBEDTLS_PLATFORM_STD_FREE usocket_tls_cfree
#define MBEDTLS_NO_PLATFORM_ENTROPY
#define MBEDTLS_DEPRECATED_REMOVED

/* mbedTLS calls this for each certificate that a peer sends (mk/mbedtls.mk). */
struct mbedtls_ssl_context;
struct mbedtls_x509_crt;
int usocket_tls_peer_cert(
    struct mbedtls_ssl_context *ssl, struct mbedtls_x509_crt *chain, const unsigned char *der, size_t len);

/* ---- Cryptography ---- */

#define MBEDTLS_AES_C
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_CIPHER_C
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_GCM_C
#define MBEDTLS_HKDF_C
#define MBEDTLS_MD_C
#define MBEDTLS_OID_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_RSA_C
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C

/* ---- TLS ---- */

#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_SRV_C
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_PROTO_DTLS
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_USE_C

#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG

/* A record that is sent has at most 2 KiB. The buffer for receiving begins with 2 KiB where TLS_MAX_FRAGMENT is 2048 and with 4 KiB
 * elsewhere, and grows for a peer that sends longer records. */
#define MBEDTLS_SSL_OUT_CONTENT_LEN 2064 /* TLS 1.3 pads to 16 bytes */
