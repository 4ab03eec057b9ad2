/* lwIP runs in the waits of the library, as on a board that runs it in its loop, and every 10 ms in a thread, for programs that do
 * not wait. Nothing with TEST_LWIP_PREEMPTS.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lwip/opt.h"

#ifndef TEST_LWIP_PREEMPTS

/* A thread that waits must run lwIP for what another one has sent over the loopback interface. */
void test_lwip_released(void) {
    if (test_lwip_is_idle() && test_lwip_has_packets()) {
        test_lwip_kick();
    }
}

void test_lwip_begin(void) {
#ifndef TEST_LWIP_ALONE
    test_lwip_every(10000, test_lwip_pump);
#endif
}

test_lwip_strikes_t test_lwip_strikes(void) {
    return (test_lwip_strikes_t){0, 0};
}

#endif
