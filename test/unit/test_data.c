/* Streams: transfers, lines, bytes put back, ends and resets.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "fixture.h"
#include "stack.h"

static usocket_t a, b;

static void say(usocket_t *s, const char *text) {
    size_t sent;
    assert_ok(usocket_send_all(s, text, strlen(text), &sent));
    assert_int_equal(strlen(text), sent);
}

static void check_poll_in(usocket_t *s, bool readable) {
    int mask = usocket_poll(s, USOCKET_POLL_IN, USOCKET_NOW);
    assert_int_equal(readable ? USOCKET_POLL_IN : 0, mask & USOCKET_POLL_IN);
}

/* The function waits until s is readable, and then 20 ms for the remaining bytes. */
static void settle(usocket_t *s) {
    assert_int_equal(USOCKET_POLL_IN, usocket_poll(s, USOCKET_POLL_IN, usocket_deadline_in(fx_limit(0))) & USOCKET_POLL_IN);
    fx_sleep(20 * MS);
}

static void test_recv(void **state) {
    (void)state;
    char buf[16];
    usocket_addr_t from, peer;
    fx_streams(&a, &b);
    say(&a, "hello");
    settle(&b);
    assert_code(0, usocket_recv(&b, buf, 0));
    assert_code(2, usocket_recv(&b, buf, 2));
    assert_code(3, usocket_recvfrom(&b, buf, sizeof buf, &from)); /* on a stream: the peer */
    assert_memory_equal("llo", buf, 3);
    assert_ok(usocket_getpeername(&b, &peer));
    assert_true(usocket_addr_equal(&from, &peer));
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&b, buf, 1, 0, NULL, USOCKET_NOW));
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&b, buf, 1, MSG_DONTWAIT, NULL, USOCKET_NEVER));
    assert_code(0, usocket_recv_by(&b, buf, 0, 0, NULL, USOCKET_NEVER)); /* returns at once without data, too */
    usocket_time_t since = fx_now();
    memset(buf, 'x', sizeof buf);
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(&b, buf, sizeof buf, 0, NULL, usocket_deadline_in(30 * MS)));
    fx_took(since, 30 * MS);
    assert_memory_equal("xxxxxxxxxxxxxxxx", buf, 16);
    fx_close(&a, &b);
}

/* A length beyond INT32_MAX is limited and does not wrap around. */
static void test_huge_length(void **state) {
    (void)state;
    size_t len = (size_t)INT32_MAX + 5;
    char *buf = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(buf != MAP_FAILED);
    fx_streams(&a, &b);
    say(&a, "four");
    settle(&b);
    assert_code(4, usocket_recv(&b, buf, len));
    munmap(buf, len);
    fx_close(&a, &b);
}

static void test_peek(void **state) {
    (void)state;
    char buf[8];
    fx_streams(&a, &b);
    say(&a, "peek");
    settle(&b);
    assert_code(4, usocket_recv_by(&b, buf, 8, MSG_PEEK, NULL, USOCKET_NEVER));
    assert_code(4, usocket_recv_by(&b, buf, 8, MSG_PEEK | MSG_DONTWAIT, NULL, USOCKET_NEVER));
    assert_code(4, usocket_recv(&b, buf, 8));
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&b, buf, 8, MSG_PEEK, NULL, USOCKET_NOW));
    fx_close(&a, &b);
}

static void say_slowly(void *arg) {
    for (const char *p = arg; *p; p++) {
        fx_sleep(10 * MS);
        usocket_send(&a, p, 1);
    }
}

static void say_and_close(void *arg) {
    say_slowly(arg);
    usocket_shutdown(&a, USOCKET_SHUT_WR);
}

