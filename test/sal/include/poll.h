/* SPDX-License-Identifier: MIT */
#ifndef SAL_POLL_H
#define SAL_POLL_H

#include <rtconfig.h>

#if LOOK_VERSION < 40100
#error "RT-Thread has poll.h from 4.1.0 on"
#endif

#include <look_poll.h>

#endif
