/* SAL's calls with what they lack: an errno (errno.c), and a poll that survives the loss of its
 * network.
 *
 * Callers: the guard, as platform.h says.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"

#include <string.h>

#ifdef SAL_USING_POSIX
#define OPENED(fd) sal_opened(fd)
#define CLOSED(fd) sal_closed(fd)
#define IS_OPEN(fd) (sal_number(fd) >= 0)

#else

/* SAL crashes on a number that is not open, so the open ones are marked here. */
static uint8_t open_numbers[(PLAT_HANDLE_COUNT + 7) / 8];
#define OPENED(fd) (open_numbers[(fd) / 8] |= (uint8_t)(1u << (fd) % 8))
#define CLOSED(fd) (open_numbers[(fd) / 8] &= (uint8_t) ~(1u << (fd) % 8))
#define IS_OPEN(fd) ((fd) >= 0 && (fd) < PLAT_HANDLE_COUNT && (open_numbers[(fd) / 8] & 1u << (fd) % 8))
#endif

/* Fail for a handle that is not open: the guard passes any number that the program gives. */
#define MUST_BE_OPEN(fd) \
    do { \
        if (!IS_OPEN(fd)) { \
            return sal_fail(EBADF); \
        } \
    } while (0)

#if PLAT_BLOCKING
#define BLOCKING(fd, call) \
    do { \
        blocking_t *s = blocking_find(fd); \
        if (s != NULL) { \
            return (call); \
        } \
    } while (0)
#else
#define BLOCKING(fd, call) \
    do { \
    } while (0)
#endif

/* ---- Opening and closing ------------------------------------------------------------------------------------------ */

/* Fails on stacks without a non-blocking mode. */
int plat_set_nonblocking(int fd) {
    MUST_BE_OPEN(fd);
    int on = 1;
    return CALL(fd, sal_ioctlsocket(sal_number(fd), (long)FIONBIO, &on));
}

/* The reason for a failed socket(), which leaves ENOMEM or nothing in errno. */
static int why_no_socket(int family, int type) {
    if (netdev_get_first_by_flags(NETDEV_FLAG_UP) == RT_NULL) {
        return ENETDOWN;
    }
    if (netdev_get_by_family(family) == RT_NULL) {
        return EAFNOSUPPORT;
    }
    return type == SOCK_STREAM || type == SOCK_DGRAM ? EMFILE : EPROTONOSUPPORT;
}

int plat_socket(int family, int type, int proto) {
    int fd = socket(family, type, proto);
    if (fd < 0) {
        return sal_fail(why_no_socket(family, type));
    }
    OPENED(fd);
    if (plat_set_nonblocking(fd) < 0) {
#if PLAT_BLOCKING
        if (blocking_open(fd, type) == 0) {
            return fd;
        }
#endif
        int error = errno;
        plat_close(fd);
        return sal_fail(error);
    }
    if (type == SOCK_DGRAM) {
        uint8_t on = 1; /* the default on other systems */
        sal_setsockopt(sal_number(fd), IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof(on));
    }
    return fd;
}

int plat_accept(int fd, struct sockaddr *addr, socklen_t *len) {
    BLOCKING(fd, sal_fail(EOPNOTSUPP));
    int r = CALL(fd, accept(fd, addr, len));
    if (r < 0) {
        return r;
    }
    OPENED(r);
    if (plat_set_nonblocking(r) < 0) {
        int error = errno;
        plat_close(r);
        return sal_fail(error);
    }
    return r;
}

int plat_close(int fd) {
    MUST_BE_OPEN(fd);
    CLOSED(fd);
    BLOCKING(fd, blocking_close(s));
    sal_forget_linger(fd);
    sal_close(fd);
    return 0;
}

/* ---- Connections -------------------------------------------------------------------------------------------------- */

/* SAL leaves errno 0 for an address that no interface has, and lwIP's SO_ERROR may be of another
 * call. */
static int no_interface(int fd) {
    return sal_fail(sal_is_down(fd) ? ENETDOWN : EADDRNOTAVAIL);
}

int plat_bind(int fd, const struct sockaddr *addr, socklen_t len) {
    BLOCKING(fd, sal_fail(EOPNOTSUPP));
    errno = 0;
#if USOCKET_IPV6
    struct sockaddr_in6 in6;
    if (addr->sa_family == AF_INET6 && len == sizeof(in6)) {
        memcpy(&in6, addr, sizeof(in6));
        in6.sin6_flowinfo = 0; /* SAL reads it as an IPv4 address, and looks for its interface */
        addr = (struct sockaddr *)&in6;
    }
#endif
    int r = bind(fd, addr, len);
    return r < 0 && errno == 0 ? no_interface(fd) : sal_result(fd, r);
}

int plat_listen(int fd, int backlog) {
    BLOCKING(fd, sal_fail(EOPNOTSUPP));
    return CALL(fd, listen(fd, backlog));
}

