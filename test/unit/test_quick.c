/* First tries (quick.c) against the usual calls: in each state of a socket they return the same, or leave everything to the usual call.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"
#include "stack.h"
#include "usocket/private.h"

#if USOCKET_QUICK

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* One socket in a state, its other end, and a socket that the state needs besides. */
typedef struct {
    usocket_t s, peer, other;
    usocket_addr_t where;
} world_t;

static void say(usocket_t *s, const char *text) {
    assert_code((int)strlen(text), usocket_send(s, text, strlen(text)));
}

static void fresh(world_t *w) {
    assert_ok(usocket_open(&w->s, USOCKET_AF_INET, USOCKET_STREAM, 0));
}

static void closed(world_t *w) {
    fresh(w);
    usocket_close(&w->s);
}

static void listening(world_t *w) {
    fx_listen(&w->s, USOCKET_AF_INET, 1);
}

static void idle(world_t *w) {
    fx_streams(&w->s, &w->peer);
}

static void with_line(world_t *w) {
    idle(w);
    say(&w->peer, "one\ntwo");
}

static void with_half_a_line(world_t *w) {
    idle(w);
    say(&w->peer, "half");
}

static void with_long_line(world_t *w) {
    idle(w);
    say(&w->peer, "0123456789\n");
}

static void ended(world_t *w) {
    idle(w);
    assert_ok(usocket_close(&w->peer));
}

static void ended_behind_data(world_t *w) {
    with_line(w);
    assert_ok(usocket_close(&w->peer));
}

static void reset(world_t *w) {
    idle(w);
    say(&w->s, "unread");
    fx_sleep(20 * MS);
    assert_ok(usocket_close(&w->peer));
}

static void no_more_reading(world_t *w) {
    with_line(w);
    assert_ok(usocket_shutdown(&w->s, USOCKET_SHUT_RD));
}

static void no_more_writing(world_t *w) {
    with_line(w);
    assert_ok(usocket_shutdown(&w->s, USOCKET_SHUT_WR));
}

static void full(world_t *w) {
    idle(w);
    usocket_settimeout(&w->s, 0);
    fx_fill(&w->s);
}

static void shared(world_t *w) {
    fx_streams(&w->other, &w->peer);
    say(&w->peer, "one\ntwo");
    assert_ok(usocket_share(&w->s, &w->other));
}

static void with_bytes_put_back(world_t *w) {
    static char back[2][4] = {"b\nk", "b\nk"};
    static int next;
    with_line(w);
    assert_ok(usocket_unread(&w->s, back[next++ % 2], 3));
}

static void with_an_error_kept(world_t *w) {
    with_line(w);
    w->s.error = USOCKET_ECONNRESET;
}

static void datagram(world_t *w) {
    w->where = fx_udp(&w->s, USOCKET_AF_INET);
    fx_udp(&w->peer, USOCKET_AF_INET);
}

static void with_datagram(world_t *w) {
    datagram(w);
    assert_code(4, usocket_sendto(&w->peer, "a\nb\n", 4, &w->where));
    assert_code(1, usocket_sendto(&w->peer, "2", 1, &w->where));
}

static void with_empty_datagram(world_t *w) {
    datagram(w);
    assert_code(0, usocket_sendto(&w->peer, "", 0, &w->where));
}

static void deaf_datagram(world_t *w) {
    with_datagram(w);
    usocket_shutdown(&w->s, USOCKET_SHUT_RD);
}

static void refused_datagram(world_t *w) {
    datagram(w);
    usocket_addr_t nobody;
    assert_ok(usocket_getsockname(&w->peer, &nobody));
    usocket_close(&w->peer);
    assert_ok(usocket_connect_by(&w->s, &nobody, USOCKET_NOW));
    usocket_send(&w->s, "x", 1);
}

static void (*const states[])(world_t *w) = {
    fresh,
    closed,
    listening,
    idle,
    with_line,
    with_half_a_line,
    with_long_line,
    ended,
    ended_behind_data,
    reset,
    no_more_reading,
    no_more_writing,
    full,
    shared,
    with_bytes_put_back,
    with_an_error_kept,
    datagram,
    with_datagram,
    with_empty_datagram,
    deaf_datagram,
    refused_datagram,
};

static const usocket_t none = USOCKET_CLOSED;

static void begin(world_t *w, size_t state) {
    w->s = w->peer = w->other = none;
    states[state](w);
    fx_sleep(20 * MS);
}

static void end(world_t *w) {
    usocket_close(&w->s);
    usocket_close(&w->peer);
    usocket_close(&w->other);
}

static void same(size_t state, int expected, int r, const char *what, int line) {
    if (r != expected) {
        print_error("line %d: state %d: %s returns %d (%s) instead of %d\n", line, (int)state, what, r,
            r < 0 ? usocket_errname(r) : "", expected);
        fail();
    }
}

