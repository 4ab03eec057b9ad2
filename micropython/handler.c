/* Watchers of a socket: setsockopt(SOL_SOCKET, 20, handler), and the count of changes for pollers.
 *
 * The handler is called when a listener has a connection, or another socket has data. A thread of the library or the
 * stack itself watches the socket (usocket_watch) and schedules fire_handler, which calls the handler in the
 * interpreter's own loop. The watch is armed again once the program has taken a connection or data from the socket.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"

#if USOCKET_POLLER
uint32_t usocket_py_changes; /* It wraps; pollers only compare it with the value that they have seen. */
#endif

#if MICROPY_ENABLE_SCHEDULER && (USOCKET_THREADS || USOCKET_NOTIFIES)

/* The list of sockets with a handler, a root of the collector: such a socket stays alive without a reference from
 * the program. Before 1.20 a module cannot have a root, and the program must keep the socket. */
#if USOCKET_CAN_REGISTER
MP_REGISTER_ROOT_POINTER(void *usocket_watched);
#define WATCHED MP_STATE_VM(usocket_watched)
#endif

/* The lock of self->watch, where threads of the interpreter run at the same time. Only schedule_handler is called under
 * it, and the collector, of which no finaliser takes the lock of a socket in use. */
#if USOCKET_PY_LOCKS
#define lock_watch(self) usocket_py_lock(&(self)->watching)
#define unlock_watch(self) usocket_py_unlock(&(self)->watching)
#else
#define lock_watch(self) ((void)(self))
#define unlock_watch(self) ((void)(self))
#endif

/* Add self to the list, or remove it. The caller is in an atomic section. */
static void keep_alive(socket_obj_t *self, bool on) {
#ifdef WATCHED
    if (on) {
        self->next_watched = WATCHED;
        WATCHED = self;
        return;
    }
    for (void **p = &WATCHED; *p != NULL; p = &((socket_obj_t *)*p)->next_watched) {
        if (*p == self) {
            *p = self->next_watched;
            return;
        }
    }
#else
    (void)self, (void)on;
#endif
}

/* Run by the interpreter's scheduler. Where a stack has no descriptors a watch may report too often; a poll tells
 * whether there is anything. The handler is loaded once: another thread may remove it during the poll. */
static mp_obj_t fire_handler(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t handler = self->handler;
    if (handler != MP_OBJ_NULL) {
        if (mod_usocket_numbers.descriptors || usocket_poll(&self->sock, USOCKET_POLL_IN, USOCKET_NOW) != 0) {
            mp_call_function_1(handler, self_in);
        } else {
            usocket_py_consumed(self); /* It was scheduled twice, and the first call took everything. */
        }
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(fire_handler_obj, fire_handler);

/* Called on the library's thread, on the stack's or in an interrupt. It may use nothing of the interpreter but its
 * scheduler, which is false when its queue is full. */
static bool schedule_handler(void *self) {
    return mp_sched_schedule(MP_OBJ_FROM_PTR(&fire_handler_obj), MP_OBJ_FROM_PTR(self));
}

/* Schedule the handler for bytes that were put back. The watch reports them only where a descriptor can be made to. */
static void fire_for_unread(socket_obj_t *self) {
    if (!mod_usocket_numbers.descriptors && usocket_unread_len(&self->sock) != 0) {
        schedule_handler(self);
    }
}

/* The lock keeps another thread from ending the watch meanwhile. An atomic section must not: the stack may be waiting
 * for it in schedule_handler, with its own lock held, which arming takes. */
static void rearm_watch(socket_obj_t *self) {
    lock_watch(self);
    if (self->watch != NULL) {
        usocket_watch_again(self->watch);
    }
    unlock_watch(self);
    fire_for_unread(self);
}

/* Replace the watch of self, of which one is NULL, under its lock. The list is that of all sockets. */
static void put_watch(socket_obj_t *self, usocket_watch_t *watch) {
    mp_uint_t state = MICROPY_BEGIN_ATOMIC_SECTION();
    self->watch = watch;
    keep_alive(self, watch != NULL);
    MICROPY_END_ATOMIC_SECTION(state);
}

/* A new handler for a socket that is watched takes over the watch. An old watch ends after the exchange, so that other
 * threads never see a dead one, and without the lock and the GIL, since that may wait. A new watch may report before it
 * is in its place: a handler in another thread then waits in rearm_watch until it is. */
void usocket_py_set_handler(socket_obj_t *self, mp_obj_t handler) {
    int r = 0;
    lock_watch(self);
    self->handler = handler;
    usocket_watch_t *watch = self->watch;
    if (handler == MP_OBJ_NULL && watch != NULL) {
        put_watch(self, NULL);
    } else if (handler != MP_OBJ_NULL && watch != NULL) {
        usocket_watch_again(watch);
    } else if (handler != MP_OBJ_NULL) {
        USOCKET_CALL_COLLECT(r, usocket_watch(&watch, &self->sock, schedule_handler, self));
        if (watch != NULL) {
            put_watch(self, watch);
        }
    }
    unlock_watch(self);
    if (handler == MP_OBJ_NULL && watch != NULL) {
        MP_THREAD_GIL_EXIT();
        usocket_watch_end(watch);
        MP_THREAD_GIL_ENTER();
    }
    usocket_py_check(r, MP_QSTR_setsockopt);
    if (handler != MP_OBJ_NULL) {
        fire_for_unread(self);
    }
}

#else

#define rearm_watch(self) ((void)(self))

void usocket_py_set_handler(socket_obj_t *self, mp_obj_t handler) {
    (void)self;
    if (handler != MP_OBJ_NULL) {
        usocket_py_raise(USOCKET_EOPNOTSUPP, MP_QSTR_setsockopt, NULL);
    }
}

#endif

/* Without a watcher it costs two loads, so every receive calls it. */
void usocket_py_consumed(socket_obj_t *self) {
#if USOCKET_POLLER
    if (self->polled != 0 && usocket_unread_len(&self->sock) != 0) {
        usocket_py_changes++;
    }
#endif
    if (self->watch != NULL) {
        rearm_watch(self);
    }
}
