/* RFC 8305 on the simulator: the order and times of attempts, the winner, and the closing of the others.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"
#include "sim.h"
#include "usocket/tls.h"

#if USOCKET_RACE

#define DELAY (USOCKET_RACE_DELAY_MS * MS)
#define V6 "2001:db8::1"
#define APART (USOCKET_IPV6 && (USOCKET_ASKS || USOCKET_RESOLVER_WORKERS >= 2))

static usocket_dial_t d;
static usocket_t s, listener;
static usocket_addr_t at;
static usocket_time_t since;

static void listening(void) {
    usocket_init(&s);
    usocket_init(&listener);
    at = fx_listen(&listener, USOCKET_AF_INET, 4);
    since = fx_now();
}

static void start(const char *name) {
    usocket_query_t q = { .host = name, .port = at.port };
    since = fx_now();
    assert_ok(usocket_dial_start(&d, &q, NULL));
}

/* Connect as an event loop does: one step, then none until the handle polls readable. */
static int by_steps(usocket_time_t deadline) {
    int r;
    while ((r = usocket_dial_step(&d, &s, deadline)) == USOCKET_EINPROGRESS) {
#if USOCKET_ASYNC
        usocket_wait_t w = { usocket_dial_handle(&d), USOCKET_POLL_IN, 0 };
        assert_true(w.handle >= 0);
        assert_int_equal(1, usocket_port_wait(&w, 1, usocket_deadline_in(600 * SECOND)));
#else
        sim_sleep(MS);
#endif
    }
    return r;
}

static int (*way)(usocket_time_t deadline);
static int by_waiting(usocket_time_t deadline) {
    return usocket_dial_by(&d, &s, deadline);
}

static int dial(const char *name, usocket_time_t deadline) {
    start(name);
    return way(deadline);
}

static void end(bool open) {
    usocket_dial_end(&d, &s);
    assert_true((usocket_fileno(&s) >= 0) == open);
    assert_int_equal(open ? 2 : 1, sim_census().handles); /* the listener and the winner; losers are closed */
    assert_ok(usocket_close(&s));
    assert_ok(usocket_close(&listener));
}

/* The n-th attempt was for this address and ended with this code. */
static void attempt(size_t n, const char *text, int code) {
    usocket_addr_t a, expected = fx_addr(text, at.port);
    assert_code(code, usocket_dial_attempt(&d, n, &a));
    assert_true(usocket_addr_equal(&expected, &a));
}

static void no_attempt(size_t n) {
    usocket_addr_t a;
    assert_code(USOCKET_ENOENT, usocket_dial_attempt(&d, n, &a));
}

static void hole_first(void) {
    sim_host("192.0.2.1", SIM_HOLE);
    sim_name("host", "192.0.2.1 127.0.0.1", 0, 0);
    listening();
    assert_ok(dial("host", USOCKET_NEVER));
    fx_took(since, DELAY);
    attempt(0, "192.0.2.1", USOCKET_EINPROGRESS);
    attempt(1, "127.0.0.1", 0);
    no_attempt(2);
    end(true);
}

static void refused_first(void) {
    sim_host("192.0.2.1", SIM_REFUSE);
    sim_host("192.0.2.2", SIM_UNREACH);
    sim_name("host", "192.0.2.1 192.0.2.2 127.0.0.1", 0, 0);
    listening();
    assert_ok(dial("host", usocket_deadline_in(SECOND)));
    assert_true(fx_now() - since < 2 * MS); /* each directly after the previous one */
    attempt(0, "192.0.2.1", USOCKET_ECONNREFUSED);
    attempt(1, "192.0.2.2", USOCKET_ENETUNREACH);
    attempt(2, "127.0.0.1", 0);
    end(true);
}

static void delays(void) {
    sim_host("192.0.2.1", SIM_HOLE);
    sim_name("host", "192.0.2.1 127.0.0.1", 0, 0);
    listening();
    start("host");
    usocket_dial_delay(&d, 700 * MS);
    assert_ok(way(USOCKET_NEVER));
    fx_took(since, 700 * MS);
    end(true);
    listening();
    start("host");
    usocket_dial_delay(&d, 0); /* RFC 8305: never below 10 ms */
    assert_ok(way(USOCKET_NEVER));
    fx_took(since, 10 * MS);
    end(true);
}

