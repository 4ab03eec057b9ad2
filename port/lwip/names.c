/* The name of this host.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include <lwip/netif.h>

#include <string.h>

int plat_gethostname(char *buf, size_t len) {
    const char *name = NULL;
#if LWIP_NETIF_HOSTNAME
    name = netif_default != NULL ? netif_get_hostname(netif_default) : NULL;
#endif
    name = name != NULL ? name : "lwip";
    size_t size = strlen(name) + 1; /* strncpy() would fill the rest of the buffer */
    memcpy(buf, name, size < len ? size : len);
    return 0;
}
