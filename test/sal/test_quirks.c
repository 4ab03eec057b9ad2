/* Defects of RT-Thread's sockets: lost errors, refused calls and failed assertions must not reach the program.
 *
 * SPDX-License-Identifier: MIT
 */
#include <limits.h>

#include "fixture.h"
#include "look.h"
#include "stack.h"
#include "usocket/port.h"

static usocket_addr_t closed_port(void) {
    usocket_t s = USOCKET_CLOSED;
    usocket_addr_t a = fx_udp(&s, USOCKET_AF_INET);
    assert_ok(usocket_close(&s));
    return a;
}

/* Failures without an errno from SAL still return a code. */
static void test_lost_errnos(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED, l = USOCKET_CLOSED, u = USOCKET_CLOSED;
    usocket_addr_t refusing = closed_port(), foreign = fx_addr("192.0.2.77", 0);
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, 1);
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_code(USOCKET_EPIPE, usocket_send(&s, "x", 1));
    assert_code(USOCKET_EADDRNOTAVAIL, usocket_bind(&s, &foreign));
    assert_code(USOCKET_EADDRINUSE, usocket_bind(&s, &at));
    usocket_settimeout(&s, 0);
    assert_code(USOCKET_EINPROGRESS, usocket_connect(&s, &refusing));
    assert_code(USOCKET_ECONNREFUSED, usocket_connect_wait(&s, usocket_deadline_in(10 * SECOND)));
    assert_ok(usocket_close(&s));
    assert_code(USOCKET_EBADF, usocket_send(&s, "x", 1));
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_code(USOCKET_ECONNREFUSED, usocket_connect(&s, &refusing));
    assert_ok(usocket_close(&s));
    assert_code(USOCKET_EAFNOSUPPORT, usocket_open(&s, 77, USOCKET_STREAM, 0));
    assert_code(USOCKET_EINVAL, usocket_open(&s, USOCKET_AF_INET, 77, 0));
    look.sockets = look.open;
    assert_code(USOCKET_EMFILE, usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    look.sockets = 200;
    assert_ok(usocket_open(&u, USOCKET_AF_INET, USOCKET_DGRAM, 0));
    usocket_settimeout(&u, 0);
    assert_code(USOCKET_EDESTADDRREQ, usocket_send(&u, "x", 1));
    assert_code(USOCKET_EAGAIN, usocket_recv(&u, &(char){0}, 1));
    usocket_settimeout(&l, 0);
    assert_code(USOCKET_EAGAIN, usocket_accept(&l, &s, NULL)); /* not ETIMEDOUT */
    assert_ok(usocket_close(&l));
    assert_ok(usocket_close(&u));
}

/* A peer that resets, and a send buffer that is full. */
static void test_reset_and_full(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    char c;
    fx_connect(&a, &b);
    fx_fill(&a);
    usocket_settimeout(&a, 0);
    assert_code(USOCKET_EAGAIN, usocket_send(&a, "x", 1));
    usocket_settimeout(&a, 10 * SECOND);
    assert_ok(usocket_close(&b)); /* unread bytes cause a reset */
    assert_code(USOCKET_ECONNRESET, usocket_recv(&a, &c, 1));
    assert_code(0, usocket_recv(&a, &c, 1)); /* reported once, without a hang */
    assert_code(USOCKET_EPIPE, usocket_send(&a, "x", 1));
    assert_ok(usocket_close(&a));
}

/* SO_LINGER would lose a socket of the stack: close() does not wait, and the data is still sent. */
static void test_linger(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    const int on[2] = {1, 3};
    char buf[4096];
    int open = look.open, r;
    fx_connect(&a, &b);
    assert_ok(usocket_setsockopt(&a, SOL_SOCKET, SO_LINGER, on, sizeof on));
    size_t sent = fx_fill(&a), came = 0;
    assert_ok(usocket_close(&a));
    while ((r = usocket_recv(&b, buf, sizeof buf)) > 0) {
        came += (size_t)r;
    }
    assert_ok(r);
    assert_true(came == sent && sent > 0);
    assert_ok(usocket_close(&b));
    assert_int_equal(open, look.open);
}

static usocket_t leaving;

static void leave(void *arg) {
    (void)arg;
    fx_sleep(100 * MS);
    usocket_close(&leaving); /* with unread bytes */
}

/* An error that poll reports only once reaches the waiting send. */
static void test_reset_while_sending(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED;
    static const char block[65536];
    usocket_init(&leaving);
    fx_connect(&a, &leaving);
    fx_go(leave, NULL);
    int r;
    do {
        size_t sent = 0;
        r = usocket_send_all_by(&a, block, sizeof block, &sent, usocket_deadline_in(5 * SECOND));
    } while (r == 0);
    fx_join();
    if (r != USOCKET_ECONNRESET) {
        assert_code(USOCKET_EPIPE, r);
    }
    assert_ok(usocket_close(&a));
}

