/* One test body, two worlds: the simulated network (TEST_SIM) and the real one on loopback.
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

/* Another stack than this system's: where it lacks something, the test says so and is skipped, LACKS(id, reason); the id is a
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

/** Around every test: a fresh world before, nothing left open after. */
int fx_begin(void **state);
int fx_end(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_begin, fx_end)
#define RUN(tests) (cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL) != 0)

/** Another thread; fx_join waits for all of them. They report through memory and do not assert. */
void fx_go(void (*run)(void *), void *arg);
void fx_join(void);
void fx_sleep(usocket_time_t us);
usocket_time_t fx_now(void);

/** A signal that reaches the calling thread, and whoever waits in it, after this time. Its handler does nothing. On another
 *  stack, whose waits no signal ends: an interrupt hook that says yes once, and is gone after fx_join. */
void fx_signal_in(usocket_time_t us);

/** How many times slower the machine is than the bounds of time suppose: TEST_SLOW, rounded up (tools/slow.py). */
int fx_slow(void);

/** The time from since to now is `us`: never less, in the simulator hardly more, otherwise less than 5 s more, on a slow machine as many times that. */
#define fx_took(since, us) fx_took_at(since, us, __LINE__)
void fx_took_at(usocket_time_t since, usocket_time_t us, int line);

/** A result is a certain code. */
#define assert_code(expected, result) fx_code_at(expected, (int)(result), #result, __FILE__, __LINE__)
void fx_code_at(int expected, int result, const char *what, const char *file, int line);
#define assert_ok(result) assert_code(0, result)

usocket_addr_t fx_addr(const char *text, uint16_t port);

/** A listener on a port of its own. */
usocket_addr_t fx_listen(usocket_t *s, int family, int backlog);

/** Two connected sockets, over TCP. */
void fx_connect(usocket_t *client, usocket_t *server);

/** The same, from nothing, with 20 s for each call. */
void fx_streams(usocket_t *client, usocket_t *server);

/** The end of two sockets. */
void fx_close(usocket_t *a, usocket_t *b);

/** A datagram socket on a port of its own. In a build without datagrams a connection on which nothing comes. */
usocket_addr_t fx_udp(usocket_t *s, int family);

/** Fill the way from s to whoever does not read. @return bytes */
size_t fx_fill(usocket_t *s);

#endif
