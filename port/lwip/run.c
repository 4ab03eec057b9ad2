/* Calls of lwIP's own functions, which only its thread may call, or the holder of its core lock.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include <lwip/priv/tcpip_priv.h>

typedef struct {
    struct tcpip_api_call_data call;
    void (*run)(void *arg);
    void *arg;
} call_t;

static err_t run_call(struct tcpip_api_call_data *data) {
    const call_t *c = (const call_t *)(const void *)data;
    c->run(c->arg);
    return ERR_OK;
}

/* Without the core lock lwIP needs a semaphore for the call, of which it may have none for a
 * moment. */
void lwip_run(void (*run)(void *arg), void *arg) {
    call_t c = {.run = run, .arg = arg};
    while (tcpip_api_call(run_call, &c.call) != ERR_OK) {
        sys_msleep(10);
    }
}

static void (*later[LATER_COUNT])(void *arg); /* Written inside of lwIP; atomic. */

void lwip_later(int which, void (*run)(void *arg)) {
    __atomic_store_n(&later[which], run, __ATOMIC_RELEASE);
}

void lwip_run_later(void) {
    for (int i = 0; i < LATER_COUNT; i++) {
        void (*run)(void *) = __atomic_load_n(&later[i], __ATOMIC_ACQUIRE);
        if (run != NULL) {
            lwip_run(run, NULL);
        }
    }
}