/* The library avoids lwIP's assertions, which halt the board, and calls that block for ever (the look-alike would abort). */
static void test_halts(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED, s = USOCKET_CLOSED, u = USOCKET_CLOSED;
    usocket_addr_t at = fx_addr("127.0.0.1", 9), any = fx_addr("0.0.0.0", 0), peer;
    char c;
    fx_connect(&a, &b);
    assert_code(USOCKET_EISCONN, usocket_connect(&a, &at));
    assert_code(USOCKET_EINVAL, usocket_bind(&a, &any));
    assert_code(USOCKET_EINVAL, usocket_listen(&a, 1));
    assert_code(USOCKET_EINVAL, usocket_accept(&a, &s, NULL));
    assert_code(1, usocket_send(&b, "x", 1)); /* the connection still works */
    assert_code(1, usocket_recv(&a, &c, 1));
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_code(USOCKET_ENOTCONN, usocket_recv(&s, &c, 1));
    assert_code(USOCKET_EINVAL, usocket_accept(&s, &u, NULL));
    assert_code(USOCKET_ENOTCONN, usocket_getpeername(&s, &peer));
    assert_code(USOCKET_ENOTCONN, usocket_shutdown(&s, USOCKET_SHUT_RDWR));
    at = fx_udp(&u, USOCKET_AF_INET);
    assert_code(USOCKET_EOPNOTSUPP, usocket_listen(&u, 1)); /* the socket stays usable */
    assert_code(1, usocket_send_by(&u, "x", 1, 0, &at, usocket_deadline_in(SECOND)));
    assert_code(1, usocket_recv_by(&u, &c, 1, 0, &peer, usocket_deadline_in(10 * SECOND)));
    assert_true(usocket_addr_equal(&at, &peer));
#if USOCKET_IPV6
    usocket_addr_t six = fx_addr("::1", 9);
    assert_code(USOCKET_EAFNOSUPPORT, usocket_connect(&s, &six));
    assert_code(USOCKET_EAFNOSUPPORT, usocket_bind(&s, &six));
    assert_code(USOCKET_EAFNOSUPPORT, usocket_send_by(&u, "x", 1, 0, &six, USOCKET_NOW));
#endif
    static const int numbers[] = {0, 1, 2, 100, 255, 256, 300, INT_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        usocket_t none = USOCKET_CLOSED;
        int n = numbers[i];
        if (n != usocket_fileno(&a) && n != usocket_fileno(&b) && n != usocket_fileno(&s) && n != usocket_fileno(&u)) {
            assert_code(USOCKET_EBADF, usocket_adopt(&none, n, -1, -1, -1));
        }
    }
    static const char big[70000];
    assert_code(USOCKET_EMSGSIZE, usocket_send_by(&u, big, sizeof big, 0, &at, USOCKET_NOW));
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
    assert_ok(usocket_close(&s));
    assert_ok(usocket_close(&u));
}

/* A refused option is no error of the connection. */
static void test_stale_error(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED, c = USOCKET_CLOSED, l = USOCKET_CLOSED;
    int value = 1;
    size_t len = sizeof value;
    char byte;
    fx_connect(&a, &b);
    assert_code(USOCKET_ENOPROTOOPT, usocket_setsockopt(&a, SOL_SOCKET, 0x0200, &value, sizeof value));
    assert_ok(usocket_getsockopt(&a, SOL_SOCKET, SO_ERROR, &value, &len));
    assert_int_equal(0, value);
    assert_code(1, usocket_send(&a, "x", 1));
    assert_code(1, usocket_recv(&b, &byte, 1));
    /* It is no error of a connect either, and neither is a second connect (EALREADY). */
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, 1);
    assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
    usocket_settimeout(&c, 0);
    int r = usocket_connect(&c, &at);
    assert_true(r == 0 || r == USOCKET_EINPROGRESS);
    value = 1;
    assert_code(USOCKET_ENOPROTOOPT, usocket_setsockopt(&c, SOL_SOCKET, 0x1001, &value, sizeof value));
    usocket_connect(&c, &at);
    r = usocket_connect_wait(&c, usocket_deadline_in(10 * SECOND));
    assert_code(0, r);
    assert_ok(usocket_getsockopt(&c, SOL_SOCKET, SO_ERROR, &value, &len));
    assert_int_equal(0, value);
    assert_code(1, usocket_send(&c, "x", 1));
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
    assert_ok(usocket_close(&c));
    assert_ok(usocket_close(&l));
}

