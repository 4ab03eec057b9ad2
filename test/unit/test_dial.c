/* Connecting to a name on the simulator: any address may answer, and one deadline limits all.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

static usocket_dial_t d;
static usocket_t s, listener;
static usocket_addr_t at;

static void listening(void) {
    usocket_init(&s);
    usocket_init(&listener);
    at = fx_listen(&listener, USOCKET_AF_INET, 4);
}

static int dial_from(const char *name, const usocket_addr_t *source, usocket_time_t deadline) {
    usocket_query_t q = { .host = name, .port = at.port };
    assert_ok(usocket_dial_start(&d, &q, source));
    return usocket_dial_by(&d, &s, deadline);
}

static void end(bool open) {
    usocket_dial_end(&d, &s);
    assert_true((usocket_fileno(&s) >= 0) == open);
    assert_ok(usocket_close(&s));
    assert_ok(usocket_close(&listener));
}

static void check_peer(const char *text) {
    usocket_addr_t a = fx_addr(text, at.port), peer;
    assert_ok(usocket_getpeername(&s, &peer));
    assert_true(usocket_addr_equal(&a, &peer));
    assert_true(usocket_addr_equal(&a, &d.to));
}

static void test_dial(void **state) {
    (void)state;
    sim_name("host", "127.0.0.1", 20 * MS, 0);
    listening();
    assert_ok(dial_from("host", NULL, USOCKET_NEVER));
    check_peer("127.0.0.1");
    end(true);
    listening();
    assert_ok(dial_from("127.0.0.1", NULL, usocket_deadline_in(SECOND)));
    end(true);
}

static void test_first_refused(void **state) {
    (void)state;
    sim_host("192.0.2.1", SIM_REFUSE);
    sim_host("192.0.2.2", SIM_UNREACH);
    sim_name("host", "192.0.2.1 192.0.2.2 127.0.0.1", 0, 0);
    listening();
    assert_ok(dial_from("host", NULL, usocket_deadline_in(SECOND)));
    check_peer("127.0.0.1");
    end(true);
}

static void test_hole_first(void **state) {
    (void)state;
    sim_host("192.0.2.1", SIM_HOLE);
    sim_host("192.0.2.2", SIM_HOLE);
    sim_name("host", "192.0.2.1 192.0.2.2 127.0.0.1", 0, 0);
    listening();
    usocket_time_t since = fx_now();
    assert_ok(dial_from("host", NULL, usocket_deadline_in(9 * SECOND)));
    assert_true(fx_now() - since < 9 * SECOND); /* the silent address took only its share of the time */
    check_peer("127.0.0.1");
    end(true);
}

static void test_all_fail(void **state) {
    (void)state;
    sim_host("192.0.2.1", SIM_HOLE);
    sim_host("192.0.2.2", SIM_REFUSE);
    sim_host("192.0.2.3", SIM_HOLE);
    sim_name("host", "192.0.2.1 192.0.2.3 192.0.2.2", 0, 0);
    listening();
    /* In turn, the code is that of the last address. In a race the silent addresses used the whole time. */
    assert_code(USOCKET_RACE ? USOCKET_ETIMEDOUT : USOCKET_ECONNREFUSED, dial_from("host", NULL, usocket_deadline_in(3 * SECOND)));
    end(false);
    sim_name("holes", "192.0.2.1 192.0.2.3", 0, 0);
    listening();
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, dial_from("holes", NULL, usocket_deadline_in(3 * SECOND)));
    fx_took(since, 3 * SECOND);
    end(false);
}

static void test_lookup_part(void **state) {
    (void)state;
    sim_name("never", "", USOCKET_NEVER, 0);
    sim_name("bad", "", 0, USOCKET_EAI_AGAIN);
    listening();
#if USOCKET_RESOLVER_WORKERS || USOCKET_ASKS
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, dial_from("never", NULL, usocket_deadline_in(SECOND)));
    fx_took(since, SECOND);
    end(false);
    listening();
#endif
    assert_code(USOCKET_EAI_AGAIN, dial_from("bad", NULL, USOCKET_NEVER));
    end(false);
    usocket_query_t q = { .host = "::1", .family = USOCKET_AF_INET, .port = 1 };
    int r = usocket_dial_start(&d, &q, NULL);
    assert_true(r == USOCKET_EAI_ADDRFAMILY || (!USOCKET_IPV6 && r == 0));
    usocket_dial_end(&d, &s);
}

static void test_source(void **state) {
    (void)state;
    usocket_addr_t source = fx_addr("127.0.0.1", 45678), peer, away = fx_addr("192.0.2.77", 0);
    listening();
    assert_ok(dial_from("127.0.0.1", &source, USOCKET_NEVER));
    assert_ok(usocket_getsockname(&s, &peer));
    assert_true(usocket_addr_equal(&source, &peer));
    end(true);
    usocket_addr_t any = { .family = USOCKET_AF_INET6, .port = 45679 }; /* the wildcard address is valid for every family */
    listening();
    assert_ok(dial_from("127.0.0.1", &any, USOCKET_NEVER));
    assert_ok(usocket_getsockname(&s, &peer));
    assert_int_equal(USOCKET_AF_INET, peer.family);
    assert_int_equal(45679, peer.port);
    end(true);
    listening();
    assert_code(USOCKET_EADDRNOTAVAIL, dial_from("127.0.0.1", &away, USOCKET_NEVER));
    end(false);
}

/* An interrupted dial continues at the same point; an abandoned one leaves nothing. */
static void test_interrupted(void **state) {
    (void)state;
    sim_host("192.0.2.1", SIM_HOLE);
    sim_name("host", "192.0.2.1 127.0.0.1", 20 * MS, 0);
    listening();
    usocket_time_t deadline = usocket_deadline_in(4 * SECOND), since = fx_now();
#if USOCKET_RESOLVER_WORKERS || USOCKET_ASKS
    sim_signal_in(10 * MS);
    assert_code(USOCKET_EINTR, dial_from("host", NULL, deadline));
    sim_signal_in(20 * MS);
    assert_code(USOCKET_EINTR, usocket_dial_by(&d, &s, deadline));
#else
    sim_signal_in(30 * MS);
    assert_code(USOCKET_EINTR, dial_from("host", NULL, deadline));
#endif
    fx_took(since, 30 * MS);
    sim_signal_in(SECOND / 10);
    assert_code(USOCKET_EINTR, usocket_dial_by(&d, &s, deadline));
    assert_ok(usocket_dial_by(&d, &s, deadline));
    assert_true(fx_now() - since <= 4 * SECOND);
    check_peer("127.0.0.1");
    end(true);
    listening();
    sim_signal_in(30 * MS);
    assert_code(USOCKET_EINTR, dial_from("host", NULL, USOCKET_NEVER));
    end(false);
}

static void test_out_of_handles(void **state) {
    (void)state;
    listening();
    sim_handles(1);
    assert_code(USOCKET_EMFILE, dial_from("127.0.0.1", NULL, USOCKET_NEVER));
    end(false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_dial), TEST(test_first_refused), TEST(test_hole_first), TEST(test_all_fail), TEST(test_lookup_part),
        TEST(test_source), TEST(test_interrupted), TEST(test_out_of_handles),
    };
    return RUN(tests);
}
