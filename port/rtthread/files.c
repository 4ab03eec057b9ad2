/* SAL's numbers of descriptors, without the mutex that DFS takes to find one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"

#if PLAT_FILES

#include <dfs_net.h>

/* DFS's view of each descriptor that this port has opened; NULL: another part of the program has
 * opened it. DFS takes a mutex to find it, in each call. */
static sal_file_t *files[PLAT_HANDLE_COUNT];

/* Another part of the program may have closed the descriptor, so DFS's table must still have the file. It
 * is read without DFS's mutex: while DFS moves its table the answer may be NULL. */
sal_file_t *sal_file(int fd) {
    sal_file_t *file = fd >= 0 && fd < PLAT_HANDLE_COUNT ? files[fd] : NULL;
    const struct dfs_fdtable *table = file != NULL ? dfs_fdtable_get() : NULL;
    bool open = table != NULL && (unsigned)SAL_FILE_INDEX(fd) < table->maxfd &&
        table->fds[SAL_FILE_INDEX(fd)] == file && SAL_FILE_TYPE(file) == FT_SOCKET;
    return open ? file : NULL;
}

/* It stays where it is until the descriptor is closed. */
void sal_opened(int fd) {
    sal_file_t *file = fd < PLAT_HANDLE_COUNT ? fd_get(fd) : NULL;
    if (file != NULL) {
        files[fd] = file;
        SAL_FILE_PUT(file);
    }
}

void sal_closed(int fd) {
    if (fd >= 0 && fd < PLAT_HANDLE_COUNT) {
        files[fd] = NULL;
    }
}

int sal_number(int fd) {
    sal_file_t *file = sal_file(fd);
    return file != NULL ? SAL_FILE_NUMBER(file) : dfs_net_getsocket(fd);
}

#if SAL_CLOSES_LATE

/* DFS frees the node itself in its own close, in the right order. The socket is closed before, since DFS
 * would keep a descriptor with which that fails. */
void sal_close(int fd) {
    static const struct dfs_file_ops none = {0};
    sal_file_t *file = fd_get(fd);
    if (file != NULL) {
        sal_closesocket(SAL_FILE_NUMBER(file));
        file->vnode->fops = &none;
        dfs_file_close(file);
        fd_release(fd);
    }
}

#endif

#endif
