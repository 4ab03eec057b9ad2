/* usocket - TLS: the options of level USOCKET_SOL_TLS.
 *
 * Zephyr's numbers where it has them (include/zephyr/net/socket.h), ours from 64. This build has no TLS backend yet: opening a
 * socket with USOCKET_PROTO_SEC gives USOCKET_EPROTONOSUPPORT, and the stack refuses these options.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_TLS_H
#define USOCKET_TLS_H

#define USOCKET_SOL_TLS 282 /* Zephyr's, RT-Thread SAL's and Linux's SOL_TLS */

#define USOCKET_TLS_HOSTNAME 2
#define USOCKET_TLS_CIPHERSUITE_LIST 3
#define USOCKET_TLS_CIPHERSUITE_USED 4
#define USOCKET_TLS_PEER_VERIFY 5
#define USOCKET_TLS_ALPN_LIST 7
#define USOCKET_TLS_SESSION_CACHE 12
#define USOCKET_TLS_CA_CERT 64
#define USOCKET_TLS_OWN_CERT 65
#define USOCKET_TLS_OWN_KEY 66
#define USOCKET_TLS_MIN_VERSION 67
#define USOCKET_TLS_MAX_VERSION 68
#define USOCKET_TLS_ALPN_USED 69
#define USOCKET_TLS_VERSION_USED 70
#define USOCKET_TLS_PEER_CERT 71
#define USOCKET_TLS_MAX_FRAGMENT 72
#define USOCKET_TLS_PSK 73
#define USOCKET_TLS_PSK_IDENTITY 74

#endif
