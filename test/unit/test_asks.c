/* Lookups that the stack answers by itself (USOCKET_ASKS), and its reports of sockets (USOCKET_NOTIFIES), on the simulator.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lookup_fixture.h"

/* ---- Lookups ---- */

static void test_deadlines(void **state) {
    (void)state;
    sim_name("host", "192.0.2.1", 30 * MS, 0);
    usocket_time_t since = fx_now();
    assert_ok(start("host"));
    fx_took(since, 0);
    assert_int_equal(1, sim_resolving());
    assert_int_equal(1, sim_census().handles); /* the question; there is no thread */
    assert_int_equal(0, sim_census().actors);
    assert_code(USOCKET_EAGAIN, usocket_lookup_wait(l, USOCKET_NOW));
    assert_code(USOCKET_ETIMEDOUT, usocket_lookup_wait(l, since + 30 * MS - 1));
    assert_int_equal(30 * MS - 1, fx_now() - since);
    expect_no_more(0);
    assert_ok(usocket_lookup_wait(l, USOCKET_NEVER));
    assert_int_equal(30 * MS, fx_now() - since);
    expect(0, USOCKET_AF_INET, USOCKET_STREAM, "192.0.2.1:80");
    expect_no_more(1);
    usocket_lookup_free(l);
}

/* An answer that exists at once is there without a wait. */
static void test_at_once(void **state) {
    (void)state;
    sim_name("host", "192.0.2.1 192.0.2.2", 0, 0);
    sim_name("bad", "", 0, USOCKET_EAI_FAIL);
    unsigned long waits = sim_waits();
    assert_ok(start("host"));
    expect(0, USOCKET_AF_INET, USOCKET_STREAM, "192.0.2.1:80");
    expect(1, USOCKET_AF_INET, USOCKET_STREAM, "192.0.2.2:80");
    assert_ok(usocket_lookup_wait(l, USOCKET_NOW));
    usocket_lookup_free(l);
    assert_ok(start("bad"));
    assert_code(USOCKET_EAI_FAIL, usocket_lookup_wait(l, USOCKET_NOW));
    usocket_lookup_free(l);
    assert_int_equal(waits, sim_waits());
}

static void test_never(void **state) {
    (void)state;
    sim_name("never", "", USOCKET_NEVER, 0);
    assert_ok(start("never"));
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_lookup_wait(l, since + SECOND));
    assert_int_equal(SECOND, fx_now() - since);
    assert_code(USOCKET_ETIMEDOUT, usocket_lookup_wait(l, since + 3 * SECOND));
    assert_int_equal(3 * SECOND, fx_now() - since);
    usocket_lookup_free(l);
    assert_int_equal(0, sim_census().handles);
    assert_int_equal(0, sim_resolving());
}

/* The question ends with the lookup, and another one begins anew. */
static void test_given_up(void **state) {
    (void)state;
    sim_name("host", "192.0.2.1", 30 * MS, 0);
    assert_ok(start("host"));
    sim_sleep(10 * MS);
    usocket_lookup_free(l);
    assert_int_equal(0, sim_census().handles);
    assert_int_equal(0, sim_census().allocations);
    usocket_time_t since = fx_now();
    assert_ok(start("host"));
    assert_ok(usocket_lookup_wait(l, USOCKET_NEVER));
    assert_int_equal(30 * MS, fx_now() - since);
    usocket_lookup_free(l);
    assert_ok(start("host"));
    sim_sleep(40 * MS); /* answered, and never taken */
    usocket_lookup_free(l);
    assert_int_equal(0, sim_census().handles);
    assert_int_equal(3, sim_resolved());
}

/* A stack that has no room for a question takes it later; the deadline holds meanwhile. */
static void test_full_table(void **state) {
    (void)state;
    sim_name("host", "192.0.2.1", 10 * MS, 0);
    usocket_time_t since = fx_now();
    sim_busy(since + 50 * MS);
    assert_ok(start("host"));
    assert_code(USOCKET_ETIMEDOUT, usocket_lookup_wait(l, since + 40 * MS));
    assert_int_equal(40 * MS, fx_now() - since);
    usocket_lookup_free(l);
    assert_int_equal(0, sim_census().handles);
    assert_ok(start("host"));
    assert_ok(usocket_lookup_wait(l, USOCKET_NEVER));
    assert_int_equal(60 * MS, fx_now() - since);
    expect(0, USOCKET_AF_INET, USOCKET_STREAM, "192.0.2.1:80");
    usocket_lookup_free(l);
}

