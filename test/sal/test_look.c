/* The look-alike behaves as measured on RT-Thread; the other tests depend on this. facts.txt has the facts.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "raw.h"

static void test_errno(void **state) {
    (void)state;
    rt_mutex_t m = &(struct rt_mutex){0};
    int u = open_socket(SOCK_DGRAM);
    char c;
    rt_mutex_init(m, "m", 0);
    assert_int_equal(-1, recv(u, &c, 1, 0));
    assert_int_equal(11, errno);
    rt_mutex_take(m, RT_WAITING_FOREVER);
    assert_int_equal(0, errno);
    rt_mutex_release(m);
    rt_mutex_detach(m);
    struct sockaddr_in foreign = loopback(0);
    foreign.sin_addr.s_addr = htonl(0xc0000201);
    assert_int_equal(-1, bind(u, (struct sockaddr *)&foreign, sizeof foreign));
    assert_int_equal(0, number()); /* errno is not set */
    look.up = false;
    assert_int_equal(-1, recv(u, &c, 1, 0));
    assert_int_equal(0, number());
    look.up = true;
    closesocket(u);
#ifdef SAL_USING_POSIX
    assert_int_equal(-1, closesocket(u));
    assert_int_equal(-108, number());
    assert_int_equal(-1, socket(77, SOCK_STREAM, 0));
    assert_int_equal(-12, number());
#endif
}

static void test_refused(void **state) {
    (void)state;
    struct sockaddr_in at;
    closesocket(listener(&at));
    int fd = open_socket(SOCK_STREAM);
    assert_int_equal(-1, connect(fd, (struct sockaddr *)&at, sizeof at));
    assert_int_equal(119, number());
#ifdef SAL_USING_POSIX
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    assert_int_equal(1, poll(&p, 1, 5000));
    assert_int_equal(POLLOUT | POLLERR, p.revents);
    assert_int_equal(1, poll(&p, 1, 0));
    assert_int_equal(POLLOUT, p.revents); /* reported once */
#else
    usleep(50000);
    so_error(fd);
    errno = 0;
    if (look.lwip == 212) {
        closesocket(fd);
        return;
    }
#endif
    assert_int_equal(104, so_error(fd));
    assert_int_equal(look.lwip == 202 ? 104 : 0, so_error(fd));
    closesocket(fd);
}

/* A connect that does not wait, to a host that answers, and to one that does not. */
static void test_connect(void **state) {
    (void)state;
    struct sockaddr_in at;
    int l = listener(&at);
    int fd = open_socket(SOCK_STREAM);
    assert_int_equal(-1, connect(fd, (struct sockaddr *)&at, sizeof at));
    assert_int_equal(119, number());
#ifdef SAL_USING_POSIX
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    assert_int_equal(1, poll(&p, 1, 5000));
    assert_int_equal(POLLOUT, p.revents);
#endif
    assert_int_equal(0, so_error(fd));
    closesocket(fd);
    look.link = false;
    fd = open_socket(SOCK_STREAM);
    assert_int_equal(-1, connect(fd, (struct sockaddr *)&at, sizeof at));
    assert_int_equal(-1, connect(fd, (struct sockaddr *)&at, sizeof at));
    assert_int_equal(120, number());
    assert_int_equal(look.lwip == 202 ? 120 : 0, so_error(fd)); /* 2.0.2: a stale one */
    uint32_t base = look.tick_base;
    look.tick_base += 11 * RT_TICK_PER_SECOND;
    so_error(fd);
    assert_int_not_equal(113, so_error(fd));
    look.tick_base += 2 * RT_TICK_PER_SECOND;
    assert_int_equal(113, so_error(fd)); /* after 12 s */
    look.tick_base = base;
    look.link = true;
    closesocket(fd);
    closesocket(l);
}

