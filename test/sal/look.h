/* What a test may change about the look-alike of RT-Thread's sockets, at any time.
 *
 * At the start the environment variable LOOK is read: words like `202` `212` `at` `down` `noaddress` `nolink` `noloopback`
 * `nolinger` `norandom` `sockets=5`, with commas between them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOOK_H
#define LOOK_H

#include <stdbool.h>
#include <stdint.h>

struct look {
    volatile int lwip;          /* 202 or 212: whose manners */
    volatile bool at;           /* sockets of an AT module, for those opened from now on */
    volatile bool up;           /* the network interface */
    volatile bool address;      /* it has one */
    volatile bool link;         /* its cable */
    volatile bool loopback;     /* 127.0.0.1 is there */
    volatile int sockets;       /* how many there can be */
    volatile int dial_ms;       /* an AT module needs for a connect */
    volatile bool linger;       /* LWIP_SO_LINGER */
    volatile bool random;       /* the chip's generator gives any */
    volatile bool taken;        /* the slot of getaddrinfo, by another program */
    volatile uint32_t tick_base; /* added to the kernel's tick */
    volatile int calls;         /* of the stack, so far */
    volatile int open;          /* sockets open */
};

extern struct look look;

/* What halts RT-Thread. Ends the program, loudly. */
void look_halt(const char *why) __attribute__((noreturn));

/* The thread's errno. */
int *look_errno(void);

/* Microseconds of the host's clock, finer than the tick. */
int64_t look_time(void);

#endif