int plat_connect(int fd, const struct sockaddr *addr, socklen_t len) {
    BLOCKING(fd, blocking_connect(s, addr, len));
    return CALL(fd, connect(fd, addr, len));
}

int plat_shutdown(int fd, int how) {
    BLOCKING(fd, sal_fail(EOPNOTSUPP));
    int r = CALL(fd, shutdown(fd, how));
    if (r < 0 && errno == ENOTSOCK) {
        errno = ENOTCONN; /* SAL's code for any failure of the stack */
    }
    return r;
}

int plat_getsockname(int fd, struct sockaddr *addr, socklen_t *len) {
    MUST_BE_OPEN(fd);
    BLOCKING(fd, sal_fail(EOPNOTSUPP));
    return CALL(fd, sal_getsockname(sal_number(fd), addr, len));
}

int plat_getpeername(int fd, struct sockaddr *addr, socklen_t *len) {
    BLOCKING(fd, blocking_peer(s, addr, len));
    return CALL(fd, sal_getpeername(sal_number(fd), addr, len));
}

/* ---- Data --------------------------------------------------------------------------------------------------------- */

int plat_recv(int fd, void *buf, size_t len, int flags) {
    BLOCKING(fd, blocking_recv(s, buf, len, flags, NULL, NULL));
    return CALL(fd, sal_recvfrom(sal_number(fd), buf, len, flags, NULL, NULL));
}

int plat_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *size) {
    BLOCKING(fd, blocking_recv(s, buf, len, flags, from, size));
    return CALL(fd, sal_recvfrom(sal_number(fd), buf, len, flags, from, size));
}

int plat_send(int fd, const void *buf, size_t len, int flags) {
    BLOCKING(fd, blocking_send(s, buf, len, NULL, 0));
    return CALL(fd, sal_sendto(sal_number(fd), buf, len, flags, NULL, 0));
}

int plat_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t size) {
    BLOCKING(fd, blocking_send(s, buf, len, to, size));
    int r = CALL(fd, sal_sendto(sal_number(fd), buf, len, flags, to, size));
    if (r < 0 && errno == EINVAL && to->sa_family == AF_INET &&
        ((const struct sockaddr_in *)(const void *)to)->sin_port != 0) {
        int allowed = 0;
        socklen_t n = sizeof(allowed);
        sal_getsockopt(sal_number(fd), SOL_SOCKET, SO_BROADCAST, &allowed, &n);
        errno = allowed ? EINVAL : EACCES; /* lwIP has no other reason for an IPv4 address */
    }
    return r;
}

int plat_pending(int fd, int *count) {
    BLOCKING(fd, blocking_pending(s, count));
    return CALL(fd, sal_ioctlsocket(sal_number(fd), (long)FIONREAD, count));
}

/* ---- Options ------------------------------------------------------------------------------------------------------ */

bool plat_lwip_options(int fd) {
    BLOCKING(fd, s == NULL);
    (void)fd;
    return true;
}

/* IPV6_CHECKSUM, on which lwIP asserts that the socket is raw. */
static bool is_dangerous(int level, int name) {
    return (level == IPPROTO_IPV6 || level == IPPROTO_RAW) && name == 7;
}

int plat_getsockopt(int fd, int level, int name, void *value, socklen_t *len) {
    MUST_BE_OPEN(fd);
    BLOCKING(fd, blocking_getopt(s, level, name, value, len));
    if (level == SOL_SOCKET && name == SO_ERROR) {
        sal_wipe_errno(fd);
    }
    if (is_dangerous(level, name)) {
        return sal_fail(ENOPROTOOPT);
    }
    int r = CALL(fd, sal_getsockopt(sal_number(fd), level, name, value, len));
    int error;
    if (r == 0 && level == SOL_SOCKET && name == SO_ERROR && *len == sizeof(error)) {
        memcpy(&error, value, sizeof(error));
        if ((error == 0 || error == EINPROGRESS) && sal_is_down(fd)) {
            error = ENETDOWN;
            memcpy(value, &error, sizeof(error));
        }
    }
    return r;
}

int plat_setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
    MUST_BE_OPEN(fd);
    BLOCKING(fd, blocking_setopt(s, level, name, value, len));
    if (is_dangerous(level, name)) {
        return sal_fail(ENOPROTOOPT);
    }
    return CALL(fd, sal_setsockopt(sal_number(fd), level, name, value, len));
}

/* ---- Waiting ------------------------------------------------------------------------------------------------------ */

/* On a network that is down every event is ready: the next call returns the error. */
#define DOWN(events) ((short)((events) | POLLERR))

/* Rounded up; -1: without end. */
static int milliseconds(int32_t left) {
    return left < 0 ? -1 : (int)(((uint32_t)left + 999) / 1000);
}

#ifdef SAL_USING_POSIX

