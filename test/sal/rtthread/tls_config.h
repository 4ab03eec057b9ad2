/* The configuration of RT-Thread's mbedtls package (3.6.6), as far as it differs from mbedTLS's own defaults.
 *
 * SPDX-License-Identifier: MIT
 */
#include "mbedtls/mbedtls_config.h"

#define MBEDTLS_ENTROPY_HARDWARE_ALT
#define MBEDTLS_NO_PLATFORM_ENTROPY
#define MBEDTLS_PLATFORM_MS_TIME_ALT
#undef MBEDTLS_SSL_PROTO_TLS1_3 /* off unless menuconfig enables it */
#undef MBEDTLS_DEBUG_C
#undef MBEDTLS_NET_C
