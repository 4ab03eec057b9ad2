/* port/bsd.c on a faulty stack: interrupts everywhere, short counts, spurious readiness, odd error numbers.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <sys/socket.h>

#include "fixture.h"
#include "inject/inject.h"
#include "usocket/port.h"

#include "allowed.h"

static usocket_t a, b, l, u, t;
static usocket_addr_t at;
static char buf[64];


static int setup(void **state) {
    inject_reset();
    fx_begin(state);
    usocket_t *all[] = { &a, &b, &l, &u, &t };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        usocket_init(all[i]);
    }
    fx_connect(&a, &b);
    at = fx_listen(&l, USOCKET_AF_INET, 4);
    fx_udp(&u, USOCKET_AF_INET);
    usocket_settimeout(&a, 10 * SECOND);
    usocket_settimeout(&b, 10 * SECOND);
    usocket_settimeout(&l, 10 * SECOND);
    return 0;
}

static int teardown(void **state) {
    inject_reset();
    usocket_t *all[] = { &a, &b, &l, &u, &t };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        usocket_close(all[i]);
    }
    return fx_end(state);
}

/* ---- Every call, once ---- */

static int c_open(void) {
    usocket_close(&t);
    return usocket_open(&t, USOCKET_AF_INET, USOCKET_STREAM, 0);
}

#if USOCKET_UNIX
static int c_pair(void) {
    usocket_t other = USOCKET_CLOSED;
    usocket_close(&t);
    int r = usocket_pair(&t, &other, USOCKET_AF_UNIX, USOCKET_STREAM, 0);
    usocket_close(&other);
    return r;
}
#endif

static int c_accept(void) {
    usocket_t c = USOCKET_CLOSED;
    usocket_close(&t);
    usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0);
    usocket_connect_by(&c, &at, usocket_deadline_in(10 * SECOND));
    int r = usocket_accept(&l, &t, NULL);
    usocket_close(&c);
    return r;
}

static int c_adopt(void) {
    usocket_close(&t);
    int fd = usocket_dup(usocket_fileno(&a));
    int r = fd < 0 ? fd : usocket_adopt(&t, fd, -1, -1, -1);
    if (r < 0 && fd >= 0) {
        usocket_port_close(fd);
    }
    return r;
}

static int c_dup(void) {
    int fd = usocket_dup(usocket_fileno(&a));
    return fd < 0 ? fd : (usocket_port_close(fd), 0);
}

static int c_bind(void) {
    usocket_addr_t any = fx_addr("127.0.0.1", 0);
    usocket_close(&t);
    usocket_open(&t, USOCKET_AF_INET, USOCKET_STREAM, 0);
    return usocket_bind(&t, &any);
}

static int c_listen(void) {
    return usocket_listen(&l, 5);
}

static int c_connect(void) {
    usocket_close(&t);
    usocket_open(&t, USOCKET_AF_INET, USOCKET_STREAM, 0);
    return usocket_connect_by(&t, &at, usocket_deadline_in(10 * SECOND));
}

static int c_shutdown(void) {
    return usocket_shutdown(&a, USOCKET_SHUT_WR);
}

static int c_recv(void) {
    usocket_send(&a, "x", 1);
    int r = usocket_recv(&b, buf, 1);
    return r == 1 ? 0 : r;
}

static int c_recvfrom(void) {
    usocket_addr_t self, from;
    usocket_getsockname(&u, &self);
    usocket_sendto(&u, "x", 1, &self);
    int r = usocket_recvfrom(&u, buf, 1, &from);
    return r == 1 ? usocket_addr_equal(&self, &from) ? 0 : 1 : r;
}

static int c_send(void) {
    int r = usocket_send(&a, "x", 1);
    return r == 1 ? 0 : r;
}

static int c_sendto(void) {
    usocket_addr_t self;
    usocket_getsockname(&u, &self);
    int r = usocket_sendto(&u, "x", 1, &self);
    return r == 1 ? 0 : r;
}

static int c_getsockname(void) {
    usocket_addr_t x;
    return usocket_getsockname(&a, &x);
}

static int c_getpeername(void) {
    usocket_addr_t x;
    return usocket_getpeername(&a, &x);
}

static int c_getsockopt(void) {
    int v;
    size_t len = sizeof v;
    return usocket_getsockopt(&a, SOL_SOCKET, SO_TYPE, &v, &len);
}