/* A late answer wins over an attempt that was started later. */
static void late_answer(void) {
    sim_host("192.0.2.2", SIM_HOLE);
    sim_name("host", "127.0.0.1 192.0.2.2", 0, 0);
    sim_latency(400 * MS);
    listening();
    assert_ok(dial("host", USOCKET_NEVER));
    fx_took(since, 800 * MS);
    attempt(0, "127.0.0.1", 0);
    attempt(1, "192.0.2.2", USOCKET_EINPROGRESS);
    end(true);
}

static void slow_lookup(void) {
    sim_name("slow", "127.0.0.1", 300 * MS, 0);
    listening();
    assert_ok(dial("slow", usocket_deadline_in(SECOND)));
    assert_true(fx_now() - since >= 300 * MS);
    end(true);
#if USOCKET_RESOLVER_WORKERS || USOCKET_ASKS
    listening();
    assert_code(USOCKET_ETIMEDOUT, dial("slow", usocket_deadline_in(200 * MS)));
    fx_took(since, 200 * MS);
    no_attempt(0);
    end(false);
#endif
}

static void all_fail(void) {
    sim_host("192.0.2.1", SIM_REFUSE);
    sim_host("192.0.2.2", SIM_HOST_DOWN);
    sim_name("host", "192.0.2.1 192.0.2.2", 0, 0);
    listening();
    assert_code(USOCKET_ECONNREFUSED, dial("host", USOCKET_NEVER)); /* more informative than an unreachable network */
    fx_took(since, 3 * SECOND);
    attempt(0, "192.0.2.1", USOCKET_ECONNREFUSED);
    attempt(1, "192.0.2.2", USOCKET_EHOSTUNREACH);
    end(false);
    sim_name("unknown", "", 0, USOCKET_EAI_NONAME);
    listening();
    assert_code(USOCKET_EAI_NONAME, dial("unknown", USOCKET_NEVER));
    no_attempt(0);
    end(false);
}

static void deadline(void) {
    sim_host("192.0.2.1", SIM_REFUSE);
    sim_host("192.0.2.2", SIM_HOLE);
    sim_host("192.0.2.3", SIM_HOLE);
    sim_name("host", "192.0.2.1 192.0.2.2 192.0.2.3", 0, 0);
    listening();
    assert_code(USOCKET_ETIMEDOUT, dial("host", usocket_deadline_in(2 * SECOND)));
    fx_took(since, 2 * SECOND);
    attempt(0, "192.0.2.1", USOCKET_ECONNREFUSED);
    attempt(1, "192.0.2.2", USOCKET_EINPROGRESS);
    attempt(2, "192.0.2.3", USOCKET_EINPROGRESS);
    end(false);
}

/* Without room for another attempt the oldest is closed after its share of the time. */
static void many_holes(void) {
    char names[USOCKET_RACE * 16 + 40] = "";
    for (int i = 1; i <= USOCKET_RACE + 1; i++) {
        char host[16];
        snprintf(host, sizeof host, "192.0.2.%d", i);
        sim_host(host, SIM_HOLE);
        strcat(strcat(names, host), " ");
    }
    strcat(names, "127.0.0.1");
    sim_name("host", names, 0, 0);
    listening();
    assert_ok(dial("host", usocket_deadline_in(20 * SECOND)));
    assert_true(fx_now() - since < 20 * SECOND);
    attempt(0, "192.0.2.1", USOCKET_ETIMEDOUT);
    attempt(1, "192.0.2.2", USOCKET_ETIMEDOUT);
    attempt(2, "192.0.2.3", USOCKET_EINPROGRESS);
    attempt(USOCKET_RACE + 1, "127.0.0.1", 0);
    end(true);
    listening(); /* without a deadline the stack's own limit applies */
    assert_ok(dial("host", USOCKET_NEVER));
    assert_true(fx_now() - since >= 127 * SECOND);
    end(true);
}

