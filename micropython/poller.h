/* The poller object, shared by poller.c (waiting) and poller_set.c (registration). poller.c calls poller_set.c, not the
 * other way round.
 *
 * Caller: a thread that holds the GIL, or, in builds without one, the poller's `lock`. Both are released while a call
 * waits, and while an object's ioctl runs, which may be the program's own code. Afterwards anything may have changed:
 * the poller may be closed, its arrays moved, the object unregistered. Pointers into `slot` and `asked` are fetched
 * again then.
 *
 * The functions may raise. A wait that raises has returned nothing; the next one finds its events again.
 *
 * Never: the descriptor `set` is not closed while a call waits on it; the last call that leaves closes it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PY_POLLER_H
#define USOCKET_PY_POLLER_H

#include "py_usocket.h"
#include "usocket/private.h"

#if USOCKET_POLLER && USOCKET_PY_EXTRAS

/* Flags of ipoll. */
#define ONE_SHOT 1 /* An object that is returned waits for nothing until it is modified. */
#define READ_ALL 2 /* The program has read all from the sockets that were readable, or has called modify. */

/* A slot's descriptor stays armed, so that it reports what arrives after all was read. */
#define slot_events(events) (usocket_py_events(events) | USOCKET_POLL_EDGE)

#define AT_ONCE 64 /* Events that one call of usocket_poller_wait returns at most. */

#define ENDED 1 /* The peer has ended, or urgent data is there: a short receive does not tell that all was read. */
#define QUIET 2 /* ipoll has returned the object as readable. With READ_ALL the next wait does not arm it again. */

/* A registered object; its descriptor is the index of this slot. */
typedef struct {
    mp_obj_t obj;  /* MP_OBJ_NULL in a free slot. */
    uint32_t told; /* Link in the list of reported descriptors: 0 not in it, 1 the last, else the next index + 2. */
    uint16_t events;
    bool ours;    /* The object is a socket of this module. */
    uint8_t edge; /* 0, ENDED or QUIET. */
} slot_t;

/* A registered object that has no slot and is asked in each wait. */
typedef struct {
    mp_obj_t obj;
    uint16_t events;
    bool secure;         /* A TLS socket: asked only once its descriptor reports what `look` says. */
    bool number;         /* Asked by arming fd, which is a file, always ready, or not a descriptor any more. */
    int fd;              /* Of a secure socket, the armed descriptor, or -1. */
    usocket_look_t look; /* Of a secure socket, the answer of the last usocket_poller_look. */
} asked_t;

typedef struct {
    mp_obj_t obj; /* MP_OBJ_NULL once it is returned or unregistered. */
    uint16_t mask;
} found_t;

/* One wait and its results. Each call has its own, because other threads and scheduled functions may wait in the
 * same poller. It is also the iterator that ipoll returns. */
typedef struct round {
    mp_obj_base_t base;
    struct poller_obj *poller;
    struct round *next;  /* The next in the poller's list `waits`. */
    uint16_t flags;      /* The flags argument of ipoll. */
    bool shared;         /* Other calls have waited at the same time, so that an object may be in `found` already. */
    bool asking;         /* An object in `asked` has to be asked again soon. */
    usocket_time_t look; /* The time to ask at the latest; USOCKET_NEVER for none. */
    size_t n, i, room;   /* `found` has n entries, of which i are returned, and room for more. */
    found_t *found;
    usocket_ready_t *ready; /* AT_ONCE entries; NULL where the poller has no set. */
    mp_obj_t tuple;         /* The tuple that ipoll's iterator returns each time, or MP_OBJ_NULL. */
} round_t;

typedef struct poller_obj {
    mp_obj_base_t base;
    usocket_py_lock_t lock; /* Released while a call waits, and while it asks an object. */
    int set;                /* The core's poller, or -1 where the system has none. */
    bool closed;
    bool gone;      /* A slot may belong to a closed socket. */
    uint32_t seen;  /* usocket_py_changes when the slots were last checked. */
    uint32_t told;  /* Head of the list of descriptors that have reported, in the form of slot_t.told. */
    size_t foreign; /* Slots of objects that are not sockets of ours; each wait checks their descriptors. */
    size_t room;    /* Entries in `slot`. */
    slot_t *slot;
    size_t asked_n, asked_room; /* Entries in use, and allocated, in `asked`. */
    asked_t *asked;
    mp_map_t map;   /* Object id to an index into `slot`, or to -1 - an index into `asked`. */
    round_t *waits; /* The calls that are waiting. */
    round_t *spare; /* poll's round; NULL while a call uses it. */
    round_t *it;    /* ipoll's latest round, or NULL. */
} poller_obj_t;

/* Call an object's ioctl without the lock. */
mp_uint_t usocket_py_poller_ioctl(poller_obj_t *self, mp_obj_t obj, mp_uint_t request, uintptr_t arg, int *errcode);

/* Raise EBADF if the poller is closed, which may have happened during an ioctl. */
void usocket_py_poller_check_open(const poller_obj_t *self);

/* The current descriptor of a registered object, or -1. Calls the ioctl of an object that is not a socket of ours. */
int usocket_py_poller_fileno(poller_obj_t *self, mp_obj_t obj);

/* Find, add, change and remove registered objects. Remove accepts an object that is not registered. */
mp_map_elem_t *usocket_py_poller_find(poller_obj_t *self, mp_obj_t obj, mp_map_lookup_kind_t kind);
void usocket_py_poller_add(poller_obj_t *self, mp_obj_t obj, mp_uint_t events);
void usocket_py_poller_change(poller_obj_t *self, mp_map_elem_t *elem, mp_uint_t events);
void usocket_py_poller_remove(poller_obj_t *self, mp_obj_t obj);
void usocket_py_poller_clear(poller_obj_t *self);

/* Arm the descriptors that have reported and are still registered. They report again, but for READ_ALL. flags: of ipoll. */
void usocket_py_poller_rearm(poller_obj_t *self, uint16_t flags);

#endif

#endif
