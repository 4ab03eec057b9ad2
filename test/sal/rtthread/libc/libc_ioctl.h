/* Part of rtthread.h up to 4.0.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_LIBC_IOCTL_H
#define SAL_LIBC_IOCTL_H

#define FIONREAD 0x8004667f
#define FIONBIO 0x4004667e

#endif
