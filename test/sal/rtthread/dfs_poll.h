/* poll() up to 4.0; from 4.1.0 on only a BSP with RT_USING_LEGACY has a header of this name.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_DFS_POLL_H
#define SAL_DFS_POLL_H

#include <rtthread.h>

#if LOOK_VERSION >= 40100 && !defined(RT_USING_LEGACY)
#error "RT-Thread has dfs_poll.h up to 4.0"
#endif

#include <look_poll.h>

#endif
