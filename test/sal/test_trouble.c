/* An interface that is down, without address or without cable, before and during calls; few sockets.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "fixture.h"
#include "look.h"
#include "look_up.h"
#include "stack.h"
#include "usocket/port.h"

/* Every test starts and ends with a working network. */
static int begin(void **state) {
    look.up = look.address = look.link = look.loopback = true;
    look.taken = false;
    look.sockets = 200;
    return fx_begin(state);
}

static int end(void **state) {
    look.up = look.address = look.link = look.loopback = true;
    look.taken = false;
    look.sockets = 200;
    return fx_end(state);
}
#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

static usocket_t sock, other;
static usocket_addr_t address;
static int result;
static usocket_time_t ended;

static void note(int r) {
    result = r;
    ended = fx_now();
}

static void receive(void *arg) {
    char c;
    (void)arg;
    note(usocket_recv_by(&sock, &c, 1, 0, NULL, USOCKET_NEVER));
}

static void accept_one(void *arg) {
    (void)arg;
    note(usocket_accept_by(&sock, &other, NULL, USOCKET_NEVER));
}

static void send_much(void *arg) {
    static const char block[65536];
    size_t sent = 0;
    (void)arg;
    int r;
    do {
        sent = 0;
        r = usocket_send_all_by(&sock, block, sizeof block, &sent, USOCKET_NEVER);
    } while (r == 0);
    note(r);
}

static void connect_there(void *arg) {
    (void)arg;
    note(usocket_connect_by(&sock, &address, USOCKET_NEVER));
}

/* Start a call, take the interface down, and check that the call ends in time. */
static void goes_down_in(void (*call)(void *)) {
    result = 1;
    fx_go(call, NULL);
    fx_sleep(150 * MS);
    assert_int_equal(1, result);
    usocket_time_t since = fx_now();
    look.up = false;
    fx_join();
    assert_code(USOCKET_ENETDOWN, result);
    assert_true(ended - since < fx_limit(5 * SECOND));
    look.up = true;
}

static void test_down_in_the_middle(void **state) {
    (void)state;
    usocket_t peer = USOCKET_CLOSED, l = USOCKET_CLOSED;
    usocket_init(&sock);
    usocket_init(&other);
    fx_connect(&sock, &peer);
    goes_down_in(receive);
    assert_ok(usocket_close(&sock));
    assert_ok(usocket_close(&peer));
    fx_connect(&sock, &peer);
    goes_down_in(send_much);
    assert_ok(usocket_close(&sock));
    assert_ok(usocket_close(&peer));
    fx_listen(&sock, USOCKET_AF_INET, 1);
    goes_down_in(accept_one);
    assert_ok(usocket_close(&sock));
    fx_udp(&sock, USOCKET_AF_INET);
    goes_down_in(receive);
    assert_ok(usocket_close(&sock));
    address = fx_listen(&l, USOCKET_AF_INET, 1);
    assert_ok(usocket_open(&sock, USOCKET_AF_INET, USOCKET_STREAM, 0));
    look.link = false; /* no peer answers */
    goes_down_in(connect_there);
    look.link = true;
    assert_ok(usocket_close(&sock));
    assert_ok(usocket_close(&l));
}

/* poll reports it as well, and the next call returns the error. */
static void test_down_and_poll(void **state) {
    (void)state;
    usocket_t l = USOCKET_CLOSED, u = USOCKET_CLOSED, a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    char c;
    fx_listen(&l, USOCKET_AF_INET, 1);
    fx_udp(&u, USOCKET_AF_INET);
    fx_connect(&a, &b);
    look.up = false;
    assert_true(usocket_poll(&l, USOCKET_POLL_IN, usocket_deadline_in(10 * SECOND)) != 0);
    assert_true(usocket_poll(&u, USOCKET_POLL_IN, usocket_deadline_in(10 * SECOND)) != 0);
    assert_true(usocket_poll(&a, USOCKET_POLL_IN, usocket_deadline_in(10 * SECOND)) & USOCKET_POLL_ERR);
    usocket_t conn = USOCKET_CLOSED;
    assert_code(USOCKET_ENETDOWN, usocket_accept_by(&l, &conn, NULL, USOCKET_NOW));
    assert_code(USOCKET_ENETDOWN, usocket_recv_by(&u, &c, 1, 0, NULL, USOCKET_NOW));
    assert_code(USOCKET_ENETDOWN, usocket_recv_by(&a, &c, 1, 0, NULL, USOCKET_NOW));
    assert_code(USOCKET_ENETDOWN, usocket_open(&conn, USOCKET_AF_INET, USOCKET_STREAM, 0));
    look.up = true;
    assert_code(1, usocket_send(&b, "x", 1)); /* other connections are not affected */
    assert_ok(usocket_close(&l));
    assert_ok(usocket_close(&u));
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
}

