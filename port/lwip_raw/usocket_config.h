/* The library's knobs on lwIP without an OS, by what lwipopts.h has. A value of the build's own, given with -D, stays.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_LWIP_RAW_CONFIG_H
#define USOCKET_LWIP_RAW_CONFIG_H

#include <lwip/opt.h>

/* sys_now() counts milliseconds. */
#ifndef USOCKET_CLOCK_STEP_US
#define USOCKET_CLOCK_STEP_US 1000
#endif
#ifndef USOCKET_THREADS
#define USOCKET_THREADS 0
#endif
#ifndef USOCKET_QUICK
#define USOCKET_QUICK 1
#endif
#ifndef USOCKET_UNIX
#define USOCKET_UNIX 0
#endif
/* No descriptor can be duplicated. */
#ifndef USOCKET_UNREAD
#define USOCKET_UNREAD 1
#endif
#ifndef USOCKET_FORK
#define USOCKET_FORK 0
#endif
#ifndef USOCKET_IPV6
#define USOCKET_IPV6 LWIP_IPV6
#endif
#ifndef USOCKET_DATAGRAMS
#define USOCKET_DATAGRAMS LWIP_UDP
#endif
#ifndef USOCKET_NAMES
#define USOCKET_NAMES LWIP_DNS
#endif
#ifndef USOCKET_ASKS
#define USOCKET_ASKS USOCKET_NAMES
#endif
#ifndef USOCKET_RESOLVER_WORKERS
#define USOCKET_RESOLVER_WORKERS 0
#endif
/* One address of each family. */
#ifndef USOCKET_RESOLVER_RESULTS
#define USOCKET_RESOLVER_RESULTS 2
#endif
#ifndef USOCKET_NOTIFIES
#define USOCKET_NOTIFIES 1
#endif

#endif
