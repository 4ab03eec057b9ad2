/* A minimal stack for compilers without socket headers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PLATFORM_H
#define USOCKET_PLATFORM_H

#define SOL_SOCKET 0xfff
#define SO_REUSEADDR 4
#define MSG_WAITALL 2

#endif