/* A lack of handles is the call's failure; a question that the stack refuses is the lookup's. */
static void test_refused(void **state) {
    (void)state;
    sim_name("host", "192.0.2.1", 0, 0);
    sim_handles(0);
    assert_code(USOCKET_EMFILE, start("host"));
    assert_null(l);
    assert_int_equal(0, sim_census().allocations);
    sim_handles(10);
    enum sim_call call;
    unsigned codes = 1;
    unsigned as_lookup = 0, as_call = 0;
    for (unsigned pick = 0; pick < codes; pick++) {
        sim_fault(1, pick, false);
        int r = start("host");
        assert_true(sim_faulted(&call, &codes));
        assert_int_equal(SIM_ASK, call);
        if (r == 0) {
            r = usocket_lookup_wait(l, USOCKET_NOW);
            assert_true(usocket_is_eai(r));
            usocket_lookup_free(l);
            as_lookup++;
        } else {
            assert_null(l);
            as_call++;
        }
        assert_int_equal(0, sim_census().handles);
        assert_int_equal(0, sim_census().allocations);
    }
    assert_true(as_lookup > 0 && as_call > 0);
    sim_fault(0, 0, false);
}

static usocket_time_t hook_at;

static bool hook(void) {
    return fx_now() >= hook_at;
}

/* The hook ends a wait within a slice, and the lookup goes on. */
static void test_hook(void **state) {
    (void)state;
    sim_name("host", "192.0.2.1", SECOND, 0);
    usocket_time_t since = fx_now();
    hook_at = since + 250 * MS;
    usocket_set_interrupt_hook(hook);
    assert_ok(start("host"));
    assert_code(USOCKET_EINTR, usocket_lookup_wait(l, USOCKET_NEVER));
    usocket_time_t took = fx_now() - since;
    assert_true(took >= 250 * MS && took <= 250 * MS + USOCKET_WAIT_SLICE_MS * MS);
    hook_at = USOCKET_NEVER;
    assert_ok(usocket_lookup_wait(l, USOCKET_NEVER));
    assert_int_equal(SECOND, fx_now() - since);
    usocket_lookup_free(l);
    hook_at = fx_now() + 100 * MS; /* no interruption prolongs a call */
    since = fx_now();
    assert_ok(start("host"));
    assert_code(USOCKET_ETIMEDOUT, usocket_lookup_wait(l, since + 100 * MS));
    assert_int_equal(100 * MS, fx_now() - since);
    usocket_lookup_free(l);
}

#if USOCKET_ASYNC || USOCKET_RACE
/* The handle is readable from the answer on. */
static void test_handle(void **state) {
    (void)state;
    sim_name("host", "192.0.2.1", 30 * MS, 0);
    usocket_time_t since = fx_now();
    assert_ok(start("host"));
    usocket_wait_t w = { usocket_lookup_handle(l), USOCKET_POLL_IN, 0 };
    assert_true(w.handle >= 0);
    assert_code(0, usocket_port_wait(&w, 1, since + 29 * MS));
    assert_code(1, usocket_port_wait(&w, 1, USOCKET_NEVER));
    assert_int_equal(USOCKET_POLL_IN, w.ready);
    assert_int_equal(30 * MS, fx_now() - since);
    expect(0, USOCKET_AF_INET, USOCKET_STREAM, "192.0.2.1:80"); /* takes the answer */
    assert_code(1, usocket_port_wait(&w, 1, USOCKET_NOW));
    assert_ok(usocket_lookup_wait(l, USOCKET_NOW));
    usocket_lookup_free(l);
    assert_ok(start("127.0.0.1")); /* has no question */
    assert_code(USOCKET_ENOENT, usocket_lookup_handle(l));
    usocket_lookup_free(l);
}
#endif

