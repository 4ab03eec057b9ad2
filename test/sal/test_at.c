/* A client on an AT module's sockets: they only block, lack MSG_PEEK and listen, and MSG_DONTWAIT returns wrong results.
 *
 * Its servers are lwIP's sockets.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"
#include "look.h"
#include "stack.h"
#include "usocket/port.h"

static int begin(void **state) {
    look.at = false;
    look.up = look.link = look.address = true;
    look.dial_ms = 30;
    return fx_begin(state);
}

static int end(void **state) {
    look.at = false;
    look.up = look.link = look.address = true;
    fx_sleep(50 * MS);
    return fx_end(state);
}
#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

static void open_at(usocket_t *s, int type) {
    look.at = true;
    int r = usocket_open(s, USOCKET_AF_INET, type, 0);
    look.at = false;
    assert_ok(r);
}

/* Connect c, a socket of the module, to s, one of lwIP. */
static void pair(usocket_t *c, usocket_t *s) {
    usocket_t l = USOCKET_CLOSED;
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, 1);
    open_at(c, USOCKET_STREAM);
    assert_ok(usocket_connect_by(c, &at, usocket_deadline_in(10 * SECOND)));
    assert_ok(usocket_accept_by(&l, s, NULL, usocket_deadline_in(10 * SECOND)));
    assert_ok(usocket_close(&l));
}

static void test_client(void **state) {
    (void)state;
    usocket_t c = USOCKET_CLOSED, s = USOCKET_CLOSED;
    char buf[64];
    size_t n = 0;
    pair(&c, &s);
    assert_code(5, usocket_send(&c, "hello", 5));
    assert_ok(usocket_recv_all_by(&s, buf, 5, &n, usocket_deadline_in(10 * SECOND)));
    assert_memory_equal("hello", buf, 5);
    assert_code(8, usocket_send(&s, "one\ntwo\n", 8));
    n = 0;
    assert_code(1, usocket_recv_line_by(&c, buf, sizeof buf, &n, usocket_deadline_in(10 * SECOND)));
    assert_int_equal(4, n);
    assert_memory_equal("one\n", buf, 4);
    assert_code(1, usocket_recv_by(&c, buf, 1, MSG_PEEK, NULL, usocket_deadline_in(SECOND)));
    assert_int_equal('t', buf[0]);
    n = 0;
    assert_ok(usocket_recv_all_by(&c, buf, 4, &n, usocket_deadline_in(10 * SECOND)));
    assert_memory_equal("two\n", buf, 4);
    assert_code(0, usocket_send(&c, "", 0));
    assert_ok(usocket_close(&s));
    for (int i = 0; i < 3; i++) {
        assert_code(0, usocket_recv_by(&c, buf, 1, 0, NULL, usocket_deadline_in(10 * SECOND))); /* the end of the stream is reported again */
    }
    assert_true(usocket_poll(&c, USOCKET_POLL_IN, USOCKET_NOW) & USOCKET_POLL_IN);
    assert_ok(usocket_close(&c));
}

/* Missing data must not look like the end of the stream: at once, after a while, or after many tries. */
static void test_no_false_end(void **state) {
    (void)state;
    usocket_t c = USOCKET_CLOSED, s = USOCKET_CLOSED;
    char buf[8];
    pair(&c, &s);
    for (int i = 0; i < 5; i++) {
        assert_code(USOCKET_EAGAIN, usocket_recv_by(&c, buf, sizeof buf, 0, NULL, USOCKET_NOW));
        assert_code(USOCKET_EAGAIN, usocket_recv_by(&c, buf, sizeof buf, MSG_DONTWAIT, NULL, USOCKET_NEVER));
        assert_int_equal(0, usocket_poll(&c, USOCKET_POLL_IN, usocket_deadline_in(30 * MS)));
    }
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(&c, buf, sizeof buf, 0, NULL, usocket_deadline_in(150 * MS)));
    fx_took(since, 150 * MS);
    for (int i = 0; i < 6; i++) { /* poll may still report data that was read */
        assert_code(3, usocket_send(&s, "abc", 3));
        size_t n = 0;
        assert_ok(usocket_recv_all_by(&c, buf, 3, &n, usocket_deadline_in(10 * SECOND)));
        assert_memory_equal("abc", buf, 3);
        assert_code(USOCKET_EAGAIN, usocket_recv_by(&c, buf, 1, 0, NULL, USOCKET_NOW));
        assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(&c, buf, 1, 0, NULL, usocket_deadline_in(30 * MS)));
    }
    struct timeval t = {0, 100000};
    assert_ok(usocket_setsockopt(&c, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
    since = fx_now();
    assert_code(USOCKET_EAGAIN, usocket_recv(&c, buf, 1));
    fx_took(since, 100 * MS);
    assert_ok(usocket_close(&c));
    assert_ok(usocket_close(&s));
}

static usocket_t sender;

static void send_all(void *arg) {
    static char block[100000];
    size_t sent = 0;
    (void)arg;
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = (char)(i * 7 + i / 251);
    }
    usocket_send_all_by(&sender, block, sizeof block, &sent, usocket_deadline_in(30 * SECOND));
}

