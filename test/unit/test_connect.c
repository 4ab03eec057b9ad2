/* Connections that succeed, are refused, unanswered or interrupted.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

static void test_connect_accept(void **state) {
    (void)state;
    static const int families[] = { USOCKET_AF_INET, USOCKET_AF_INET6 };
    for (size_t i = 0; i < 1 + USOCKET_IPV6; i++) {
        usocket_t l = USOCKET_CLOSED, c = USOCKET_CLOSED, s = USOCKET_CLOSED;
        usocket_addr_t at = fx_listen(&l, families[i], 4), peer, own;
        usocket_settimeout(&l, 10 * SECOND);
        assert_ok(usocket_open(&c, families[i], USOCKET_STREAM, 0));
        assert_ok(usocket_connect(&c, &at));
        assert_ok(usocket_accept(&l, &s, &peer));
        assert_true(usocket_gettimeout(&s) == USOCKET_FOREVER); /* not the listener's */
        assert_ok(usocket_getsockname(&c, &own));
        assert_true(usocket_addr_equal(&own, &peer));
        assert_ok(usocket_getpeername(&s, &peer));
        assert_true(usocket_addr_equal(&own, &peer));
        assert_ok(usocket_getpeername(&c, &peer));
        assert_true(usocket_addr_equal(&at, &peer));
        int r = usocket_connect(&c, &at); /* Linux may report a success once that it had not reported yet */
        assert_true(r == 0 || r == USOCKET_EISCONN);
        assert_code(USOCKET_EISCONN, usocket_connect(&c, &at));
        usocket_t open = USOCKET_CLOSED;
        assert_ok(usocket_open(&open, families[i], USOCKET_STREAM, 0));
        assert_code(USOCKET_ENOTCONN, usocket_getpeername(&open, &peer));
        assert_code(USOCKET_ENOTCONN, usocket_shutdown(&open, USOCKET_SHUT_RDWR));
        assert_code(USOCKET_EISCONN, usocket_accept(&l, &open, &peer));
        assert_ok(usocket_close(&open));
        assert_code(USOCKET_EINVAL, usocket_accept(&c, &open, &peer)); /* not listening */
        assert_code(USOCKET_EINVAL, usocket_shutdown(&c, 3));
        assert_code(USOCKET_EINVAL, usocket_shutdown(&c, -1));
        assert_ok(usocket_close(&c));
        assert_ok(usocket_close(&s));
        assert_ok(usocket_close(&l));
    }
}

static void test_refused(void **state) {
    (void)state;
    usocket_t l = USOCKET_CLOSED, c = USOCKET_CLOSED;
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, 1);
    assert_ok(usocket_close(&l));
    assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_code(USOCKET_ECONNREFUSED, usocket_connect(&c, &at));
    assert_ok(usocket_close(&c));
    assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
    usocket_settimeout(&c, 10 * SECOND);
    assert_code(USOCKET_ECONNREFUSED, usocket_connect(&c, &at));
    assert_ok(usocket_close(&c));
}

static void test_nonblocking(void **state) {
    (void)state;
    usocket_t l = USOCKET_CLOSED, c = USOCKET_CLOSED, s = USOCKET_CLOSED;
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, 1);
    assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
    usocket_settimeout(&c, 0);
    int r = usocket_connect(&c, &at);
    if (r != 0) {
        assert_code(USOCKET_EINPROGRESS, r);
        assert_int_equal(USOCKET_POLL_OUT, usocket_poll(&c, USOCKET_POLL_OUT, usocket_deadline_in(10 * SECOND)));
    }
    assert_ok(usocket_connect_wait(&c, USOCKET_NOW));
    assert_ok(usocket_accept_by(&l, &s, NULL, usocket_deadline_in(10 * SECOND)));
    assert_ok(usocket_close(&c));
    assert_ok(usocket_close(&s));
    assert_ok(usocket_close(&l));
    assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
    r = usocket_connect_by(&c, &at, USOCKET_NOW);
    if (r == USOCKET_EINPROGRESS) {
        r = usocket_connect_wait(&c, usocket_deadline_in(10 * SECOND));
    }
    assert_code(USOCKET_ECONNREFUSED, r);
    /* A failed attempt does not become a connection in a second wait. */
    assert_true(usocket_connect_wait(&c, USOCKET_NOW) != 0);
    assert_ok(usocket_close(&c));
    assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_true(usocket_connect_wait(&c, USOCKET_NOW) != 0); /* nor does an attempt that was never started */
    assert_ok(usocket_close(&c));
}

