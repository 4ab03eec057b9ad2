/* The life of a socket: open, adopt, share, detach, close; deadlines; options.
 *
 * SPDX-License-Identifier: MIT
 */
#include <limits.h>

#include "fixture.h"
#include "stack.h"
#include "usocket/port.h"

static void check_closed(usocket_t *s) {
    char buf[4] = "abc";
    size_t n = 0, len = sizeof buf;
    usocket_addr_t a = fx_addr("127.0.0.1", 9);
    usocket_t other = USOCKET_CLOSED;
    assert_int_equal(-1, usocket_fileno(s));
    assert_code(USOCKET_EBADF, usocket_bind(s, &a));
    assert_code(USOCKET_EBADF, usocket_listen(s, 1));
    assert_code(USOCKET_EBADF, usocket_accept(s, &other, &a));
    assert_code(USOCKET_EBADF, usocket_connect(s, &a));
    assert_code(USOCKET_EBADF, usocket_connect_wait(s, USOCKET_NEVER));
    assert_code(USOCKET_EBADF, usocket_shutdown(s, USOCKET_SHUT_RDWR));
    assert_code(USOCKET_EBADF, usocket_getsockname(s, &a));
    assert_code(USOCKET_EBADF, usocket_getpeername(s, &a));
    assert_code(USOCKET_EBADF, usocket_getsockopt(s, SOL_SOCKET, SO_TYPE, buf, &len));
    assert_code(USOCKET_EBADF, usocket_setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, buf, 4));
    assert_code(USOCKET_EBADF, usocket_recv(s, buf, 1));
    assert_code(USOCKET_EBADF, usocket_recv(s, buf, 0));
    assert_code(USOCKET_EBADF, usocket_recvfrom(s, buf, 1, &a));
    assert_code(USOCKET_EBADF, usocket_send(s, buf, 1));
    assert_code(USOCKET_EBADF, usocket_sendto(s, buf, 1, &a));
    assert_code(USOCKET_EBADF, usocket_recv_all(s, buf, 1, &n));
    assert_code(USOCKET_EBADF, usocket_send_all(s, buf, 1, &n));
    assert_code(USOCKET_EBADF, usocket_recv_line_by(s, buf, 1, &n, USOCKET_NEVER));
    assert_int_equal(0, n);
    assert_code(USOCKET_EBADF, usocket_unread(s, buf, 1));
    assert_int_equal(0, usocket_unread_len(s));
    assert_null(usocket_unread_take(s, &len, &n));
    assert_code(USOCKET_EBADF, usocket_pending(s));
    assert_int_equal(USOCKET_POLL_NVAL, usocket_poll(s, USOCKET_POLL_IN, USOCKET_NEVER));
    assert_code(USOCKET_EBADF, usocket_detach(s));
    assert_code(USOCKET_EBADF, usocket_share(&other, s));
    assert_ok(usocket_close(s));
    assert_int_equal(-1, usocket_fileno(s));
}

static void test_closed(void **state) {
    (void)state;
    static usocket_t never_opened = USOCKET_CLOSED;
    usocket_t s;
    usocket_init(&s);
    check_closed(&s);
    check_closed(&never_opened);
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_true(usocket_fileno(&s) >= 0);
    assert_ok(usocket_close(&s));
    check_closed(&s);
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_DATAGRAMS ? USOCKET_DGRAM : USOCKET_STREAM, 0)); /* a closed socket can be opened again */
    assert_ok(usocket_close(&s));
    check_closed(&s);
}

static void test_open(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED, other = USOCKET_CLOSED;
    assert_code(USOCKET_EAFNOSUPPORT, usocket_open(&s, 9999, USOCKET_STREAM, 0));
#if !USOCKET_IPV6 /* refused even if the system has it, because no call could read its addresses */
    assert_code(USOCKET_EAFNOSUPPORT, usocket_open(&s, USOCKET_AF_INET6, USOCKET_STREAM, 0));
#endif
    assert_code(USOCKET_EPROTONOSUPPORT, usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_UDP));
    const int odd = USOCKET_DATAGRAMS ? USOCKET_EINVAL : USOCKET_ESOCKTNOSUPPORT;
    assert_code(odd, usocket_open(&s, USOCKET_AF_INET, 256, 0));
    assert_code(odd, usocket_open(&s, USOCKET_AF_INET, -1, 0));
