/* RT-Thread's scheduler with strict priorities, on one processor or two, repeatable from a seed.
 *
 * While it is on, one thread of this system runs at a time. At each call of the kernel or of the stack, a step, the running thread hands
 * over to one that the board's processors would run: the ready thread of the highest priority, or, by the seed, one of the two highest.
 * Threads of one priority take turns. A mutex is handed to its first waiter, and lends its owner the highest priority of them. Time
 * passes with the steps, and jumps when all threads wait. A thread "tcpip" does what lwIP's thread does: each call of the stack waits for it, and so does
 * a poll that has become ready.
 *
 * Threads that do not end within the given number of steps, or that all wait for each other, end the program with a table of them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOOK_SCHEDULE_H
#define LOOK_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct schedule {
    unsigned processors; /* 1 or 2 */
    uint64_t seed;
    unsigned most;     /* steps until the end */
    unsigned priority; /* of the calling thread; 0 is the highest */
    unsigned tcpip;    /* the priority of lwIP's thread */
};

/* Turn it on; the calling thread is the first. */
void schedule_begin(const struct schedule *s);

/* Wait for all other threads to end, and turn it off. Returns the number of steps. */
unsigned schedule_end(void);

/* A step. */
void schedule_step(void);

/* ---- For the look-alike ------------------------------------------------------------------------------------------- */

/* True in a thread of the scheduler. */
bool schedule_on(void);

/* Wait until `ready` returns true, or until this tick; `what` is for the table. False: in vain. */
bool schedule_wait(const char *what, bool (*ready)(void *), void *arg, bool ever, uint32_t until);

uint32_t schedule_tick(void);

/* Have lwIP's thread do something for the calling thread. */
void schedule_call(void);

/* Wait until lwIP's thread has seen `ready` return true, or until this tick. */
void schedule_poll(bool (*ready)(void *), void *arg, bool ever, uint32_t until);

/* Keep the other threads from running, or let them. */
void schedule_mask(bool on);

void schedule_spawn(const char *name, unsigned priority, void (*entry)(void *), void *arg);

struct schedule_mutex {
    void *owner;
    unsigned count;
    bool in_turn; /* the next owner is the first that came, not the highest */
};

void schedule_take(struct schedule_mutex *m);
void schedule_release(struct schedule_mutex *m);

#endif
