/* SPDX-License-Identifier: MIT */
#ifndef SAL_RTHW_H
#define SAL_RTHW_H

#include <rtthread.h>

/* Nothing else declares these: with two CPUs they are macros, and a program without this header does not link. */
rt_base_t rt_hw_interrupt_disable(void);
void rt_hw_interrupt_enable(rt_base_t level);

#endif
