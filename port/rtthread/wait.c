/* The wait for one socket, without DFS's poll: that looks the descriptor up twice, each time under a
 * mutex, and allocates a node for the stack's queue of waiting threads and frees it, under another
 * one. Here the node is on the stack of the thread that waits.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"

#include <rthw.h>

#if PLAT_WAITS

typedef struct {
    struct rt_pollreq req; /* must be the first member */
    struct rt_wqueue_node node;
    bool queued;
    volatile bool woken;
    volatile int seen; /* the events that have woken the thread; 0: the stack has not told */
} waiter_t;

/* The stack calls this, and resumes the thread if the result is 0. */
static int wake(struct rt_wqueue_node *node, void *key) {
    waiter_t *w = (waiter_t *)(void *)((char *)node - offsetof(waiter_t, node));
    if (key != NULL && !((rt_ubase_t)key & node->key)) {
        return -1;
    }
    rt_base_t level = rt_hw_interrupt_disable(); /* on another CPU the thread may be about to sleep */
    w->seen = (int)(rt_ubase_t)key;
    w->woken = true;
    rt_hw_interrupt_enable(level);
    return 0;
}

static void enqueue(rt_wqueue_t *queue, struct rt_pollreq *req) {
    waiter_t *w = (waiter_t *)(void *)req;
    w->queued = true;
    rt_wqueue_add(queue, &w->node);
}

/* Sleep until the stack wakes this thread, or for `ms`. With interrupts off nothing wakes it between
 * the check and the suspension. */
static void sleep_unless_woken(const waiter_t *w, int ms) {
    rt_thread_t self = w->node.polling_thread;
    rt_tick_t ticks = (rt_tick_t)rt_tick_from_millisecond(ms);
    rt_base_t level = rt_hw_interrupt_disable();
    bool sleeps = !w->woken && rt_thread_suspend(self) == RT_EOK;
    if (sleeps) {
        rt_timer_control(&self->thread_timer, RT_TIMER_CTRL_SET_TIME, &ticks);
        rt_timer_start(&self->thread_timer);
    }
    rt_hw_interrupt_enable(level);
    if (sleeps) {
        rt_schedule();
    }
}

int sal_wait(sal_file_t *file, short events, int ms) {
    waiter_t w;
    w.req._proc = ms != 0 ? enqueue : NULL;
    w.req._key = (short)(events | POLLERR | POLLHUP);
    w.node.polling_thread = rt_thread_self();
    w.node.wakeup = wake;
    w.node.key = (rt_uint32_t)w.req._key;
    rt_list_init(&w.node.list);
    w.queued = w.woken = false;
    w.seen = 0;
    int seen = sal_poll(file, &w.req);
    if (seen >= 0 && (seen & w.req._key) == 0 && w.queued) {
        sleep_unless_woken(&w, ms);
        seen = w.seen;
        if (seen == 0 || (seen & POLLERR)) { /* poll clears the error */
            w.req._proc = NULL;
            seen = w.woken ? sal_poll(file, &w.req) : 0;
        }
    }
    if (w.queued) {
        rt_wqueue_remove(&w.node);
    }
    return seen < 0 ? -1 : seen & w.req._key;
}

#endif
