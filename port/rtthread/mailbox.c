/* A warning at compile time if lwIP's mailbox of a UDP socket is smaller than menuconfig says.
 *
 * The lwipopts.h in lwip/ sets it if the compiler knows #include_next and searches that directory
 * first; the project of an IDE may do neither.
 *
 * SPDX-License-Identifier: MIT
 */
#include <rtthread.h>

#if defined(RT_USING_LWIP) && USOCKET_UDP_MAILBOX > 0
#include <lwip/opt.h>
#if DEFAULT_UDP_RECVMBOX_SIZE < USOCKET_UDP_MAILBOX
#warning "lwIP keeps fewer datagrams than USOCKET_UDP_MAILBOX: raise DEFAULT_UDP_RECVMBOX_SIZE in its lwipopts.h"
#endif
#endif
