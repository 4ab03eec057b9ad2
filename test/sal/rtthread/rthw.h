/* SPDX-License-Identifier: MIT */
#ifndef SAL_RTHW_H
#define SAL_RTHW_H

#include <rtthread.h>

#endif
