/* The millisecond of SysTick, microseconds, the date, and sleep.
 *
 * SPDX-License-Identifier: MIT
 */
#include "board.h"

#define LWIP_PERIOD_MS 32u /* lwIP's timers are looked at this often; the shortest has 100 ms */

static volatile uint32_t ms_low, ms_high;
static volatile bool event;
static uint64_t wall_offset_us;
static uint32_t slept; /* ticks of FPGAIO_COUNTER */

void SysTick_Handler(void);
void SysTick_Handler(void) {
    if (++ms_low == 0) {
        ms_high++;
    }
    if (ms_low % LWIP_PERIOD_MS == 0) {
        board_pend();
    }
}

void board_clock_init(void) {
    SCB_PRIORITY(EXCEPTION_SYSTICK) = PRIORITY_SYSTICK;
    SYST_RVR = BOARD_TICKS_PER_MS - 1u;
    SYST_CVR = 0;
    SYST_CSR = 7u; /* the processor's clock, with interrupt */
    if (BOARD_OUTSIDE->magic == BOARD_OUTSIDE_MAGIC) {
        board_set_wall_us((uint64_t)BOARD_OUTSIDE->seconds * 1000000u);
    }
}

uint32_t board_ms(void) {
    return ms_low;
}

uint64_t board_us(void) {
    uint32_t high, low, left;
    bool due;
    do {
        high = ms_high;
        low = ms_low;
        left = SYST_CVR;
        /* With interrupts off the counter may have wrapped uncounted. */
        due = (SCB_ICSR & (1u << 26)) != 0;
        if (due) {
            left = SYST_CVR;
        }
    } while (low != ms_low);
    uint64_t ms = ((uint64_t)high << 32) + low + (due ? 1u : 0u);
    return ms * 1000u + (BOARD_TICKS_PER_MS - 1u - left) / (BOARD_HZ / 1000000u);
}

uint64_t board_wall_us(void) {
    return wall_offset_us + board_us();
}

void board_set_wall_us(uint64_t us) {
    wall_offset_us = us - board_us();
}

void board_wake(void) {
    event = true;
}

uint32_t board_busy(void) {
    return FPGAIO_COUNTER - slept;
}

/* WFI returns for an interrupt that is pending though interrupts are disabled; so none is lost between the look and the sleep. */
void board_sleep(int32_t ms) {
    const uint32_t start = ms_low;
    for (;;) {
        __asm__ volatile("cpsid i" ::: "memory");
        if (event || (ms >= 0 && ms_low - start >= (uint32_t)ms)) {
            break;
        }
        const uint32_t asleep = FPGAIO_COUNTER;
        __asm__ volatile("wfi" ::: "memory");
        slept += FPGAIO_COUNTER - asleep;
        __asm__ volatile("cpsie i\n"
                         "isb" ::
                             : "memory");
    }
    event = false;
    __asm__ volatile("cpsie i" ::: "memory");
}
