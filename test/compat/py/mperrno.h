/* MicroPython's errno values. The binding has numbers of its own and needs only a few.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_MPERRNO_H
#define COMPAT_MPERRNO_H

#define MP_ENOENT 2
#define MP_EAGAIN 11
#define MP_EBUSY 16
#define MP_EINVAL 22

#endif
