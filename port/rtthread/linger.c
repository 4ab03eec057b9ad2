/* With SO_LINGER and data on its way lwIP refuses to close a socket that does not block; SAL forgets the socket all the same, and
 * the stack has one less for good. To block may be for ever. So the option comes off first: the data goes out, and close() does
 * not wait for it. A time of zero, which resets the connection, stays.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"

void sal_forget_linger(int fd) {
#ifdef SO_LINGER
    int set[2] = {0, 0}; /* struct linger: on, seconds */
    socklen_t len = sizeof(set);
    if (getsockopt(fd, SOL_SOCKET, SO_LINGER, set, &len) == 0 && set[0] && set[1] > 0) {
        set[0] = 0;
        setsockopt(fd, SOL_SOCKET, SO_LINGER, set, sizeof(set));
    }
#else
    (void)fd;
#endif
}
