/* SPDX-License-Identifier: MIT */
#ifndef SAL_NETINET_IN_H
#define SAL_NETINET_IN_H

#include <sys/socket.h>

#endif
