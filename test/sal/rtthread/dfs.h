/* SPDX-License-Identifier: MIT */
#ifndef SAL_DFS_H
#define SAL_DFS_H

#include <dfs_file.h>

#if LOOK_VERSION < 50000
#define DFS_FD_OFFSET 3
#endif

#endif