#if USOCKET_ASYNC
/* A set reports a question like a socket. */
static void test_set(void **state) {
    (void)state;
    sim_name("host", "192.0.2.1", 30 * MS, 0);
    usocket_time_t since = fx_now();
    assert_ok(start("host"));
    int handle = usocket_lookup_handle(l), set = usocket_port_set_open();
    assert_ok(usocket_port_set_arm(set, handle, USOCKET_POLL_IN));
    usocket_wait_t w = { set, USOCKET_POLL_IN, 0 }, out[2];
    assert_int_equal(0, usocket_port_set_take(set, out, 2));
    assert_code(1, usocket_port_wait(&w, 1, USOCKET_NEVER));
    assert_int_equal(30 * MS, fx_now() - since);
    assert_int_equal(1, usocket_port_set_take(set, out, 2));
    assert_int_equal(handle, out[0].handle);
    assert_ok(usocket_port_set_arm(set, handle, USOCKET_POLL_IN));
    usocket_lookup_free(l); /* leaves the set */
    assert_code(0, usocket_port_wait(&w, 1, USOCKET_NOW));
    usocket_port_event_close(set);
}
#endif

/* With one family without an address, or with a server that is silent for it, the other one counts. */
static void test_families(void **state) {
    (void)state;
    usocket_t listener = USOCKET_CLOSED, s = USOCKET_CLOSED;
    usocket_dial_t d;
    usocket_query_t q = { .host = "half", .type = USOCKET_STREAM };
    q.port = fx_listen(&listener, USOCKET_AF_INET, 4).port;
    static const struct {
        usocket_time_t delay;
        int code;
    } six[] = { { 0, USOCKET_EAI_NONAME }, { 40 * MS, USOCKET_EAI_AGAIN }, { USOCKET_NEVER, 0 } };
    for (size_t i = 0; i < sizeof six / sizeof *six; i++) {
        char name[] = "half0";
        name[4] = (char)('0' + i);
        q.host = name;
        sim_name_family(name, USOCKET_AF_INET6, "", six[i].delay, six[i].code);
        sim_name_family(name, USOCKET_AF_INET, "127.0.0.1", 20 * MS, 0);
        sim_name_family(name, USOCKET_AF_UNSPEC, "127.0.0.1", 20 * MS, 0); /* of a dialer that asks once */
        assert_ok(usocket_dial_start(&d, &q, NULL));
        assert_ok(usocket_dial_by(&d, &s, usocket_deadline_in(SECOND)));
        usocket_dial_end(&d, &s);
        assert_ok(usocket_close(&s));
    }
    q.host = "none";
    sim_name("none", "", 5 * MS, USOCKET_EAI_AGAIN);
    assert_ok(usocket_dial_start(&d, &q, NULL));
    assert_code(USOCKET_EAI_AGAIN, usocket_dial_by(&d, &s, USOCKET_NEVER));
    usocket_dial_end(&d, &s);
    assert_ok(usocket_close(&listener));
    assert_int_equal(0, sim_resolving());
}

/* ---- Reports ---- */

static int reports, refusals;
static usocket_time_t reported_at;

static bool on_ready(void *arg) {
    (void)arg;
    if (refusals > 0) {
        refusals--;
        return false;
    }
    reports++;
    reported_at = fx_now();
    return true;
}

static bool on_other(void *arg) {
    ++*(int *)arg;
    return true;
}

static void expect_reports(int n) {
    sim_sleep(20 * MS);
    assert_int_equal(n, reports);
}

static usocket_t a, b;

static void begin_pair(void) {
    usocket_init(&a);
    usocket_init(&b);
    reports = refusals = 0;
    fx_connect(&a, &b);
}

static void end_pair(void) {
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
}

static void test_once(void **state) {
    (void)state;
    usocket_watch_t *w;
    char buf[4];
    begin_pair();
    assert_ok(usocket_watch(&w, &b, on_ready, NULL));
    assert_int_equal(0, sim_census().actors);
    expect_reports(0);
    usocket_time_t since = fx_now();
    assert_code(1, usocket_send(&a, "x", 1));
    expect_reports(1);
    assert_int_equal(100, reported_at - since); /* the latency, and nothing more */
    assert_code(1, usocket_send(&a, "y", 1));
    expect_reports(1); /* once */
    usocket_watch_again(w);
    assert_int_equal(2, reports); /* at once, since there is data */
    assert_code(2, usocket_recv(&b, buf, 4));
    usocket_watch_again(w);
    usocket_watch_again(w); /* armed twice, it reports once */
    expect_reports(2);
    assert_ok(usocket_shutdown(&a, USOCKET_SHUT_WR));
    expect_reports(3); /* the end of the stream */
    usocket_watch_end(w);
    end_pair();
}