static void test_much(void **state) {
    (void)state;
    usocket_t c = USOCKET_CLOSED;
    static char got[100000];
    for (int way = 0; way < 2; way++) {
        size_t n = 0;
        pair(way == 0 ? &c : &sender, way == 0 ? &sender : &c);
        fx_go(send_all, NULL);
        assert_ok(usocket_recv_all_by(&c, got, sizeof got, &n, usocket_deadline_in(30 * SECOND)));
        fx_join();
        assert_int_equal(sizeof got, n);
        for (size_t i = 0; i < sizeof got; i++) {
            if (got[i] != (char)(i * 7 + i / 251)) {
                fail_msg("byte %zu", i);
            }
        }
        assert_ok(usocket_close(&c));
        assert_ok(usocket_close(&sender));
    }
}

/* The module connects slowly; the deadline and poll do not wait for it. */
static void test_slow_connect(void **state) {
    (void)state;
    usocket_t l = USOCKET_CLOSED, c = USOCKET_CLOSED, s = USOCKET_CLOSED;
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, 2), peer;
    look.dial_ms = 600;
    open_at(&c, USOCKET_STREAM);
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_connect_by(&c, &at, usocket_deadline_in(100 * MS)));
    assert_true(fx_now() - since < 100 * MS + 400 * MS);
    assert_code(USOCKET_EAGAIN, usocket_send_by(&c, "x", 1, 0, NULL, USOCKET_NOW));
    assert_ok(usocket_close(&c)); /* while it connects */
    open_at(&c, USOCKET_STREAM);
    usocket_settimeout(&c, 0);
    assert_code(USOCKET_EINPROGRESS, usocket_connect(&c, &at));
    assert_code(USOCKET_EALREADY, usocket_connect(&c, &at));
    assert_int_equal(0, usocket_poll(&c, USOCKET_POLL_OUT, usocket_deadline_in(50 * MS)));
    assert_true(usocket_poll(&c, USOCKET_POLL_OUT, usocket_deadline_in(10 * SECOND)) & USOCKET_POLL_OUT);
    assert_ok(usocket_connect_wait(&c, USOCKET_NOW));
    assert_ok(usocket_getpeername(&c, &peer));
    assert_true(usocket_addr_equal(&at, &peer));
    assert_code(USOCKET_EISCONN, usocket_connect(&c, &at));
    look.dial_ms = 30;
    assert_ok(usocket_close(&c));
    while (usocket_accept_by(&l, &s, NULL, USOCKET_NOW) == 0) {
        assert_ok(usocket_close(&s));
    }
    assert_ok(usocket_close(&l));
}

static void test_refused(void **state) {
    (void)state;
    usocket_t c = USOCKET_CLOSED, u = USOCKET_CLOSED;
    usocket_addr_t refusing = fx_udp(&u, USOCKET_AF_INET);
    open_at(&c, USOCKET_STREAM);
    assert_code(USOCKET_ECONNREFUSED, usocket_connect_by(&c, &refusing, usocket_deadline_in(10 * SECOND)));
    assert_code(USOCKET_EPIPE, usocket_send(&c, "x", 1));
    assert_ok(usocket_close(&c));
    open_at(&c, USOCKET_STREAM);
    assert_code(USOCKET_ENOTCONN, usocket_recv(&c, &(char){0}, 1));
    assert_ok(usocket_close(&c));
    assert_ok(usocket_close(&u));
}

static void test_datagrams(void **state) {
    (void)state;
    usocket_t c = USOCKET_CLOSED, s = USOCKET_CLOSED, other = USOCKET_CLOSED;
    usocket_addr_t at = fx_udp(&s, USOCKET_AF_INET), elsewhere = fx_udp(&other, USOCKET_AF_INET), from;
    char buf[16];
    open_at(&c, USOCKET_DGRAM);
    assert_code(USOCKET_EDESTADDRREQ, usocket_send(&c, "x", 1));
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&c, buf, sizeof buf, 0, NULL, USOCKET_NOW));
    assert_code(4, usocket_send_by(&c, "ping", 4, 0, &at, usocket_deadline_in(10 * SECOND)));
    assert_code(4, usocket_recv_by(&s, buf, sizeof buf, 0, &from, usocket_deadline_in(10 * SECOND)));
    assert_code(4, usocket_send_by(&s, "pong", 4, 0, &from, usocket_deadline_in(10 * SECOND)));
    assert_code(4, usocket_recv_by(&c, buf, sizeof buf, 0, &from, usocket_deadline_in(10 * SECOND)));
    assert_memory_equal("pong", buf, 4);
    assert_true(usocket_addr_equal(&at, &from)); /* although the module does not report it */
    assert_code(USOCKET_EOPNOTSUPP, usocket_send_by(&c, "x", 1, 0, &elsewhere, USOCKET_NOW)); /* the module would send it to the first peer */
    assert_code(USOCKET_EOPNOTSUPP, usocket_send_by(&c, "", 0, 0, &at, USOCKET_NOW));
    assert_ok(usocket_close(&c));
    open_at(&c, USOCKET_DGRAM);
    assert_ok(usocket_connect_by(&c, &at, usocket_deadline_in(10 * SECOND)));
    assert_code(2, usocket_send(&c, "hi", 2));
    assert_code(2, usocket_recv_by(&s, buf, sizeof buf, 0, NULL, usocket_deadline_in(10 * SECOND)));
    assert_ok(usocket_close(&c));
    assert_ok(usocket_close(&s));
    assert_ok(usocket_close(&other));
}

