/* As the package mbedtls of RT-Thread (3.6.6) is configured, where that is otherwise than mbedTLS's own defaults.
 *
 * SPDX-License-Identifier: MIT
 */
#include "mbedtls/mbedtls_config.h"

#define MBEDTLS_ENTROPY_HARDWARE_ALT
#define MBEDTLS_NO_PLATFORM_ENTROPY
#define MBEDTLS_PLATFORM_MS_TIME_ALT
#undef MBEDTLS_SSL_PROTO_TLS1_3 /* unless it is switched on */
#undef MBEDTLS_DEBUG_C
#undef MBEDTLS_NET_C
