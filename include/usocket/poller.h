/* usocket - a poller: many descriptors to wait for, at a cost that follows those that are ready.
 *
 * Included by usocket.h; see there for what holds for every function.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_POLLER_H
#define USOCKET_POLLER_H

#ifndef USOCKET_H
#error "include usocket/usocket.h, which includes this file"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** A descriptor that is ready. */
typedef struct usocket_ready {
    int fd;
    int ready; /**< USOCKET_POLL_*, of those asked for, and ERR and HUP */
} usocket_ready_t;

/** Open a poller. @return a descriptor; USOCKET_EOPNOTSUPP: this stack has none; USOCKET_EMFILE, USOCKET_ENFILE, USOCKET_ENOMEM */
int usocket_poller_open(void);

/** Have a poller tell of a descriptor once, when it is ready for @p events; it stays known, and is armed again by another call.
 *  One that is closed is forgotten.
 *
 * @param fd     of a socket (usocket_fileno), or any that the system can poll
 * @param events USOCKET_POLL_IN, USOCKET_POLL_OUT; 0: of errors and the end alone
 * @return 0; USOCKET_EPERM: it is always ready, as a file; USOCKET_EBADF, USOCKET_ENOMEM, USOCKET_ENOSPC, USOCKET_EINVAL
 */
int usocket_poller_arm(int poller, int fd, int events);

/** Wait until a descriptor is ready.
 *
 * Returns as soon as there is one; waits until @p deadline (USOCKET_NOW: just look).
 *
 * @param poller -1: only wait
 * @param out    receives at most @p n, 1 or more; the others come in the next call
 * @return how many; 0: none by the deadline; USOCKET_EINTR, USOCKET_ENOMEM; USOCKET_EBADF: it has been closed, or is no poller;
 *         USOCKET_EINVAL: @p n is 0; USOCKET_EFAULT
 */
int usocket_poller_wait(int poller, usocket_ready_t *out, size_t n, usocket_time_t deadline);

/** Close it. A wait in another thread returns USOCKET_EBADF when it looks again, or 0 at its deadline.
 *  @return 0; USOCKET_EBADF: it is no poller (any more), and nothing is closed */
int usocket_poller_close(int poller);

#ifdef __cplusplus
}
#endif

#endif