static int c_setsockopt(void) {
    int v = 1;
    return usocket_setsockopt(&a, SOL_SOCKET, SO_KEEPALIVE, &v, sizeof v);
}

static int c_pending(void) {
    int r = usocket_pending(&u);
    return r > 0 ? 0 : r;
}

static const struct {
    const char *function;
    enum inject_call call;
    int (*run)(void);
} rows[] = {
    { "usocket_open", INJECT_SOCKET, c_open }, { "usocket_accept", INJECT_ACCEPT, c_accept },
    { "usocket_adopt", INJECT_GETSOCKOPT, c_adopt }, { "usocket_adopt", INJECT_NONBLOCKING, c_adopt },
    { "usocket_adopt", INJECT_SOCKNAME, c_adopt }, { "usocket_dup", INJECT_DUP, c_dup }, { "usocket_bind", INJECT_BIND, c_bind },
    { "usocket_listen", INJECT_LISTEN, c_listen }, { "usocket_connect", INJECT_CONNECT, c_connect },
    { "usocket_recv", INJECT_RECV, c_recv },
    { "usocket_recvfrom", INJECT_RECV, c_recvfrom }, { "usocket_send", INJECT_SEND, c_send }, { "usocket_sendto", INJECT_SEND, c_sendto },
    { "usocket_getsockname", INJECT_SOCKNAME, c_getsockname }, { "usocket_getpeername", INJECT_PEERNAME, c_getpeername },
    { "usocket_getsockopt", INJECT_GETSOCKOPT, c_getsockopt }, { "usocket_setsockopt", INJECT_SETSOCKOPT, c_setsockopt },
    { "usocket_pending", INJECT_PENDING, c_pending },
#if USOCKET_UNIX
    { "usocket_pair", INJECT_SOCKETPAIR, c_pair },
#endif
    { "usocket_shutdown", INJECT_SHUTDOWN, c_shutdown }, /* last, because it ends the connection */
};
#define ROWS (sizeof rows / sizeof *rows)

/* An interrupted call is repeated, and its caller does not notice. */
static void test_eintr(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        int times = rows[i].call == INJECT_CONNECT ? 1 : 5;
        inject_fail(rows[i].call, times, EINTR);
        int r = rows[i].run();
        /* An interrupted connect is not repeated but waited for. Here the system never started it. */
        bool good = rows[i].call == INJECT_CONNECT ? r < 0 && lists(rows[i].function, r) : r == 0;
        if (!good || inject_left() != 0) {
            fail_msg("%s: %s, %d left", rows[i].function, usocket_errname(r), inject_left());
        }
    }
}

/* errno is read, with either sign, before any other call changes it. */
static void test_sign(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            inject_fail(rows[i].call, 1, sign * ENOBUFS);
            int r = rows[i].run();
            if (r != USOCKET_ENOBUFS) {
                fail_msg("%s, errno %d: %s", rows[i].function, sign * ENOBUFS, usocket_errname(r));
            }
        }
    }
}

/* A call that fails with errno 0 or an unknown number returns a documented code. */
static void test_strange_numbers(void **state) {
    (void)state;
    static const int numbers[] = { 0, 9999, -9999, ENOTTY };
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < sizeof numbers / sizeof *numbers; j++) {
            inject_fail(rows[i].call, 1, numbers[j]);
            int r = rows[i].run();
            if (r >= 0 || !lists(rows[i].function, r) || (numbers[j] != 0 && r != USOCKET_EIO)) {
                fail_msg("%s, errno %d: %s", rows[i].function, numbers[j], usocket_errname(r));
            }
        }
    }
}

static void test_close(void **state) {
    (void)state;
    static const struct {
        int number, code;
    } closes[] = { { EINTR, 0 }, { EIO, USOCKET_EIO }, { ECONNRESET, USOCKET_ECONNRESET }, { 0, USOCKET_EIO }, { 9999, USOCKET_EIO } };
    for (size_t i = 0; i < sizeof closes / sizeof *closes; i++) {
        assert_ok(usocket_open(&t, USOCKET_AF_INET, USOCKET_STREAM, 0));
        inject_fail(INJECT_CLOSE, 1, closes[i].number);
        assert_code(closes[i].code, usocket_close(&t)); /* closed regardless of the result, and never twice */
        assert_int_equal(0, inject_left());
        assert_int_equal(-1, usocket_fileno(&t));
        assert_ok(usocket_close(&t));
    }
}

