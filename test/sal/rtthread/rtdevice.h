/* SPDX-License-Identifier: MIT */
#ifndef SAL_RTDEVICE_H
#define SAL_RTDEVICE_H

#include <rtthread.h>

#endif
