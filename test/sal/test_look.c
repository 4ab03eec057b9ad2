/* The look-alike behaves as measured on RT-Thread, 4.0.3 or what LOOK_VERSION says; the other tests depend on this.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "look.h"
#include "stack.h"

#ifdef SAL_USING_POSIX
#define FIRST 3
#else
#define FIRST 0
#undef send /* SAL's macro passes a pointer as a length */
#define send(s, buf, len, flags) sal_sendto(s, buf, len, flags, NULL, 0)
#endif

static int begin(void **state) {
    (void)state;
    if (look.lwip != 202) {
        look.lwip = 212;
    }
    look.at = false;
    look.up = look.link = look.address = look.loopback = true;
    return 0;
}
#undef TEST
#define TEST(name) cmocka_unit_test_setup(name, begin)

static struct sockaddr_in loopback(uint16_t port) {
    return (struct sockaddr_in){.sin_len = 16, .sin_family = AF_INET, .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int open_socket(int type) {
    int on = 1;
    int fd = socket(AF_INET, type, 0);
    assert_true(fd >= FIRST);
    ioctlsocket(fd, (long)FIONBIO, &on);
    return fd;
}

static int listener(struct sockaddr_in *at) {
    int fd = open_socket(SOCK_STREAM);
    socklen_t len = sizeof *at;
    *at = loopback(0);
    assert_int_equal(0, bind(fd, (struct sockaddr *)at, len));
    assert_int_equal(0, listen(fd, 2));
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)at, &len));
    assert_int_equal(16, len);
    assert_int_equal(16, at->sin_len);
    return fd;
}

/* The magnitude of the last call's errno. */
static int number(void) {
    int n = errno;
    errno = 0;
    return n;
}

static int so_error(int fd) {
    int value = -1;
    socklen_t len = sizeof value;
    assert_int_equal(0, getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &len));
    return value;
}

static void connected(int *a, int *b) {
    struct sockaddr_in at;
    int l = listener(&at);
    *a = open_socket(SOCK_STREAM);
    assert_int_equal(-1, connect(*a, (struct sockaddr *)&at, sizeof at));
    assert_int_equal(119, number());
    do {
        *b = accept(l, NULL, NULL);
        usleep(1000);
    } while (*b < 0);
    int on = 1;
    ioctlsocket(*b, (long)FIONBIO, &on);
    closesocket(l);
}

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
    assert_int_equal(0, number());
    assert_int_equal(0, connect(fd, (struct sockaddr *)&at, sizeof at)); /* connect blocks */
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

#ifndef SAL_USING_POSIX
static void closed_number(void) {
    int fd = open_socket(SOCK_DGRAM);
    closesocket(fd);
    so_error(fd);
}
#endif

static void test_halts(void **state) {
    (void)state;
    static void (*const calls[])(void) = {connect_twice, bind_late, wrong_length, wrong_family, unknown_answer, no_group,
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
        TEST(test_layout), TEST(test_errno), TEST(test_refused), TEST(test_end), TEST(test_poisoned), TEST(test_names),
        TEST(test_options), TEST(test_at), TEST(test_halts),
    };
    return RUN(tests);
}