static void test_listen(void **state) {
    (void)state;
    struct sockaddr_in at;
    int l = listener(&at);
    int fd = open_socket(SOCK_STREAM);
    errno = 0;
    assert_int_equal(-1, accept(l, NULL, NULL));
    assert_int_equal(11, number());
    assert_int_equal(-1, listen(l, 1));
    assert_int_equal(22, number());
    assert_int_equal(-1, accept(fd, NULL, NULL));
    assert_int_equal(22, number());
    assert_int_equal(-1, bind(fd, (struct sockaddr *)&at, sizeof at));
    assert_int_equal(112, number());
    closesocket(fd);
    closesocket(l);
}

static void test_end(void **state) {
    (void)state;
    int a, b;
    char c;
    connected(&a, &b);
    assert_int_equal(1, send(a, "x", 1, 0));
    usleep(20000);
    assert_int_equal(1, recv(b, &c, 1, MSG_PEEK));
    assert_int_equal(1, recv(b, &c, 1, 0));
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    assert_int_equal(-1, recvfrom(b, &c, 1, 0, (struct sockaddr *)&from, &len));
    assert_int_equal(look.lwip == 212 ? 0 : 11, number());
    closesocket(a);
    usleep(20000);
#ifdef SAL_USING_POSIX
    struct pollfd p = {.fd = b, .events = POLLIN};
    assert_int_equal(1, poll(&p, 1, 5000));
    assert_int_equal(POLLIN, p.revents); /* never POLLHUP */
#endif
    assert_int_equal(0, recv(b, &c, 1, 0));
    assert_int_equal(look.lwip == 202 ? 0 : -1, recv(b, &c, 1, 0));
    assert_int_equal(look.lwip == 202 ? 0 : 128, number());
    closesocket(b);
}

static void test_poisoned(void **state) {
    (void)state;
    struct sockaddr_in at = loopback(9);
    int u = open_socket(SOCK_DGRAM);
    assert_int_equal(-1, listen(u, 1));
    errno = 0;
    assert_int_equal(-1, sendto(u, "x", 1, 0, (struct sockaddr *)&at, sizeof at));
    assert_int_equal(5, number());
    closesocket(u);
}

static int names(const char *host, const char *service, struct addrinfo **list) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC};
    *list = NULL;
    return getaddrinfo(host, service, &hints, list);
}

static void test_names(void **state) {
    (void)state;
    struct addrinfo *one, *two;
    assert_int_equal(201, names("four.look", "0", &one));
    assert_int_equal(201, names("four.look", "http", &one));
    assert_int_equal(200, names(NULL, NULL, &one));
    assert_int_equal(202, names("localhost", NULL, &one));
    assert_int_equal(202, names("", NULL, &one));
    assert_int_equal(0, names("four.look", NULL, &one));
    assert_int_equal(0, one->ai_socktype);
    assert_int_equal(sizeof(struct sockaddr_storage), one->ai_addrlen);
    assert_null(one->ai_next);
    assert_int_equal(203, names("four.look", NULL, &two));
    freeaddrinfo(one);
    assert_int_equal(0, names(NULL, "80", &one));
    assert_int_equal(htonl(0x7f000001), ((struct sockaddr_in *)one->ai_addr)->sin_addr.s_addr);
    freeaddrinfo(one);
    assert_int_equal(0, names("four.look", NULL, &two));
    freeaddrinfo(two);
    look.up = false;
    assert_int_equal(-1, names("four.look", NULL, &one));
    look.up = true;
}

