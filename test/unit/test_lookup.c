/* Lookups on the simulator: workers, queueing, abandonment, order, flags.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lookup_fixture.h"

#define GROWS (MOST > WORKERS)

static void test_name(void **state) {
    (void)state;
    usocket_query_t q = { .host = "host", .port = 80 };
    sim_name("host", "192.0.2.1", 30 * MS, 0);
    usocket_time_t since = fx_now();
    assert_ok(usocket_lookup_start(&l, &q));
#if WORKERS || USOCKET_ASKS
    fx_took(since, 0);
    assert_code(USOCKET_EAGAIN, usocket_lookup_wait(l, USOCKET_NOW));
    expect_no_more(0); /* no result yet */
    assert_code(USOCKET_ETIMEDOUT, usocket_lookup_wait(l, usocket_deadline_in(10 * MS)));
    sim_signal_in(10 * MS);
    assert_code(USOCKET_EINTR, usocket_lookup_wait(l, USOCKET_NEVER));
    fx_took(since, 20 * MS);
#endif
    assert_ok(usocket_lookup_wait(l, USOCKET_NEVER));
    fx_took(since, 30 * MS);
    assert_ok(usocket_lookup_wait(l, USOCKET_NOW)); /* repeated calls return the same */
    expect(0, USOCKET_AF_INET, USOCKET_STREAM, "192.0.2.1:80"); /* stream results come first */
    expect(1, USOCKET_AF_INET, USOCKET_DGRAM, "192.0.2.1:80");
    expect(2, USOCKET_AF_INET, USOCKET_RAW, "192.0.2.1:80");
    expect_no_more(3);
    expect_no_more(1000000);
    assert_string_equal("", usocket_lookup_name(l));
    assert_string_equal("", usocket_lookup_service(l));
    assert_int_equal(1, sim_resolved());
    usocket_lookup_free(l);
    usocket_lookup_free(NULL);
}

static void test_numeric_starts_nothing(void **state) {
    (void)state;
    static const char *const hosts[] = { "127.0.0.1", "1", "0x7f.1", NULL,
#if USOCKET_IPV6
        "::1", "fe80::1%eth0",
#endif
    };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        assert_ok(start(hosts[i]));
        assert_ok(usocket_lookup_wait(l, USOCKET_NOW));
        assert_int_equal(1, sim_census().allocations);
        assert_int_equal(0, sim_census().handles);
        usocket_lookup_free(l);
    }
    assert_int_equal(0, sim_resolved());
}

#if USOCKET_IPV6
static void test_order(void **state) {
    (void)state;
    sim_name("both", "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2", 0, 0);
    assert_ok(start("both"));
    assert_ok(usocket_lookup_wait(l, USOCKET_NEVER));
    expect(0, USOCKET_AF_INET, USOCKET_STREAM, "192.0.2.1:80");
    expect(1, USOCKET_AF_INET, USOCKET_STREAM, "192.0.2.2:80");
    expect(2, USOCKET_AF_INET6, USOCKET_STREAM, "[2001:db8::1]:80");
    expect(3, USOCKET_AF_INET6, USOCKET_STREAM, "[2001:db8::2]:80");
    expect_no_more(4);
    usocket_lookup_free(l);
    usocket_query_t q = { .host = "both", .port = 1, .type = USOCKET_DGRAM, .family = USOCKET_AF_INET6, .flags = USOCKET_AI_CANONNAME };
    assert_ok(usocket_lookup_start(&l, &q));
    assert_ok(usocket_lookup_wait(l, USOCKET_NEVER));
    expect(0, USOCKET_AF_INET6, USOCKET_DGRAM, "[2001:db8::1]:1");
    assert_string_equal("canon.both", usocket_lookup_name(l));
    usocket_lookup_free(l);
}
#endif

static void test_many_addresses(void **state) {
    (void)state;
    char text[40 * 12] = "";
    for (int i = 0; i < 40; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s192.0.2.%d", i ? " " : "", i);
    }
    sim_name("many", text, 0, 0);
    assert_ok(start("many"));
    assert_ok(usocket_lookup_wait(l, USOCKET_NEVER));
    expect(USOCKET_RESOLVER_RESULTS - 1, USOCKET_AF_INET, USOCKET_STREAM, "192.0.2.15:80");
    expect_no_more(USOCKET_RESOLVER_RESULTS);
    usocket_lookup_free(l);
}

