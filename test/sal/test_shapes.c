/* The look-alike has the headers, numbers and structures of RT-Thread, 4.0.3 or what LOOK_VERSION says, and an AT module's sockets.
 *
 * SPDX-License-Identifier: MIT
 */
#include "raw.h"

static void test_layout(void **state) {
    (void)state;
    assert_int_equal(USOCKET_IPV6 ? 28 : 16, sizeof(struct sockaddr_storage));
    assert_int_equal(1, offsetof(struct sockaddr_in, sin_family));
    assert_int_equal(16, sizeof(struct sockaddr_in));
    assert_int_equal(0xfff, SOL_SOCKET);
    int fd = open_socket(SOCK_STREAM);
    assert_int_equal(FIRST, fd); /* SAL's 0 is a valid socket */
    closesocket(fd);
}

/* newlib's numbers and SAL's: each is of the headers. A name without one here must be absent. */
static void test_numbers(void **state) {
    (void)state;
    static const struct {
        int expected, number;
    } pairs[] = {
        {11, EAGAIN}, {11, EWOULDBLOCK}, {104, ECONNRESET}, {105, ENOBUFS}, {109, ENOPROTOOPT}, {112, EADDRINUSE},
        {113, ECONNABORTED}, {116, ETIMEDOUT}, {118, EHOSTUNREACH}, {119, EINPROGRESS}, {120, EALREADY}, {127, EISCONN},
        {128, ENOTCONN}, {1, MSG_PEEK}, {8, MSG_DONTWAIT}, {0xfff, SOL_SOCKET}, {0x1007, SO_ERROR}, {1, POLLIN}, {2, POLLOUT},
        {4, POLLERR}, {8, POLLHUP}, {16, POLLNVAL}, {0x4004667e, (int)FIONBIO}, {LOOK_VERSION < 50200 ? 2 : 116, RT_ETIMEOUT},
        {200, EAI_NONAME}, {201, EAI_SERVICE}, {202, EAI_FAIL}, {203, EAI_MEMORY}, {204, EAI_FAMILY},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_int_equal(pairs[i].expected, pairs[i].number);
    }
#if defined(MSG_NOSIGNAL) || defined(INET_ADDRSTRLEN) || defined(IPV6_UNICAST_HOPS) || defined(IPV6_MULTICAST_IF)
#error "a name that SAL's headers do not have"
#endif
}

/* The headers and names of a version, and those that the port has taken away again. */
static void test_version(void **state) {
    (void)state;
    assert_int_equal(LOOK_VERSION, RTTHREAD_VERSION);
#if LOOK_VERSION < 40101
    assert_int_equal(LOOK_VERSION / 100, RT_VERSION * 100 + RT_SUBVERSION);
#else
    assert_int_equal(LOOK_VERSION, RT_VERSION_CHECK(RT_VERSION_MAJOR, RT_VERSION_MINOR, RT_VERSION_PATCH));
#endif
#if defined(SAL_DFS_POLL_H) != (LOOK_VERSION < 40100 && defined(SAL_USING_POSIX)) || \
    defined(SAL_POLL_H) != (LOOK_VERSION >= 40100 && defined(SAL_USING_POSIX)) || \
    defined(SAL_SYS_IOCTL_H) != (LOOK_VERSION >= 40100) || defined(SAL_LIBC_IOCTL_H) != (LOOK_VERSION < 40100) || \
    defined(SAL_SAL_H) != (LOOK_VERSION < 40101) || defined(SAL_SAL_LOW_LVL_H) != (LOOK_VERSION >= 40101)
#error "a header of another version"
#endif
#if defined(SOCK_CLOEXEC) != (LOOK_VERSION >= 50001) || defined(SO_SNDBUFFORCE) != (LOOK_VERSION >= 50200)
#error "names of another version"
#endif
#if defined(AF_UNIX) || defined(SO_PASSCRED) || defined(SO_PEERCRED) || defined(SO_BINDTODEVICE) || defined(SO_PROTOCOL) || defined(SO_DOMAIN)
#error "the port leaves a name that no stack has"
#endif
    int fd = open_socket(SOCK_STREAM), value = 1;
    static const int names[] = {16, 17, 25, 38, 39};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(-1, setsockopt(fd, SOL_SOCKET, names[i], &value, sizeof value));
        assert_int_equal(109, number());
    }
    closesocket(fd);
    fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); /* of this system, so for root alone */
    assert_int_equal(LOOK_VERSION < 50202 && geteuid() == 0, fd >= FIRST);
    if (fd >= FIRST) {
        closesocket(fd);
    }
    errno = 0;
}

