/* SO_LINGER on SAL. While data is in transit, lwIP refuses to close a socket that does not block;
 * SAL forgets the socket all the same, so that the stack loses one for good. A blocking close could
 * wait without end. So the option is cleared first: the stack sends the data, and close() does not
 * wait for it. A time of zero, which resets the connection, stays.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"

void sal_forget_linger(int fd) {
#ifdef SO_LINGER
    int set[2] = {0, 0}; /* struct linger: on, seconds */
    socklen_t len = sizeof(set);
    if (sal_getsockopt(sal_number(fd), SOL_SOCKET, SO_LINGER, set, &len) == 0 && set[0] && set[1] > 0) {
        set[0] = 0;
        sal_setsockopt(sal_number(fd), SOL_SOCKET, SO_LINGER, set, sizeof(set));
    }
#else
    (void)fd;
#endif
}
