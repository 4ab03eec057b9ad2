/* setsockopt(SOL_SOCKET, 20, handler): the handler is scheduled when a connection waits on a listener, or data on a socket.
 *
 * A thread of the library watches the socket (usocket_watch) and schedules fire(), which calls the handler from the
 * interpreter's own loop. It fires again once the program has taken something from the socket.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"

#if MICROPY_ENABLE_SCHEDULER && USOCKET_THREADS

/* A socket with a handler lives on, whether or not the program keeps it: a list that the collector sees. */
#if USOCKET_CAN_REGISTER
MP_REGISTER_ROOT_POINTER(mp_obj_t usocket_watched);
#define WATCHED MP_STATE_VM(usocket_watched)
#endif

static void keep(socket_obj_t *self, bool on) {
#ifdef WATCHED
    if (WATCHED == MP_OBJ_NULL) {
        if (!on) {
            return;
        }
        WATCHED = mp_obj_new_dict(0);
    }
    mp_obj_t key = MP_OBJ_FROM_PTR(self);
    mp_map_t *map = mp_obj_dict_get_map(WATCHED);
    if (on) {
        mp_map_lookup(map, key, MP_MAP_LOOKUP_ADD_IF_NOT_FOUND)->value = mp_const_none;
    } else {
        mp_map_lookup(map, key, MP_MAP_LOOKUP_REMOVE_IF_FOUND);
    }
#else
    (void)self, (void)on; /* the program keeps the socket */
#endif
}

static mp_obj_t fire(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->handler != MP_OBJ_NULL) {
        mp_call_function_1(self->handler, self_in);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(fire_obj, fire);

/* On the watcher's thread: nothing of the interpreter may be touched but its schedule. */
static bool ready(void *self) {
    return mp_sched_schedule(MP_OBJ_FROM_PTR(&fire_obj), MP_OBJ_FROM_PTR(self));
}

void usocket_py_handler_rearm(socket_obj_t *self) {
    mp_uint_t state = MICROPY_BEGIN_ATOMIC_SECTION();
    if (self->watch != NULL) {
        usocket_watch_again(self->watch);
    }
    MICROPY_END_ATOMIC_SECTION(state);
}

static usocket_watch_t *take_watch(socket_obj_t *self) {
    mp_uint_t state = MICROPY_BEGIN_ATOMIC_SECTION();
    usocket_watch_t *watch = self->watch;
    self->watch = NULL;
    MICROPY_END_ATOMIC_SECTION(state);
    return watch;
}

void usocket_py_handler(socket_obj_t *self, mp_obj_t handler) {
    self->handler = handler;
    if (handler == MP_OBJ_NULL) {
        usocket_watch_t *watch = self->watch != NULL ? take_watch(self) : NULL;
        if (watch != NULL) { /* outside the atomic section: its thread may wait for that, to schedule */
            usocket_watch_end(watch);
            keep(self, false);
        }
    } else if (self->watch == NULL) {
        keep(self, true);
        usocket_watch_t *watch = NULL;
        int r = usocket_watch(&watch, &self->sock, ready, self);
        if (r < 0) {
            self->handler = MP_OBJ_NULL;
            keep(self, false);
            usocket_py_raise(r, "setsockopt", NULL);
        }
        self->watch = watch;
    } else {
        usocket_py_handler_rearm(self);
    }
}

#else

void usocket_py_handler_rearm(socket_obj_t *self) {
    (void)self;
}

void usocket_py_handler(socket_obj_t *self, mp_obj_t handler) {
    (void)self;
    if (handler != MP_OBJ_NULL) {
        usocket_py_raise(USOCKET_EOPNOTSUPP, "setsockopt", NULL);
    }
}

#endif
