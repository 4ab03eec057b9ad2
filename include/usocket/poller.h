/* usocket - a poller: waits for many descriptors, at a cost that grows with those that are ready.
 *
 * Included by usocket.h; what holds for every function is there. Several threads may use one
 * poller; each event goes to one of those that wait in it. No function but usocket_poller_wait
 * waits.
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
    int ready; /**< mask of USOCKET_POLL_*: of the events that were asked for, and ERR and HUP */
} usocket_ready_t;

/** Open a poller. @return a descriptor; USOCKET_EOPNOTSUPP: the stack has none; USOCKET_EMFILE,
 *  USOCKET_ENFILE, USOCKET_ENOMEM */
int usocket_poller_open(void);

/** Arm a descriptor: the poller reports it once, when it is ready for @p events. Another call arms
 * it again. Closing a descriptor removes it. With USOCKET_POLL_EDGE it stays armed, and is reported
 * each time that it has become ready, or more has arrived.
 *
 * @param fd     descriptor of a socket (usocket_fileno), or another one that the system can poll
 * @param events USOCKET_POLL_IN, USOCKET_POLL_OUT; 0: only ERR and HUP; and USOCKET_POLL_EDGE
 * @return 0; USOCKET_EPERM: it is always ready, as a file is; USOCKET_EBADF, USOCKET_ENOMEM,
 *         USOCKET_ENOSPC, USOCKET_EINVAL
 */
int usocket_poller_arm(int poller, int fd, int events);

/** Wait until a descriptor is ready.
 *
 * Returns as soon as one is; waits until @p deadline (USOCKET_NOW: not at all).
 *
 * @param poller -1: only wait
 * @param out    receives the descriptors that are ready
 * @param n      room in @p out, 1 or more; further descriptors come in the next call
 * @return their number; 0: none by the deadline; USOCKET_EINTR, USOCKET_ENOMEM; USOCKET_EBADF:
 *         closed, or not a poller; USOCKET_EINVAL: @p n is 0; USOCKET_EFAULT
 */
int usocket_poller_wait(int poller, usocket_ready_t *out, size_t n, usocket_time_t deadline);

/** Close a poller. A wait in another thread returns USOCKET_EBADF at its next check, or 0 at its
 *  deadline.
 *  @return 0; USOCKET_EBADF: closed, or not a poller; nothing is closed then */
int usocket_poller_close(int poller);

#ifdef __cplusplus
}
#endif

#endif