static void test_waitall(void **state) {
    (void)state;
    char buf[8];
    fx_streams(&a, &b);
    fx_go(say_slowly, "abcdef");
    assert_code(4, usocket_recv_by(&b, buf, 4, MSG_WAITALL, NULL, USOCKET_NEVER));
    assert_memory_equal("abcd", buf, 4);
    fx_join();
    settle(&b);
    usocket_time_t since = fx_now();
    assert_code(2, usocket_recv_by(&b, buf, 4, MSG_WAITALL, NULL, usocket_deadline_in(50 * MS))); /* the bytes that were there */
    fx_took(since, 50 * MS);
    assert_memory_equal("ef", buf, 2);
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(&b, buf, 4, MSG_WAITALL, NULL, usocket_deadline_in(10 * MS)));
    say(&a, "xy");
    settle(&b);
    assert_code(2, usocket_recv_by(&b, buf, 4, MSG_WAITALL | MSG_DONTWAIT, NULL, USOCKET_NEVER));
    fx_go(say_and_close, "end");
    assert_code(3, usocket_recv_by(&b, buf, 8, MSG_WAITALL, NULL, USOCKET_NEVER));
    assert_code(0, usocket_recv_by(&b, buf, 8, MSG_WAITALL, NULL, USOCKET_NEVER));
    fx_join();
    fx_close(&a, &b);
}

static void test_end(void **state) {
    (void)state;
    char buf[8];
    size_t n;
    fx_streams(&a, &b);
    say(&a, "last");
    assert_ok(usocket_shutdown(&a, USOCKET_SHUT_WR));
    assert_code(USOCKET_EPIPE, usocket_send(&a, "x", 1));
    assert_ok(usocket_recv_all(&b, buf, sizeof buf, &n));
    assert_int_equal(4, n);
    assert_code(0, usocket_recv(&b, buf, 1));
    assert_code(0, usocket_recv(&b, buf, 1));
    check_poll_in(&b, true);
    say(&b, "back"); /* the other direction still works */
    assert_ok(usocket_recv_all_by(&a, buf, 4, (n = 0, &n), usocket_deadline_in(10 * SECOND)));
    assert_int_equal(4, n);
    fx_close(&a, &b);
}

static void test_reset(void **state) {
    (void)state;
    char buf[8];
    fx_streams(&a, &b);
    say(&b, "never read");
    settle(&a);
    assert_ok(usocket_close(&a)); /* unread bytes cause a reset */
    settle(&b);
    assert_code(USOCKET_ECONNRESET, usocket_recv(&b, buf, 1));
    int r = usocket_send(&b, "x", 1);
    assert_true(r == USOCKET_EPIPE || r == USOCKET_ECONNRESET);
    assert_code(USOCKET_EPIPE, usocket_send(&b, "x", 1)); /* a code, never a signal */
    assert_ok(usocket_close(&b));
}

/* Transfers with buffers and segments of many sizes. */
static uint8_t big[300000];
static int sent_code;
static size_t sent_count;

static void send_big(void *arg) {
    sent_count = 0;
    sent_code = usocket_send_all_by(&a, big, *(size_t *)arg, &sent_count, USOCKET_NEVER);
}

static void test_all(void **state) {
    (void)state;
    static uint8_t in[sizeof big];
    for (size_t i = 0; i < sizeof big; i++) {
        big[i] = (uint8_t)(i * 7 + i / 251);
    }
    for (size_t rcv = 1; rcv < 70000; rcv = FX_SIM ? rcv * 5 + 1 : 70000) {
        size_t total = rcv < 100 ? 700 : sizeof big, got = 0;
#if FX_SIM
        sim_buffers(rcv, rcv % 3 * rcv);
        sim_piece(rcv % 2 ? 7 : 0);
#endif
        fx_streams(&a, &b);
        memset(in, 0, sizeof in);
        fx_go(send_big, &total);
        assert_ok(usocket_recv_all(&b, in, total, &got));
        fx_join();
        assert_int_equal(total, got);
        assert_ok(sent_code);
        assert_int_equal(total, sent_count);
        assert_memory_equal(big, in, total);
        fx_close(&a, &b);
    }
}

