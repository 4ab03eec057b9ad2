/* The queue of the threads that wait for a device, its poll, and what a thread needs to wait there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_RTDEVICE_H
#define SAL_RTDEVICE_H

#include <rtthread.h>

typedef struct rt_list {
    struct rt_list *next, *prev;
} rt_list_t;

static inline void rt_list_init(rt_list_t *list) {
    list->next = list->prev = list;
}

typedef struct rt_wqueue rt_wqueue_t;

struct rt_wqueue_node {
    rt_thread_t polling_thread;
    rt_list_t list;
    int (*wakeup)(struct rt_wqueue_node *node, void *key);
    rt_uint32_t key;
};

void rt_wqueue_add(rt_wqueue_t *queue, struct rt_wqueue_node *node);
void rt_wqueue_remove(struct rt_wqueue_node *node);

struct rt_pollreq {
    void (*_proc)(rt_wqueue_t *queue, struct rt_pollreq *req);
    short _key;
};

#define RT_TIMER_CTRL_SET_TIME 0

struct rt_timer {
    rt_tick_t ticks;
};

/* The part of a thread that rt_thread_self() shows. */
struct look_thread {
    struct rt_timer thread_timer;
};

rt_err_t rt_timer_control(struct rt_timer *timer, int command, void *arg);
rt_err_t rt_timer_start(struct rt_timer *timer);
rt_err_t rt_thread_suspend(rt_thread_t thread);
void rt_schedule(void);

#endif
