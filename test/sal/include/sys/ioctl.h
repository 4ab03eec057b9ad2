/* SPDX-License-Identifier: MIT */
#ifndef SAL_SYS_IOCTL_H
#define SAL_SYS_IOCTL_H

#include <rtconfig.h>

#if LOOK_VERSION < 40100
#error "RT-Thread has sys/ioctl.h from 4.1.0 on"
#endif

#define _IOC(way, group, number, size) (((way) << 30) | ((group) << 8) | (number) | ((size) << 16))
#define _IOW(group, number, type) _IOC(1u, group, number, sizeof(type))
#define _IOR(group, number, type) _IOC(2u, group, number, sizeof(type))
#define FIONREAD _IOR('f', 127, int)
#define FIONBIO _IOW('f', 126, int)

#endif
