/* Start of the interpreter: the heap, the prompt, a soft reset, and what MicroPython's core asks of a port.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "extmod/modnetwork.h"
#include "shared/readline/readline.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"
#include "board.h"

#define STACK_RESERVE 2048u /* for interrupts, and for C code below the last check */

static uint64_t heap[BOARD_HEAP / sizeof(uint64_t)];

static size_t heap_bytes(void) {
    const uint32_t wanted = BOARD_OUTSIDE->magic == BOARD_OUTSIDE_MAGIC ? BOARD_OUTSIDE->heap : 0;
    return wanted != 0 && wanted < sizeof heap ? wanted : sizeof heap;
}

int main(void);
int main(void) {
    board_clock_init();
    board_random_init();
    board_console_init();
    board_lwip_init();
    mp_cstack_init_with_top(board_stack_top, (size_t)(board_stack_top - board_stack_bottom) * 4u - STACK_RESERVE);
    for (;;) {
        gc_init(heap, (char *)heap + heap_bytes());
        mp_init();
        readline_init0();
        mod_network_init();
        pyexec_frozen_module("_boot.py", false);
        pyexec_file_if_exists("boot.py");
        if (pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL) {
            pyexec_file_if_exists("main.py");
        }
        while ((pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl()) == 0) {
        }
        mp_hal_stdout_tx_str("MPY: soft reboot\r\n");
        mod_network_deinit();
        gc_sweep_all();
        mp_deinit();
    }
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

void nlr_jump_fail(void *exception) {
    (void)exception;
    mp_hal_stdout_tx_str("FATAL: an exception that nobody catches\r\n");
    board_exit(98);
}

/* ---- Time ---- */

mp_uint_t mp_hal_ticks_ms(void) {
    return board_ms();
}

mp_uint_t mp_hal_ticks_us(void) {
    return (mp_uint_t)board_us();
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return FPGAIO_COUNTER;
}

uint64_t mp_hal_time_ns(void) {
    return board_wall_us() * 1000u;
}

void mp_hal_delay_us(mp_uint_t us) {
    const uint64_t end = board_us() + us;
    while (board_us() < end) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    const uint64_t end = board_us() + (uint64_t)ms * 1000u;
    for (uint64_t now; (now = board_us()) < end;) {
        mp_event_wait_ms((mp_uint_t)((end - now + 999u) / 1000u));
    }
    mp_event_handle_nowait();
}
