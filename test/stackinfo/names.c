/* Names that the interpreters of some stacks have and those of others lack. With this file all have one table of strings, and
 * tools/kin.py compiles MicroPython's own files for one of them only.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py/qstr.h"

extern const qstr_short_t usocket_test_names[];
const qstr_short_t usocket_test_names[] = {
    MP_QSTR_AF_UNIX,
    MP_QSTR_IPV6_MULTICAST_HOPS,
    MP_QSTR_IPV6_MULTICAST_IF,
    MP_QSTR_IPV6_MULTICAST_LOOP,
    MP_QSTR_IPV6_TCLASS,
    MP_QSTR_IPV6_UNICAST_HOPS,
    MP_QSTR_IP_HDRINCL,
    MP_QSTR_IP_OPTIONS,
    MP_QSTR_IP_RECVTOS,
    MP_QSTR_MSG_CTRUNC,
    MP_QSTR_MSG_DONTROUTE,
    MP_QSTR_MSG_EOR,
    MP_QSTR_MSG_OOB,
    MP_QSTR_MSG_TRUNC,
    MP_QSTR_SIN_LEN,
    MP_QSTR_SO_BINDTODEVICE,
    MP_QSTR_SO_DOMAIN,
    MP_QSTR_SO_DONTROUTE,
    MP_QSTR_SO_OOBINLINE,
    MP_QSTR_SO_PRIORITY,
    MP_QSTR_SO_PROTOCOL,
    MP_QSTR_SO_RCVLOWAT,
    MP_QSTR_SO_REUSEPORT,
    MP_QSTR_SO_SNDBUF,
    MP_QSTR_TCP_CORK,
    MP_QSTR_TCP_DEFER_ACCEPT,
    MP_QSTR_TCP_FASTOPEN,
    MP_QSTR_TCP_INFO,
    MP_QSTR_TCP_MAXSEG,
    MP_QSTR_TCP_QUICKACK,
    MP_QSTR_TCP_SYNCNT,
    MP_QSTR_TCP_USER_TIMEOUT,
    MP_QSTR__stack,
    MP_QSTR_pools,
    MP_QSTR_sockets,
    MP_QSTR_strikes,
};