/* After spurious readiness the call waits again, with the same deadline. */
static void test_eagain_after_poll(void **state) {
    (void)state;
    assert_code(3, usocket_send(&a, "abc", 3));
    fx_sleep(10 * MS);
    inject_fail(INJECT_RECV, 5, EAGAIN);
    assert_code(3, usocket_recv(&b, buf, sizeof buf));
    assert_int_equal(0, inject_left());
    inject_fail(INJECT_SEND, 5, EWOULDBLOCK);
    assert_code(3, usocket_send(&a, "def", 3));
    inject_fail(INJECT_ACCEPT, 3, -EAGAIN);
    assert_ok(c_accept());
    usocket_time_t since = fx_now(); /* an accept that never finds a connection */
    inject_fail(INJECT_ACCEPT, 1000000000, EAGAIN);
    usocket_t c = USOCKET_CLOSED, none = USOCKET_CLOSED;
    assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_connect_by(&c, &at, usocket_deadline_in(10 * SECOND)));
    assert_code(USOCKET_ETIMEDOUT, usocket_accept_by(&l, &none, NULL, usocket_deadline_in(50 * MS)));
    fx_took(since, 50 * MS);
    inject_reset();
    assert_ok(usocket_close(&c));
}

/* Errors of accept(2) are returned as they are, and the next accept returns the waiting client. */
static void test_accept_errors(void **state) {
    (void)state;
    static const struct {
        int system, code;
    } errors[] = { { EMFILE, USOCKET_EMFILE }, { ENFILE, USOCKET_ENFILE }, { ENOBUFS, USOCKET_ENOBUFS }, { ENOMEM, USOCKET_ENOMEM },
        { ECONNABORTED, USOCKET_ECONNABORTED }, { EPROTO, USOCKET_EPROTO }, { EPERM, USOCKET_EPERM }, { ENETDOWN, USOCKET_ENETDOWN },
        { ENOPROTOOPT, USOCKET_ENOPROTOOPT }, { EHOSTUNREACH, USOCKET_EHOSTUNREACH }, { ENETUNREACH, USOCKET_ENETUNREACH } };
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        usocket_t c = USOCKET_CLOSED;
        assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
        assert_ok(usocket_connect_by(&c, &at, usocket_deadline_in(10 * SECOND)));
        inject_fail(INJECT_ACCEPT, 3, errors[i].system);
        for (int times = 0; times < 3; times++) {
            assert_code(errors[i].code, usocket_accept(&l, &t, NULL));
            assert_int_equal(-1, usocket_fileno(&t));
        }
        assert_ok(usocket_accept(&l, &t, NULL));
        assert_ok(usocket_close(&t));
        assert_ok(usocket_close(&c));
    }
}

/* A poll that always reports readiness does not extend the deadline. */
static void test_poll_lies(void **state) {
    (void)state;
    static const short lies[] = { POLLIN, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLIN | POLLHUP, POLLPRI };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        usocket_time_t since = fx_now();
        inject_poll_says(lies[i], 1);
        int r = usocket_recv_by(&b, buf, 1, 0, NULL, usocket_deadline_in(30 * MS));
        assert_code(USOCKET_ETIMEDOUT, r);
        fx_took(since, 30 * MS);
        assert_int_equal(0, inject_left());
    }
    usocket_time_t since = fx_now();
    inject_poll_says(POLLIN, 1 << 30); /* in every poll */
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(&b, buf, 1, 0, NULL, usocket_deadline_in(30 * MS)));
    fx_took(since, 30 * MS);
    inject_poll_says(0, 3); /* a poll that returns without events */
    since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(&b, buf, 1, 0, NULL, usocket_deadline_in(30 * MS)));
    fx_took(since, 30 * MS);
    static const struct {
        short system;
        int ours;
    } bits[] = { { POLLIN, USOCKET_POLL_IN }, { POLLOUT, USOCKET_POLL_OUT }, { POLLERR, USOCKET_POLL_ERR }, { POLLHUP, USOCKET_POLL_HUP },
        { POLLNVAL, USOCKET_POLL_NVAL }, { POLLIN | POLLERR | POLLHUP, USOCKET_POLL_IN | USOCKET_POLL_ERR | USOCKET_POLL_HUP } };
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        inject_poll_says(bits[i].system, 1);
        assert_int_equal(bits[i].ours, usocket_poll(&b, USOCKET_POLL_IN | USOCKET_POLL_OUT, USOCKET_NOW));
    }
}