static void test_options(void **state) {
    (void)state;
    int fd = open_socket(SOCK_STREAM), value = 1;
    socklen_t len = sizeof value;
    assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value));
    assert_int_equal(0, getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &len));
    assert_int_equal(SO_KEEPALIVE, value);
    static const struct {
        int level, name, value;
    } present[] = {{SOL_SOCKET, SO_REUSEADDR, 4}, {SOL_SOCKET, SO_BROADCAST, 0x20}, {IPPROTO_TCP, TCP_NODELAY, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 1}, {IPPROTO_IP, IP_TTL, 1}};
    for (size_t i = 0; i < sizeof present / sizeof *present; i++) {
        value = 1;
        assert_int_equal(0, setsockopt(fd, present[i].level, present[i].name, &value, sizeof value));
        assert_int_equal(0, getsockopt(fd, present[i].level, present[i].name, &value, &len));
        assert_int_equal(present[i].value, value);
    }
    value = 5000;
    assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof value));
    assert_int_equal(0, getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len));
    assert_int_equal(SOCK_STREAM, value);
    struct timeval t = {3, 250000}, got;
    len = sizeof got;
    assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
    assert_int_equal(0, getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &got, &len));
    assert_memory_equal(&t, &got, sizeof t);
    static const int absent[] = {0x0200, 0x1001};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(-1, setsockopt(fd, SOL_SOCKET, absent[i], &value, sizeof value));
        assert_int_equal(109, number());
    }
    assert_int_equal(look.lwip == 202 ? 109 : 0, so_error(fd)); /* 2.0.2 keeps it for the next query */
    assert_int_equal(-1, setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, 1));
    assert_int_equal(22, number());
    look.linger = false;
    int linger[2] = {1, 0};
    assert_int_equal(-1, setsockopt(fd, SOL_SOCKET, 0x0080, linger, sizeof linger));
    assert_int_equal(109, number());
    look.linger = true;
    closesocket(fd);
}

/* ---- Calls that would halt the board end the program ---------------------------------------------------------------- */

static void connect_twice(void) {
    int a, b;
    struct sockaddr_in at = loopback(9);
    connected(&a, &b);
    connect(a, (struct sockaddr *)&at, sizeof at);
}

static void bind_late(void) {
    int a, b;
    struct sockaddr_in at = loopback(0);
    connected(&a, &b);
    bind(a, (struct sockaddr *)&at, sizeof at);
}

static void wrong_length(void) {
    struct sockaddr_in at = loopback(9);
    connect(open_socket(SOCK_STREAM), (struct sockaddr *)&at, 28);
}

static void wrong_family(void) {
    struct sockaddr_in at = loopback(9);
    at.sin_family = 1;
    sendto(open_socket(SOCK_DGRAM), "x", 1, 0, (struct sockaddr *)&at, sizeof at);
}

static void unknown_answer(void) {
    freeaddrinfo(&(struct addrinfo){0});
}

static void no_group(void) {
    struct ip_mreq group = {.imr_multiaddr.s_addr = htonl(0xc0000201)};
    setsockopt(open_socket(SOCK_DGRAM), IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group);
}

static void receive_unconnected(void) {
    int off = 0, fd = open_socket(SOCK_STREAM);
    char c;
    ioctlsocket(fd, (long)FIONBIO, &off);
    recv(fd, &c, 1, 0); /* waits for ever on the board */
}

#ifndef SAL_USING_POSIX
static void closed_number(void) {
    int fd = open_socket(SOCK_DGRAM);
    closesocket(fd);
    so_error(fd);
}
#endif

static void test_halts(void **state) {
    (void)state;
    static void (*const calls[])(void) = {connect_twice, bind_late, wrong_length, wrong_family, unknown_answer, no_group, receive_unconnected,
#ifndef SAL_USING_POSIX
        closed_number,
#endif
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            dup2(open("/dev/null", O_WRONLY), 2);
            calls[i]();
            _exit(0);
        }
        int status;
        assert_int_equal(child, waitpid(child, &status, 0));
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) {
            fail_msg("call %zu went on: status %x", i, (unsigned)status);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_errno), TEST(test_refused), TEST(test_connect), TEST(test_listen), TEST(test_end), TEST(test_poisoned),
        TEST(test_names), TEST(test_options), TEST(test_halts),
    };
    return RUN(tests);
}
