/* The board: QEMU's mps2-an386, a Cortex-M4 at 25 MHz with a LAN9118. Registers, interrupt priorities, and what the files of this
 * directory offer each other.
 *
 * Interrupts: the console and the network card stand above SysTick, PendSV below everything. lwIP runs in PendSV; the program keeps
 * PendSV out with BASEPRI while it calls lwIP itself. No interrupt above PendSV calls lwIP.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_HZ 25000000u
#define BOARD_TICKS_PER_MS (BOARD_HZ / 1000u)

#define REG(address) (*(volatile uint32_t *)(address))

/* The core. */
#define SYST_CSR REG(0xe000e010u)
#define SYST_RVR REG(0xe000e014u)
#define SYST_CVR REG(0xe000e018u)
#define NVIC_ISER REG(0xe000e100u)
#define NVIC_PRIORITY(irq) (*(volatile uint8_t *)(0xe000e400u + (irq)))
#define SCB_ICSR REG(0xe000ed04u)
#define SCB_ICSR_PENDSVSET (1u << 28)
#define SCB_PRIORITY(exception) (*(volatile uint8_t *)(0xe000ed18u + (exception)-4u))
#define SCB_CFSR REG(0xe000ed28u)
#define SCB_BFAR REG(0xe000ed38u)
#define EXCEPTION_PENDSV 14u
#define EXCEPTION_SYSTICK 15u

/* Numbers of interrupts. */
#define IRQ_UART_RX 0u
#define IRQ_LAN 13u

/* A smaller number is more urgent. */
#define PRIORITY_UART 0x20u
#define PRIORITY_LAN 0x40u
#define PRIORITY_SYSTICK 0x60u
#define PRIORITY_PENDSV 0xf0u

/* A counter of 25 MHz that wraps after 171 s. */
#define FPGAIO_COUNTER REG(0x40028018u)

/* The test runner writes this block before the processor starts; the emulated machine has neither a source of randomness nor a clock
 * that knows the date. */
typedef struct board_outside {
    uint32_t magic;   /* BOARD_OUTSIDE_MAGIC, or the rest is not there */
    uint32_t seed[8]; /* of the random generator; boot clears it */
    uint32_t seconds; /* since 1970 */
    uint32_t heap;    /* bytes of the interpreter's heap; 0: all that there is */
} board_outside_t;
#define BOARD_OUTSIDE ((volatile board_outside_t *)0x21000000u)
#define BOARD_OUTSIDE_MAGIC 0x75736f63u
/* A program that the runner has written there runs in place of the prompt: its length, and its text. */
#define BOARD_SCRIPT_LEN REG(0x21001000u)
#define BOARD_SCRIPT ((const char *)0x21001004u)
#define BOARD_SCRIPT_MAX 0xfe000u

/* Memory of the emulated machine that stands for the flash chip of the file system. */
#define BOARD_DISK ((uint8_t *)0x21100000u)
#define BOARD_DISK_BLOCK 4096u
#define BOARD_DISK_BLOCKS 256u

/* Keep PendSV out, and with it lwIP. Nests: the state goes to the unmask. */
static inline uint32_t board_mask_pendsv(void) {
    uint32_t state;
    __asm__ volatile("mrs %0, basepri\n"
                     "msr basepri, %1"
                     : "=&r"(state)
                     : "r"(PRIORITY_PENDSV)
                     : "memory");
    return state;
}

static inline void board_unmask_pendsv(uint32_t state) {
    __asm__ volatile("msr basepri, %0" ::"r"(state) : "memory");
}

/* ---- clock.c: time and sleep ---- */

void board_clock_init(void);
uint32_t board_ms(void);
uint64_t board_us(void);
/* Seconds since 1970; settable. */
uint64_t board_wall_us(void);
void board_set_wall_us(uint64_t us);
/* Sleep until an interrupt has called board_wake() since the last call, or until ms have passed (negative: no limit). */
void board_sleep(int32_t ms);
void board_wake(void);
/* Ticks of FPGAIO_COUNTER outside of sleep. Under QEMU's -icount shift=0 a tick is 40 instructions. */
uint32_t board_busy(void);

/* ---- console.c ---- */

void board_console_init(void);
/* Write without interrupts, for faults. */
void board_console_write(const char *text, size_t len);

/* ---- usocket_board.c: with TLS ---- */

void *board_alloc(size_t size);
void board_free(void *p);
/* Count memory for account 0 or 1 from now on. @param counts the bytes of that account now, and the most since it was last asked for */
void board_account(uint32_t number, uint32_t counts[2]);

/* ---- random.c ---- */

void board_random_init(void);
/* Fill with bytes from the generator. @return false: the runner gave no seed */
bool board_random(void *buf, size_t len);
uint32_t board_random_u32(void);

/* ---- lan.c: the network card; lwip_run.c: lwIP in PendSV ---- */

void board_lwip_init(void);
/* Process received frames; called in PendSV alone. */
void board_lan_poll(void);
/* Ask for a run of PendSV; callable everywhere. */
static inline void board_pend(void) {
    SCB_ICSR = SCB_ICSR_PENDSVSET;
}
struct netif;
struct netif *board_lan_netif(void);
/* Start the card and the interface. @return false: there is no card */
bool board_lan_start(void);
void board_lan_stop(void);

/* ---- startup.c ---- */

/* End the emulation with this exit status. */
void board_exit(int status) __attribute__((noreturn));
/* The most bytes of stack used since the start. */
size_t board_stack_peak(void);
void board_stack_repaint(void);

extern uint32_t board_stack_bottom[], board_stack_top[];

#endif