#if !USOCKET_DATAGRAMS
    assert_code(odd, usocket_open(&s, USOCKET_AF_INET, USOCKET_DGRAM, 0));
    assert_code(odd, usocket_open(&s, USOCKET_AF_INET, USOCKET_RAW, 0));
    int datagrams = usocket_port_open(USOCKET_AF_INET, USOCKET_DGRAM, 0);
    assert_true(datagrams >= 0);
    assert_code(odd, usocket_adopt(&s, datagrams, -1, -1, -1));
    usocket_close_fd(datagrams);
    assert_code(odd, usocket_pair(&s, &other, USOCKET_AF_UNIX, USOCKET_DGRAM, 0));
#endif
    assert_int_equal(-1, usocket_fileno(&s));
    usocket_start();
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_TCP));
    int fd = usocket_fileno(&s);
    assert_code(USOCKET_EISCONN, usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_code(USOCKET_EISCONN, usocket_adopt(&s, fd, -1, -1, -1));
    assert_ok(usocket_open(&other, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_code(USOCKET_EISCONN, usocket_share(&other, &s));
    assert_ok(usocket_close(&other));
#if USOCKET_UNIX
    assert_code(USOCKET_EISCONN, usocket_pair(&s, &other, USOCKET_AF_UNIX, USOCKET_STREAM, 0));
    assert_code(USOCKET_EISCONN, usocket_pair(&other, &s, USOCKET_AF_UNIX, USOCKET_STREAM, 0));
#endif
    assert_int_equal(fd, usocket_fileno(&s));
    assert_int_equal(-1, usocket_fileno(&other));
    assert_ok(usocket_close(&s));
    assert_ok(usocket_close(&s));
}

/* A build without TLS refuses a TLS socket and never falls back to plain text. */
static void test_tls_absent(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    assert_code(USOCKET_TLS ? 0 : USOCKET_EPROTONOSUPPORT, usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_int_equal(USOCKET_TLS, usocket_fileno(&s) >= 0);
    assert_ok(usocket_close(&s));
    assert_true(usocket_open(&s, USOCKET_AF_INET, USOCKET_RAW, USOCKET_PROTO_SEC) < 0);
    assert_int_equal(-1, usocket_fileno(&s));
}

static void test_deadline(void **state) {
    (void)state;
    usocket_time_t now = fx_now();
    assert_true(now >= 1);
    assert_true(usocket_deadline_in(-1) == USOCKET_NEVER);
    assert_true(usocket_deadline_in(INT64_MIN) == USOCKET_NEVER);
    assert_true(usocket_deadline_in(0) == USOCKET_NOW);
    assert_true(usocket_deadline_in(INT64_MAX) == USOCKET_NEVER);
    assert_true(usocket_deadline_in(INT64_MAX - 1) == USOCKET_NEVER);
    assert_true(usocket_deadline_in(INT64_MAX - now) > now);
    usocket_time_t soon = usocket_deadline_in(1);
    assert_true(soon >= now + 1 && soon < fx_now() + SECOND);

    usocket_t s = USOCKET_CLOSED;
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_true(usocket_gettimeout(&s) == USOCKET_FOREVER);
    assert_true(usocket_deadline(&s) == USOCKET_NEVER);
    usocket_settimeout(&s, 0);
    assert_true(usocket_gettimeout(&s) == 0);
    assert_true(usocket_deadline(&s) == USOCKET_NOW);
    usocket_settimeout(&s, 5 * SECOND);
    assert_true(usocket_gettimeout(&s) == 5 * SECOND);
    now = fx_now();
    soon = usocket_deadline(&s) - 5 * SECOND;
    assert_true(soon >= now && soon <= fx_now() + USOCKET_CLOCK_STEP_US);
    usocket_settimeout(&s, -12345);
    assert_true(usocket_gettimeout(&s) == USOCKET_FOREVER);
    usocket_settimeout(&s, INT64_MAX);
    assert_true(usocket_deadline(&s) == USOCKET_NEVER);
    assert_ok(usocket_close(&s));
}

/* No timeout ends early. */
static void test_timeouts(void **state) {
    (void)state;
    static const usocket_time_t timeouts[] = { 1, 2, 999, 1000, 1001, 1999, 10000, 100001 };
    usocket_t s = USOCKET_CLOSED, conn = USOCKET_CLOSED;
    char c;
    fx_udp(&s, USOCKET_AF_INET);
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        usocket_settimeout(&s, timeouts[i]);
        usocket_time_t since = fx_now();
        assert_code(USOCKET_ETIMEDOUT, usocket_recv(&s, &c, 1));
        fx_took(since, timeouts[i]);
        since = fx_now();
        assert_int_equal(0, usocket_poll(&s, USOCKET_POLL_IN, usocket_deadline(&s)));
        fx_took(since, timeouts[i]);
    }
    assert_ok(usocket_close(&s));
    fx_listen(&s, USOCKET_AF_INET, 1);
    usocket_settimeout(&s, 20 * MS);
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_accept(&s, &conn, NULL));
    fx_took(since, 20 * MS);
    usocket_settimeout(&s, 0);
    assert_code(USOCKET_EAGAIN, usocket_accept(&s, &conn, NULL));
    assert_int_equal(-1, usocket_fileno(&conn));
    assert_code(USOCKET_ETIMEDOUT, usocket_accept_by(&s, &conn, NULL, 1)); /* a deadline long past */
    assert_ok(usocket_close(&s));
}

static void test_options(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    int value = 0;
    size_t len = sizeof value;
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_getsockopt(&s, SOL_SOCKET, SO_TYPE, &value, &len));
    assert_int_equal(SOCK_STREAM, value);
    assert_int_equal(sizeof value, len);
    value = 1;
    assert_ok(usocket_setsockopt(&s, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value));
    value = 0;
    assert_ok(usocket_getsockopt(&s, SOL_SOCKET, SO_KEEPALIVE, &value, &len));
    assert_int_equal(1, value);
    assert_ok(usocket_setsockopt(&s, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value));
    assert_ok(usocket_getsockopt(&s, SOL_SOCKET, SO_ERROR, &value, &len));
    assert_int_equal(0, value);
    assert_code(USOCKET_ENOPROTOOPT, usocket_setsockopt(&s, SOL_SOCKET, 9999, &value, sizeof value));
    assert_code(USOCKET_ENOPROTOOPT, usocket_getsockopt(&s, SOL_SOCKET, 9999, &value, &len));
    assert_code(USOCKET_EINVAL, usocket_setsockopt(&s, SOL_SOCKET, SO_KEEPALIVE, &value, 1));
#if USOCKET_SERVER
    assert_true(usocket_backlog() > 0 && usocket_backlog() <= 128);
#endif
    assert_ok(usocket_close(&s));
}

