/* Constants and structures of the stack under test: its platform.h with TEST_PLATFORM, otherwise this system's headers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_STACK_H
#define TEST_STACK_H

#ifdef TEST_PLATFORM
#include "platform.h"
#else
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#endif

#endif