/* Missing features return clear codes. */
static void test_absent(void **state) {
    (void)state;
    usocket_t c = USOCKET_CLOSED, s = USOCKET_CLOSED, x = USOCKET_CLOSED;
    usocket_addr_t any = fx_addr("0.0.0.0", 0), a;
    int value = 1;
    size_t len = sizeof value;
    open_at(&c, USOCKET_STREAM);
    assert_code(USOCKET_EOPNOTSUPP, usocket_bind(&c, &any));
    assert_code(USOCKET_EOPNOTSUPP, usocket_listen(&c, 1));
    assert_code(USOCKET_EINVAL, usocket_accept_by(&c, &x, NULL, USOCKET_NOW));
    assert_code(USOCKET_EOPNOTSUPP, usocket_getsockname(&c, &a));
    assert_code(USOCKET_ENOTCONN, usocket_getpeername(&c, &a));
    assert_code(USOCKET_ENOPROTOOPT, usocket_setsockopt(&c, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value));
    assert_ok(usocket_setsockopt(&c, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value));
    assert_ok(usocket_getsockopt(&c, SOL_SOCKET, SO_TYPE, &value, &len));
    assert_int_equal(SOCK_STREAM, value);
    assert_ok(usocket_close(&c));
    pair(&c, &s);
    assert_code(USOCKET_EOPNOTSUPP, usocket_pending(&c));
    assert_code(USOCKET_EOPNOTSUPP, usocket_shutdown(&c, USOCKET_SHUT_WR));
    assert_ok(usocket_close(&c));
    assert_ok(usocket_close(&s));
    look.at = true;
    int raw = usocket_open(&x, USOCKET_AF_INET, USOCKET_RAW, 1);
    int six = usocket_open(&x, USOCKET_AF_INET6, USOCKET_STREAM, 0);
    look.at = false;
    assert_code(USOCKET_EPROTONOSUPPORT, raw);
    assert_code(USOCKET_EAFNOSUPPORT, six);
}

static usocket_t waiting;
static int result;

static void receive(void *arg) {
    char c;
    (void)arg;
    result = usocket_recv_by(&waiting, &c, 1, 0, NULL, USOCKET_NEVER);
}

static void test_trouble(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    pair(&waiting, &s);
    result = 1;
    fx_go(receive, NULL);
    fx_sleep(150 * MS);
    assert_int_equal(1, result);
    look.up = false;
    fx_join();
    assert_code(USOCKET_ENETDOWN, result);
    look.up = true;
    assert_ok(usocket_close(&waiting));
    assert_ok(usocket_close(&s));
    pair(&waiting, &s);
    fx_go(receive, NULL);
    fx_sleep(50 * MS);
    assert_ok(usocket_close(&waiting)); /* wakes the waiting call */
    fx_join();
    assert_code(USOCKET_EBADF, result);
    assert_ok(usocket_close(&s));
}

static void test_names(void **state) {
    (void)state;
    usocket_dial_t d;
    usocket_t l = USOCKET_CLOSED, c = USOCKET_CLOSED;
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, 1);
    usocket_query_t q = {.host = "four.look", .port = at.port};
    look.at = true;
    assert_ok(usocket_dial_start(&d, &q, NULL));
    int r = usocket_dial_by(&d, &c, usocket_deadline_in(30 * SECOND));
    look.at = false;
    usocket_dial_end(&d, &c);
    assert_ok(r);
    assert_ok(usocket_close(&c));
    assert_ok(usocket_close(&l));
}

/* Open as many sockets as fit, repeatedly. */
static void test_room(void **state) {
    (void)state;
    usocket_t s[9];
    for (int round = 0; round < 2; round++) {
        look.at = true;
        int codes[9];
        for (int i = 0; i < 9; i++) {
            usocket_init(&s[i]);
            codes[i] = usocket_open(&s[i], USOCKET_AF_INET, USOCKET_STREAM, 0);
        }
        look.at = false;
        for (int i = 0; i < 9; i++) {
            assert_code(i < 8 ? 0 : USOCKET_EMFILE, codes[i]);
            assert_ok(usocket_close(&s[i]));
        }
    }
}

int main(void) {
    usocket_init(&sender);
    usocket_init(&waiting);
    const struct CMUnitTest tests[] = {
        TEST(test_client), TEST(test_no_false_end), TEST(test_much), TEST(test_slow_connect), TEST(test_refused),
        TEST(test_datagrams), TEST(test_absent), TEST(test_trouble), TEST(test_names), TEST(test_room),
    };
    return RUN(tests);
}