static void test_failures(void **state) {
    (void)state;
    static const int codes[] = { USOCKET_EAI_NONAME, USOCKET_EAI_AGAIN, USOCKET_EAI_FAIL, USOCKET_EAI_NODATA, USOCKET_EAI_MEMORY };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char name[] = "bad0";
        name[3] = (char)('0' + i);
        sim_name(name, "", 5 * MS, codes[i]);
        assert_ok(start(name));
        assert_code(codes[i], usocket_lookup_wait(l, USOCKET_NEVER));
        assert_code(codes[i], usocket_lookup_wait(l, USOCKET_NOW));
        expect_no_more(0);
        usocket_lookup_free(l);
    }
    assert_ok(start("unknown"));
    assert_code(USOCKET_EAI_NONAME, usocket_lookup_wait(l, USOCKET_NEVER));
    usocket_lookup_free(l);
    sim_name("empty", "", 0, 0);
    assert_ok(start("empty"));
    int r = usocket_lookup_wait(l, USOCKET_NEVER);
    assert_true(r == USOCKET_EAI_NODATA || r == USOCKET_EAI_NONAME);
    usocket_lookup_free(l);
}

static void test_bad_queries(void **state) {
    (void)state;
    char longest[300];
    memset(longest, 'a', sizeof longest);
    longest[299] = 0;
    static const struct {
        usocket_query_t q;
        int code;
    } rows[] = {
        { { .host = "h", .flags = 0x40000000 }, USOCKET_EAI_BADFLAGS },
        { { .host = NULL, .port = 1, .flags = USOCKET_AI_CANONNAME }, USOCKET_EAI_BADFLAGS },
        { { .host = NULL }, USOCKET_EAI_NONAME },
        { { .host = "h", .family = 99 }, USOCKET_EAI_FAMILY },
        { { .host = "h", .family = USOCKET_AF_UNIX }, USOCKET_EAI_FAMILY },
        { { .host = "h", .type = 99 }, USOCKET_EAI_SOCKTYPE },
        { { .host = "h", .type = USOCKET_STREAM, .proto = USOCKET_PROTO_UDP }, USOCKET_EAI_SOCKTYPE },
        { { .host = "h", .service = "no-such-service" }, USOCKET_EAI_SERVICE },
        { { .host = "h", .service = "65536" }, USOCKET_EAI_SERVICE },
        { { .host = "h", .service = "4294967376" }, USOCKET_EAI_SERVICE },
        { { .host = "h", .service = "99999999999", .flags = USOCKET_AI_NUMERICSERV }, USOCKET_EAI_SERVICE },
        { { .host = "h", .service = "-1" }, USOCKET_EAI_SERVICE },
        { { .host = "h", .service = "-1", .flags = USOCKET_AI_NUMERICSERV }, USOCKET_EAI_NONAME },
        { { .host = "h", .service = "http", .flags = USOCKET_AI_NUMERICSERV }, USOCKET_EAI_NONAME },
        { { .host = "h", .service = "http", .type = USOCKET_DGRAM }, USOCKET_EAI_SERVICE },
        { { .host = "h", .service = "80", .type = USOCKET_RAW }, USOCKET_EAI_SERVICE },
        { { .host = "h", .flags = USOCKET_AI_NUMERICHOST }, USOCKET_EAI_NONAME },
        { { .host = "", .port = 1 }, USOCKET_EAI_NONAME },
#if USOCKET_IPV6
        { { .host = "127.0.0.1", .family = USOCKET_AF_INET6 }, USOCKET_EAI_ADDRFAMILY },
        { { .host = "::1", .family = USOCKET_AF_INET }, USOCKET_EAI_ADDRFAMILY },
        { { .host = "fe80::1%nowhere", .port = 1 }, USOCKET_EAI_NONAME },
#else
        { { .host = "h", .family = USOCKET_AF_INET6 }, USOCKET_EAI_FAMILY },
#endif
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        l = (void *)&l;
        int r = usocket_lookup_start(&l, &rows[i].q);
        if (r != rows[i].code || l) {
            fail_msg("row %zu: %s instead of %s", i, usocket_errname(r), usocket_errname(rows[i].code));
        }
    }
    int r = start(longest);
    assert_true(r == USOCKET_EAI_NONAME || r == USOCKET_ENAMETOOLONG);
    for (size_t i = 63; i < 253; i += 64) {
        longest[i] = '.';
    }
    longest[253] = 0; /* the longest valid name is passed on */
    assert_ok(start(longest));
    assert_code(USOCKET_EAI_NONAME, usocket_lookup_wait(l, USOCKET_NEVER));
    usocket_lookup_free(l);
    assert_int_equal(1, sim_resolved());
}

