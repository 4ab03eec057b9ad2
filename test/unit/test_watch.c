/* A watcher polls a socket in the library's own thread.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

static int reported;
static int refusals;

static bool on_ready(void *arg) {
    (void)arg;
    int left = __atomic_load_n(&refusals, __ATOMIC_ACQUIRE);
    if (left > 0) {
        __atomic_store_n(&refusals, left - 1, __ATOMIC_RELEASE);
        return false;
    }
    __atomic_add_fetch(&reported, 1, __ATOMIC_ACQ_REL);
    return true;
}

static void expect_reported(int times) {
    for (int i = 0; i < 500 && __atomic_load_n(&reported, __ATOMIC_ACQUIRE) < times; i++) {
        fx_sleep(10 * MS);
    }
    fx_sleep(20 * MS); /* reported only once */
    assert_int_equal(times, __atomic_load_n(&reported, __ATOMIC_ACQUIRE));
}

static void test_watch(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    usocket_watch_t *w;
    char buf[4];
    reported = refusals = 0;
    fx_connect(&a, &b);
    assert_ok(usocket_watch(&w, &b, on_ready, NULL));
    expect_reported(0);
    assert_code(1, usocket_send(&a, "x", 1));
    expect_reported(1);
    usocket_watch_again(w); /* the socket is still readable */
    expect_reported(2);
    assert_code(1, usocket_recv(&b, buf, 1));
    usocket_watch_again(w);
    expect_reported(2);
    refusals = 3; /* a callback that refuses the event is called again */
    assert_code(1, usocket_send(&a, "y", 1));
    expect_reported(3);
    assert_int_equal(0, refusals);
    assert_ok(usocket_close(&b)); /* the watcher's share stays open until the watcher ends */
    usocket_watch_end(w);
    assert_ok(usocket_close(&a));
}

static void test_watch_listener(void **state) {
    (void)state;
    usocket_t l = USOCKET_CLOSED, c = USOCKET_CLOSED, s = USOCKET_CLOSED;
    usocket_watch_t *w;
    reported = refusals = 0;
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, 2);
    assert_ok(usocket_watch(&w, &l, on_ready, NULL));
    for (int i = 1; i <= 3; i++) {
        assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
        assert_ok(usocket_connect_by(&c, &at, usocket_deadline_in(10 * SECOND)));
        expect_reported(i);
        assert_ok(usocket_accept_by(&l, &s, NULL, usocket_deadline_in(10 * SECOND)));
        assert_ok(usocket_close(&s));
        assert_ok(usocket_close(&c));
        usocket_watch_again(w);
    }
    usocket_watch_end(w);
    assert_ok(usocket_close(&l));
    assert_code(USOCKET_EBADF, usocket_watch(&w, &l, on_ready, NULL));
    assert_null(w);
}

/* A socket that the program shuts down for reading is readable. */
static void test_watch_shut(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    usocket_watch_t *w;
    char buf[4];
    reported = refusals = 0;
    fx_connect(&a, &b);
    assert_ok(usocket_watch(&w, &b, on_ready, NULL));
    assert_ok(usocket_shutdown(&b, USOCKET_SHUT_WR));
    expect_reported(0);
    assert_ok(usocket_shutdown(&b, USOCKET_SHUT_RD));
    expect_reported(1);
    assert_code(0, usocket_recv(&b, buf, 1));
    usocket_watch_end(w);
    fx_close(&a, &b);
}

/* The watcher also reports bytes put back. */
static void test_watch_unread(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    usocket_watch_t *w;
    char buf[4], back[] = "zz";
    reported = refusals = 0;
    fx_connect(&a, &b);
    assert_ok(usocket_watch(&w, &b, on_ready, NULL));
    assert_code(1, usocket_send(&a, "x", 1));
    expect_reported(1);
    assert_code(1, usocket_recv_by(&b, buf, 1, 0, NULL, usocket_deadline_in(10 * SECOND)));
    assert_ok(usocket_unread(&b, back, 2));
    assert_code(2, usocket_recv(&b, buf, 2));
    usocket_watch_again(w);
    expect_reported(1);
    assert_code(1, usocket_send(&a, "y", 1));
    expect_reported(2);
    usocket_watch_end(w);
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
}

#if FX_SIM

static bool on_ready_slowly(void *arg) {
    sim_cost(100); /* each port call of the watcher's thread takes this time */
    return on_ready(arg);
}

/* An end request between the watcher's wake-up and its clearing of the event is not lost. */
static void test_end_behind_again(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    usocket_watch_t *w;
    char buf[1];
    fx_connect(&a, &b);
    for (usocket_time_t between = 0; between < 300; between += 10) {
        reported = refusals = 0;
        assert_ok(usocket_watch(&w, &b, on_ready_slowly, NULL));
        assert_code(1, usocket_send(&a, "x", 1));
        expect_reported(1);
        assert_code(1, usocket_recv(&b, buf, 1)); /* from now on nothing else wakes the watcher */
        usocket_watch_again(w);
        sim_sleep(between);
        usocket_watch_end(w);
    }
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_watch), TEST(test_watch_listener), TEST(test_watch_shut), TEST(test_watch_unread),
#if FX_SIM
        TEST(test_end_behind_again),
#endif
    };
    return RUN(tests);
}