/* The result of a call on `tried` is that of the usual call on the same state, or USOCKET_EAGAIN and the usual call has it. */
#define SAME(state, expected, try, usual) \
    do { \
        int tried_ = (int)(try); \
        tally[tried_ == USOCKET_EAGAIN]++; \
        same(state, expected, tried_ != USOCKET_EAGAIN ? tried_ : (int)(usual), #try, __LINE__); \
    } while (0)

/* The results that came from the try, and those that it left to the usual call: each row needs both. */
static unsigned tally[2];

static void tallied(void) {
    assert_true(tally[0] >= 4 && tally[1] >= 4);
    tally[0] = tally[1] = 0;
}

static void test_recv(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(states); i++) {
        for (size_t len = 0; len <= 16; len += 8) {
            for (int sender = 0; sender < 2; sender++) {
                world_t w, v;
                char out[16] = "", in[16] = "";
                usocket_addr_t from = {0}, sent_by = {0};
                begin(&v, i);
                int expected = usocket_recv_by(&v.s, out, len, 0, sender ? &from : NULL, USOCKET_NOW);
                end(&v);
                begin(&w, i);
                SAME(i, expected, usocket_try_recv(&w.s, in, len, sender ? &sent_by : NULL),
                    usocket_recv_by(&w.s, in, len, 0, sender ? &sent_by : NULL, USOCKET_NOW));
                assert_memory_equal(out, in, sizeof in);
                assert_int_equal(expected >= 0 ? from.family : 0, expected >= 0 ? sent_by.family : 0);
                /* The next receive gets the same, too. */
                begin(&v, i);
                usocket_recv_by(&v.s, out, len, 0, NULL, USOCKET_NOW);
                expected = usocket_recv_by(&v.s, out, sizeof out, 0, NULL, USOCKET_NOW);
                end(&v);
                same(i, expected, usocket_recv_by(&w.s, in, sizeof in, 0, NULL, USOCKET_NOW), "the next receive",
                    __LINE__);
                end(&w);
            }
        }
    }
    tallied();
}

static void test_line(void **state) {
    (void)state;
    static const size_t most[] = {0, 1, 3, 4, 5, 8, 9, 10, 11, 12, 100, SIZE_MAX};
    for (size_t i = 0; i < COUNT(states); i++) {
        for (size_t k = 0; k < COUNT(most); k++) {
            world_t w;
            char line[16] = "", there[16] = "";
            begin(&w, i);
            size_t n = usocket_try_line(&w.s, most[k]);
            int peeked = usocket_recv_by(&w.s, there, sizeof there, MSG_PEEK, NULL, USOCKET_NOW);
            tally[n == 0]++;
            const char *newline = peeked > 0 ? memchr(there, '\n', (size_t)peeked) : NULL;
            bool plain = states[i] == with_line || states[i] == with_half_a_line || states[i] == with_long_line ||
                states[i] == ended_behind_data || states[i] == no_more_reading || states[i] == no_more_writing;
            size_t arrived = peeked > 0 ? (size_t)peeked : 0;
            size_t length = newline != NULL ? (size_t)(newline - there) + 1 : arrived + 1;
            size_t expected = !plain                   ? 0
                : length <= most[k] && newline != NULL ? length
                : most[k] <= arrived                   ? most[k]
                                                       : 0;
            same(i, (int)expected, (int)n, "usocket_try_line", __LINE__);
            if (n != 0) {
                assert_code((int)n, usocket_try_recv(&w.s, line, n, NULL));
                assert_memory_equal(there, line, n);
            }
            end(&w);
        }
    }
    tallied();
}

static void test_send(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(states); i++) {
        for (size_t len = 0; len <= 4; len += 2) {
            for (int aim = 0; aim < 2; aim++) {
                world_t w, v;
                usocket_addr_t to = fx_addr("127.0.0.1", 9);
                begin(&v, i);
                int expected = usocket_send_by(&v.s, "data", len, 0, aim ? &to : NULL, USOCKET_NOW);
                end(&v);
                begin(&w, i);
                SAME(i, expected, usocket_try_send(&w.s, "data", len, aim ? &to : NULL),
                    usocket_send_by(&w.s, "data", len, 0, aim ? &to : NULL, USOCKET_NOW));
                end(&w);
            }
        }
    }
    tallied();
}

static void test_poll(void **state) {
    (void)state;
    static const int events[] = {0, USOCKET_POLL_IN, USOCKET_POLL_OUT, USOCKET_POLL_IN | USOCKET_POLL_OUT};
    for (size_t i = 0; i < COUNT(states); i++) {
        world_t w;
        begin(&w, i);
        for (size_t k = 0; k < COUNT(events); k++) {
            int expected = usocket_poll(&w.s, events[k], USOCKET_NOW);
            same(i, expected > 0 ? expected : 0, usocket_try_poll(&w.s, events[k]), "usocket_try_poll", __LINE__);
        }
        end(&w);
    }
}

/* A watch calls a function again that has refused, also if the program only polls sockets on which nothing happens. */
static volatile int refusals, calls;

static bool refuses_at_first(void *arg) {
    (void)arg;
    calls++;
    return refusals-- <= 0;
}

static void test_refused_watch(void **state) {
    (void)state;
    usocket_t watched = none, other = none, far = none;
    usocket_watch_t *watch;
    usocket_addr_t where = fx_udp(&watched, USOCKET_AF_INET);
    fx_udp(&other, USOCKET_AF_INET);
    fx_udp(&far, USOCKET_AF_INET);
    calls = 0;
    refusals = 1;
    assert_ok(usocket_watch(&watch, &watched, refuses_at_first, NULL));
    assert_code(1, usocket_sendto(&far, "x", 1, &where));
    usocket_time_t since = fx_now();
    while (calls < 2 && fx_now() - since < fx_limit(SECOND)) {
        assert_int_equal(0, usocket_try_poll(&other, USOCKET_POLL_IN));
        fx_sleep(MS);
    }
    assert_int_equal(2, calls);
    usocket_watch_end(watch);
    usocket_close(&watched);
    usocket_close(&other);
    usocket_close(&far);
}

#else

static void test_quick(void **state) {
    (void)state;
    print_message("# USOCKET_QUICK is 0\n");
    skip();
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
#if USOCKET_QUICK
        TEST(test_recv),
        TEST(test_line),
        TEST(test_send),
        TEST(test_poll),
        TEST(test_refused_watch),
#else
        cmocka_unit_test(test_quick),
#endif
    };
    return RUN(tests);
}
