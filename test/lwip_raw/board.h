/* The board under port/lwip_raw in the tests: a lock that keeps lwIP from running, a sleep, and the library's lock.
 *
 * Callers: any thread. The first four also in lwIP's callbacks, so in the signal handler of strikes.c; they are async-signal-safe.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_LWIP_BOARD_H
#define TEST_LWIP_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* Keep lwIP from running elsewhere, until test_lwip_exit with the result; calls nest. */
unsigned test_lwip_enter(void);
void test_lwip_exit(unsigned before);

/* End the program unless this thread keeps lwIP from running elsewhere. */
void test_lwip_check(void);

/* End the sleep of each thread in test_lwip_idle, or its next one. */
void test_lwip_kick(void);

/* Sleep until there is a kick, a signal, or a frame, at most so long, and never long. */
void test_lwip_idle(unsigned long ms);

/* Run lwIP: frames, packets of the loopback interface, and timers. */
void test_lwip_pump(void);

/* The library's lock. */
void test_lwip_lock(void);
void test_lwip_unlock(void);

/* The file of trusted authorities, or NULL. */
const char *test_lwip_trust(void);

/* Number of timer signals that have come, and of those in which lwIP was in use, so that it ran later. */
typedef struct {
    unsigned long strikes, deferred;
} test_lwip_strikes_t;
test_lwip_strikes_t test_lwip_strikes(void);

/* As on stm32 and mimxrt, ENTER declares a variable. */
#define PLAT_LWIP_ENTER unsigned lwip_entered = test_lwip_enter();
#define PLAT_LWIP_EXIT test_lwip_exit(lwip_entered);
#define PLAT_IDLE(ms) test_lwip_idle(ms)
#define PLAT_KICK() test_lwip_kick()
#define PLAT_LOCK() test_lwip_lock()
#define PLAT_UNLOCK() test_lwip_unlock()
#define PLAT_TRUST test_lwip_trust()
#ifndef TEST_LWIP_PREEMPTS
#define PLAT_PUMP() test_lwip_pump()
#endif

/* Threads free what others have allocated, so that it cannot be the interpreter's heap. */
#define PLAT_MALLOC(size) malloc(size)
#define PLAT_FREE(p) free(p)

/* ---- Between the files of this folder ----------------------------------------------------------------------------------- */

/* Take the lock if it is free: true. Then test_lwip_release. */
bool test_lwip_try(void);
void test_lwip_release(void);

/* Run lwIP once; the lock is held. */
void test_lwip_run(void);

/* True if packets wait in a loopback interface. */
bool test_lwip_has_packets(void);

/* The lock has been released by a thread: run lwIP if it was to run meanwhile (strikes.c), or wake a thread that does (idle.c). */
void test_lwip_released(void);

/* True in a wait of test_lwip_idle. */
bool test_lwip_is_idle(void);

/* Start the thread or the timer that runs lwIP. */
void test_lwip_begin(void);

/* Start a thread with all signals blocked that calls `run` every `us` microseconds. */
void test_lwip_every(unsigned us, void (*run)(void));

#endif