/* The end of a stream is permanent, and poll continues to report it. */
static void test_end_stays(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    char buf[8];
    fx_connect(&a, &b);
    assert_code(3, usocket_send(&a, "end", 3));
    assert_ok(usocket_close(&a));
    assert_code(3, usocket_recv(&b, buf, sizeof buf));
    for (int i = 0; i < 4; i++) {
        assert_code(0, usocket_recv(&b, buf, sizeof buf));
        assert_true(usocket_poll(&b, USOCKET_POLL_IN, usocket_deadline_in(10 * SECOND)) & USOCKET_POLL_IN);
    }
    assert_ok(usocket_close(&b));
}

/* POLLERR comes once; the library keeps it for the program's next call. */
static void test_error_once(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    usocket_addr_t refusing = closed_port();
    int value;
    size_t len = sizeof value;
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    usocket_settimeout(&s, 0);
    assert_code(USOCKET_EINPROGRESS, usocket_connect(&s, &refusing));
    for (int i = 0; i < 3; i++) {
        int events = usocket_poll(&s, USOCKET_POLL_OUT, usocket_deadline_in(10 * SECOND));
        assert_true(events & USOCKET_POLL_ERR);
    }
    assert_ok(usocket_getsockopt(&s, SOL_SOCKET, SO_ERROR, &value, &len));
    assert_int_equal(111, value); /* ECONNREFUSED, Linux's number; lwIP returns ECONNRESET */
    assert_ok(usocket_getsockopt(&s, SOL_SOCKET, SO_ERROR, &value, &len));
    assert_int_equal(0, value);
    assert_ok(usocket_close(&s));
}

#if USOCKET_IPV6
/* SAL would read the flow label as an IPv4 address and find no interface with it. */
static void test_bind_flowinfo(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    usocket_addr_t a = fx_addr("::1", 0);
    a.flowinfo = 5;
    assert_ok(usocket_open(&s, USOCKET_AF_INET6, USOCKET_DGRAM, 0));
    assert_ok(usocket_bind(&s, &a));
    assert_ok(usocket_close(&s));
}
#endif

/* Option values are normalised: lwIP has its own bit, length or byte. */
static void test_options(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    static const int flags[] = {SO_KEEPALIVE, SO_BROADCAST, SO_REUSEADDR};
    int value;
    size_t len = sizeof value;
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_DGRAM, 0));
    for (size_t i = 0; i < 3; i++) {
        value = 7;
        assert_ok(usocket_setsockopt(&s, SOL_SOCKET, flags[i], &value, sizeof value));
        assert_ok(usocket_getsockopt(&s, SOL_SOCKET, flags[i], &value, &len));
        assert_int_equal(1, value);
    }
    value = 0;
    assert_ok(usocket_setsockopt(&s, SOL_SOCKET, SO_BROADCAST, &value, sizeof value));
    usocket_addr_t everyone = fx_addr("127.255.255.255", 9);
    assert_code(USOCKET_EACCES, usocket_send_by(&s, "x", 1, 0, &everyone, USOCKET_NOW)); /* lwIP: EINVAL */
    value = 3;
    assert_ok(usocket_setsockopt(&s, IPPROTO_IP, IP_MULTICAST_TTL, &value, sizeof value));
    value = -1;
    assert_ok(usocket_getsockopt(&s, IPPROTO_IP, IP_MULTICAST_TTL, &value, &len));
    assert_int_equal(3, value);
    assert_ok(usocket_getsockopt(&s, IPPROTO_IP, IP_MULTICAST_LOOP, &value, &len));
    assert_int_equal(1, value);
    value = 256;
    assert_code(USOCKET_EINVAL, usocket_setsockopt(&s, IPPROTO_IP, IP_MULTICAST_TTL, &value, sizeof value));
    assert_code(USOCKET_EINVAL, usocket_setsockopt(&s, IPPROTO_IP, IP_TTL, &value, sizeof value));
    assert_code(USOCKET_EINVAL, usocket_setsockopt(&s, IPPROTO_IP, IP_TTL, &value, 1));
    struct ip_mreq group = {.imr_multiaddr.s_addr = htonl(0xc0000201)};
    assert_code(USOCKET_EINVAL, usocket_setsockopt(&s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
    group.imr_multiaddr.s_addr = htonl(0xe0000001);
    assert_code(USOCKET_EINVAL, usocket_setsockopt(&s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
    struct timeval t = {0, 1};
    assert_ok(usocket_setsockopt(&s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
    usocket_time_t since = fx_now();
    assert_code(USOCKET_EAGAIN, usocket_recv(&s, &(char){0}, 1)); /* waits a millisecond, not for ever */
    assert_true(fx_now() - since < fx_limit(5 * SECOND));
    assert_ok(usocket_close(&s));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_lost_errnos), TEST(test_reset_and_full), TEST(test_linger), TEST(test_reset_while_sending), TEST(test_halts), TEST(test_stale_error), TEST(test_end_stays),
        TEST(test_error_once), TEST(test_options),
#if USOCKET_IPV6
        TEST(test_bind_flowinfo),
#endif
    };
    return RUN(tests);
}