/* Out of descriptors: running attempts continue, and the next starts when one has ended. */
static void few_handles(void) {
    sim_host("192.0.2.1", SIM_HOST_DOWN);
    sim_name("host", "192.0.2.1 127.0.0.1", 0, 0);
    listening();
    int have = sim_census().handles;
    start("host");
    assert_code(USOCKET_EINPROGRESS, usocket_dial_step(&d, &s, USOCKET_NEVER));
    sim_sleep(MS);
    assert_code(USOCKET_EINPROGRESS, usocket_dial_step(&d, &s, USOCKET_NEVER));
#if USOCKET_ASYNC
    if (way == by_steps) {
        assert_true(usocket_dial_handle(&d) >= 0);
    }
#endif
    assert_true(sim_census().handles > have);
    sim_handles(sim_census().handles);
    assert_ok(way(USOCKET_NEVER));
    fx_took(since, 3 * SECOND);
    attempt(0, "192.0.2.1", USOCKET_EHOSTUNREACH);
    attempt(1, "127.0.0.1", 0);
    end(true);
}

/* A duplicate address is tried once. */
static void twice(void) {
    sim_host("192.0.2.1", SIM_REFUSE);
    sim_name("host", "192.0.2.1 192.0.2.1 127.0.0.1 192.0.2.1", 0, 0);
    listening();
    assert_ok(dial("host", USOCKET_NEVER));
    attempt(0, "192.0.2.1", USOCKET_ECONNREFUSED);
    attempt(1, "127.0.0.1", 0);
    no_attempt(2);
    end(true);
}

static void no_handle(void) {
    listening();
    sim_handles(1);
    assert_code(USOCKET_EMFILE, dial("127.0.0.1", USOCKET_NEVER));
    no_attempt(0);
    end(false);
}

/* A dial that is abandoned at any moment leaves nothing. */
static void given_up(void) {
    static const usocket_time_t moments[] = { 0, 10 * MS, 100 * MS, 400 * MS, 2 * SECOND };
    sim_host("192.0.2.1", SIM_HOLE);
    sim_host("192.0.2.2", SIM_HOST_DOWN);
    sim_name("host", "192.0.2.1 192.0.2.2 192.0.2.1", 30 * MS, 0);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        listening();
        start("host");
        (void)usocket_dial_step(&d, &s, USOCKET_NEVER);
#if USOCKET_ASYNC
        if (way == by_steps) {
            assert_true(usocket_dial_handle(&d) >= 0);
        }
#endif
        usocket_time_t until = fx_now() + moments[i];
        while (fx_now() < until) {
            sim_sleep(10 * MS);
            assert_code(USOCKET_EINPROGRESS, usocket_dial_step(&d, &s, USOCKET_NEVER));
        }
        end(false);
    }
}

/* Two sockets cannot have one port: one attempt at a time. */
static void source_port(void) {
    usocket_addr_t source = { .family = USOCKET_AF_INET, .port = 45678 }, here;
    sim_host("192.0.2.1", SIM_HOLE);
    sim_name("host", "192.0.2.1 127.0.0.1", 0, 0);
    listening();
    usocket_query_t q = { .host = "host", .port = at.port };
    assert_ok(usocket_dial_start(&d, &q, &source));
    assert_ok(way(usocket_deadline_in(4 * SECOND)));
    fx_took(since, 2 * SECOND);
    attempt(0, "192.0.2.1", USOCKET_ETIMEDOUT);
    assert_ok(usocket_getsockname(&s, &here));
    assert_int_equal(45678, here.port);
    end(true);
}

/* A TLS dial opens a TLS socket, or none. */
static void secret(void) {
    listening();
    usocket_query_t q = { .host = "127.0.0.1", .port = at.port, .proto = USOCKET_PROTO_SEC };
#if USOCKET_TLS
    bool waiting = way == by_waiting; /* then the dial includes the handshake */
    assert_ok(usocket_dial_start(&d, &q, NULL));
    int r = way(usocket_deadline_in(SECOND));
    assert_code(waiting ? USOCKET_ETLS_SETUP : 0, r); /* there is no CA certificate */
    if (!waiting) {
        assert_code(USOCKET_ETLS_SETUP, usocket_tls_handshake_by(&s, USOCKET_NOW));
    }
    end(!waiting);
#else
    assert_code(USOCKET_EPROTONOSUPPORT, usocket_dial_start(&d, &q, NULL));
    end(false);
#endif
}

