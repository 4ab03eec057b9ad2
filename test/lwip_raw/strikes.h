/* Strikes and sleeps: strikes.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_LWIP_STRIKES_H
#define TEST_LWIP_STRIKES_H

#include <stdbool.h>

/* No strike runs lwIP in the main thread from now on, until test_lwip_go_on; calls nest. Called in the main thread. */
void test_lwip_hold_off(void);
void test_lwip_go_on(void);

/* This thread is about to sleep in a system call that a strike would end. @return for test_lwip_wakes */
bool test_lwip_sleeps(void);
void test_lwip_wakes(bool was_open);

#endif
