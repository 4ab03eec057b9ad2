/* Vectors, reset, faults, and the end of the emulation.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "board.h"

extern uint32_t board_data_start[], board_data_end[], board_data_image[], board_bss_start[], board_bss_end[];

int main(void);
void Reset_Handler(void);
void Fault_Handler(void);
void PendSV_Handler(void);
void SysTick_Handler(void);
void Uart_Handler(void);
void Lan_Handler(void);
void board_fault(const uint32_t *frame);

#define PAINT 0xa5a5a5a5u

/* ---- The end ---- */

static void semihost(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void board_exit(int status) {
    const uint32_t block[2] = {0x20026u, (uint32_t)status}; /* ADP_Stopped_ApplicationExit and its status */
    semihost(0x20u, block);                                 /* SYS_EXIT_EXTENDED */
    for (;;) {
    }
}

/* newlib's abort and assert end here. */
void _exit(int status) {
    board_exit(status);
}

/* ---- Faults ---- */

static void say(const char *text) {
    board_console_write(text, strlen(text));
}

static void say_word(const char *name, uint32_t word) {
    char text[] = " 0x00000000";
    for (int i = 0; i < 8; i++) {
        text[10 - i] = "0123456789abcdef"[(word >> (4 * i)) & 15u];
    }
    say(name);
    say(text);
}

void board_fault(const uint32_t *frame) {
    say("\r\nFAULT");
    say_word(" cfsr", SCB_CFSR);
    say_word(" bfar", SCB_BFAR);
    if (frame >= board_stack_bottom && frame + 8 <= board_stack_top) {
        say_word(" pc", frame[6]);
        say_word(" lr", frame[5]);
    } else {
        say(" stack overflow?");
    }
    say("\r\n");
    board_exit(99);
}

/* The handler runs on a fresh stack: the old one may have overflowed. */
__attribute__((naked)) void Fault_Handler(void) {
    __asm__ volatile("mov r0, sp\n"
                     "ldr r1, =board_stack_top\n"
                     "mov sp, r1\n"
                     "b board_fault\n");
}

/* ---- Reset ---- */

__attribute__((naked)) void Reset_Handler(void) {
    __asm__ volatile("ldr r0, =board_stack_bottom\n"
                     "ldr r1, =board_stack_top\n"
                     "ldr r2, =0xa5a5a5a5\n"
                     "1: str r2, [r0], #4\n"
                     "cmp r0, r1\n"
                     "blo 1b\n"
                     "b board_start\n");
}

__attribute__((used, noreturn)) static void board_start(void) __asm__("board_start");
static void board_start(void) {
    memcpy(board_data_start, board_data_image, (size_t)((char *)board_data_end - (char *)board_data_start));
    memset(board_bss_start, 0, (size_t)((char *)board_bss_end - (char *)board_bss_start));
    main();
    board_exit(0);
}

size_t board_stack_peak(void) {
    const uint32_t *p = board_stack_bottom;
    while (*p == PAINT) {
        p++;
    }
    return (size_t)((const char *)board_stack_top - (const char *)p);
}

/* Volatile: a call of memset would paint over its own stack. */
void board_stack_repaint(void) {
    volatile uint32_t *end;
    __asm__ volatile("mov %0, sp" : "=r"(end));
    for (volatile uint32_t *p = board_stack_bottom; p < end; p++) {
        *p = PAINT;
    }
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16 + IRQ_LAN + 1])(void) = {
    [0] = (void (*)(void))board_stack_top,
    [1] = Reset_Handler,
    [2 ... 6] = Fault_Handler,
    [11 ... 12] = Fault_Handler,
    [EXCEPTION_PENDSV] = PendSV_Handler,
    [EXCEPTION_SYSTICK] = SysTick_Handler,
    [16 ... 16 + IRQ_LAN] = Fault_Handler,
    [16 + IRQ_UART_RX] = Uart_Handler,
    [16 + IRQ_LAN] = Lan_Handler,
};
