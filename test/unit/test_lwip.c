/* Problems of lwIP alone: half-closed sockets with a freed connection, exhausted pools, several threads on one
 * socket, concurrent lookups, events.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include <lwip/netif.h>
#include <lwip/tcpip.h>

#include "fixture.h"
#include "stack.h"
#include "start.h"
#include "usocket/port.h"

static usocket_t a, b;

/* A reset that is lost because the socket's mailbox is full of small segments must not look like the end of the stream. */
static void reset_behind_many(size_t at_once) {
    char buf[1000];
    const int on = 1;
    int sent = 0;
    int32_t r;
    fx_streams(&a, &b);
    assert_ok(usocket_setsockopt(&b, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    while (sent < 400 && usocket_send_by(&b, "x", 1, 0, NULL, USOCKET_NOW) == 1) {
        sent++;
        fx_sleep(2 * MS);
    }
    fx_sleep(100 * MS);
    assert_code(1, usocket_send(&a, "y", 1));
    assert_int_equal(USOCKET_POLL_IN, usocket_poll(&b, USOCKET_POLL_IN, usocket_deadline_in(10 * SECOND)));
    assert_ok(usocket_close(&b)); /* a byte is unread, so it resets */
    fx_sleep(100 * MS);
    while ((r = usocket_recv_by(&a, buf, at_once, 0, NULL, usocket_deadline_in(2 * SECOND))) > 0) {
        sent -= r;
    }
    assert_code(USOCKET_ECONNRESET, r);
    assert_true(sent >= 0);
    assert_code(0, usocket_recv(&a, buf, 1));
    fx_close(&a, &b);
}

static void test_reset_behind_many(void **state) {
    (void)state;
    reset_behind_many(1000);
    reset_behind_many(1);
}

/* After TIME_WAIT the pcb's memory is reused while the socket that was shut down first is still open. */
static void test_half_closed(void **state) {
    (void)state;
    char c[8];
    static usocket_t others[60];
    for (int read_before = 0; read_before < 2; read_before++) {
        fx_streams(&a, &b);
        assert_code(1, usocket_send(&b, "x", 1));
        assert_ok(usocket_shutdown(&a, USOCKET_SHUT_WR));
        assert_code(0, usocket_recv(&b, c, 1));
        assert_ok(usocket_close(&b));
        if (read_before) {
            assert_code(1, usocket_recv(&a, c, 1));
            assert_code(0, usocket_recv(&a, c, 1));
        }
        fx_sleep(2 * TCP_MSL * MS + SECOND);
        for (size_t i = 0; i < 60; i++) { /* new connections reuse the memory */
            usocket_init(&others[i]);
            assert_ok(usocket_open(&others[i], USOCKET_AF_INET, USOCKET_STREAM, 0));
        }
        assert_code(USOCKET_EPIPE, usocket_send(&a, "x", 1));
        if (!read_before) {
            assert_code(1, usocket_recv(&a, c, sizeof c));
        }
        assert_code(0, usocket_recv(&a, c, sizeof c));
        assert_code(0, usocket_recv(&a, c, sizeof c));
        fx_close(&a, &b);
        assert_true(lwip_sane());
        for (size_t i = 0; i < 60; i++) {
            assert_ok(usocket_close(&others[i]));
        }
        reset_behind_many(1); /* a new socket with the same number is not affected */
    }
}

/* While a waiting thread is being woken, others poll repeatedly but yield the processor to it. */
static void test_wake(void **state) {
    (void)state;
    fx_streams(&a, &b);
    usocket_wait_t w = { usocket_fileno(&a), USOCKET_POLL_IN, 0 };
    usocket_time_t until = fx_now() + 30 * MS;
    int looks = 0;
    usocket_port_wake(true);
    while (fx_now() < until) {
        assert_int_equal(0, usocket_port_wait(&w, 1, until + 10 * MS));
        looks++;
    }
    usocket_port_wake(false);
    assert_in_range(looks, 1, 31); /* each poll took a millisecond */
    fx_close(&a, &b);
}

static void set_loopback(bool up) {
    LOCK_TCPIP_CORE();
    (up ? netif_set_up : netif_set_down)(netif_find("lo0"));
    UNLOCK_TCPIP_CORE();
}

static void loopback_back(void *arg) {
    (void)arg;
    fx_sleep(100 * MS);
    set_loopback(true);
}

static void close_other(void *arg) {
    (void)arg;
    fx_sleep(100 * MS);
    usocket_close(&b); /* unread bytes cause a reset */
}

/* close() with SO_LINGER. If only the FIN is unacknowledged, lwIP loses its reference to the waiting thread;
 * if it refuses to close, it loses the socket to which it must report a reset. */
static void test_linger(void **state) {
    (void)state;
    char c;
    const struct linger on = { 1, 3 };
    fx_streams(&a, &b);
    assert_ok(usocket_shutdown(&b, USOCKET_SHUT_WR));
    assert_int_equal(USOCKET_POLL_IN, usocket_poll(&a, USOCKET_POLL_IN, usocket_deadline_in(10 * SECOND)));
    assert_ok(usocket_setsockopt(&a, SOL_SOCKET, SO_LINGER, &on, sizeof on));
    set_loopback(false);
    assert_ok(usocket_shutdown(&a, USOCKET_SHUT_WR));
    fx_go(loopback_back, NULL);
    assert_ok(usocket_close(&a));
    fx_join();
    assert_code(0, usocket_recv(&b, &c, 1)); /* not a reset */
    assert_ok(usocket_close(&b));
    /* The peer does not read: after the linger time the connection is aborted. */
    fx_streams(&a, &b);
    assert_ok(usocket_setsockopt(&a, SOL_SOCKET, SO_LINGER, &on, sizeof on));
    fx_fill(&a);
    usocket_time_t since = fx_now();
    assert_ok(usocket_close(&a));
    fx_took(since, 3 * SECOND);
    assert_ok(usocket_close(&b));
    /* The peer resets the connection during the linger time. */
    const struct linger longer = { 1, 100 };
    fx_streams(&a, &b);
    assert_ok(usocket_setsockopt(&a, SOL_SOCKET, SO_LINGER, &longer, sizeof longer));
    fx_fill(&a);
    fx_go(close_other, NULL);
    since = fx_now();
    assert_ok(usocket_close(&a));
    assert_true(fx_now() - since < 100 * SECOND);
    fx_join();
    assert_true(lwip_sane());
    fx_streams(&a, &b);
    assert_true(lwip_sane());
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
}

/* With all sockets in use a call fails with a clear error, and works again once one is closed. */
static void test_out_of_sockets(void **state) {
    (void)state;
    static usocket_t all[MEMP_NUM_NETCONN];
    usocket_t one_more = USOCKET_CLOSED;
    size_t n = 0;
    int r = 0;
    for (; n < MEMP_NUM_NETCONN; n++) {
        usocket_init(&all[n]);
        r = usocket_open(&all[n], USOCKET_AF_INET, USOCKET_STREAM, 0);
        if (r != 0) {
            break;
        }
    }
    assert_true(n > 10);
    r = r != 0 ? r : usocket_open(&one_more, USOCKET_AF_INET, USOCKET_STREAM, 0);
    assert_true(r == USOCKET_ENFILE || r == USOCKET_ENOBUFS);
    assert_ok(usocket_close(&all[--n]));
    assert_ok(usocket_close(&all[--n]));
    assert_ok(usocket_close(&all[--n]));
    fx_streams(&a, &b);
    assert_code(1, usocket_send(&a, "x", 1));
    char c;
    assert_code(1, usocket_recv(&b, &c, 1));
    fx_close(&a, &b);
    while (n > 0) {
        assert_ok(usocket_close(&all[--n]));
    }
}

/* ---- Threads -------------------------------------------------------------------------------------------------------- */

#define STREAMED 2000000
static uint64_t sent, got; /* got is atomic */
static int wrong;

/* The limit of unacknowledged bytes that keeps one window open: with zero windows at both ends lwIP 2.2.1 answers each
 * acknowledgement with another without end, and over loopback nothing else runs. */
#define UNDER_WAY 8000

static void send_it(void *arg) {
    uint8_t block[1000];
    (void)arg;
    while (sent < STREAMED) {
        while (sent - __atomic_load_n(&got, __ATOMIC_ACQUIRE) > UNDER_WAY) {
            fx_sleep(MS / 5);
        }
        for (size_t i = 0; i < sizeof block; i++) {
            block[i] = (uint8_t)((sent + i) % 251);
        }
        size_t n = 0;
        if (usocket_send_all(&a, block, sizeof block, &n) != 0) {
            break;
        }
        sent += n;
    }
    usocket_shutdown(&a, USOCKET_SHUT_WR);
}

static void send_back(void *arg) {
    char block[700];
    int32_t n;
    (void)arg;
    while ((n = usocket_recv(&b, block, sizeof block)) > 0) {
        size_t done = 0;
        if (usocket_send_all(&b, block, (size_t)n, &done) != 0) {
            break;
        }
    }
    usocket_shutdown(&b, USOCKET_SHUT_WR);
}

/* One thread sends and another receives on the same socket, as fast as they can. */
static void test_full_duplex(void **state) {
    (void)state;
    static uint8_t block[900];
    int32_t n;
    fx_streams(&a, &b);
    sent = got = 0;
    wrong = 0;
    fx_go(send_it, NULL);
    fx_go(send_back, NULL);
    while ((n = usocket_recv(&a, block, sizeof block)) > 0) {
        for (int32_t i = 0; i < n; i++) {
            wrong += block[i] != (uint8_t)((got + (uint64_t)i) % 251);
        }
        __atomic_add_fetch(&got, (uint64_t)n, __ATOMIC_ACQ_REL);
    }
    fx_join();
    assert_code(0, n);
    assert_int_equal(0, wrong);
    assert_true(sent >= STREAMED && got == sent);
    fx_close(&a, &b);
}

static int sender_code, receiver_code;

static void drain(void *arg) {
    char block[700];
    (void)arg;
    while (usocket_recv(&b, block, sizeof block) > 0) {
    }
}

static void keep_sending(void *arg) {
    static char block[3000];
    size_t n = 0;
    (void)arg;
    do {
        sender_code = usocket_send_all(&a, block, sizeof block, &n);
        n = 0;
    } while (sender_code == 0);
}

static void keep_receiving(void *arg) {
    char block[500];
    (void)arg;
    do {
        receiver_code = usocket_recv(&a, block, sizeof block);
    } while (receiver_code > 0);
}

static void keep_asking(void *arg) {
    usocket_addr_t where;
    int value;
    while (usocket_getpeername(&a, &where) == 0) {
        size_t len = sizeof value;
        usocket_getsockopt(&a, SOL_SOCKET, SO_ERROR, &value, &len);
        usocket_pending(&a);
        usocket_poll(&a, USOCKET_POLL_IN | USOCKET_POLL_OUT, USOCKET_NOW);
    }
    (void)arg;
}

/* A third thread closes the socket while two use it. */
static void test_close_under(void **state) {
    (void)state;
    int rounds = getenv("TEST_SHORT") ? 5 : 25;
    for (int i = 0; i < rounds; i++) {
        fx_streams(&a, &b);
        fx_go(keep_sending, NULL);
        fx_go(keep_receiving, NULL);
        fx_go(keep_asking, NULL);
        fx_go(drain, NULL);
        fx_sleep((usocket_time_t)(i % 5) * 7 * MS);
        assert_ok(usocket_close(&a));
        fx_sleep(i % 2 ? 10 * MS : 0);
        assert_ok(usocket_close(&b));
        fx_join();
        bool at_once = i % 2 == 0; /* a thread inside the stack may see the other end's close first */
        if (!at_once || (sender_code != USOCKET_ECONNRESET && sender_code != USOCKET_EPIPE)) {
            assert_code(USOCKET_EBADF, sender_code);
        }
        if (!at_once || (receiver_code != USOCKET_ECONNRESET && receiver_code != 0)) {
            assert_code(USOCKET_EBADF, receiver_code);
        }
        assert_true(lwip_sane());
    }
}

/* ---- Lookups and events --------------------------------------------------------------------------------------------- */

#define LOOKUPS 8

/* As many lookups as the pool of results allows. */
static void test_lookups_at_once(void **state) {
    (void)state;
    usocket_lookup_t *l[LOOKUPS];
    usocket_addrinfo_t info;
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < LOOKUPS; i++) {
            usocket_query_t q = { .host = "both", .port = 7, .type = USOCKET_STREAM };
            assert_ok(usocket_lookup_start(&l[i], &q));
        }
        for (size_t i = 0; i < LOOKUPS; i++) {
            if (i % 4 != 3) { /* some are abandoned */
                assert_ok(usocket_lookup_wait(l[i], usocket_deadline_in(20 * SECOND)));
                assert_ok(usocket_lookup_get(l[i], 0, &info));
                assert_int_equal(USOCKET_AF_INET, info.family);
                assert_ok(usocket_lookup_get(l[i], 1, &info));
                assert_int_equal(USOCKET_AF_INET6, info.family);
            }
            usocket_lookup_free(l[i]);
        }
    }
    for (int i = 0; i < 500 && lwip_census().netdb != 0; i++) {
        fx_sleep(10 * MS);
    }
    assert_int_equal(0, lwip_census().netdb);
}

