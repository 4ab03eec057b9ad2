/* SPDX-License-Identifier: MIT */
#ifndef SAL_NETINET_TCP_H
#define SAL_NETINET_TCP_H

#include <sys/socket.h>

#endif
