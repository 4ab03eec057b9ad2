/* SPDX-License-Identifier: MIT */
#ifndef SAL_DFS_NET_H
#define SAL_DFS_NET_H

int dfs_net_getsocket(int fd);

#endif