/* poll returns -1 at the first socket with its network down: then each socket is polled alone. */
static int wait_sockets(plat_pollfd *fds, unsigned n, int32_t left) {
#if PLAT_WAITS
    sal_file_t *file = n == 1 && left >= 0 ? sal_file(fds->fd) : NULL;
    if (file != NULL) {
        int seen = sal_wait(file, fds->events, milliseconds(left));
        fds->revents = seen < 0 ? DOWN(fds->events) : (short)seen;
        return fds->revents != 0;
    }
#endif
    int r = poll(fds, n, milliseconds(left));
    if (r >= 0) {
        return r;
    }
    r = 0;
    for (unsigned i = 0; i < n; i++) {
        fds[i].revents = 0;
        if (fds[i].fd >= 0 && poll(&fds[i], 1, 0) < 0) {
            fds[i].revents = DOWN(fds[i].events);
        }
        r += fds[i].revents != 0;
    }
    return r;
}

#else

/* lwIP's select, on lwIP's numbers. Its headers cannot be included beside SAL's. */
int lwip_select(int n, void *in, void *out, void *error, struct timeval *timeout);

typedef union {
#ifdef FD_SET
    fd_set set;
#endif
    uint8_t bytes[64];
} sockets_t;

#ifdef FD_SET
#define ADD(s, number) FD_SET((number), &(s)->set)
#define HAS(s, number) FD_ISSET((number), &(s)->set)
#else
#define ADD(s, number) ((s)->bytes[(number) / 8] |= (uint8_t)(1u << (number) % 8))
#define HAS(s, number) ((s)->bytes[(number) / 8] & 1u << (number) % 8)
#endif

/* The number of lwIP below a handle; -1: none. */
static int lwip_number(int fd) {
    struct sal_socket *s = fd < 0 ? RT_NULL : sal_get_socket(fd);
    return s == RT_NULL ? -1 : (int)(intptr_t)s->user_data;
}

static int wait_sockets(plat_pollfd *fds, unsigned n, int32_t left) {
    sockets_t in, out, error;
    memset(&in, 0, sizeof(in));
    memset(&out, 0, sizeof(out));
    memset(&error, 0, sizeof(error));
    int end = 0;
    int down = 0;
    for (unsigned i = 0; i < n; i++) {
        int number = lwip_number(fds[i].fd);
        fds[i].revents = 0;
        if (number < 0) {
            continue;
        }
        if (sal_is_down(fds[i].fd)) {
            fds[i].revents = DOWN(fds[i].events);
            down++;
            continue;
        }
        if (fds[i].events & POLLIN) {
            ADD(&in, number);
        }
        if (fds[i].events & POLLOUT) {
            ADD(&out, number);
        }
        ADD(&error, number);
        end = number < end ? end : number + 1;
    }
    int ms = down ? 0 : milliseconds(left);
    if (end == 0) {
        if (ms != 0) {
            rt_thread_mdelay(ms < 0 ? 1000 : ms);
        }
        return down;
    }
    struct timeval t = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    if (lwip_select(end, &in, &out, &error, ms < 0 ? NULL : &t) <= 0) {
        return down;
    }
    int ready = 0;
    for (unsigned i = 0; i < n; i++) {
        int number = fds[i].revents == 0 ? lwip_number(fds[i].fd) : -1;
        if (number >= 0) {
            fds[i].revents = (short)((HAS(&in, number) ? POLLIN : 0) | (HAS(&out, number) ? POLLOUT : 0) |
                (HAS(&error, number) ? POLLERR : 0));
        }
        ready += fds[i].revents != 0;
    }
    return ready;
}

#endif

#if PLAT_BLOCKING

/* Poll each entry alone, without waiting. */
static int look_at_sockets(plat_pollfd *fds, unsigned n) {
    int ready = 0;
    for (unsigned i = 0; i < n; i++) {
        blocking_t *s = blocking_find(fds[i].fd);
        if (s == NULL) {
            ready += wait_sockets(&fds[i], 1, 0) > 0;
        } else {
            fds[i].revents = blocking_ready(s, fds[i].events);
            ready += fds[i].revents != 0;
        }
    }
    return ready;
}

/* With a blocking socket among them, the entries are polled once per tick. */
int plat_poll(plat_pollfd *fds, unsigned n, int32_t left) {
    bool blocking = false;
    for (unsigned i = 0; i < n; i++) {
        blocking |= blocking_find(fds[i].fd) != NULL;
    }
    if (!blocking) {
        return wait_sockets(fds, n, left);
    }
    for (rt_tick_t begin = rt_tick_get();; rt_thread_delay(1)) {
        int ready = look_at_sockets(fds, n);
        if (ready != 0 || left == 0) {
            return ready;
        }
        if (left > 0 && rt_tick_get() - begin > rt_tick_from_millisecond(milliseconds(left))) {
            return 0;
        }
    }
}

#else

int plat_poll(plat_pollfd *fds, unsigned n, int32_t left) {
    return wait_sockets(fds, n, left);
}

#endif