#if USOCKET_IPV6

/* IPv6 first, then the families alternate. */
static void turns(void) {
    sim_host("192.0.2.1", SIM_REFUSE);
    sim_host("192.0.2.2", SIM_REFUSE);
    sim_host(V6, SIM_HOLE);
    sim_host("2001:db8::2", SIM_REFUSE);
    sim_name("host", "192.0.2.1 192.0.2.2 127.0.0.1 2001:db8::1 2001:db8::2", 0, 0);
    listening();
    assert_ok(dial("host", USOCKET_NEVER));
    assert_true(fx_now() - since >= DELAY);
    assert_true(fx_now() - since < DELAY + 10 * MS);
    attempt(0, V6, USOCKET_EINPROGRESS);
    attempt(1, "192.0.2.1", USOCKET_ECONNREFUSED);
    attempt(2, "2001:db8::2", USOCKET_ECONNREFUSED);
    attempt(3, "192.0.2.2", USOCKET_ECONNREFUSED);
    attempt(4, "127.0.0.1", 0);
    end(true);
}

#endif

#if APART

/* IPv6 addresses that arrive shortly after IPv4's are still tried first. */
static void six_soon_after(void) {
    sim_host(V6, SIM_REFUSE);
    sim_name_family("host", USOCKET_AF_INET, "127.0.0.1", 0, 0);
    sim_name_family("host", USOCKET_AF_INET6, V6, 30 * MS, 0);
    listening();
    assert_ok(dial("host", USOCKET_NEVER));
    assert_true(fx_now() - since >= 30 * MS);
    attempt(0, V6, USOCKET_ECONNREFUSED);
    attempt(1, "127.0.0.1", 0);
    end(true);
}

/* If IPv6 addresses arrive after 50 ms, IPv4 starts and IPv6 joins. */
static void six_late(void) {
    sim_host("192.0.2.1", SIM_HOLE);
    sim_name_family("host", USOCKET_AF_INET, "192.0.2.1 127.0.0.1", 10 * MS, 0);
    sim_name_family("host", USOCKET_AF_INET6, V6, 100 * MS, 0);
    sim_host(V6, SIM_REFUSE);
    listening();
    assert_ok(dial("host", USOCKET_NEVER));
    assert_true(fx_now() - since >= 60 * MS + DELAY);
    assert_true(fx_now() - since < 62 * MS + DELAY);
    attempt(0, "192.0.2.1", USOCKET_EINPROGRESS);
    attempt(1, V6, USOCKET_ECONNREFUSED);
    attempt(2, "127.0.0.1", 0);
    end(true);
}

/* IPv6's answer never arrives, or is negative. */
static void six_never(void) {
    sim_name_family("host", USOCKET_AF_INET, "127.0.0.1", 0, 0);
    sim_name_family("host", USOCKET_AF_INET6, V6, USOCKET_NEVER, 0);
    listening();
    assert_ok(dial("host", USOCKET_NEVER));
    fx_took(since, 50 * MS);
    end(true);
    sim_name_family("four", USOCKET_AF_INET, "127.0.0.1", 0, 0);
    sim_name_family("four", USOCKET_AF_INET6, "", 20 * MS, USOCKET_EAI_NODATA);
    listening();
    assert_ok(dial("four", USOCKET_NEVER));
    fx_took(since, 20 * MS);
    end(true);
}

/* IPv6 addresses that arrive first do not wait for IPv4's. */
static void four_late(void) {
    sim_name_family("host", USOCKET_AF_INET6, V6, 0, 0);
    sim_name_family("host", USOCKET_AF_INET, "127.0.0.1", 400 * MS, 0);
    sim_host(V6, SIM_REFUSE);
    listening();
    assert_ok(dial("host", USOCKET_NEVER));
    fx_took(since, 400 * MS);
    attempt(0, V6, USOCKET_ECONNREFUSED);
    attempt(1, "127.0.0.1", 0);
    end(true);
}

