/* The repair of errno: after a failure of SAL it may be 0, negative, or of another call.
 *
 * The other files of this port call these functions, which call SAL alone.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"

bool sal_is_down(int fd) {
    struct sal_socket *s = sal_get_socket(sal_number(fd));
    return s != NULL && s->netdev != NULL && !netdev_is_up(s->netdev);
}

/* The error that the stack has stored for the socket; 0: none. */
static int pending_error(int fd) {
    int error = 0;
    socklen_t len = sizeof(error);
    sal_wipe_errno(fd);
    return sal_getsockopt(sal_number(fd), SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : 0;
}

int sal_result(int fd, int r) {
    if (r >= 0) {
        return r;
    }
    int number = errno;
    if (number == 0) {
        number = sal_number(fd) < 0 ? EBADF : sal_is_down(fd) ? ENETDOWN : pending_error(fd);
    }
    errno = number < 0 ? -number : number;
    return -1;
}
