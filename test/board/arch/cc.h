/* lwIP's view of the compiler. With BOARD_TEST a failed assertion of lwIP ends the emulation; extmod/modlwip.c
 * fails one on each close of a listener.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_ARCH_CC_H
#define BOARD_ARCH_CC_H

void board_lwip_failed(const char *what, const char *file, int line) __attribute__((noreturn));

#define LWIP_PLATFORM_DIAG(x)
#ifdef BOARD_TEST
#define LWIP_PLATFORM_ASSERT(x) board_lwip_failed(x, __FILE__, __LINE__)
#else
#define LWIP_NOASSERT 1
#define LWIP_PLATFORM_ASSERT(x)
#endif

#endif
