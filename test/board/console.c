/* The console on the first UART. Received bytes wait in a ring; Ctrl-C raises KeyboardInterrupt from the interrupt.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py/mphal.h"
#include "py/mpstate.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "extmod/misc.h"
#include "shared/runtime/interrupt_char.h"
#include "board.h"

#define UART_DATA REG(0x40004000u)
#define UART_STATE REG(0x40004004u)
#define UART_CTRL REG(0x40004008u)
#define UART_INTCLEAR REG(0x4000400cu)
#define UART_BAUDDIV REG(0x40004010u)
#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define CTRL_TX 1u
#define CTRL_RX 2u
#define CTRL_RX_INTERRUPT 8u
#define INTERRUPT_RX 2u

static uint8_t ring[1024];
ringbuf_t stdin_ringbuf = {ring, sizeof ring, 0, 0};

void board_console_init(void) {
    UART_BAUDDIV = 16;
    UART_CTRL = CTRL_TX | CTRL_RX | CTRL_RX_INTERRUPT;
    NVIC_PRIORITY(IRQ_UART_RX) = PRIORITY_UART;
    NVIC_ISER = 1u << IRQ_UART_RX;
}

/* With a full ring the byte stays in the UART, which stops the sender, until rx_chr has made room. */
void Uart_Handler(void);
void Uart_Handler(void) {
    UART_INTCLEAR = INTERRUPT_RX;
    while (UART_STATE & STATE_RX_FULL) {
        if (ringbuf_free(&stdin_ringbuf) == 0) {
            UART_CTRL = CTRL_TX | CTRL_RX;
            break;
        }
        uint8_t byte = (uint8_t)UART_DATA;
        if (byte == mp_interrupt_char) {
            mp_sched_keyboard_interrupt();
        } else {
            ringbuf_put(&stdin_ringbuf, byte);
        }
    }
    board_wake();
}

static int ring_get(void) {
    int c = ringbuf_get(&stdin_ringbuf);
    if (c >= 0 && !(UART_CTRL & CTRL_RX_INTERRUPT)) {
        uint32_t state = MICROPY_BEGIN_ATOMIC_SECTION();
        UART_CTRL = CTRL_TX | CTRL_RX | CTRL_RX_INTERRUPT;
        Uart_Handler();
        MICROPY_END_ATOMIC_SECTION(state);
    }
    return c;
}

void board_console_write(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        while (UART_STATE & STATE_TX_FULL) {
        }
        UART_DATA = (uint8_t)text[i];
    }
}

int mp_hal_stdin_rx_chr(void) {
    for (;;) {
        int c = ring_get();
        if (c >= 0) {
            return c;
        }
#if MICROPY_PY_OS_DUPTERM
        c = mp_os_dupterm_rx_chr();
        if (c >= 0) {
            return c;
        }
#endif
        mp_event_wait_indefinite();
    }
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t len) {
    board_console_write(text, len);
#if MICROPY_PY_OS_DUPTERM
    mp_os_dupterm_tx_strn(text, len);
#endif
    return len;
}

uintptr_t mp_hal_stdio_poll(uintptr_t flags) {
    uintptr_t ready = 0;
    if ((flags & MP_STREAM_POLL_RD) && ringbuf_peek(&stdin_ringbuf) >= 0) {
        ready |= MP_STREAM_POLL_RD;
    }
    if (flags & MP_STREAM_POLL_WR) {
        ready |= MP_STREAM_POLL_WR;
    }
#if MICROPY_PY_OS_DUPTERM
    ready |= mp_os_dupterm_poll(flags);
#endif
    return ready;
}