static void test_refusals(void **state) {
    (void)state;
    usocket_watch_t *w;
    begin_pair();
    refusals = 3;
    assert_ok(usocket_watch(&w, &b, on_ready, NULL));
    usocket_time_t since = fx_now();
    assert_code(1, usocket_send(&a, "x", 1));
    expect_reports(1);
    assert_int_equal(0, refusals);
    assert_true(reported_at - since > 100 && reported_at - since <= 10 * MS);
    refusals = 1000; /* it is asked without end, until it is disarmed */
    usocket_watch_again(w);
    expect_reports(1);
    assert_true(refusals < 1000 && refusals > 0);
    usocket_watch_end(w);
    int left = refusals;
    expect_reports(1);
    assert_int_equal(left, refusals);
    end_pair();
}

static void test_disarmed(void **state) {
    (void)state;
    usocket_watch_t *w;
    begin_pair();
    assert_ok(usocket_watch(&w, &b, on_ready, NULL));
    assert_code(1, usocket_send(&a, "x", 1)); /* on its way */
    usocket_watch_end(w);
    expect_reports(0);
    end_pair();
}

/* The second watch of a connection replaces the first, of which the end leaves the second alone. */
static void test_replaced(void **state) {
    (void)state;
    usocket_watch_t *first, *second;
    int others = 0;
    begin_pair();
    assert_ok(usocket_watch(&first, &b, on_other, &others));
    assert_ok(usocket_watch(&second, &b, on_ready, NULL));
    usocket_watch_end(first);
    assert_code(1, usocket_send(&a, "x", 1));
    expect_reports(1);
    assert_int_equal(0, others);
    usocket_watch_end(second);
    end_pair();
}

/* A watch outlives the program's socket, and its handle: neither is reported any more. */
static void test_closed(void **state) {
    (void)state;
    usocket_watch_t *w;
    begin_pair();
    assert_ok(usocket_watch(&w, &b, on_ready, NULL));
    assert_ok(usocket_close(&b)); /* the watch shares the connection */
    assert_code(1, usocket_send(&a, "x", 1));
    expect_reports(1);
    usocket_watch_end(w);
    assert_code(USOCKET_EBADF, usocket_watch(&w, &b, on_ready, NULL));
    assert_null(w);
    end_pair();

    begin_pair();
    assert_ok(usocket_watch(&w, &b, on_ready, NULL));
    int handle = usocket_detach(&b);
    assert_true(handle >= 0);
    assert_ok(usocket_port_close(handle)); /* disarms */
    usocket_watch_again(w);
    usocket_send(&a, "x", 1);
    expect_reports(0);
    usocket_watch_end(w); /* disarms a handle that is closed */
    end_pair();
}

/* usocket_port_notify is called with each code that it has. */
static void test_notify_fails(void **state) {
    (void)state;
    usocket_watch_t *w;
    begin_pair();
    int before = sim_census().allocations;
    sim_fault_alloc(1, false);
    assert_code(USOCKET_ENOMEM, usocket_watch(&w, &b, on_ready, NULL));
    sim_fault_alloc(0, false);
    sim_fault(1, 0, false);
    assert_code(USOCKET_EBADF, usocket_watch(&w, &b, on_ready, NULL));
    enum sim_call call;
    unsigned codes;
    assert_true(sim_faulted(&call, &codes));
    assert_int_equal(SIM_NOTIFY, call);
    sim_fault(0, 0, false);
    assert_null(w);
    assert_int_equal(before, sim_census().allocations);
    end_pair();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_deadlines), TEST(test_at_once), TEST(test_never), TEST(test_given_up), TEST(test_full_table), TEST(test_refused),
        TEST(test_hook),
#if USOCKET_ASYNC || USOCKET_RACE
        TEST(test_handle),
#endif
#if USOCKET_ASYNC
        TEST(test_set),
#endif
        TEST(test_families), TEST(test_once), TEST(test_refusals), TEST(test_disarmed), TEST(test_replaced), TEST(test_closed),
        TEST(test_notify_fails),
    };
    return RUN(tests);
}
