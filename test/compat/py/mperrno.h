/* MicroPython's own errno values, of which the binding needs few: it has numbers of its own.
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
