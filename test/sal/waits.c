/* A thread that waits for a socket in the stack's own queue, as DFS's poll does: it queues a node, suspends itself, and lets
 * others run; the stack then calls the node's function. Here the suspended thread itself polls, and calls it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "inside.h"

#ifndef LOOK_VERSION
#define LOOK_VERSION 40003
#endif

#ifndef LOOK_NO_POSIX

/* The structures of rtthread/rtdevice.h and rtthread/dfs_file.h. */
struct node {
    void *thread;
    void *list[2];
    int (*wakeup)(struct node *node, void *key);
    uint32_t key;
};

struct queue {
    int fd;
    int error; /* the poll of a suspended thread has taken it from the socket; atomic */
};

struct request {
    void (*proc)(struct queue *queue, struct request *req);
    short key;
};

struct sal_pollfd {
    int fd;
    short events;
    short revents;
};

uint32_t rt_tick_get(void);
long rt_thread_delay(uint32_t ticks);
int look_poll(struct sal_pollfd *fds, unsigned n, int ms);
int dfs_net_getsocket(int fd);

static struct queue queues[MOST];

/* ---- Descriptors -------------------------------------------------------------------------------------------------- */

static struct file {
    void *data; /* the number, or from 5.0 on the place of it */
    uint16_t type;
    const void *ops; /* NULL: those of a socket */
} files[MOST], vnodes[MOST];
static int references;

#define FT_SOCKET 1
#define FD_OFFSET (LOOK_VERSION < 50000 ? 3 : 0)
static struct file *places[MOST + 3];
static struct {
    uint32_t most;
    struct file **places;
} table = {MOST, places};

void *dfs_fdtable_get(void) {
    return &table;
}

void look_forget_file(int fd) {
    if (fd >= FD_OFFSET) {
        __atomic_store_n(&places[fd - FD_OFFSET], NULL, __ATOMIC_RELAXED);
    }
}

struct file *fd_get(int fd) {
    int number = dfs_net_getsocket(fd);
    if (number < 0) {
        return NULL;
    }
    __atomic_add_fetch(&references, LOOK_VERSION < 50000 ? 1 : 0, __ATOMIC_RELAXED);
    __atomic_store_n(&vnodes[number].data, (void *)(intptr_t)number, __ATOMIC_RELAXED);
    __atomic_store_n(
        &files[number].data, LOOK_VERSION < 50000 ? (void *)(intptr_t)number : &vnodes[number], __ATOMIC_RELAXED);
    __atomic_store_n(&vnodes[number].ops, NULL, __ATOMIC_RELAXED);
    files[number].type = vnodes[number].type = FT_SOCKET;
    __atomic_store_n(&places[fd - FD_OFFSET], &files[number], __ATOMIC_RELAXED);
    return &files[number];
}

void fd_put(struct file *file) {
    if (file == NULL || __atomic_sub_fetch(&references, 1, __ATOMIC_RELAXED) < 0) {
        look_halt("fd_put without a fd_get");
    }
}

int sal_closesocket(int number);

/* The close of 5.0: the socket's, unless another part has taken that away. */
int dfs_file_close(struct file *file) {
    const struct file *vnode = file->data;
    return __atomic_load_n(&vnode->ops, __ATOMIC_RELAXED) == NULL ? sal_closesocket((int)(vnode - vnodes)) : 0;
}

void fd_release(int fd) {
    look_forget_file(fd);
}

/* ---- The queue ---------------------------------------------------------------------------------------------------- */

static __thread struct {
    uint32_t ticks; /* the first member, as in rtdevice.h */
    bool timed;
    bool suspended;
    struct node *node;
    struct queue *queue;
} self;

void *rt_thread_self(void) {
    return &self;
}

void rt_wqueue_add(struct queue *queue, struct node *node) {
    if (self.node != NULL || node->thread != &self || node->list[0] != &node->list) {
        look_halt("a node in two queues, of another thread, or without a list");
    }
    self.node = node;
    self.queue = queue;
}

void rt_wqueue_remove(struct node *node) {
    if (self.node != node) {
        look_halt("a node that is in no queue");
    }
    self.node = NULL;
}

int sal_poll(struct file *file, struct request *req) {
    struct queue *queue = &queues[file - files];
    struct sal_pollfd p = {(int)(file - files) + FIRST_DESCRIPTOR, SAL_POLLIN | SAL_POLLOUT, 0};
    queue->fd = p.fd;
    if (req->proc != NULL) {
        req->proc(queue, req);
    }
    int r = look_poll(&p, 1, 0);
    return r < 0 ? -1 : p.revents | __atomic_exchange_n(&queue->error, 0, __ATOMIC_RELAXED);
}

long rt_timer_control(void *timer, int command, void *arg) {
    (void)timer, (void)command;
    self.ticks = *(uint32_t *)arg;
    return 0;
}

long rt_timer_start(void *timer) {
    (void)timer;
    self.timed = true;
    return 0;
}

long rt_thread_suspend(void *thread) {
    if (thread != &self) {
        look_halt("another thread is suspended");
    }
    self.suspended = true;
    return 0;
}

/* Poll for the events of the node until its function says that the thread is to run, or the timer has ended. */
void rt_schedule(void) {
    if (!self.suspended) {
        return;
    }
    uint32_t end = rt_tick_get() + self.ticks;
    for (bool woken = false; !woken && (!self.timed || (int32_t)(end - rt_tick_get()) > 0);) {
        struct sal_pollfd p = {self.queue->fd, (short)self.node->key, 0};
        int left = self.timed ? (int)(end - rt_tick_get()) * 10 : 1000;
        int r = look_poll(&p, 1, left);
        if (r > 0) {
            if (p.revents & SAL_POLLERR) {
                __atomic_store_n(&self.queue->error, SAL_POLLERR, __ATOMIC_RELAXED);
            }
            woken = self.node->wakeup(self.node, (void *)(intptr_t)p.revents) == 0;
        } else if (r < 0) {
            rt_thread_delay(1); /* nothing wakes a thread when the network goes down */
        }
    }
    self.suspended = self.timed = false;
}

#endif