/* The pending error is one of the library's numbers. */
static void test_option_error(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED, listener = USOCKET_CLOSED;
    int value = 0;
    size_t len = sizeof value;
    usocket_addr_t a = fx_listen(&listener, USOCKET_AF_INET, 1);
    assert_ok(usocket_close(&listener));
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    int r = usocket_connect_by(&s, &a, USOCKET_NOW);
    if (r == USOCKET_EINPROGRESS) {
        assert_true(usocket_poll(&s, USOCKET_POLL_OUT, usocket_deadline_in(10 * SECOND)) & USOCKET_POLL_ERR);
        assert_ok(usocket_getsockopt(&s, SOL_SOCKET, SO_ERROR, &value, &len));
        assert_int_equal(-USOCKET_ECONNREFUSED, value);
    } else {
        assert_code(USOCKET_ECONNREFUSED, r);
    }
    assert_ok(usocket_close(&s));
}

/* SO_RCVTIMEO and SO_SNDTIMEO take effect on a blocking socket; EAGAIN is returned after them. */
static void test_timeo(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED, l = USOCKET_CLOSED;
    static char block[65536];
    char c;
    struct timeval tv = { 0, 30000 };
    size_t len = sizeof tv;
    fx_connect(&a, &b);
    assert_ok(usocket_setsockopt(&a, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    usocket_time_t since = fx_now();
    assert_code(USOCKET_EAGAIN, usocket_recv(&a, &c, 1));
    fx_took(since, 30 * MS - 10 * MS * !FX_SIM); /* the kernel rounds it to ticks */
    usocket_settimeout(&a, 10 * MS); /* the socket's own timeout has priority */
    assert_code(USOCKET_ETIMEDOUT, usocket_recv(&a, &c, 1));
    usocket_settimeout(&a, 0);
    assert_code(USOCKET_EAGAIN, usocket_recv(&a, &c, 1));
    usocket_settimeout(&a, USOCKET_FOREVER);
    memset(&tv, 0, sizeof tv);
    assert_ok(usocket_getsockopt(&a, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
    assert_true(tv.tv_sec == 0 && tv.tv_usec >= 30000 && tv.tv_usec < 50000);

    tv = (struct timeval){ 0, 40000 };
    assert_ok(usocket_setsockopt(&a, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv));
    fx_fill(&a);
    since = fx_now();
    assert_code(USOCKET_EAGAIN, usocket_send(&a, block, sizeof block));
    fx_took(since, 40 * MS - 10 * MS * !FX_SIM);
    assert_code(USOCKET_EAGAIN, usocket_writable_by(&a, USOCKET_NEVER));
    tv = (struct timeval){ 0, 0 }; /* no timeout: blocking again */
    assert_ok(usocket_setsockopt(&a, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    assert_code(1, usocket_send(&b, "x", 1));
    assert_code(1, usocket_recv(&a, &c, 1));

    fx_listen(&l, USOCKET_AF_INET, 1);
#if USOCKET_SERVER
    usocket_t conn = USOCKET_CLOSED;
    tv = (struct timeval){ 0, 30000 };
    assert_ok(usocket_setsockopt(&l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    since = fx_now();
    assert_code(USOCKET_EAGAIN, usocket_accept(&l, &conn, NULL));
    fx_took(since, 30 * MS - 10 * MS * !FX_SIM);
#endif
    assert_ok(usocket_close(&l));
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
}

static void test_share(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED, second = USOCKET_CLOSED, third = USOCKET_CLOSED;
    char c = 0;
    fx_connect(&a, &b);
    int fd = usocket_fileno(&a);
    assert_ok(usocket_share(&second, &a));
    assert_ok(usocket_share(&third, &second));
    assert_int_equal(fd, usocket_fileno(&second));
    assert_int_equal(fd, usocket_fileno(&third));
    usocket_settimeout(&second, 7 * SECOND); /* both share one timeout */
    assert_true(usocket_gettimeout(&a) == 7 * SECOND);
    assert_ok(usocket_close(&second));
    assert_ok(usocket_close(&a));
    check_closed(&a);
    check_closed(&second);
    assert_int_equal(fd, usocket_fileno(&third));
    assert_code(USOCKET_EBUSY, usocket_open(&a, USOCKET_AF_INET, USOCKET_STREAM, 0)); /* still in use by its share */
    assert_code(1, usocket_send(&third, "x", 1));
    assert_code(1, usocket_recv(&b, &c, 1));
    assert_int_equal('x', c);
    assert_ok(usocket_close(&third));
    check_closed(&third);
    assert_code(0, usocket_recv_by(&b, &c, 1, 0, NULL, usocket_deadline_in(10 * SECOND))); /* now the connection has ended */
    assert_ok(usocket_open(&a, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
}

static void test_detach_adopt(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED, again = USOCKET_CLOSED;
    char c = 0;
    fx_connect(&a, &b);
    int fd = usocket_fileno(&a);
    assert_int_equal(fd, usocket_detach(&a));
    check_closed(&a);
    assert_ok(usocket_adopt(&again, fd, -1, -1, -1));
    assert_int_equal(fd, usocket_fileno(&again));
    assert_true(usocket_gettimeout(&again) == USOCKET_FOREVER);
    assert_code(1, usocket_send(&again, "y", 1));
    assert_code(1, usocket_recv(&b, &c, 1));
    assert_int_equal('y', c);

    assert_ok(usocket_unread(&again, (char[]){ "kept" }, 4)); /* bytes that were put back are taken before */
    assert_code(USOCKET_EBUSY, usocket_detach(&again));
    assert_non_null(usocket_unread_take(&again, &(size_t){ 0 }, &(size_t){ 0 }));
    assert_int_equal(fd, usocket_detach(&again));
    assert_ok(usocket_adopt(&again, fd, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_TCP));
    assert_code(1, usocket_send(&b, "z", 1));
    assert_code(1, usocket_recv(&again, &c, 1));
    assert_int_equal('z', c);

    usocket_t shared = USOCKET_CLOSED;
    assert_ok(usocket_share(&shared, &again));
    assert_int_equal(fd, usocket_detach(&shared)); /* a detached descriptor has no other owner */
    assert_code(USOCKET_EBADF, usocket_recv(&again, &c, 1));
    assert_ok(usocket_close(&again));
    assert_ok(usocket_adopt(&a, fd, -1, -1, -1));
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));

    assert_code(USOCKET_EBADF, usocket_adopt(&a, -1, -1, -1, -1));
    assert_code(USOCKET_EBADF, usocket_adopt(&a, INT_MAX, -1, -1, -1));
    assert_code(USOCKET_EBADF, usocket_adopt(&a, fd, -1, -1, -1)); /* closed above */
    assert_int_equal(-1, usocket_fileno(&a));
}

static void test_dup(void **state) {
    (void)state;
#if FX_STACK
    assert_code(USOCKET_EOPNOTSUPP, usocket_dup(0));
    LACKS("no-dup", "sockets cannot be duplicated");
#endif
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED, twin = USOCKET_CLOSED;
    char c;
    fx_connect(&a, &b);
    int fd = usocket_dup(usocket_fileno(&a));
    assert_true(fd >= 0 && fd != usocket_fileno(&a));
    assert_ok(usocket_adopt(&twin, fd, -1, -1, -1));
    int third = usocket_dup(fd);
    assert_true(third >= 0);
    usocket_close_fd(third);
    assert_ok(usocket_close(&a));
    assert_code(1, usocket_send(&twin, "x", 1));
    assert_code(1, usocket_recv(&b, &c, 1));
    assert_ok(usocket_close(&twin));
    assert_ok(usocket_close(&b));
    usocket_close_fd(-1);
    assert_code(USOCKET_EBADF, usocket_dup(-1));
    assert_code(USOCKET_EBADF, usocket_dup(fd));
}

#if USOCKET_UNIX
static void test_pair(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    char buf[8];
    static const int types[] = { USOCKET_STREAM, USOCKET_DGRAM };
    for (size_t i = 0; i < 2; i++) {
        assert_ok(usocket_pair(&a, &b, USOCKET_AF_UNIX, types[i], 0));
        assert_int_not_equal(usocket_fileno(&a), usocket_fileno(&b));
        assert_code(3, usocket_send(&a, "one", 3));
        assert_code(3, usocket_recv(&b, buf, sizeof buf));
        assert_memory_equal("one", buf, 3);
        assert_code(3, usocket_send(&b, "two", 3));
        assert_code(3, usocket_recv(&a, buf, sizeof buf));
        usocket_settimeout(&a, 0);
        assert_code(USOCKET_EAGAIN, usocket_recv(&a, buf, sizeof buf));
        assert_ok(usocket_close(&b));
        assert_ok(usocket_close(&a));
    }
    int r = usocket_pair(&a, &b, USOCKET_AF_INET, USOCKET_STREAM, 0);
    assert_true(r == USOCKET_EOPNOTSUPP);
    assert_code(USOCKET_EAFNOSUPPORT - (FX_SIM ? USOCKET_EAFNOSUPPORT - USOCKET_EOPNOTSUPP : 0), usocket_pair(&a, &b, 9999, USOCKET_STREAM, 0));
    assert_int_equal(-1, usocket_fileno(&a));
    assert_int_equal(-1, usocket_fileno(&b));
}
#endif

static bool hook_answer;
static int hook_calls;

static bool hook(void) {
    hook_calls++;
    return hook_answer;
}

/* A hook alone decides about an interrupt; without one a signal ends the wait. The deadline is unchanged. */
static void test_interrupt(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    char c;
    fx_udp(&s, USOCKET_AF_INET);
    const usocket_time_t whole = FX_SIM ? 300 * MS : 2 * SECOND; /* leaves a busy machine time for the signal */
    usocket_time_t since = fx_now(), deadline = usocket_deadline_in(whole);
    fx_signal_in(100 * MS);
    assert_code(USOCKET_EINTR, usocket_recv_by(&s, &c, 1, 0, NULL, deadline));
    fx_took(since, 100 * MS);
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(&s, &c, 1, 0, NULL, deadline));
    fx_took(since, whole);
    fx_join();

    usocket_set_interrupt_hook(hook);
    hook_calls = 0;
    since = fx_now();
    if (!FX_STACK) {
        fx_signal_in(50 * MS);
    }
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(&s, &c, 1, 0, NULL, usocket_deadline_in(250 * MS)));
    fx_took(since, 250 * MS);
    fx_join();
#if USOCKET_WAIT_SLICE_MS
    assert_true(hook_calls >= 1); /* 250 / USOCKET_WAIT_SLICE_MS, unless the machine is busy */
#endif
    hook_answer = true;
    assert_code(USOCKET_EINTR, usocket_recv_by(&s, &c, 1, 0, NULL, USOCKET_NEVER));
    assert_code(USOCKET_EINTR, usocket_poll(&s, USOCKET_POLL_IN, USOCKET_NEVER));
    since = fx_now(), deadline = usocket_deadline_in(50 * MS);
    int r;
    do { /* the hook always has something; the call ends at its deadline all the same */
        fx_sleep(MS);
        r = usocket_recv_by(&s, &c, 1, 0, NULL, deadline);
    } while (r == USOCKET_EINTR && fx_now() - since < fx_limit(100 * MS));
    assert_code(USOCKET_ETIMEDOUT, r);
    hook_answer = false;
    usocket_set_interrupt_hook(NULL);
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&s, &c, 1, 0, NULL, USOCKET_NOW));
    assert_ok(usocket_close(&s));
}

static void test_poll(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    char c;
    fx_connect(&a, &b);
    assert_int_equal(USOCKET_POLL_OUT, usocket_poll(&a, USOCKET_POLL_IN | USOCKET_POLL_OUT, USOCKET_NOW));
    assert_int_equal(0, usocket_poll(&a, USOCKET_POLL_IN, USOCKET_NOW));
    assert_int_equal(0, usocket_poll(&a, 0, USOCKET_NOW));
    assert_code(1, usocket_send(&b, "x", 1));
    assert_int_equal(USOCKET_POLL_IN, usocket_poll(&a, USOCKET_POLL_IN, usocket_deadline_in(10 * SECOND)));
    assert_code(1, usocket_pending(&a));
    assert_code(1, usocket_recv(&a, &c, 1));
    assert_code(0, usocket_pending(&a));
    fx_fill(&a);
    assert_int_equal(0, usocket_poll(&a, USOCKET_POLL_OUT, USOCKET_NOW));
    assert_ok(usocket_close(&b)); /* unread bytes cause a reset */
    assert_true(usocket_poll(&a, USOCKET_POLL_IN, usocket_deadline_in(10 * SECOND)) & USOCKET_POLL_IN);
    fx_sleep(10 * MS);
    assert_true(usocket_poll(&a, 0, usocket_deadline_in(10 * SECOND)) & (USOCKET_POLL_ERR | USOCKET_POLL_HUP));
    assert_ok(usocket_close(&a));
}

#if FX_SIM && USOCKET_UNIX
static void test_limits(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED, l = USOCKET_CLOSED;
    sim_handles(0);
    assert_code(USOCKET_EMFILE, usocket_open(&a, USOCKET_AF_INET, USOCKET_STREAM, 0));
    sim_handles(1);
    assert_code(USOCKET_EMFILE, usocket_pair(&a, &b, USOCKET_AF_UNIX, USOCKET_STREAM, 0));
    assert_int_equal(0, sim_census().handles);
    assert_ok(usocket_open(&a, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_code(USOCKET_EMFILE, usocket_dup(usocket_fileno(&a)));
    assert_ok(usocket_close(&a));
    sim_handles(2);
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, 1);
    assert_ok(usocket_open(&a, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_connect(&a, &at));
    assert_code(USOCKET_EMFILE, usocket_accept(&l, &b, NULL));
    assert_int_equal(-1, usocket_fileno(&b));
    sim_handles(3);
    assert_ok(usocket_accept(&l, &b, NULL)); /* the connection was still in the backlog */
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
    assert_ok(usocket_close(&l));
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_closed), TEST(test_open), TEST(test_tls_absent), TEST(test_deadline), TEST(test_timeouts), TEST(test_options),
        TEST(test_option_error), TEST(test_timeo), TEST(test_share), TEST(test_detach_adopt), TEST(test_dup), TEST(test_interrupt),
        TEST(test_poll),
#if USOCKET_UNIX
        TEST(test_pair),
#endif
#if FX_SIM && USOCKET_UNIX
        TEST(test_limits),
#endif
    };
    return RUN(tests);
}
