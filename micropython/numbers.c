/* The platform's numbers that the binding's code needs, and its flag FD_CLOEXEC.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "py_usocket.h"

#ifdef SO_REUSEPORT
#define REUSEPORT SO_REUSEPORT
#else
#define REUSEPORT (-1)
#endif

#ifdef IPV6_V6ONLY
#define V6ONLY IPV6_V6ONLY
#else
#define V6ONLY (-1)
#endif

#ifdef PLAT_HANDLES_ARE_DESCRIPTORS
#define DESCRIPTORS PLAT_HANDLES_ARE_DESCRIPTORS
#else
#define DESCRIPTORS 1
#endif

const struct mod_usocket_numbers mod_usocket_numbers = {
    .sol_socket = SOL_SOCKET,
    .so_reuseaddr = SO_REUSEADDR,
    .so_reuseport = REUSEPORT,
    .ipproto_ipv6 = 41, /* Assigned by IANA. */
    .ipv6_v6only = V6ONLY,
    .msg_waitall = MSG_WAITALL,
    .descriptors = DESCRIPTORS,
};

#if USOCKET_PY_EXTRAS
int mod_usocket_inheritable(int fd, int on) {
#if DESCRIPTORS && defined(FD_CLOEXEC)
    int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && on >= 0) {
        flags = on ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC;
        fcntl(fd, F_SETFD, flags);
    }
    return flags < 0 ? USOCKET_EBADF : !(flags & FD_CLOEXEC);
#else
    (void)fd;
    return on > 0 ? USOCKET_EOPNOTSUPP : 0;
#endif
}
#endif