static void test_poll_fails(void **state) {
    (void)state;
    inject_fail(INJECT_POLL, 1, EINTR);
    assert_code(USOCKET_EINTR, usocket_recv(&b, buf, 1));
    inject_fail(INJECT_POLL, 1, ENOMEM);
    assert_code(USOCKET_ENOMEM, usocket_recv(&b, buf, 1));
    inject_fail(INJECT_POLL, 1, 0);
    assert_code(USOCKET_ENOMEM, usocket_poll(&b, USOCKET_POLL_IN, usocket_deadline_in(MS)));
    inject_fail(INJECT_POLL, 1, -EINTR);
    assert_code(USOCKET_EINTR, usocket_readable_by(&b, usocket_deadline_in(MS)));
}

static void test_short_counts(void **state) {
    (void)state;
    static char out[5000], in[5000];
    size_t sent, got;
    for (size_t i = 0; i < sizeof out; i++) {
        out[i] = (char)('a' + i % 26);
    }
    out[sizeof out - 1] = '\n';
    for (size_t piece = 1; piece < 2000; piece = piece * 3 + 1) {
        inject_pieces(piece);
        assert_ok(usocket_send_all(&a, out, sizeof out, &sent));
        assert_int_equal(sizeof out, sent);
        assert_ok(usocket_recv_all(&b, in, sizeof in, &got));
        assert_memory_equal(out, in, sizeof in);
        assert_ok(usocket_send_all(&a, out, sizeof out, &sent));
        got = 0;
        assert_code(1, usocket_recv_line_by(&b, in, sizeof in, &got, usocket_deadline(&b)));
        assert_int_equal(sizeof in, got);
        assert_memory_equal(out, in, sizeof in);
        assert_ok(usocket_send_all(&a, out, 100, &sent));
        assert_code(100, usocket_recv_by(&b, in, 100, MSG_WAITALL, NULL, usocket_deadline(&b)));
    }
    inject_pieces(7);
    inject_fail(INJECT_RECV, 3, EINTR);
    assert_ok(usocket_send_all(&a, out, 100, &sent));
    assert_ok(usocket_recv_all(&b, in, 100, &got));
    assert_int_equal(100, got);
}

static void test_connect(void **state) {
    (void)state;
    static const struct {
        int pending, code;
    } ends[] = { { ECONNREFUSED, USOCKET_ECONNREFUSED }, { ETIMEDOUT, USOCKET_ETIMEDOUT }, { EHOSTUNREACH, USOCKET_EHOSTUNREACH },
        { -ECONNRESET, USOCKET_ECONNRESET }, { 9999, USOCKET_EIO } };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        inject_fail(INJECT_CONNECT, 1, EINPROGRESS);
        inject_pending_error(ends[i].pending);
        assert_code(ends[i].code, c_connect());
        inject_reset();
    }
    int value = 0;
    size_t len = sizeof value;
    inject_pending_error(-ECONNRESET);
    assert_ok(usocket_getsockopt(&a, SOL_SOCKET, SO_ERROR, &value, &len));
    assert_int_equal(-USOCKET_ECONNRESET, value);
    inject_reset();
    static const struct {
        int number, code;
    } begins[] = { { ENETUNREACH, USOCKET_ENETUNREACH }, { -EADDRNOTAVAIL, USOCKET_EADDRNOTAVAIL }, { 0, USOCKET_ECONNREFUSED } };
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        inject_fail(INJECT_CONNECT, 1, begins[i].number);
        assert_code(begins[i].code, c_connect());
    }
}