static int ping, pong;
static int stop; /* atomic */

static void answer(void *arg) {
    (void)arg;
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        usocket_wait_t w = { ping, USOCKET_POLL_IN, 0 };
        if (usocket_port_wait(&w, 1, usocket_deadline_in(SECOND)) > 0) {
            usocket_port_event_clear(ping);
            usocket_port_event_set(pong);
        }
    }
}

static void set_often(void *arg) {
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        usocket_port_event_set(*(int *)arg);
        fx_sleep(MS);
    }
}

static void test_events(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    fx_udp(&s, USOCKET_AF_INET);
    ping = usocket_port_event_open();
    pong = usocket_port_event_open();
    assert_true(ping > usocket_fileno(&s) && pong > ping);
    usocket_wait_t w[3] = { { pong, USOCKET_POLL_IN, 0 }, { usocket_fileno(&s), USOCKET_POLL_IN, 0 }, { -1, USOCKET_POLL_IN, 0 } };
    usocket_time_t since = fx_now();
    assert_int_equal(0, usocket_port_wait(w, 1, usocket_deadline_in(70 * MS)));
    fx_took(since, 70 * MS);
    since = fx_now();
    assert_int_equal(0, usocket_port_wait(w, 3, usocket_deadline_in(70 * MS)));
    fx_took(since, 70 * MS);
    stop = 0;
    fx_go(answer, NULL);
    for (int i = 0; i < 2000; i++) { /* set and cleared repeatedly, waited for alone and beside a socket */
        usocket_port_event_set(ping);
        assert_int_equal(1, usocket_port_wait(w, i % 20 == 0 ? 3 : 1, usocket_deadline_in(20 * SECOND)));
        assert_int_equal(USOCKET_POLL_IN, w[0].ready);
        usocket_port_event_clear(pong);
        assert_int_equal(0, usocket_port_wait(w, 1, USOCKET_NOW)); /* a cleared event is not ready */
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    fx_join();
    stop = 0; /* set by many threads, it is still one flag */
    for (int i = 0; i < 4; i++) {
        fx_go(set_often, &pong);
    }
    since = fx_now();
    for (int i = 0; i < 200; i++) {
        assert_int_equal(1, usocket_port_wait(w, 1, usocket_deadline_in(20 * SECOND)));
        usocket_port_event_clear(pong);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    fx_join();
    usocket_port_event_clear(pong);
    since = fx_now();
    assert_int_equal(0, usocket_port_wait(w, 1, usocket_deadline_in(30 * MS)));
    fx_took(since, 30 * MS);
    usocket_port_event_close(ping);
    usocket_port_event_close(pong);
    int events[USOCKET_EVENTS + 1], n = 0;
    while (n <= USOCKET_EVENTS && (events[n] = usocket_port_event_open()) >= 0) {
        n++;
    }
    assert_int_equal(USOCKET_EVENTS, n); /* no event is lost */
    assert_code(USOCKET_EMFILE, events[n]);
    while (n > 0) {
        usocket_port_event_close(events[--n]);
    }
    assert_ok(usocket_close(&s));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_half_closed), TEST(test_linger), TEST(test_out_of_sockets), TEST(test_full_duplex), TEST(test_close_under), TEST(test_lookups_at_once),
        TEST(test_events), TEST(test_reset_behind_many), TEST(test_wake),
    };
    return RUN(tests);
}