/* After an interrupt or a timeout the counts are exact, and continuing loses nothing. */
static void test_all_interrupted(void **state) {
    (void)state;
    char buf[16];
    size_t got = 0;
    fx_streams(&a, &b);
    say(&a, "abc");
    fx_signal_in(50 * MS);
    assert_code(USOCKET_EINTR, usocket_recv_all_by(&b, buf, 6, &got, USOCKET_NEVER));
    fx_join();
    assert_int_equal(3, got);
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_all_by(&b, buf, 6, &got, usocket_deadline_in(20 * MS)));
    assert_int_equal(3, got);
    assert_code(USOCKET_EAGAIN, usocket_recv_all_by(&b, buf, 6, &got, USOCKET_NOW));
    say(&a, "def");
    assert_ok(usocket_recv_all_by(&b, buf, 6, &got, usocket_deadline_in(10 * SECOND)));
    assert_int_equal(6, got);
    assert_memory_equal("abcdef", buf, 6);
    assert_ok(usocket_recv_all_by(&b, buf, 6, &got, USOCKET_NOW)); /* the buffer is already full */
    got = 0;
    assert_ok(usocket_recv_all_by(&b, buf, 0, &got, USOCKET_NOW));

    assert_ok(usocket_writable_by(&a, usocket_deadline_in(10 * SECOND)));
    size_t filled = fx_fill(&a), sent = 0, total = 0;
    static uint8_t more[100000];
    assert_code(USOCKET_EAGAIN, usocket_writable_by(&a, USOCKET_NOW));
    usocket_time_t asked = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_writable_by(&a, usocket_deadline_in(30 * MS)));
    fx_took(asked, 30 * MS);
    fx_signal_in(50 * MS);
    assert_code(USOCKET_EINTR, usocket_send_all_by(&a, more, sizeof more, &sent, USOCKET_NEVER));
    fx_join();
    size_t before = sent;
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_send_all_by(&a, more, sizeof more, &sent, usocket_deadline_in(30 * MS)));
    fx_took(since, 30 * MS);
    assert_true(sent >= before && sent < sizeof more);
    assert_code(USOCKET_EAGAIN, usocket_send_by(&a, more, 1, MSG_DONTWAIT, NULL, USOCKET_NEVER));
    assert_ok(usocket_shutdown(&a, USOCKET_SHUT_WR));
    static char sink[65536];
    for (int32_t n; (n = usocket_recv(&b, sink, sizeof sink)) != 0;) {
        assert_true(n > 0);
        total += (size_t)n;
    }
    assert_int_equal(filled + sent, total);
    assert_ok(usocket_writable_by(&a, usocket_deadline_in(10 * SECOND))); /* the error that a send reports */
    assert_code(USOCKET_EPIPE, usocket_send(&a, more, 1));
    size_t zero = 0;
    assert_ok(usocket_send_all_by(&b, sink, 0, &zero, USOCKET_NOW));
    fx_close(&a, &b);
}

static void test_line(void **state) {
    (void)state;
    char buf[16];
    size_t n = 0;
    fx_streams(&a, &b);
    say(&a, "one\ntwo\n\nfour");
    settle(&b);
    assert_code(1, usocket_recv_line_by(&b, buf, sizeof buf, &n, USOCKET_NOW));
    assert_int_equal(4, n);
    assert_memory_equal("one\n", buf, 4);
    check_poll_in(&b, true);
    assert_code(0, usocket_recv_line_by(&b, buf, 2, (n = 0, &n), USOCKET_NOW)); /* the buffer is full */
    assert_int_equal(2, n);
    assert_code(1, usocket_recv_line_by(&b, buf, 2 + 2, &n, USOCKET_NOW)); /* continues at the same position */
    assert_int_equal(4, n);
    assert_memory_equal("two\n", buf, 4);
    assert_code(1, usocket_recv_line_by(&b, buf, sizeof buf, (n = 0, &n), USOCKET_NOW));
    assert_int_equal(1, n);
    assert_code(USOCKET_EAGAIN, usocket_recv_line_by(&b, buf, sizeof buf, (n = 0, &n), USOCKET_NOW));
    assert_int_equal(4, n);
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_line_by(&b, buf, sizeof buf, &n, usocket_deadline_in(20 * MS)));
    fx_took(since, 20 * MS);
    assert_int_equal(4, n);
    fx_signal_in(20 * MS);
    assert_code(USOCKET_EINTR, usocket_recv_line_by(&b, buf, sizeof buf, &n, USOCKET_NEVER));
    fx_join();
    fx_go(say_slowly, "!\nrest");
    assert_code(1, usocket_recv_line_by(&b, buf, sizeof buf, &n, USOCKET_NEVER));
    assert_int_equal(6, n);
    assert_memory_equal("four!\n", buf, 6);
    fx_join();
    assert_ok(usocket_shutdown(&a, USOCKET_SHUT_WR));
    assert_code(0, usocket_recv_line_by(&b, buf, sizeof buf, (n = 0, &n), USOCKET_NEVER)); /* the end of the stream, without '\n' */
    assert_int_equal(4, n);
    assert_memory_equal("rest", buf, 4);
    assert_code(0, usocket_recv_line_by(&b, buf, sizeof buf, (n = 0, &n), USOCKET_NEVER));
    assert_int_equal(0, n);
    assert_code(0, usocket_recv_line_by(&b, buf, 0, &n, USOCKET_NEVER));
    fx_close(&a, &b);
}