static void test_services(void **state) {
    (void)state;
    static const struct {
        const char *service;
        int type;
        uint16_t port;
    } rows[] = { { "http", 0, 80 }, { "http", USOCKET_STREAM, 80 }, { "ntp", 0, 123 }, { "ntp", USOCKET_DGRAM, 123 },
        { "domain", 0, 53 }, { "0", 0, 0 }, { "65535", USOCKET_DGRAM, 65535 }, { "00080", 0, 80 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        usocket_query_t q = { .host = "127.0.0.1", .service = rows[i].service, .type = rows[i].type };
        usocket_addrinfo_t info;
        assert_ok(usocket_lookup_start(&l, &q));
        assert_ok(usocket_lookup_get(l, 0, &info));
        assert_int_equal(rows[i].port, info.addr.port);
        usocket_lookup_free(l);
    }
}

#if WORKERS

/* A query that waits for room in the stack ends when its lookup is abandoned. */
static void test_no_room(void **state) {
    (void)state;
    sim_name("host", "192.0.2.1", 0, 0);
    sim_busy(fx_now() + 3600 * SECOND);
    assert_ok(start("host"));
    assert_code(USOCKET_ETIMEDOUT, usocket_lookup_wait(l, usocket_deadline_in(10 * MS)));
    usocket_lookup_free(l);
    sim_sleep(100 * MS);
    assert_int_equal(0, sim_census().allocations);
}

/* A lookup that is abandoned while it runs frees itself when the resolver returns. */
static void test_abandon(void **state) {
    (void)state;
    sim_name("slow", "192.0.2.1", 50 * MS, 0);
    assert_ok(start("slow"));
    assert_code(USOCKET_ETIMEDOUT, usocket_lookup_wait(l, usocket_deadline_in(10 * MS)));
    assert_int_equal(1, sim_resolving());
    usocket_lookup_free(l);
    assert_int_equal(0, sim_census().handles); /* the event is freed at once, the memory later */
    assert_int_equal(1, sim_census().allocations);
    sim_sleep(60 * MS);
    assert_int_equal(0, sim_census().allocations);
    assert_ok(start("slow")); /* abandoned before it started */
    usocket_lookup_free(l);
    assert_int_equal(0, sim_census().allocations);
    sim_name("never", "", USOCKET_NEVER, 0); /* still running at the end of the test */
    assert_ok(start("never"));
    assert_code(USOCKET_ETIMEDOUT, usocket_lookup_wait(l, usocket_deadline_in(3600 * SECOND)));
    usocket_lookup_free(l);
}

/* The number of running lookups is limited; others queue and can be abandoned in the queue. */
static void test_queue(void **state) {
    (void)state;
    enum { MANY = 3 * WORKERS };
    usocket_lookup_t *many[MANY];
    sim_name("slow", "192.0.2.1", 50 * MS, 0);
    usocket_time_t since = fx_now();
    for (int i = 0; i < MANY; i++) {
        assert_ok(start_own("slow", i));
        many[i] = l;
    }
    sim_sleep(1);
    assert_int_equal(WORKERS, sim_resolving());
    assert_int_equal(WORKERS + GROWS, sim_census().actors); /* one actor watches the queue */
    usocket_lookup_free(many[MANY - 1]); /* still queued: freed at once */
    assert_int_equal(MANY - 1, sim_census().allocations);
    for (int i = 0; i < MANY - 1; i++) {
        assert_ok(usocket_lookup_wait(many[i], USOCKET_NEVER));
        fx_took(since, (1 + i / WORKERS) * 50 * MS);
        usocket_lookup_free(many[i]);
    }
    assert_int_equal(MANY - 1, sim_resolved());
}

/* Abandoned lookups delay no others until they occupy all workers. */
static void test_hung_workers(void **state) {
    (void)state;
    usocket_lookup_t *kept[MOST];
    sim_name("never", "", USOCKET_NEVER, 0);
    sim_name("host", "192.0.2.1", 0, 0);
    for (int i = 0; i < MOST; i++) {
        assert_ok(start("never"));
        sim_sleep(1);
        usocket_lookup_free(l);
    }
    assert_ok(start("host"));
    assert_ok(usocket_lookup_wait(l, USOCKET_NEVER));
    usocket_lookup_free(l);
    sim_sleep(1);
    for (int i = 0; i < MOST; i++) {
        assert_ok(start_own("never", i));
        kept[i] = l;
    }
    sim_sleep(SECOND); /* until the number of workers reaches its limit */
    assert_ok(start("host"));
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_lookup_wait(l, usocket_deadline_in(SECOND)));
    fx_took(since, SECOND);
    assert_int_equal(2 * MOST, sim_resolving());
    usocket_lookup_free(l);
    for (int i = 0; i < MOST; i++) {
        usocket_lookup_free(kept[i]);
    }
}

