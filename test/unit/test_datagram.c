/* Datagrams: sizes, senders, losses, refusals.
 *
 * SPDX-License-Identifier: MIT
 */
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "stack.h"

static usocket_t a, b;
static usocket_addr_t at_a, at_b;

static void open_both(int family) {
    usocket_init(&a);
    usocket_init(&b);
    at_a = fx_udp(&a, family);
    at_b = fx_udp(&b, family);
    usocket_settimeout(&a, 10 * SECOND);
    usocket_settimeout(&b, 10 * SECOND);
}

static void test_sendto_recvfrom(void **state) {
    (void)state;
    static const int families[] = { USOCKET_AF_INET, USOCKET_AF_INET6 };
    for (size_t i = 0; i < 1 + USOCKET_IPV6; i++) {
        char buf[8];
        usocket_addr_t from;
        open_both(families[i]);
        assert_code(5, usocket_sendto(&a, "hello", 5, &at_b));
        assert_code(5, usocket_recvfrom(&b, buf, sizeof buf, &from));
        assert_memory_equal("hello", buf, 5);
        assert_true(usocket_addr_equal(&at_a, &from));
        assert_code(2, usocket_sendto(&b, "me", 2, &from));
        assert_code(2, usocket_recv(&a, buf, sizeof buf));
        fx_close(&a, &b);
    }
}

/* An empty datagram is received as one. */
static void test_empty(void **state) {
    (void)state;
    char buf[8];
    usocket_addr_t from;
    open_both(USOCKET_AF_INET);
    assert_code(0, usocket_sendto(&a, NULL, 0, &at_b));
    assert_int_equal(USOCKET_POLL_IN, usocket_poll(&b, USOCKET_POLL_IN, usocket_deadline_in(10 * SECOND)));
    assert_code(0, usocket_recvfrom(&b, buf, sizeof buf, &from));
    assert_true(usocket_addr_equal(&at_a, &from));
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&b, buf, sizeof buf, 0, NULL, USOCKET_NOW)); /* there was exactly one */
    assert_ok(usocket_connect(&a, &at_b));
    size_t n = 0;
    assert_ok(usocket_send_all(&a, "", 0, &n));
    assert_ok(usocket_recv_all(&b, buf, sizeof buf, &n));
    assert_int_equal(0, n);
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&b, buf, 0, 0, NULL, USOCKET_NOW)); /* unlike a stream */
    fx_close(&a, &b);
}

static void test_truncated(void **state) {
    (void)state;
#ifndef MSG_TRUNC
    LACKS("no-trunc", "the stack does not tell the length of a datagram that is cut");
#else
    char buf[4];
    open_both(USOCKET_AF_INET);
    assert_code(6, usocket_sendto(&a, "sixsix", 6, &at_b));
    assert_code(6, usocket_recv_by(&b, buf, 4, MSG_PEEK | MSG_TRUNC, NULL, usocket_deadline_in(10 * SECOND)));
    assert_code(6, usocket_pending(&b));
    assert_code(4, usocket_recv_by(&b, buf, 4, MSG_PEEK, NULL, USOCKET_NOW));
    assert_code(6, usocket_recv_by(&b, buf, 4, MSG_TRUNC, NULL, USOCKET_NOW));
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&b, buf, 4, 0, NULL, USOCKET_NOW));
    fx_close(&a, &b);
#endif
}

static void test_connected(void **state) {
    (void)state;
    char buf[8];
    usocket_addr_t peer;
    open_both(USOCKET_AF_INET);
    assert_code(USOCKET_EDESTADDRREQ, usocket_send(&a, "x", 1));
    assert_code(USOCKET_ENOTCONN, usocket_getpeername(&a, &peer));
    assert_ok(usocket_connect(&a, &at_b));
    assert_ok(usocket_getpeername(&a, &peer));
    assert_true(usocket_addr_equal(&at_b, &peer));
    assert_code(1, usocket_send(&a, "x", 1));
    assert_code(1, usocket_recv(&b, buf, sizeof buf));
    static char huge[70000];
    assert_code(USOCKET_EMSGSIZE, usocket_send(&a, huge, sizeof huge));
#if FX_STACK
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
    LACKS("no-udp-refusal", "a datagram to a closed port is lost in silence");
#endif
    assert_ok(usocket_close(&b)); /* no receiver: a later call reports the refusal */
    assert_code(1, usocket_send(&a, "x", 1));
    assert_code(USOCKET_ECONNREFUSED, usocket_recv(&a, buf, sizeof buf));
    usocket_settimeout(&a, 20 * MS);
    assert_code(USOCKET_ETIMEDOUT, usocket_recv(&a, buf, sizeof buf)); /* reported once */
    assert_ok(usocket_close(&a));
}

