/* RT-Thread's lwipopts.h, with more room in the mailbox of a UDP socket.
 *
 * RT-Thread sets it to 1: of the datagrams that arrive between two calls of recvfrom, the first is
 * kept; and all sockets together keep 2 (lwIP's default of MEMP_NUM_NETBUF). RT-Thread has no
 * option for it, so SConscript puts this directory before lwIP's on the path.
 *
 * SPDX-License-Identifier: MIT
 */
#include_next <lwipopts.h>

/* Never compiled. scons does not read #include_next: by these names, relative to directories on
 * lwIP's path, it finds RT-Thread's lwipopts.h, up to 4.0 and from 4.1 on. */
#if 0
#include "../port/lwipopts.h"
#include "../src/lwipopts.h"
#include <rtconfig.h>
#endif

#if USOCKET_UDP_MAILBOX > DEFAULT_UDP_RECVMBOX_SIZE
#undef DEFAULT_UDP_RECVMBOX_SIZE
#define DEFAULT_UDP_RECVMBOX_SIZE USOCKET_UDP_MAILBOX
#ifndef MEMP_NUM_NETBUF
#define MEMP_NUM_NETBUF (USOCKET_UDP_MAILBOX + 2)
#endif
#endif