#if GROWS
/* If all workers wait for a silent server, their number doubles after 250 ms, up to the limit. */
static void test_grows(void **state) {
    (void)state;
    usocket_lookup_t *kept[MOST];
    sim_name("never", "", USOCKET_NEVER, 0);
    sim_name("host", "192.0.2.1", 0, 0);
    usocket_time_t since = fx_now();
    for (int i = 0; i < MOST; i++) {
        assert_ok(start_own("never", i));
        kept[i] = l;
    }
    for (int workers = WORKERS; workers <= MOST; workers *= 2) {
        sim_sleep(MS);
        assert_int_equal(workers, sim_resolving());
        sim_sleep(248 * MS);
        assert_int_equal(workers, sim_resolving());
        sim_sleep(MS);
    }
    assert_int_equal(MOST, sim_resolving());
    for (int i = 0; i < MOST; i++) {
        usocket_lookup_free(kept[i]);
    }
    /* A lookup that can be answered overtakes four that cannot. */
    for (int i = 0; i < WORKERS; i++) {
        assert_ok(start_own("never", i));
        kept[i] = l;
    }
    since = fx_now();
    assert_ok(start("host"));
    assert_ok(usocket_lookup_wait(l, USOCKET_NEVER));
    fx_took(since, 250 * MS);
    usocket_lookup_free(l);
    sim_sleep(SECOND);
    assert_int_equal(MOST + WORKERS, sim_resolving());
    for (int i = 0; i < WORKERS; i++) {
        usocket_lookup_free(kept[i]);
    }
}
#endif

/* Abandoning a lookup starts a queued one at once. */
static void test_make_way(void **state) {
    (void)state;
    usocket_lookup_t *kept[WORKERS], *queued;
    sim_name("never", "", USOCKET_NEVER, 0);
    sim_name("host", "192.0.2.1", 0, 0);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < WORKERS; i++) {
            assert_ok(start_own("never", i));
            kept[i] = l;
        }
        sim_sleep(1);
        assert_ok(start("host"));
        queued = l;
        if (round) { /* if no thread can be started, the queued lookup fails when no worker is left to serve it */
            sim_fault(1, 0, true);
        }
        for (int i = 0; i < WORKERS; i++) {
            usocket_lookup_free(kept[i]);
        }
        sim_fault(0, 0, false);
        int r = usocket_lookup_wait(queued, usocket_deadline_in(SECOND));
        assert_true(r == 0 || (round && (r == USOCKET_EAI_AGAIN || r == USOCKET_ETIMEDOUT)));
        usocket_lookup_free(queued);
        assert_true(sim_drain());
    }
}

static void close_later(void *arg) {
    sim_sleep(50 * MS);
    usocket_close(arg);
}

/* The socket of a lookup can be closed during it. */
static void test_wait_for(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    sim_name("slow", "192.0.2.1", 100 * MS, 0);
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(start("slow"));
    assert_ok(usocket_lookup_wait_for(l, &s, USOCKET_NEVER));
    usocket_lookup_free(l);
    assert_ok(start("slow"));
    usocket_time_t since = fx_now();
    sim_actor(close_later, &s);
    assert_code(USOCKET_EBADF, usocket_lookup_wait_for(l, &s, USOCKET_NEVER));
    fx_took(since, 50 * MS);
    sim_join();
    assert_code(USOCKET_EBADF, usocket_lookup_wait_for(l, &s, USOCKET_NEVER));
    assert_ok(usocket_lookup_wait_for(l, NULL, USOCKET_NEVER));
    usocket_lookup_free(l);
}

/* Without a thread the lookup fails, unless an existing worker serves it. */
static void test_no_thread(void **state) {
    (void)state;
    sim_name("slow", "192.0.2.1", 50 * MS, 0);
    sim_fault(2, 0, false); /* the first call is event_open, the second spawn */
    assert_code(USOCKET_EAGAIN, start("slow"));
    assert_null(l);
    usocket_lookup_t *first;
    assert_ok(start("slow"));
    first = l;
    sim_fault(2, 0, true);
    assert_ok(start_own("slow", 1));
    sim_fault(0, 0, false);
    assert_ok(usocket_lookup_wait(first, USOCKET_NEVER));
    assert_ok(usocket_lookup_wait(l, USOCKET_NEVER));
    usocket_lookup_free(first);
    usocket_lookup_free(l);
}

#endif