/* Neither family has an address: the more informative code is returned. */
static void neither(void) {
    sim_name_family("host", USOCKET_AF_INET6, "", 0, USOCKET_EAI_AGAIN);
    sim_name_family("host", USOCKET_AF_INET, "", 10 * MS, USOCKET_EAI_NODATA);
    listening();
    assert_code(USOCKET_EAI_AGAIN, dial("host", USOCKET_NEVER));
    end(false);
    sim_name_family("other", USOCKET_AF_INET6, "", 0, USOCKET_EAI_NODATA);
    sim_name_family("other", USOCKET_AF_INET, "", 10 * MS, USOCKET_EAI_NONAME);
    listening();
    assert_code(USOCKET_EAI_NONAME, dial("other", USOCKET_NEVER));
    end(false);
}

#endif

static void interrupted(void) {
    sim_host("192.0.2.1", SIM_HOLE);
    sim_name("host", "192.0.2.1 127.0.0.1", 0, 0);
    listening();
    start("host");
    for (int i = 0; i < 3; i++) {
        sim_signal_in(50 * MS);
        assert_code(USOCKET_EINTR, usocket_dial_by(&d, &s, USOCKET_NEVER));
    }
    assert_ok(usocket_dial_by(&d, &s, USOCKET_NEVER));
    fx_took(since, DELAY);
    end(true);
}

/* USOCKET_NOW makes one step and sets no deadline. */
static void only_look(void) {
    sim_name("host", "127.0.0.1", 10 * MS, 0);
    listening();
    start("host");
    int r;
#if USOCKET_RESOLVER_WORKERS || USOCKET_ASKS
    assert_code(USOCKET_EAGAIN, usocket_dial_by(&d, &s, USOCKET_NOW)); /* the lookup continues */
    sim_sleep(20 * MS);
#endif
    assert_code(USOCKET_EINPROGRESS, usocket_dial_by(&d, &s, USOCKET_NOW));
    while ((r = usocket_dial_by(&d, &s, USOCKET_NOW)) == USOCKET_EINPROGRESS) {
        sim_sleep(MS);
    }
    assert_ok(r);
    end(true);
}

/* Run a test by waiting and by steps. */
#define BOTH(name)                          \
    static void test_##name(void **state) { \
        (void)state;                        \
        way = by_waiting;                   \
        name();                             \
    }                                       \
    static void test_##name##_steps(void **state) { \
        (void)state;                        \
        way = by_steps;                     \
        name();                             \
    }
#define TESTS(name) TEST(test_##name), TEST(test_##name##_steps)

BOTH(hole_first)
BOTH(refused_first)
BOTH(delays)
BOTH(late_answer)
BOTH(slow_lookup)
BOTH(all_fail)
BOTH(deadline)
BOTH(many_holes)
BOTH(few_handles)
BOTH(no_handle)
BOTH(twice)
BOTH(given_up)
BOTH(source_port)
BOTH(secret)
BOTH(interrupted)
BOTH(only_look)
#if USOCKET_IPV6
BOTH(turns)
#endif
#if APART
BOTH(six_soon_after)
BOTH(six_late)
BOTH(six_never)
BOTH(four_late)
BOTH(neither)
#endif

int main(void) {
#if USOCKET_TLS
    sim_begin(); /* mbedTLS allocates a table of keys in its first connection */
    way = by_waiting;
    secret();
#endif
    const struct CMUnitTest tests[] = {
        TESTS(hole_first), TESTS(refused_first), TESTS(delays), TESTS(late_answer), TESTS(slow_lookup), TESTS(all_fail),
        TESTS(deadline), TESTS(many_holes), TESTS(few_handles), TESTS(no_handle), TESTS(twice), TESTS(given_up), TESTS(source_port), TESTS(secret),
        TESTS(interrupted), TESTS(only_look),
#if USOCKET_IPV6
        TESTS(turns),
#endif
#if APART
        TESTS(six_soon_after), TESTS(six_late), TESTS(six_never), TESTS(four_late), TESTS(neither),
#endif
    };
    return RUN(tests);
}
#else
#error "this test is for builds with USOCKET_RACE"
#endif
