/* DFS's view of a descriptor, under the name of each version.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_DFS_FILE_H
#define SAL_DFS_FILE_H

#include <rtthread.h>

#if LOOK_VERSION >= 50000
struct dfs_vnode {
    void *data;
};
struct dfs_file {
    struct dfs_vnode *vnode;
};
struct dfs_file *fd_get(int fd);
#else
struct dfs_fd {
    void *data;
};
struct dfs_fd *fd_get(int fd);
void fd_put(struct dfs_fd *file);
#endif

#endif
