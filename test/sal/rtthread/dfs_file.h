/* DFS's view of a descriptor, under the name of each version.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_DFS_FILE_H
#define SAL_DFS_FILE_H

#include <rtthread.h>

#if LOOK_VERSION >= 50000
struct dfs_file_ops {
    int (*open)(void);
};
struct dfs_vnode {
    void *data;
    uint16_t type;
    const struct dfs_file_ops *fops;
};
struct dfs_file {
    struct dfs_vnode *vnode;
};
struct dfs_file *fd_get(int fd);
void fd_release(int fd);
int dfs_file_close(struct dfs_file *file);
struct dfs_fdtable {
    uint32_t maxfd;
    struct dfs_file **fds;
};
#else
struct dfs_fd {
    void *data;
    uint16_t type;
};
struct dfs_fd *fd_get(int fd);
struct dfs_fdtable {
    uint32_t maxfd;
    struct dfs_fd **fds;
};
void fd_put(struct dfs_fd *file);
#endif

#define FT_SOCKET 1
struct dfs_fdtable *dfs_fdtable_get(void);

#endif