static void test_unread(void **state) {
    (void)state;
    char buf[16], put_back[] = "0123456789", other[] = "x";
    size_t n;
    fx_streams(&a, &b);
    assert_ok(usocket_unread(&b, put_back, 0)); /* putting back 0 bytes does nothing */
    assert_int_equal(0, usocket_unread_len(&b));
    check_poll_in(&b, false);
    int fd = usocket_fileno(&b);
    assert_ok(usocket_unread(&b, put_back, 10));
    assert_int_equal(fd, usocket_fileno(&b)); /* the visible number is unchanged */
    assert_int_equal(10, usocket_unread_len(&b));
    assert_int_equal(10, usocket_pending(&b));
    assert_code(USOCKET_EEXIST, usocket_unread(&b, other, 1));
    check_poll_in(&b, true);
    assert_int_equal(USOCKET_POLL_IN | USOCKET_POLL_OUT, usocket_poll(&b, USOCKET_POLL_IN | USOCKET_POLL_OUT, USOCKET_NEVER));
    assert_code(3, usocket_recv_by(&b, buf, 3, MSG_PEEK, NULL, USOCKET_NOW));
    assert_code(3, usocket_recv(&b, buf, 3));
    assert_memory_equal("012", buf, 3);
    assert_code(0, usocket_recv(&b, buf, 0));
    assert_int_equal(7, usocket_unread_len(&b));
    say(&a, "later\n");
    settle(&b);
    assert_code(7, usocket_recv(&b, buf, sizeof buf)); /* not mixed with bytes received later */
    assert_memory_equal("3456789", buf, 7);
    assert_int_equal(0, usocket_unread_len(&b));
    check_poll_in(&b, true);
    assert_int_equal(6, usocket_pending(&b));
    assert_code(1, usocket_recv_line_by(&b, buf, sizeof buf, (n = 0, &n), USOCKET_NOW));
    check_poll_in(&b, false);

    assert_ok(usocket_unread(&b, put_back, 10)); /* a second time, on the second descriptor */
    size_t off = 7;
    assert_ptr_equal(put_back, usocket_unread_take(&b, &off, &n));
    assert_int_equal(0, off);
    assert_int_equal(10, n);
    check_poll_in(&b, false);
    assert_null(usocket_unread_take(&b, &off, &n));
    assert_int_equal(0, n);
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&b, buf, 1, 0, NULL, USOCKET_NOW));

    assert_ok(usocket_unread(&b, put_back, 10));
    assert_code(4, usocket_recv(&b, buf, 4));
    assert_ptr_equal(put_back, usocket_unread_take(&b, &off, &n));
    assert_int_equal(4, off);
    assert_int_equal(6, n);
    say(&b, "and out");
    assert_ok(usocket_recv_all(&a, buf, 7, &n));
    fx_close(&a, &b);
}