/* An address that never answers; on loopback a listener with a full backlog. */
static usocket_addr_t black_hole(usocket_t *l, usocket_t *fill, size_t count) {
    usocket_addr_t at = fx_listen(l, USOCKET_AF_INET, 0);
    for (size_t i = 0; i < count; i++) {
        assert_ok(usocket_open(&fill[i], USOCKET_AF_INET, USOCKET_STREAM, 0));
        int r = usocket_connect_by(&fill[i], &at, USOCKET_NOW);
        assert_true(r == 0 || r == USOCKET_EINPROGRESS);
        fx_sleep(5 * MS);
    }
    return at;
}

static void test_black_hole(void **state) {
    (void)state;
    usocket_t l = USOCKET_CLOSED, c = USOCKET_CLOSED, fill[4] = { USOCKET_CLOSED, USOCKET_CLOSED, USOCKET_CLOSED, USOCKET_CLOSED };
    usocket_addr_t at = black_hole(&l, fill, 4);
    assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
    usocket_settimeout(&c, 100 * MS);
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_connect(&c, &at));
    fx_took(since, 100 * MS);
    assert_code(USOCKET_EALREADY, usocket_connect(&c, &at)); /* the attempt continues */
    assert_code(USOCKET_EINPROGRESS, usocket_connect_wait(&c, USOCKET_NOW));
    since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_connect_wait(&c, usocket_deadline_in(50 * MS)));
    fx_took(since, 50 * MS);
    since = fx_now();
    fx_signal_in(50 * MS);
    assert_code(USOCKET_EINTR, usocket_connect_wait(&c, usocket_deadline_in(10 * SECOND)));
    fx_took(since, 50 * MS);
    fx_join();
    assert_ok(usocket_close(&c));

    assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
    since = fx_now();
    fx_signal_in(50 * MS);
    assert_code(USOCKET_EINTR, usocket_connect_by(&c, &at, usocket_deadline_in(10 * SECOND)));
    fx_took(since, 50 * MS);
    fx_join();
    assert_code(USOCKET_ETIMEDOUT, usocket_connect_wait(&c, usocket_deadline_in(10 * MS))); /* the attempt has continued */
    assert_ok(usocket_close(&c));
    for (size_t i = 0; i < 4; i++) {
        assert_ok(usocket_close(&fill[i]));
    }
    assert_ok(usocket_close(&l));
}

static void accept_later(void *arg) {
    usocket_t *l = arg, s = USOCKET_CLOSED;
    fx_sleep(50 * MS);
    while (usocket_accept_by(l, &s, NULL, usocket_deadline_in(1500 * MS)) == 0) {
        usocket_close(&s);
    }
}

/* A connection that succeeds only with the second SYN, a second later. */
static void test_late_answer(void **state) {
    (void)state;
    usocket_t l = USOCKET_CLOSED, c = USOCKET_CLOSED, fill[4] = { USOCKET_CLOSED, USOCKET_CLOSED, USOCKET_CLOSED, USOCKET_CLOSED };
    usocket_addr_t at = black_hole(&l, fill, 4);
    fx_go(accept_later, &l);
    assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_connect_by(&c, &at, usocket_deadline_in(30 * SECOND)));
    fx_join();
    assert_ok(usocket_close(&c));
    for (size_t i = 0; i < 4; i++) {
        assert_ok(usocket_close(&fill[i]));
    }
    assert_ok(usocket_close(&l));
}

static void connect_later(void *arg) {
    usocket_t c = USOCKET_CLOSED;
    fx_sleep(50 * MS);
    usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0);
    usocket_connect(&c, arg);
    usocket_close(&c);
}

static void test_accept_waits(void **state) {
    (void)state;
    usocket_t l = USOCKET_CLOSED, s = USOCKET_CLOSED;
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, -5);
    usocket_time_t since = fx_now();
    fx_go(connect_later, &at);
    assert_ok(usocket_accept(&l, &s, NULL));
    fx_took(since, 50 * MS);
    fx_join();
    assert_ok(usocket_close(&s));
    fx_signal_in(20 * MS);
    assert_code(USOCKET_EINTR, usocket_accept(&l, &s, NULL));
    fx_join();
    assert_int_equal(-1, usocket_fileno(&s));
    assert_ok(usocket_close(&l));
}

