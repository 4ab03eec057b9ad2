/* The names that MicroPython's files take from this board.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_MPHALPORT_H
#define BOARD_MPHALPORT_H

#include "py/ringbuf.h"
#include "board.h"

extern ringbuf_t stdin_ringbuf;

#define MICROPY_BEGIN_ATOMIC_SECTION() board_irq_off()
#define MICROPY_END_ATOMIC_SECTION(state) board_irq_restore(state)
#define MICROPY_INTERNAL_WFE(timeout_ms) board_sleep((int32_t)(timeout_ms))

static inline mp_uint_t board_irq_off(void) {
    mp_uint_t state;
    __asm__ volatile("mrs %0, primask\n"
                     "cpsid i"
                     : "=r"(state)::"memory");
    return state;
}

static inline void board_irq_restore(mp_uint_t state) {
    __asm__ volatile("msr primask, %0" ::"r"(state) : "memory");
}

/* As stm32, mimxrt and alif have it: ENTER declares a variable. */
#define MICROPY_PY_LWIP_ENTER uint32_t lwip_lock_state = board_mask_pendsv();
#define MICROPY_PY_LWIP_REENTER lwip_lock_state = board_mask_pendsv();
#define MICROPY_PY_LWIP_EXIT board_lwip_exit(lwip_lock_state);
void board_lwip_exit(uint32_t state);

void mp_hal_set_interrupt_char(int c);

#endif
