/* What the poller has: its object, shared by poller.c (waiting) and poller_set.c (what is registered).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PY_POLLER_H
#define USOCKET_PY_POLLER_H

#include "py_usocket.h"
#include "usocket/private.h"

#if USOCKET_POLLER && USOCKET_PY_EXTRAS

#define AT_ONCE 64

typedef struct {
    mp_obj_t obj;  /* MP_OBJ_NULL: none */
    uint32_t told; /* on the list of those that have told: 0 not, 1 the last, else the next one's number + 2 */
    uint16_t events;
    bool ours;
} slot_t;

typedef struct {
    mp_obj_t obj;
    uint16_t events;
    bool secure; /* speaks TLS: asked when its descriptor is as it has said */
    bool number; /* asked by arming fd: a file, which is always ready, or no descriptor (any more) */
    int fd;      /* secure: armed for that; -1 */
    usocket_look_t look;
} asked_t;

typedef struct {
    mp_obj_t obj; /* MP_OBJ_NULL: passed on, or unregistered */
    uint16_t mask;
} found_t;

/* One wait and what it has found. Each call has its own: other threads, and functions that run meanwhile, may wait in the same
 * poller. It is the iterator of ipoll. */
typedef struct round {
    mp_obj_base_t base;
    struct poller_obj *poller;
    struct round *next; /* of those that wait */
    uint16_t flags;
    bool shared;         /* others have waited at the same time: found may hold what they were told */
    bool asking;         /* one of those that are asked has to be asked again soon */
    usocket_time_t look; /* or by then */
    size_t n, i, room;   /* of found: how many, how many are passed on, how many fit */
    found_t *found;
    usocket_ready_t *ready; /* room for AT_ONCE, where there is a set */
    mp_obj_t tuple;         /* of ipoll, or MP_OBJ_NULL */
} round_t;

typedef struct poller_obj {
    mp_obj_base_t base;
    usocket_py_lock_t lock; /* released while a call waits, and while it asks an object */
    int set;                /* the library's poller, or -1; closed by the last call that leaves */
    bool closed;
    bool gone;      /* one of the slots may be of a closed socket */
    uint32_t seen;  /* of usocket_py_changes */
    uint32_t told;  /* list of slots, as slot_t.told */
    size_t foreign; /* slots of descriptors that others may close: looked at by every wait */
    size_t room;
    slot_t *slot;
    size_t asked_n, asked_room;
    asked_t *asked;
    mp_map_t map;   /* the object's id: a slot, or -1 - a place in asked */
    round_t *waits; /* the calls that wait */
    round_t *spare; /* poll's, or NULL while a call has it */
    round_t *it;    /* ipoll's latest, or NULL */
} poller_obj_t;

/* An ioctl of an object's, which may be the program's own and do anything. */
mp_uint_t usocket_py_poller_ioctl(poller_obj_t *self, mp_obj_t obj, mp_uint_t request, uintptr_t arg, int *errcode);

/* After an ioctl, in which the object or another thread may have closed the poller, or taken objects out: raises EBADF if it is
 * closed. */
void usocket_py_poller_check_open(const poller_obj_t *self);

/* The descriptor, or -1, that a registered object has now. The same may happen meanwhile. */
int usocket_py_poller_fileno(poller_obj_t *self, mp_obj_t obj);

/* How objects register: their id leads to a slot, or to -1 - a place in asked. */
mp_map_elem_t *usocket_py_poller_find(poller_obj_t *self, mp_obj_t obj, mp_map_lookup_kind_t kind);
void usocket_py_poller_add(poller_obj_t *self, mp_obj_t obj, mp_uint_t events);
void usocket_py_poller_change(poller_obj_t *self, mp_map_elem_t *elem, mp_uint_t events);
void usocket_py_poller_remove(poller_obj_t *self, mp_obj_t obj); /* whether or not it is there */
void usocket_py_poller_clear(poller_obj_t *self);

#endif

#endif
