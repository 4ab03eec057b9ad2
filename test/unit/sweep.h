/* The failure loop: in every scenario the n-th port call fails, n = 1, 2, ... until a clean pass, once and permanently, with each code
 * that the call may return; then each allocation likewise. Every result must be one that the function's documentation allows; no handle
 * may stay open, no memory allocated, the clock must stay within bounds, and everything must be closable twice.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "fixture.h"
#include "allowed.h" /* generated from the headers */

struct scenario {
    const char *name;
    void (*run)(void);
};
#define S(name) { #name, name }

#define BOUND (60 * SECOND)
static char trouble[400];
static const char *scenario;
static bool faulty; /* a run with a fault: any allowed code passes */

/* On a TLS socket any call may have to send, receive and connect. */
static bool tls_may_return(int32_t r) {
    return usocket_is_tls(r) || lists("usocket_send_by", r) || lists("usocket_recv_by", r) || lists("usocket_connect_wait", r);
}
static bool with_tls; /* the call is made on a TLS socket */

static int32_t check(const char *function, int32_t r) {
    if (r < 0 && !lists(function, r) && !(with_tls && tls_may_return(r)) && !trouble[0]) {
        snprintf(trouble, sizeof trouble, "%s returned %s (%d), which its documentation does not list", function, usocket_errname(r), (int)r);
    }
    return r;
}
#define CALL(function, ...) check("usocket_" #function, usocket_##function(__VA_ARGS__))

static void need(bool ok, const char *what) {
    if (!ok && !trouble[0]) {
        snprintf(trouble, sizeof trouble, "%s", what);
    }
}
#define NEED(what) need((what), #what)
#define CLEAN(what) need(faulty || (what), #what) /* required in a run without a fault */

/* Repeat a call after USOCKET_EINTR, as a caller does, but not for ever. */
#define AGAIN(r, call)                                  \
    for (int tries_ = 0; tries_ < 3; tries_++) {        \
        (r) = (call);                                   \
        if ((r) != USOCKET_EINTR) {                     \
            break;                                      \
        }                                               \
    }

static usocket_t s[5];

/* Close everything twice, which must always be possible; afterwards nothing is open. */
static void close_all(void) {
    for (size_t i = 0; i < sizeof s / sizeof *s; i++) {
        CALL(close, &s[i]);
        NEED(usocket_fileno(&s[i]) == -1);
        NEED(usocket_close(&s[i]) == 0);
        NEED(usocket_fileno(&s[i]) == -1);
    }
}

static usocket_time_t soon(void) {
    return usocket_deadline_in(2 * SECOND);
}

/* A function that fails leaves its socket closed. */
static bool opened(int r, const usocket_t *sock) {
    NEED((r == 0) == (usocket_fileno(sock) >= 0));
    return r == 0;
}

/* Defined by the test program: runs before a scenario in a fresh world, and after it before handles and memory are counted. */
static void prepare(void);
static void tidy(void);

static unsigned long runs;
static bool brief;        /* one code for each call in place of all */
static unsigned step = 1; /* only each step-th call fails */
static unsigned phase;    /* the first of them */

/* One run in a fresh world. Returns true if the fault has happened. */
static bool run(const struct scenario *which, unsigned n, unsigned pick, bool for_good, bool memory, unsigned *codes) {
    enum sim_call call = SIM_CALLS;
    sim_begin();
    prepare();
    for (size_t i = 0; i < sizeof s / sizeof *s; i++) {
        usocket_init(&s[i]);
    }
    usocket_time_t since = fx_now();
    faulty = n != 0;
    if (memory) {
        sim_fault_alloc(n, for_good);
    } else {
        sim_fault(n, pick, for_good);
    }
    which->run();
    close_all();
    tidy();
    bool happened = memory ? sim_faulted_alloc() : sim_faulted(&call, codes);
    NEED(fx_now() - since < BOUND);
    bool drained = sim_drain();
    sim_census_t c = sim_census();
    if (!trouble[0] && (!drained || c.handles || c.allocations || c.actors || c.misuses)) {
        snprintf(trouble, sizeof trouble, "left: %d handles, %d allocations, %d actors; %d misuses", c.handles, c.allocations, c.actors, c.misuses);
    }
    if (trouble[0]) {
        print_error("%s, %s %u (%s, code %u) fails %s: %s\n", scenario, memory ? "allocation" : "port call", n,
            call == SIM_CALLS ? "-" : sim_call_name(call), pick, for_good ? "for good" : "once", trouble);
    }
    runs++;
    return happened;
}

static void sweep(const struct scenario *which) {
    unsigned troubles = 0, codes = 0;
    scenario = which->name;
    trouble[0] = 0;
    run(which, 0, 0, false, false, &codes);
    if (trouble[0]) {
        fail();
    }
    for (int way = 0; way < 4; way++) {
        bool memory = way & 1, for_good = way & 2, more = true;
        for (unsigned n = 1 + (phase + (unsigned)way) % step; more && troubles < 50; n += step) {
            more = false;
            codes = 1;
            for (unsigned pick = brief ? n : 0; pick < (brief ? n + 1 : codes); pick++) {
                trouble[0] = 0;
                more = run(which, n, pick, for_good, memory, &codes) || more;
                troubles += trouble[0] != 0;
                codes = memory ? 1 : codes;
            }
        }
    }
    assert_int_equal(0, troubles);
}

static int sweep_all(const char *group, const struct scenario *scenarios, size_t n, CMUnitTestFunction test) {
    struct CMUnitTest tests[32];
    assert_true(n <= sizeof tests / sizeof *tests);
    for (size_t i = 0; i < n; i++) {
        tests[i] = (struct CMUnitTest){ .name = scenarios[i].name, .test_func = test, .initial_state = (void *)(uintptr_t)&scenarios[i] };
    }
    int failed = _cmocka_run_group_tests(group, tests, n, NULL, NULL);
    fprintf(stderr, "# %lu runs\n", runs);
    return failed != 0;
}

static void test_scenario(void **state) {
    sweep(*state);
}
#define SWEEP(group, scenarios) sweep_all(group, scenarios, sizeof scenarios / sizeof *scenarios, test_scenario)

#endif
