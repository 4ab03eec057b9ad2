/* What the poller has: its object, shared by poller.c (waiting) and poller_set.c (what is registered).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PY_POLLER_H
#define USOCKET_PY_POLLER_H

#include "py_usocket.h"

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
    uint16_t events, ready;
    uint16_t always; /* not 0: what it is ready for, without asking */
    bool secure;     /* speaks TLS: asked when its descriptor is as it has said */
    int fd;          /* armed for that; -1 */
    usocket_look_t look;
} asked_t;

typedef struct {
    mp_obj_base_t base;
    int set; /* the library's poller, or -1 */
    bool closed;
    bool gone;   /* one of the slots may be of a closed socket */
    bool asking; /* one of those that are asked has to be asked again soon */
    uint16_t flags;
    usocket_time_t look; /* or by then */
    uint32_t seen;       /* of usocket_py_changes */
    uint32_t told;       /* list of slots, as slot_t.told */
    size_t room;
    slot_t *slot;
    size_t asked_n, asked_room, asked_i;
    asked_t *asked;
    mp_map_t map; /* the object's id: a slot, or -1 - a place in asked */
    int ready_n, ready_i;
    usocket_ready_t ready[AT_ONCE];
    mp_obj_t tuple;
} poller_obj_t;

/* How objects register: their id leads to a slot, or to -1 - a place in asked. */
mp_map_elem_t *usocket_py_poller_find(poller_obj_t *self, mp_obj_t obj, mp_map_lookup_kind_t kind);
void usocket_py_poller_add(poller_obj_t *self, mp_obj_t obj, mp_uint_t events);
void usocket_py_poller_change(poller_obj_t *self, mp_map_elem_t *elem, mp_uint_t events);
void usocket_py_poller_remove(poller_obj_t *self, mp_obj_t obj); /* whether or not it is there */
void usocket_py_poller_clear(poller_obj_t *self);

#endif

#endif
