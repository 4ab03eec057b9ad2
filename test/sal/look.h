/* Settings of the look-alike of RT-Thread's sockets, which a test may change at any time.
 *
 * The environment variable LOOK sets the initial values: words like `202` `212` `at` `down` `noaddress` `nolink` `noloopback`
 * `nolinger` `norandom` `sockets=5`, separated by commas.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOOK_H
#define LOOK_H

#include <stdbool.h>
#include <stdint.h>

#ifndef LOOK_VERSION
#define LOOK_VERSION 40003 /* the version of RT-Thread, as in rtthread/rtconfig.h */
#endif

struct look {
    volatile int lwip;          /* 202 or 212: the lwIP version that is imitated */
    volatile bool at;           /* sockets opened from now on are an AT module's */
    volatile bool up;           /* the network interface is up */
    volatile bool address;      /* the interface has an address */
    volatile bool link;         /* its cable is connected */
    volatile bool loopback;     /* 127.0.0.1 exists */
    volatile int sockets;       /* the maximal number of sockets */
    volatile int dial_ms;       /* milliseconds that an AT module needs to connect */
    volatile bool linger;       /* LWIP_SO_LINGER is on */
    volatile bool random;       /* the chip's random number generator works */
    volatile bool taken;        /* another program uses getaddrinfo's only slot */
    volatile uint32_t tick_base; /* added to the kernel's tick */
    volatile int calls;         /* number of calls to the stack so far */
    volatile int open;          /* number of open sockets */
};

extern struct look look;

/* Called where RT-Thread would halt: prints the reason and ends the program. */
void look_halt(const char *why) __attribute__((noreturn));

/* The thread's errno. */
int *look_errno(void);

/* The kernel's tick, without a step of the scheduler. */
uint32_t look_tick(void);

/* Microseconds of the host's clock, finer than the tick. */
int64_t look_time(void);

#endif