/* Datagrams get lost, and addresses are refused, as on RT-Thread. */
static void test_datagrams(void **state) {
    (void)state;
    static const char big[70000];
    struct sockaddr_in at = loopback(0), from;
    socklen_t len = sizeof at;
    char c;
    int u = open_socket(SOCK_DGRAM);
    assert_int_equal(0, bind(u, (struct sockaddr *)&at, sizeof at));
    assert_int_equal(0, getsockname(u, (struct sockaddr *)&at, &len));
    assert_int_equal(sizeof big, sendto(u, big, sizeof big, 0, (struct sockaddr *)&at, sizeof at)); /* lost */
    assert_int_equal(1, sendto(u, "x", 1, 0, (struct sockaddr *)&at, sizeof at));
    usleep(20000);
    len = sizeof from;
    assert_int_equal(1, recvfrom(u, &c, 1, MSG_DONTWAIT, (struct sockaddr *)&from, &len));
    assert_int_equal(16, from.sin_len);
    assert_int_equal('x', c);
    closesocket(u);
    look.loopback = false;
    u = open_socket(SOCK_DGRAM);
    assert_int_equal(-1, bind(u, (struct sockaddr *)&at, sizeof at));
    assert_int_equal(0, number());
    look.loopback = true;
    closesocket(u);
#if USOCKET_IPV6
    struct sockaddr_in6 six = {.sin6_len = 28, .sin6_family = AF_INET6, .sin6_flowinfo = htonl(5)};
    int on = 1;
    u = socket(AF_INET6, SOCK_DGRAM, 0);
    ioctlsocket(u, (long)FIONBIO, &on);
    assert_int_equal(-1, bind(u, (struct sockaddr *)&six, sizeof six)); /* SAL takes the flow label for an IPv4 address */
    six.sin6_flowinfo = 0;
    assert_int_equal(0, bind(u, (struct sockaddr *)&six, sizeof six));
    errno = 0;
    assert_int_equal(-1, sendto(u, "x", 1, 0, (struct sockaddr *)&at, sizeof at));
    assert_int_equal(22, number());
    assert_int_equal(0, getsockopt(u, 41, 27, &on, &(socklen_t){sizeof on}));
    closesocket(u);
#endif
}

static void test_at(void **state) {
    (void)state;
    struct sockaddr_in at;
    int on = 1;
    char c;
    int l = listener(&at);
    look.at = true;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= FIRST);
    errno = 0;
    assert_int_equal(-1, ioctlsocket(fd, (long)FIONBIO, &on));
    assert_int_equal(-1, listen(fd, 1));
    assert_int_equal(-1, accept(fd, NULL, NULL));
    assert_int_equal(-1, getsockname(fd, (struct sockaddr *)&at, &(socklen_t){sizeof at}));
    assert_int_equal(-1, setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
    assert_int_equal(0, setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    assert_int_equal(0, number());
    assert_int_equal(0, connect(fd, (struct sockaddr *)&at, sizeof at)); /* connect blocks */
    assert_int_equal(-1, getpeername(fd, (struct sockaddr *)&at, &(socklen_t){sizeof at}));
    assert_int_equal(0, recv(fd, &c, 1, MSG_DONTWAIT));                   /* looks like the end of the stream */
    assert_int_equal(-1, recv(fd, &c, 0, 0));
    assert_int_equal(-1, send(fd, "", 0, 0));
    struct timeval t = {0, 10000};
    assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
    assert_int_equal(-1, recv(fd, &c, 1, 0));
    assert_int_equal(11, number());
    int peer = accept(l, NULL, NULL);
    assert_true(peer >= 0);
    assert_int_equal(2, send(peer, "xy", 2, 0));
    usleep(20000);
    assert_int_equal(1, recv(fd, &c, 1, MSG_PEEK)); /* removes the byte */
    assert_int_equal(1, recv(fd, &c, 1, 0));
    assert_int_equal('y', c);
    closesocket(fd);
    closesocket(peer);
    closesocket(l);
}

/* A module's UDP socket keeps its first destination, and reports no sender. */
static void test_at_datagrams(void **state) {
    (void)state;
    struct sockaddr_in at[2], from = loopback(0);
    char c;
    int u[2];
    for (int i = 0; i < 2; i++) {
        at[i] = loopback(0);
        u[i] = open_socket(SOCK_DGRAM);
        assert_int_equal(0, bind(u[i], (struct sockaddr *)&at[i], sizeof at[i]));
        assert_int_equal(0, getsockname(u[i], (struct sockaddr *)&at[i], &(socklen_t){sizeof at[i]}));
    }
    look.at = true;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(1, sendto(fd, "x", 1, 0, (struct sockaddr *)&at[i], sizeof at[i]));
        usleep(20000);
        socklen_t len = sizeof from;
        assert_int_equal(1, recvfrom(u[0], &c, 1, 0, (struct sockaddr *)&from, &len));
    }
    assert_int_equal(1, sendto(u[0], "y", 1, 0, (struct sockaddr *)&from, sizeof from));
    usleep(20000);
    struct sockaddr_in untouched = at[0];
    assert_int_equal(1, recvfrom(fd, &c, 1, 0, (struct sockaddr *)&untouched, &(socklen_t){sizeof untouched}));
    assert_memory_equal(&at[0], &untouched, sizeof untouched);
    closesocket(fd);
    closesocket(u[0]);
    closesocket(u[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_layout), TEST(test_numbers), TEST(test_version), TEST(test_datagrams), TEST(test_at), TEST(test_at_datagrams),
    };
    return RUN(tests);
}