static void reverse(const char *text, uint16_t port, int flags, int code, const char *host, const char *service) {
    usocket_addr_t a = fx_addr(text, port);
    assert_ok(usocket_lookup_reverse(&l, &a, flags));
    assert_code(code, usocket_lookup_wait(l, USOCKET_NEVER));
    if (code == 0) {
        assert_string_equal(host, usocket_lookup_name(l));
        assert_string_equal(service, usocket_lookup_service(l));
    }
    usocket_addrinfo_t info;
    assert_code(USOCKET_ENOENT, usocket_lookup_get(l, 0, &info));
    usocket_lookup_free(l);
}

static void test_reverse(void **state) {
    (void)state;
    sim_name("host", "192.0.2.1", 10 * MS, 0);
    reverse("192.0.2.1", 80, 0, 0, "host", "http");
    reverse("192.0.2.1", 123, 0, 0, "host", "123");
    reverse("192.0.2.1", 123, USOCKET_NI_DGRAM, 0, "host", "ntp");
    reverse("192.0.2.1", 80, USOCKET_NI_NUMERICSERV, 0, "host", "80");
    reverse("192.0.2.9", 65535, 0, 0, "192.0.2.9", "65535");
    reverse("192.0.2.9", 0, USOCKET_NI_NUMERICSERV, 0, "192.0.2.9", "0");
    reverse("192.0.2.9", 10203, USOCKET_NI_NUMERICSERV, 0, "192.0.2.9", "10203");
    reverse("192.0.2.9", 0, USOCKET_NI_NAMEREQD, USOCKET_EAI_NONAME, NULL, NULL);
    int asked = sim_resolved();
    reverse("192.0.2.1", 80, USOCKET_NI_NUMERICHOST, 0, "192.0.2.1", "http");
    assert_int_equal(asked, sim_resolved());
#if USOCKET_IPV6
    reverse("fe80::1%2", 80, USOCKET_NI_NUMERICHOST | USOCKET_NI_NUMERICSERV, 0, "fe80::1%eth0", "80");
    reverse("::1", 80, 0, 0, "::1", "http");
#endif
    usocket_addr_t a = fx_addr("192.0.2.1", 80);
    assert_code(USOCKET_EAI_NONAME, usocket_lookup_reverse(&l, &a, USOCKET_NI_NUMERICHOST | USOCKET_NI_NAMEREQD));
    assert_null(l);
    assert_code(USOCKET_EAI_BADFLAGS, usocket_lookup_reverse(&l, &a, USOCKET_NI_NUMERICHOST | 0x20));
    assert_null(l);
    assert_code(USOCKET_EAI_BADFLAGS, usocket_lookup_reverse(&l, &a, 1 << 30));
    a.family = USOCKET_AF_UNIX;
    assert_code(USOCKET_EAI_FAMILY, usocket_lookup_reverse(&l, &a, 0));
#if !USOCKET_IPV6
    a.family = USOCKET_AF_INET6;
    a.scope = 2;
    assert_code(USOCKET_EAI_FAMILY, usocket_lookup_reverse(&l, &a, USOCKET_NI_NUMERICHOST));
#endif
}

static void test_interfaces(void **state) {
    (void)state;
    char name[USOCKET_IFNAME_MAX];
    unsigned index = 0;
    assert_int_equal(1, usocket_if_nametoindex("lo"));
    assert_code(USOCKET_ENODEV, usocket_if_nametoindex("nowhere"));
    assert_ok(usocket_if_indextoname(2, name));
    assert_string_equal("eth0", name);
    assert_code(USOCKET_ENXIO, usocket_if_indextoname(7, name));
    assert_ok(usocket_if_next(&index, name));
    assert_ok(usocket_if_next(&index, name));
    assert_int_equal(2, index);
    assert_code(USOCKET_ENXIO, usocket_if_next(&index, name));
    assert_ok(usocket_gethostname(name, sizeof name));
    assert_string_equal("sim", name);
    assert_code(USOCKET_ENAMETOOLONG, usocket_gethostname(name, 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_name), TEST(test_numeric_starts_nothing), TEST(test_many_addresses), TEST(test_failures), TEST(test_bad_queries),
        TEST(test_services), TEST(test_reverse), TEST(test_interfaces),
#if USOCKET_IPV6
        TEST(test_order),
#endif
#if WORKERS
        TEST(test_no_room), TEST(test_abandon), TEST(test_queue), TEST(test_hung_workers),
#if GROWS
        TEST(test_grows),
#endif
        TEST(test_make_way), TEST(test_wait_for), TEST(test_no_thread),
#endif
    };
    return RUN(tests);
}