static void test_names_without_network(void **state) {
    (void)state;
    look.up = false;
    assert_code(USOCKET_EAI_AGAIN, look_up("some.name.invalid", 10 * SECOND));
    assert_code(0, look_up("localhost", 10 * SECOND));
    assert_code(0, look_up("192.0.2.1", 10 * SECOND));
    look.up = true;
    look.address = false;
    int r = look_up("some.name.invalid", 10 * SECOND);
    assert_true(usocket_is_eai(r));
}

static void test_no_address(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED, u = USOCKET_CLOSED;
    usocket_addr_t a = fx_addr("127.0.0.1", 9);
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_open(&u, USOCKET_AF_INET, USOCKET_DGRAM, 0));
    look.address = false;
    assert_code(USOCKET_EHOSTUNREACH, usocket_connect_by(&s, &a, usocket_deadline_in(10 * SECOND)));
    assert_code(USOCKET_EHOSTUNREACH, usocket_send_by(&u, "x", 1, 0, &a, usocket_deadline_in(10 * SECOND)));
    look.address = true;
    assert_code(1, usocket_send_by(&u, "x", 1, 0, &a, usocket_deadline_in(10 * SECOND)));
    assert_ok(usocket_close(&s));
    assert_ok(usocket_close(&u));
}

/* Without the cable each call ends at its deadline; with it again nothing is lost. */
static void test_link_lost(void **state) {
    (void)state;
    usocket_t l = USOCKET_CLOSED, a = USOCKET_CLOSED, b = USOCKET_CLOSED, s = USOCKET_CLOSED;
    char buf[8];
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, 1);
    fx_connect(&a, &b);
    assert_code(4, usocket_send(&a, "kept", 4));
    look.link = false;
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(&b, buf, sizeof buf, 0, NULL, usocket_deadline_in(200 * MS)));
    fx_took(since, 200 * MS);
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_connect_by(&s, &at, usocket_deadline_in(300 * MS)));
    fx_took(since, 300 * MS);
    since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_send_by(&a, "x", 1, 0, NULL, usocket_deadline_in(200 * MS)));
    fx_took(since, 200 * MS);
    look.link = true;
    assert_code(4, usocket_recv_by(&b, buf, sizeof buf, 0, NULL, usocket_deadline_in(10 * SECOND)));
    assert_memory_equal("kept", buf, 4);
    assert_ok(usocket_close(&l));
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
    assert_ok(usocket_close(&s));
}

static void test_no_loopback(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    usocket_addr_t a = fx_addr("127.0.0.1", 0);
    look.loopback = false;
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_code(USOCKET_EADDRNOTAVAIL, usocket_bind(&s, &a));
    a = fx_addr("0.0.0.0", 0);
    assert_ok(usocket_bind(&s, &a));
    assert_ok(usocket_close(&s));
}

/* Of 64 connects in a row every second is refused: no slot stays in use. */
static void test_no_slot_left(void **state) {
    (void)state;
    usocket_t l = USOCKET_CLOSED, s = USOCKET_CLOSED, conn = USOCKET_CLOSED;
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, 4);
    usocket_addr_t refusing = fx_udp(&s, USOCKET_AF_INET);
    assert_ok(usocket_close(&s));
    look.sockets = look.open + 2;
    for (int i = 0; i < 64; i++) {
        assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
        if (i % 2 != 0) {
            assert_code(USOCKET_ECONNREFUSED, usocket_connect_by(&s, &refusing, usocket_deadline_in(10 * SECOND)));
        } else {
            assert_ok(usocket_connect_by(&s, &at, usocket_deadline_in(10 * SECOND)));
            assert_ok(usocket_accept_by(&l, &conn, NULL, usocket_deadline_in(10 * SECOND)));
            assert_ok(usocket_close(&conn));
        }
        assert_ok(usocket_close(&s));
    }
    assert_int_equal(look.sockets - 2, look.open);
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_connect_by(&s, &at, usocket_deadline_in(10 * SECOND)));
    look.sockets = look.open; /* no room for the incoming connection */
    int r = usocket_accept_by(&l, &conn, NULL, usocket_deadline_in(300 * MS));
    assert_true(r == USOCKET_ENFILE || r == USOCKET_EMFILE || r == USOCKET_ENOBUFS || r == USOCKET_ETIMEDOUT);
    assert_ok(usocket_close(&s));
    assert_ok(usocket_close(&l));
}