/* Receiving calls return the bytes put back first, then those of the stack. */
static void test_unread_mixed(void **state) {
    (void)state;
    char buf[16], put_back[] = "ab\ncd";
    size_t n = 0;
    usocket_addr_t from, peer;
    fx_streams(&a, &b);
    assert_ok(usocket_unread(&b, put_back, 5));
    say(&a, "ef\n");
    settle(&b);
    assert_code(1, usocket_recv_line_by(&b, buf, sizeof buf, &n, USOCKET_NOW));
    assert_int_equal(3, n);
    assert_code(1, usocket_recv_line_by(&b, buf, sizeof buf, (n = 0, &n), USOCKET_NOW));
    assert_int_equal(5, n);
    assert_memory_equal("cdef\n", buf, 5);
    assert_ok(usocket_unread(&b, put_back, 5));
    say(&a, "gh");
    settle(&b);
    assert_ok(usocket_recv_all(&b, buf, 7, &n));
    assert_memory_equal("ab\ncdgh", buf, 7);
    assert_ok(usocket_unread(&b, put_back, 5));
    say(&a, "ij");
    settle(&b);
    assert_code(7, usocket_recv_by(&b, buf, 7, MSG_WAITALL, NULL, USOCKET_NEVER));
    assert_memory_equal("ab\ncdij", buf, 7);
    assert_ok(usocket_unread(&b, put_back, 5));
    assert_code(5, usocket_recvfrom(&b, buf, sizeof buf, &from));
    assert_ok(usocket_getpeername(&b, &peer));
    assert_true(usocket_addr_equal(&from, &peer));
    usocket_t second = USOCKET_CLOSED; /* shared: both use one connection and one buffer of bytes put back */
    assert_ok(usocket_share(&second, &b));
    assert_ok(usocket_unread(&second, put_back, 5));
    assert_int_equal(5, usocket_unread_len(&b));
    assert_code(2, usocket_recv(&b, buf, 2));
    assert_code(3, usocket_recv(&second, buf, 5));
    assert_ok(usocket_unread(&second, put_back, 5));
    assert_ok(usocket_close(&second));
    assert_code(5, usocket_recv(&b, buf, 16));
    assert_ok(usocket_unread(&b, put_back, 5)); /* closing with bytes put back leaves nothing open */
    fx_close(&a, &b);
    assert_int_equal(0, usocket_unread_len(&b));
}

#if FX_SIM
/* If the port cannot show bytes put back, usocket_poll still reports them. */
static void test_unread_unshown(void **state) {
    (void)state;
    char buf[8], put_back[] = "abc";
    sim_show_readable(false);
    fx_streams(&a, &b);
    assert_ok(usocket_unread(&b, put_back, 3));
    check_poll_in(&b, true);
    assert_code(3, usocket_recv(&b, buf, 8));
    check_poll_in(&b, false);
    fx_close(&a, &b);
}

static void test_pending_unknown(void **state) {
    (void)state;
    sim_pending_unknown(true);
    fx_streams(&a, &b);
    say(&a, "abc");
    settle(&b);
    assert_code(0, usocket_pending(&b));
    fx_close(&a, &b);
}

/* A line costs a fixed number of port calls, independent of its length. */
static void test_line_cost(void **state) {
    (void)state;
    static char line[20001], buf[20001];
    size_t n = 0;
    fx_streams(&a, &b);
    memset(line, 'l', 20000);
    line[19999] = '\n';
    say(&a, line);
    settle(&b);
    unsigned long waits = sim_waits();
    assert_code(1, usocket_recv_line_by(&b, buf, sizeof buf, &n, USOCKET_NEVER));
    assert_int_equal(20000, n);
    assert_int_equal(waits, sim_waits());
    fx_close(&a, &b);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_recv), TEST(test_huge_length), TEST(test_peek), TEST(test_waitall), TEST(test_end), TEST(test_reset), TEST(test_all),
        TEST(test_all_interrupted), TEST(test_line), TEST(test_unread), TEST(test_unread_mixed),
#if FX_SIM
        TEST(test_unread_unshown), TEST(test_pending_unknown), TEST(test_line_cost),
#endif
    };
    return RUN(tests);
}