static void test_bind(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    usocket_addr_t at = fx_listen(&a, USOCKET_AF_INET, 1), away = fx_addr("192.0.2.1", 0);
    assert_ok(usocket_open(&b, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_code(USOCKET_EADDRNOTAVAIL, usocket_bind(&b, &away));
    assert_code(USOCKET_EADDRINUSE, usocket_bind(&b, &at));
    assert_code(USOCKET_EINVAL, usocket_bind(&a, &at));
    at.port = 0;
    assert_ok(usocket_bind(&b, &at));
    assert_code(USOCKET_EINVAL, usocket_bind(&b, &at));
    assert_ok(usocket_listen(&b, 0));
    assert_ok(usocket_listen(&b, 1000000));
    assert_code(USOCKET_EISCONN, usocket_connect(&b, &at));
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
#if USOCKET_DATAGRAMS
    assert_ok(usocket_open(&a, USOCKET_AF_INET, USOCKET_DGRAM, 0));
    assert_code(USOCKET_EOPNOTSUPP, usocket_listen(&a, 1));
    assert_code(USOCKET_EOPNOTSUPP, usocket_accept(&a, &b, NULL));
    assert_ok(usocket_close(&a));
#endif
}

#if USOCKET_UNIX
#include <unistd.h>

static void accept_unix(void *arg) {
    usocket_t *l = arg, s = USOCKET_CLOSED;
    fx_sleep(60 * MS);
    for (int i = 0; i < 3; i++) {
        if (usocket_accept_by(l, &s, NULL, usocket_deadline_in(SECOND)) == 0) {
            usocket_close(&s);
        }
    }
}

/* A full backlog is EAGAIN on AF_UNIX, and no poll reports free room. */
static void test_unix(void **state) {
    (void)state;
    usocket_t l = USOCKET_CLOSED, c[8], d = USOCKET_CLOSED;
    usocket_addr_t at = { .family = USOCKET_AF_UNIX }, peer;
    at.port = (uint16_t)(1 + snprintf(at.u.path + 1, sizeof at.u.path - 1, "usocket-test-%d", (int)getpid())); /* an abstract name */
    assert_ok(usocket_open(&l, USOCKET_AF_UNIX, USOCKET_STREAM, 0));
    assert_ok(usocket_bind(&l, &at));
    assert_ok(usocket_getsockname(&l, &peer));
    assert_true(usocket_addr_equal(&at, &peer));
    assert_ok(usocket_listen(&l, 0));
    size_t n = 0;
    int r = 0;
    for (; n < 8 && r == 0; n++) {
        usocket_init(&c[n]);
        assert_ok(usocket_open(&c[n], USOCKET_AF_UNIX, USOCKET_STREAM, 0));
        r = usocket_connect_by(&c[n], &at, USOCKET_NOW);
    }
    assert_code(USOCKET_EAGAIN, r);
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_connect_by(&c[n - 1], &at, usocket_deadline_in(35 * MS)));
    fx_took(since, 35 * MS);
    since = fx_now();
    fx_signal_in(15 * MS);
    assert_code(USOCKET_EINTR, usocket_connect_by(&c[n - 1], &at, usocket_deadline_in(10 * SECOND)));
    fx_join();
    fx_go(accept_unix, &l);
    assert_ok(usocket_connect_by(&c[n - 1], &at, usocket_deadline_in(10 * SECOND)));
    fx_join();
    while (n) {
        assert_ok(usocket_close(&c[--n]));
    }
    assert_ok(usocket_close(&l));
    assert_ok(usocket_open(&d, USOCKET_AF_UNIX, USOCKET_STREAM, 0));
    r = usocket_connect(&d, &at);
    assert_true(r == USOCKET_ECONNREFUSED || r == USOCKET_ENOENT);
    assert_ok(usocket_close(&d));
}
#endif

#if FX_SIM
static void test_fates(void **state) {
    (void)state;
    static const struct {
        const char *host;
        enum sim_fate fate;
        int code;
        usocket_time_t after;
    } rows[] = {
        { "192.0.2.1", SIM_HOLE, USOCKET_ETIMEDOUT, 127 * SECOND },
        { "192.0.2.2", SIM_UNREACH, USOCKET_ENETUNREACH, 0 },
        { "192.0.2.3", SIM_HOST_DOWN, USOCKET_EHOSTUNREACH, 3 * SECOND },
        { "192.0.2.4", SIM_REFUSE, USOCKET_ECONNREFUSED, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        usocket_t c = USOCKET_CLOSED;
        sim_host(rows[i].host, rows[i].fate);
        usocket_addr_t at = fx_addr(rows[i].host, 80);
        assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
        usocket_time_t since = fx_now();
        assert_code(rows[i].code, usocket_connect(&c, &at)); /* blocking: waits as long as the stack tries */
        fx_took(since, rows[i].after);
        assert_ok(usocket_close(&c));
    }
}

/* On a stack that cannot report a connection, poll and the pending error are used. */
static void test_connected_unknown(void **state) {
    sim_connected_unknown(true);
    test_connect_accept(state);
    test_refused(state);
    test_black_hole(state);
    test_late_answer(state);
}

/* A stack on which connect completes at once. */
static void test_no_latency(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    sim_latency(0);
    fx_connect(&a, &b);
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_connect_accept), TEST(test_refused), TEST(test_nonblocking), TEST(test_black_hole), TEST(test_late_answer),
        TEST(test_accept_waits), TEST(test_bind),
#if USOCKET_UNIX
        TEST(test_unix),
#endif
#if FX_SIM
        TEST(test_fates), TEST(test_connected_unknown), TEST(test_no_latency),
#endif
    };
    return RUN(tests);
}
