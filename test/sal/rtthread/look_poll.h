/* poll(), in dfs_poll.h or in poll.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_LOOK_POLL_H
#define SAL_LOOK_POLL_H

#ifdef SAL_USING_POSIX
#define POLLIN 0x01
#define POLLOUT 0x02
#define POLLERR 0x04
#define POLLHUP 0x08
#define POLLNVAL 0x10

typedef unsigned int nfds_t;

struct pollfd {
    int fd;
    short events;
    short revents;
};

int poll(struct pollfd *fds, nfds_t n, int ms) __asm__("look_poll");
#endif

#endif