/* ---- The only result of getaddrinfo --------------------------------------------------------------------------------- */

static int answers[2];

static void ask(void *arg) {
    int *answer = arg;
    for (int i = 0; i < 3 && *answer == 0; i++) {
        *answer = look_up("slow.look", 60 * SECOND);
    }
}

/* Two threads share the only slot without noticing. */
static void test_two_lookups(void **state) {
    (void)state;
    memset(answers, 0, sizeof answers);
    fx_go(ask, &answers[0]);
    fx_go(ask, &answers[1]);
    fx_join();
    assert_code(0, answers[0]);
    assert_code(0, answers[1]);
}

static void give_back(void *arg) {
    (void)arg;
    fx_sleep(300 * MS);
    look.taken = false;
}

/* Another program uses the slot: the lookup waits for it, but not for ever. */
static void test_slot_taken(void **state) {
    (void)state;
    look.taken = true;
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, look_up("four.look", 200 * MS));
    fx_took(since, 200 * MS);
    fx_go(give_back, NULL);
    assert_code(0, look_up("four.look", 30 * SECOND));
    fx_join();
    look.taken = true;
    since = fx_now();
    assert_code(USOCKET_EAI_MEMORY, look_up("four.look", 30 * SECOND));
    assert_true(fx_now() - since < fx_limit(20 * SECOND));
}

/* An abandoned lookup delays another one by no more than its own duration. */
static void test_abandoned(void **state) {
    (void)state;
    usocket_time_t since = fx_now();
    for (int i = 0; i < 4; i++) {
        assert_code(USOCKET_ETIMEDOUT, look_up("slow.look", 20 * MS));
    }
    assert_code(0, look_up("four.look", 30 * SECOND));
    assert_true(fx_now() - since < fx_limit(10 * SECOND));
    assert_true(usocket_is_eai(look_up("nobody.look", 10 * SECOND)));
#if USOCKET_IPV6
    assert_code(0, look_up("six.look", 10 * SECOND));
#endif
}

#ifdef SAL_USING_POSIX
int look_closesocket(int fd);

/* Another part of the program closes the descriptor with SAL's own call. */
static void test_closed_elsewhere(void **state) {
    (void)state;
    char c = 0;
    fx_streams(&sock, &other);
    assert_int_equal(0, look_closesocket(usocket_fileno(&sock)));
    assert_code(USOCKET_EBADF, usocket_recv_by(&sock, &c, 1, 0, NULL, USOCKET_NOW));
    assert_true(usocket_send_by(&sock, &c, 1, 0, NULL, USOCKET_NOW) < 0);
    assert_code(USOCKET_EBADF, usocket_close(&sock));
    assert_ok(usocket_close(&other));
}

/* On 5.0 SAL's close counts down in memory that it has freed: the port does not call it there. */
static void test_the_own_close(void **state) {
    (void)state;
    extern int look_closes;
    fx_streams(&sock, &other);
    int before = look_closes;
    assert_ok(usocket_close(&sock));
    assert_ok(usocket_close(&other));
    bool late = RTTHREAD_VERSION >= 50000 && RTTHREAD_VERSION < 50100;
    assert_int_equal(late ? before : before + 2, look_closes);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_down_in_the_middle),
        TEST(test_down_and_poll),
        TEST(test_names_without_network),
        TEST(test_no_address),
        TEST(test_link_lost),
        TEST(test_no_loopback),
        TEST(test_no_slot_left),
        TEST(test_two_lookups),
        TEST(test_slot_taken),
        TEST(test_abandoned),
#ifdef SAL_USING_POSIX /* without it SAL halts on a number that is not open */
        TEST(test_the_own_close),
        TEST(test_closed_elsewhere),
#endif
    };
    return RUN(tests);
}
