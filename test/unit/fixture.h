/* Fixtures of tests that run on the simulated network (TEST_SIM) and on the real one over loopback.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "usocket/usocket.h"

#ifdef TEST_SIM
#include "sim.h"
#define FX_SIM 1
#else
#define FX_SIM 0
#endif

/* A stack other than this system's. Where it lacks a feature, LACKS(id, reason) skips the test with the reason; the id is a
 * row of docs/stacks.md. */
#ifdef TEST_PLATFORM
#define FX_STACK 1
#else
#define FX_STACK 0
#endif
#define LACKS(id, reason) \
    do { \
        print_message("# %s: %s: %s\n", __func__, id, reason); \
        skip(); \
    } while (0)

#define MS ((usocket_time_t)1000)
#define SECOND ((usocket_time_t)1000000)

#include "other_end.h"

/** Set up and tear down around every test: a fresh world before, nothing left open after. */
int fx_begin(void **state);
int fx_end(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_begin, fx_end)
#define RUN(tests) (cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL) != 0)

/** Start another thread; fx_join waits for all of them. Threads report through memory and do not assert. */
void fx_go(void (*run)(void *), void *arg);
void fx_join(void);
void fx_sleep(usocket_time_t us);
usocket_time_t fx_now(void);

/** Start a control: a thread that sleeps a millisecond at a time, until *stop is set; fx_join waits for it. fx_stalled is the most by
 *  which it has woken late, to be added to an upper bound of the same time. The simulator has no such lateness. */
void fx_control(const bool *stop);
usocket_time_t fx_stalled(void);

/** Send a signal to the calling thread after this time, which ends its wait; the handler does nothing. On a stack on which no signal
 *  ends a wait, an interrupt hook returns true once instead; fx_join removes it. */
void fx_signal_in(usocket_time_t us);

/** The factor for upper bounds of time on a slow machine: TEST_SLOW, rounded up (tools/slow.py). */
int fx_slow(void);

/** The upper limit of a duration of `us`: hardly more in the simulator, elsewhere 5 s more times fx_slow(). */
usocket_time_t fx_limit(usocket_time_t us);

/** Assert that the time from `since` to now is `us`: never less, hardly more in the simulator, elsewhere at most 5 s more times fx_slow(). */
#define fx_took(since, us) fx_took_at(since, us, __LINE__)
void fx_took_at(usocket_time_t since, usocket_time_t us, int line);

/** Assert that a result is this code. */
#define assert_code(expected, result) fx_code_at(expected, (int)(result), #result, __FILE__, __LINE__)
void fx_code_at(int expected, int result, const char *what, const char *file, int line);
#define assert_ok(result) assert_code(0, result)

usocket_addr_t fx_addr(const char *text, uint16_t port);

/** Open a listener on a free port. */
usocket_addr_t fx_listen(usocket_t *s, int family, int backlog);

/** Connect two sockets over TCP. */
void fx_connect(usocket_t *client, usocket_t *server);

/** Open and connect two sockets over TCP, with a timeout of 20 s. */
void fx_streams(usocket_t *client, usocket_t *server);

/** Close two sockets. */
void fx_close(usocket_t *a, usocket_t *b);

/** Open a datagram socket on a free port. In a build without datagrams, a connection on which nothing arrives. */
usocket_addr_t fx_udp(usocket_t *s, int family);

/** Send on s until the connection accepts no more; its peer must not read. @return bytes */
size_t fx_fill(usocket_t *s);

#endif
