/* lwIP, which runs in PendSV: received frames, packets to the board itself, and timers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"

#include "py/mphal.h"
#include "board.h"

void PendSV_Handler(void);
void PendSV_Handler(void) {
    board_lan_poll();
    sys_check_timeouts();
    netif_poll_all();
    board_wake();
}

void board_lwip_init(void) {
    SCB_PRIORITY(EXCEPTION_PENDSV) = PRIORITY_PENDSV;
    const uint32_t state = board_mask_pendsv();
    lwip_init();
    board_unmask_pendsv(state);
}

u32_t sys_now(void) {
    return board_ms();
}

/* A packet to an address of the board waits in the interface's list until PendSV takes it. */
void board_lwip_exit(uint32_t state) {
    for (struct netif *n = netif_list; n != NULL; n = n->next) {
        if (n->loop_first != NULL) {
            board_pend();
        }
    }
    board_unmask_pendsv(state);
}

void board_lwip_failed(const char *what, const char *file, int line);
void board_lwip_failed(const char *what, const char *file, int line) {
    mp_printf(&mp_plat_print, "\nlwIP: %s (%s:%d)\n", what, file, line);
    board_exit(97);
}
