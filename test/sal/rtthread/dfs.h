/* SPDX-License-Identifier: MIT */
#ifndef SAL_DFS_H
#define SAL_DFS_H

#include <dfs_file.h>

#endif
