/* The library's knobs on lwIP's sockets. A value of the build's own, given with -D, stays.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_LWIP_CONFIG_H
#define USOCKET_LWIP_CONFIG_H

/* sys_now() counts milliseconds. */
#ifndef USOCKET_CLOCK_STEP_US
#define USOCKET_CLOCK_STEP_US 1000
#endif
#ifndef USOCKET_UNIX
#define USOCKET_UNIX 0
#endif
/* No descriptor can be duplicated. */
#ifndef USOCKET_UNREAD
#define USOCKET_UNREAD 1
#endif
/* lwIP calls back, so that neither a lookup nor a watch needs a thread. */
#ifndef USOCKET_ASKS
#define USOCKET_ASKS 1
#endif
#ifndef USOCKET_NOTIFIES
#define USOCKET_NOTIFIES 1
#endif
#define USOCKET_WAIT_INSIDE 0 /* also where lwIP runs on Linux */

#endif
