/* A listener survives every failure of accept, and queues as many connections as its backlog allows.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include "stack.h"

#if USOCKET_SERVER

enum { MOST = 128, MORE = 3 };

static usocket_t l, c, conn = USOCKET_CLOSED;
static usocket_addr_t at;

static int client(usocket_t *s) {
    usocket_init(s);
    assert_ok(usocket_open(s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    return usocket_connect_by(s, &at, usocket_deadline_in(10 * SECOND));
}

static int take(void) {
    return usocket_accept_by(&l, &conn, NULL, usocket_deadline_in(10 * SECOND));
}

/* A new client is served. */
static void serves(void) {
    char byte;
    assert_ok(client(&c));
    assert_ok(take());
    assert_code(1, usocket_send(&c, "x", 1));
    assert_code(1, usocket_recv_by(&conn, &byte, 1, 0, NULL, usocket_deadline_in(10 * SECOND)));
    fx_close(&c, &conn);
}

/* The number of connections that complete without an accept, and are accepted later, is within bounds. */
static void waits_for(int backlog, int least, int most) {
    static usocket_t many[MOST + MORE];
    int connected = 0, accepted = 0;
    size_t n = (size_t)(backlog < 0 ? 0 : backlog) + MORE;
    usocket_init(&l);
    at = fx_listen(&l, USOCKET_AF_INET, backlog);
    for (size_t i = 0; i < n; i++) {
        usocket_init(&many[i]);
        assert_ok(usocket_open(&many[i], USOCKET_AF_INET, USOCKET_STREAM, 0));
        int r = usocket_connect_by(&many[i], &at, USOCKET_NOW);
        assert_true(r == 0 || r == USOCKET_EINPROGRESS);
    }
    fx_sleep(20 * MS);
    for (size_t i = 0; i < n; i++) {
        bool there = usocket_poll(&many[i], USOCKET_POLL_OUT, USOCKET_NOW) == USOCKET_POLL_OUT;
        connected += there;
        if (!there) {
            assert_ok(usocket_close(&many[i])); /* it would connect as soon as there is room */
        }
    }
    if (connected < least || connected > most) {
        print_error("backlog %d: %d connected\n", backlog, connected);
        fail();
    }
    while (usocket_accept_by(&l, &conn, NULL, usocket_deadline_in(20 * MS)) == 0) {
        accepted++;
        assert_ok(usocket_close(&conn));
    }
    assert_int_equal(connected, accepted);
    for (size_t i = 0; i < n; i++) {
        assert_ok(usocket_close(&many[i]));
    }
    serves();
    assert_ok(usocket_close(&l));
}

/* Linux, like most systems, queues one more. */
static void test_backlog(void **state) {
    (void)state;
    int most = usocket_backlog() < MOST ? usocket_backlog() : MOST;
    waits_for(-1, 1, 1);
    waits_for(0, 1, 1);
    waits_for(1, 1, 2);
    waits_for(5, 5, 6);
    waits_for(most, most, most + 1);
}

/* Connections that are reset before accept do not disturb later ones. */
static void test_gone(void **state) {
    (void)state;
    usocket_init(&l);
    at = fx_listen(&l, USOCKET_AF_INET, 8);
    for (int i = 0; i < 4; i++) {
        assert_ok(client(&c));
#if FX_SIM
        sim_reset(usocket_fileno(&c));
#else
        struct linger at_once = { 1, 0 };
        assert_ok(usocket_setsockopt(&c, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
#endif
        assert_ok(usocket_close(&c));
    }
    fx_sleep(5 * MS);
    int r;
    for (int i = 0; (r = usocket_accept_by(&l, &conn, NULL, USOCKET_NOW)) != USOCKET_EAGAIN; i++) {
        assert_true(i < 4 && (r == 0 || r == USOCKET_ECONNABORTED));
        assert_ok(usocket_close(&conn));
    }
    serves();
    assert_ok(usocket_close(&l));
}

#if FX_SIM
/* A failed accept opens nothing, and the next one returns the waiting client. */
static void test_errors(void **state) {
    (void)state;
    unsigned codes = 1;
    enum sim_call call;
    usocket_init(&l);
    at = fx_listen(&l, USOCKET_AF_INET, 4);
    for (unsigned pick = 0; pick < codes; pick++) {
        char byte;
        assert_ok(client(&c));
        assert_code(1, usocket_send(&c, "x", 1));
        sim_fault(1, pick, false);
        int r = take();
        assert_true(sim_faulted(&call, &codes));
        assert_int_equal(SIM_ACCEPT, call);
        if (r != 0) { /* only EAGAIN makes accept wait */
            assert_int_equal(-1, usocket_fileno(&conn));
            assert_true(usocket_poll(&l, USOCKET_POLL_IN, USOCKET_NOW) & USOCKET_POLL_IN);
            assert_ok(take());
        }
        assert_code(1, usocket_recv_by(&conn, &byte, 1, 0, NULL, usocket_deadline_in(SECOND)));
        fx_close(&c, &conn);
        serves();
    }
    assert_true(codes > 10);
    assert_ok(usocket_close(&l));
}

/* Without a free descriptor the connections stay queued. */
static void test_no_descriptors(void **state) {
    (void)state;
    usocket_t other;
    usocket_init(&l);
    at = fx_listen(&l, USOCKET_AF_INET, 4);
    assert_ok(client(&c));
    assert_ok(client(&other));
    sim_handles(sim_census().handles);
    for (int i = 0; i < 10; i++) {
        assert_code(USOCKET_EMFILE, take());
        fx_sleep(SECOND);
    }
    sim_handles(100);
    for (int i = 0; i < 2; i++) {
        assert_ok(take());
        assert_ok(usocket_close(&conn));
    }
    fx_close(&c, &other);
    serves();
    assert_ok(usocket_close(&l));
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_backlog), TEST(test_gone),
#if FX_SIM
        TEST(test_errors), TEST(test_no_descriptors),
#endif
    };
    return RUN(tests);
}

#else

int main(void) {
    return 0;
}

#endif