/* Bytes are put back successfully without a free descriptor. */
static void test_unread(void **state) {
    (void)state;
    static const enum inject_call calls[] = { INJECT_DUP, INJECT_DUP_ONTO };
    static const int numbers[] = { EMFILE, EINTR, EBADF, 0 };
    char back[] = "back";
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof numbers / sizeof *numbers; j++) {
            usocket_t x = USOCKET_CLOSED, y = USOCKET_CLOSED;
            fx_connect(&x, &y);
            inject_fail(calls[i], 1, numbers[j]);
            assert_ok(usocket_unread(&x, back, 4));
            assert_int_equal(USOCKET_POLL_IN, usocket_poll(&x, USOCKET_POLL_IN, USOCKET_NOW));
            assert_code(4, usocket_recv(&x, buf, sizeof buf));
            assert_memory_equal("back", buf, 4);
            assert_int_equal(0, usocket_poll(&x, USOCKET_POLL_IN, USOCKET_NOW));
            assert_code(1, usocket_send(&y, "x", 1));
            assert_code(1, usocket_recv(&x, buf, sizeof buf));
            assert_ok(usocket_unread(&x, back, 4));
            assert_ok(usocket_close(&x));
            assert_ok(usocket_close(&y));
            inject_reset();
        }
    }
}

static void test_timeo_unknown(void **state) {
    (void)state;
    struct timeval tv = { 0, 50000 };
    assert_ok(usocket_setsockopt(&b, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    usocket_settimeout(&b, USOCKET_FOREVER);
    inject_fail(INJECT_GETSOCKOPT, 1, ENOPROTOOPT); /* reported as no pending error */
    assert_code(1, usocket_send(&a, "x", 1));
    assert_code(1, usocket_recv(&b, buf, 1));
    assert_int_equal(0, inject_left());
}

#if USOCKET_NAMES
static void test_eai(void **state) {
    (void)state;
    static const struct {
        int system, code;
    } codes[] = { { EAI_NONAME, USOCKET_EAI_NONAME }, { EAI_AGAIN, USOCKET_EAI_AGAIN }, { EAI_FAIL, USOCKET_EAI_FAIL },
        { EAI_NODATA, USOCKET_EAI_NODATA }, { EAI_FAMILY, USOCKET_EAI_FAMILY }, { EAI_SOCKTYPE, USOCKET_EAI_SOCKTYPE },
        { EAI_SERVICE, USOCKET_EAI_SERVICE }, { EAI_ADDRFAMILY, USOCKET_EAI_ADDRFAMILY }, { EAI_MEMORY, USOCKET_EAI_MEMORY },
        { EAI_SYSTEM, USOCKET_EAI_SYSTEM }, { EAI_OVERFLOW, USOCKET_EAI_OVERFLOW }, { EAI_BADFLAGS, USOCKET_EAI_BADFLAGS },
        { -99, USOCKET_EAI_FAIL }, { 11, USOCKET_EAI_FAIL }, { EAI_CANCELED, USOCKET_EAI_FAIL } };
    usocket_query_t q = { .host = "host.test", .port = 1 };
    usocket_lookup_t *lookup;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        inject_eai(codes[i].system);
        assert_ok(usocket_lookup_start(&lookup, &q));
        assert_code(codes[i].code, usocket_lookup_wait(lookup, usocket_deadline_in(30 * SECOND)));
        usocket_lookup_free(lookup);
        usocket_addr_t a4 = fx_addr("127.0.0.1", 80);
        assert_ok(usocket_lookup_reverse(&lookup, &a4, USOCKET_NI_NAMEREQD));
        assert_code(codes[i].code, usocket_lookup_wait(lookup, usocket_deadline_in(30 * SECOND)));
        assert_string_equal("80", usocket_lookup_service(lookup));
        usocket_lookup_free(lookup);
        usocket_query_t named = { .host = "127.0.0.1", .service = "http" };
        assert_code(USOCKET_EAI_SERVICE, usocket_lookup_start(&lookup, &named));
    }
    static const int numbers[] = { ENAMETOOLONG, 0 };
    for (size_t i = 0; i < 2; i++) {
        inject_fail(INJECT_HOSTNAME, 1, numbers[i]);
        assert_code(numbers[i] ? USOCKET_ENAMETOOLONG : USOCKET_EOPNOTSUPP, usocket_gethostname(buf, sizeof buf));
    }
}
#endif

#define BTEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        BTEST(test_eintr), BTEST(test_sign), BTEST(test_strange_numbers), BTEST(test_close), BTEST(test_eagain_after_poll), BTEST(test_accept_errors),
        BTEST(test_poll_lies), BTEST(test_poll_fails), BTEST(test_short_counts), BTEST(test_connect), BTEST(test_unread),
        BTEST(test_timeo_unknown),
#if USOCKET_NAMES
        BTEST(test_eai),
#endif
    };
    return RUN(tests);
}