/* recv_all and recv_line receive one datagram. */
static void test_all_and_line(void **state) {
    (void)state;
    char buf[16];
    size_t n = 0;
    open_both(USOCKET_AF_INET);
    assert_ok(usocket_connect(&a, &at_b));
    assert_ok(usocket_send_all(&a, "datagram", 8, &n));
    assert_int_equal(8, n);
    assert_ok(usocket_recv_all(&b, buf, sizeof buf, &n));
    assert_int_equal(8, n);
    assert_code(5, usocket_send(&a, "line\n", 5));
    assert_code(1, usocket_recv_line_by(&b, buf, sizeof buf, (n = 0, &n), usocket_deadline_in(10 * SECOND)));
    assert_int_equal(5, n);
    assert_code(4, usocket_send(&a, "tail", 4));
    assert_code(0, usocket_recv_line_by(&b, buf, sizeof buf, (n = 0, &n), usocket_deadline_in(10 * SECOND)));
    assert_int_equal(4, n);
    assert_code(6, usocket_send(&a, "a\nbc\nd", 6)); /* received whole, newlines included */
    assert_code(0, usocket_recv_line_by(&b, buf, sizeof buf, (n = 0, &n), usocket_deadline_in(10 * SECOND)));
    assert_int_equal(6, n);
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&b, buf, sizeof buf, 0, NULL, USOCKET_NOW));
    fx_close(&a, &b);
}

static void test_unread(void **state) {
    (void)state;
    char buf[16], put_back[] = "back";
    usocket_addr_t from;
    open_both(USOCKET_AF_INET);
    assert_ok(usocket_unread(&b, put_back, 4));
    assert_int_equal(USOCKET_POLL_IN, usocket_poll(&b, USOCKET_POLL_IN, USOCKET_NOW));
    memset(&from, 0x55, sizeof from);
    assert_code(4, usocket_recvfrom(&b, buf, sizeof buf, &from));
    assert_int_equal(USOCKET_AF_UNSPEC, from.family); /* the sender is unknown */
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&b, buf, sizeof buf, 0, NULL, USOCKET_NOW));
    fx_close(&a, &b);
}

static void test_wrong_family(void **state) {
    (void)state;
#if USOCKET_IPV6
    open_both(USOCKET_AF_INET);
    usocket_addr_t six = fx_addr("::1", 9);
    assert_code(USOCKET_EAFNOSUPPORT, usocket_connect(&a, &six));
    assert_code(USOCKET_EAFNOSUPPORT, usocket_sendto(&a, "x", 1, &six));
    fx_close(&a, &b);
#else
    assert_code(USOCKET_EAFNOSUPPORT, usocket_open(&a, 10000, USOCKET_DGRAM, 0));
#endif
}

#if USOCKET_UNIX
static usocket_t full_one;

static void receive_later(void *arg) {
    char c;
    (void)arg;
    fx_sleep(60 * MS);
    usocket_recv_by(&full_one, &c, 1, 0, NULL, USOCKET_NOW);
}

/* An AF_UNIX receiver without room: poll does not report it for an unconnected sender. The send must still wait without spinning. */
static void test_unix_full(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    usocket_addr_t at = { .family = USOCKET_AF_UNIX };
    at.port = (uint16_t)(1 + snprintf(at.u.path + 1, sizeof at.u.path - 1, "usocket-full-%d", (int)getpid()));
    for (int connected = 0; connected < 2; connected++) {
        usocket_init(&full_one);
        assert_ok(usocket_open(&full_one, USOCKET_AF_UNIX, USOCKET_DGRAM, 0));
        assert_ok(usocket_bind(&full_one, &at));
        assert_ok(usocket_open(&s, USOCKET_AF_UNIX, USOCKET_DGRAM, 0));
        if (connected) {
            assert_ok(usocket_connect(&s, &at));
        }
        const usocket_addr_t *to = connected ? NULL : &at;
        int32_t r;
        while ((r = usocket_send_by(&s, "x", 1, 0, to, USOCKET_NOW)) == 1) {
        }
        assert_code(USOCKET_EAGAIN, r);
        clock_t cpu = clock();
        usocket_time_t since = fx_now();
        assert_code(USOCKET_ETIMEDOUT, usocket_send_by(&s, "x", 1, 0, to, usocket_deadline_in(500 * MS)));
        fx_took(since, 500 * MS);
        assert_true(FX_SIM || clock() - cpu < CLOCKS_PER_SEC / 5); /* it does not spin */
        for (int tries = 0; tries < 5; tries++) { /* the send polls repeatedly and misses a signal between two polls */
            fx_signal_in(20 * MS);
            r = usocket_send_by(&s, "x", 1, 0, to, usocket_deadline_in(SECOND));
            fx_join();
            if (r != USOCKET_ETIMEDOUT) {
                break;
            }
        }
        assert_code(USOCKET_EINTR, r);
        fx_go(receive_later, NULL);
        assert_code(1, usocket_send_by(&s, "x", 1, 0, to, usocket_deadline_in(10 * SECOND)));
        fx_join();
        assert_ok(usocket_close(&s));
        assert_ok(usocket_close(&full_one));
    }
}
#endif

#if FX_SIM
static void test_lost(void **state) {
    (void)state;
    char buf[4];
    sim_datagrams(2);
    open_both(USOCKET_AF_INET);
    for (int i = 0; i < 4; i++) {
        assert_code(1, usocket_sendto(&a, &"0123"[i], 1, &at_b));
    }
    for (int i = 0; i < 2; i++) {
        assert_code(1, usocket_recv(&b, buf, 4));
        assert_int_equal('0' + i, buf[0]);
    }
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_recv(&b, buf, 4));
    fx_took(since, 10 * SECOND);
    fx_close(&a, &b);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_sendto_recvfrom), TEST(test_empty), TEST(test_truncated), TEST(test_connected), TEST(test_all_and_line),
        TEST(test_unread), TEST(test_wrong_family),
#if USOCKET_UNIX
        TEST(test_unix_full),
#endif
#if FX_SIM
        TEST(test_lost),
#endif
    };
    return RUN(tests);
}
