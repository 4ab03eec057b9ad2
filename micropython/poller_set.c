/* Registration with a poller: a slot for each descriptor, and a list of objects without one of their own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "poller.h"

#if USOCKET_POLLER && USOCKET_PY_EXTRAS

/* The stream protocol of an object with an ioctl; raises OSError for any other object. */
static const mp_stream_p_t *stream_of(mp_obj_t obj) {
    return mp_get_stream_raise(obj, MP_STREAM_OP_IOCTL);
}

/* True for a socket of this module, also of a subclass. */
static bool is_ours(mp_obj_t obj) {
    return !mp_obj_is_int(obj) && stream_of(obj)->ioctl == usocket_py_stream.ioctl;
}

void usocket_py_poller_check_open(const poller_obj_t *self) {
    if (self->closed) {
        usocket_py_raise_closed(MP_QSTR_poller);
    }
}

/* The lock is taken again on both ways out; an exception of the ioctl goes on to the caller. */
mp_uint_t usocket_py_poller_ioctl(poller_obj_t *self, mp_obj_t obj, mp_uint_t request, uintptr_t arg, int *errcode) {
    const mp_stream_p_t *stream = stream_of(obj);
    usocket_py_unlock(&self->lock);
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_uint_t r = stream->ioctl(obj, request, arg, errcode);
        nlr_pop();
        usocket_py_lock(&self->lock);
        return r;
    }
    usocket_py_lock(&self->lock);
    nlr_jump(nlr.ret_val);
}

/* The descriptor of a number or of an object's MP_STREAM_GET_FILENO, or -1. */
static int descriptor_of(poller_obj_t *self, mp_obj_t obj) {
    if (mp_obj_is_int(obj)) {
        int fd = usocket_py_int(obj, MP_QSTR_fd);
        if (fd < 0) {
            mp_raise_ValueError(MP_ERROR_TEXT("negative file descriptor"));
        }
        return fd;
    }
#ifdef MP_STREAM_GET_FILENO
    int errcode;
    mp_uint_t r = usocket_py_poller_ioctl(self, obj, MP_STREAM_GET_FILENO, 0, &errcode);
    if (r != MP_STREAM_ERROR) {
        return (int)r;
    }
#else
    stream_of(obj);
#endif
    return -1;
}

int usocket_py_poller_fileno(poller_obj_t *self, mp_obj_t obj) {
    if (is_ours(obj)) {
        return usocket_fileno(&usocket_py_self(obj)->sock);
    }
    int fd = descriptor_of(self, obj);
    usocket_py_poller_check_open(self);
    return fd;
}

mp_map_elem_t *usocket_py_poller_find(poller_obj_t *self, mp_obj_t obj, mp_map_lookup_kind_t kind) {
    return mp_map_lookup(&self->map, mp_obj_id(obj), kind);
}

/* True for a TLS socket that shares its descriptor with no other in the list. */
static bool is_secure(poller_obj_t *self, mp_obj_t obj) {
    if (!USOCKET_TLS || self->set < 0 || !is_ours(obj) || usocket_py_self(obj)->sock.proto != USOCKET_PROTO_SEC) {
        return false;
    }
    bool alone = true;
    for (size_t i = 0; i < self->asked_n; i++) {
        asked_t *a = &self->asked[i];
        if (a->secure &&
            usocket_fileno(&usocket_py_self(a->obj)->sock) == usocket_fileno(&usocket_py_self(obj)->sock)) {
            a->secure = alone = false;
        }
    }
    return alone;
}

/* Append an object to the list. `number` is the descriptor to try, or -1. */
static void add_asked(poller_obj_t *self, mp_obj_t obj, mp_uint_t events, int number) {
    if (self->asked_n == self->asked_room) {
        size_t room = self->asked_room + 4;
        self->asked = m_renew(asked_t, self->asked, self->asked_room, room);
        self->asked_room = room;
    }
    usocket_py_poller_find(self, obj, MP_MAP_LOOKUP_ADD_IF_NOT_FOUND)->value =
        MP_OBJ_NEW_SMALL_INT(-1 - (mp_int_t)self->asked_n);
    bool secure = number < 0 && is_secure(self, obj);
    self->asked[self->asked_n++] =
        (asked_t){.obj = obj, .events = (uint16_t)events, .secure = secure, .number = number >= 0, .fd = number};
}

/* Move an entry of the list, and update the map. */
static void move_asked(poller_obj_t *self, size_t from, size_t to) {
    if (from != to) {
        self->asked[to] = self->asked[from];
        usocket_py_poller_find(self, self->asked[to].obj, MP_MAP_LOOKUP)->value =
            MP_OBJ_NEW_SMALL_INT(-1 - (mp_int_t)to);
    }
}

/* Remove an entry of the list. The last entry takes its place, so the index of that one changes. */
static void remove_asked(poller_obj_t *self, size_t i) {
    self->asked_n--;
    move_asked(self, self->asked_n, i);
    self->asked[self->asked_n].obj = MP_OBJ_NULL;
}

/* Free a slot; its descriptor stays armed and may report once more. */
static void empty_slot(poller_obj_t *self, slot_t *slot) {
    if (slot->ours) {
        usocket_py_self(slot->obj)->polled--;
    } else {
        self->foreign--;
    }
    slot->obj = MP_OBJ_NULL;
    slot->ours = false;
}

/* Make room for a descriptor's slot, and return it; NULL if another open object has it. A closed socket in it moves
 * to the list, which reports that it is closed. */
static slot_t *slot_for(poller_obj_t *self, int fd, mp_obj_t obj) {
    if ((size_t)fd >= self->room) {
        size_t room = (size_t)fd + (size_t)fd / 2 + 8;
        self->slot = m_renew(slot_t, self->slot, self->room, room);
        memset(self->slot + self->room, 0, (room - self->room) * sizeof(slot_t));
        self->room = room;
    }
    slot_t *slot = &self->slot[fd];
    if (slot->obj != MP_OBJ_NULL && slot->obj != obj) {
        if (!slot->ours || usocket_fileno(&usocket_py_self(slot->obj)->sock) == fd) {
            return NULL; /* The second object on one descriptor goes into the list. */
        }
        mp_obj_t old = slot->obj;
        mp_uint_t events = slot->events;
        add_asked(self, old, events, -1);
        slot = &self->slot[fd];
        empty_slot(self, slot);
    }
    return slot;
}

/* Drop results of an earlier registration of the object. */
static void forget_found_in(round_t *w, mp_obj_t obj) {
    for (size_t i = w->i; i < w->n; i++) {
        if (w->found[i].obj == obj) {
            w->found[i].obj = MP_OBJ_NULL;
        }
    }
}

/* Drop them in every wait in progress, and in the results that ipoll's iterator has not returned yet. */
static void forget_results(poller_obj_t *self, mp_obj_t obj) {
    for (round_t *w = self->waits; w != NULL; w = w->next) {
        forget_found_in(w, obj);
    }
    if (self->it != NULL) {
        forget_found_in(self->it, obj);
    }
}

/* A number from here on that is not open is refused; a smaller one may have just been closed. */
#define NO_DESCRIPTOR 1024

/* An object with a descriptor gets the slot of that number. It goes into the list if it has none, if the system cannot
 * watch it, or if another object has the slot. The object counts as registered only once nothing can raise any more. */
void usocket_py_poller_add(poller_obj_t *self, mp_obj_t obj, mp_uint_t events) {
    int fd = descriptor_of(self, obj);
    bool is_number = mp_obj_is_int(obj);
    mp_map_elem_t *elem = usocket_py_poller_find(self, obj, MP_MAP_LOOKUP);
    /* Another thread, or the object's own ioctl, may have closed the poller or registered the object. */
    if (self->closed || elem != NULL) {
        usocket_py_poller_check_open(self);
        usocket_py_poller_change(self, elem, events);
        return;
    }
    forget_results(self, obj);
    if (self->set < 0 || fd < 0) {
        if (is_number) {
            usocket_py_raise_number(USOCKET_EOPNOTSUPP, MP_QSTR_register, fd);
        }
        add_asked(self, obj, events, -1);
        return;
    }
    /* Arm first: an absurd number then fails before `slot` grows to it. */
    slot_t *slot = NULL;
    bool taken = (size_t)fd < self->room && self->slot[fd].obj != MP_OBJ_NULL;
    int r = taken ? 0 : usocket_poller_arm(self->set, fd, slot_events(events));
    if (r == 0) {
        slot = slot_for(self, fd, obj);
        if (slot != NULL && taken) {
            r = usocket_poller_arm(self->set, fd, slot_events(events));
        }
    } else if (r == USOCKET_EBADF && is_number && fd >= NO_DESCRIPTOR) {
        usocket_py_raise_number(r, MP_QSTR_register, fd);
    }
    if (slot != NULL && r == 0) {
        bool ours = is_ours(obj);
        usocket_py_poller_find(self, obj, MP_MAP_LOOKUP_ADD_IF_NOT_FOUND)->value = MP_OBJ_NEW_SMALL_INT(fd);
        slot->obj = obj;
        slot->events = (uint16_t)events;
        slot->ours = ours;
        if (ours) {
            usocket_py_self(obj)->polled++;
        } else {
            self->foreign++;
        }
        return;
    }
    if (r == 0 && is_number) {
        usocket_py_raise_number(USOCKET_EEXIST, MP_QSTR_register, fd);
    }
    add_asked(self, obj, events, r == USOCKET_EPERM || is_number ? fd : -1);
}

/* An entry of a TLS socket is asked anew for the new events. */
void usocket_py_poller_change(poller_obj_t *self, mp_map_elem_t *elem, mp_uint_t events) {
    mp_int_t at = MP_OBJ_SMALL_INT_VALUE(elem->value);
    if (at < 0) {
        asked_t *a = &self->asked[-1 - at];
        a->events = (uint16_t)events;
        a->fd = a->number ? a->fd : -1;
        return;
    }
    self->slot[at].events = (uint16_t)events;
    if (usocket_poller_arm(self->set, (int)at, slot_events(events)) < 0) {
        self->gone = true; /* It is closed, and the next wait reports that. */
    }
}

void usocket_py_poller_remove(poller_obj_t *self, mp_obj_t obj) {
    mp_map_elem_t *elem = usocket_py_poller_find(self, obj, MP_MAP_LOOKUP_REMOVE_IF_FOUND);
    if (elem != NULL) {
        mp_int_t at = MP_OBJ_SMALL_INT_VALUE(elem->value);
        if (at < 0) {
            remove_asked(self, (size_t)(-1 - at));
        } else {
            empty_slot(self, &self->slot[at]); /* A late report of its descriptor is ignored. */
        }
    }
}

void usocket_py_poller_rearm(poller_obj_t *self, uint16_t flags) {
    uint32_t link = self->told;
    while (link > 1) {
        slot_t *slot = &self->slot[link - 2];
        int fd = (int)link - 2;
        link = slot->told;
        slot->told = 0;
        bool again = slot->obj != MP_OBJ_NULL && !(slot->edge == QUIET && (flags & READ_ALL));
        slot->edge = 0;
        if (again && usocket_poller_arm(self->set, fd, slot_events(slot->events)) < 0) {
            self->gone = true;
        }
    }
    self->told = 1;
}

/* The arrays are left to the collector. Armed descriptors leave the set when it is closed. */
void usocket_py_poller_clear(poller_obj_t *self) {
    for (size_t i = 0; i < self->room; i++) {
        if (self->slot[i].obj != MP_OBJ_NULL) {
            empty_slot(self, &self->slot[i]);
        }
    }
    self->slot = NULL;
    self->asked = NULL;
    self->told = 1;
    self->room = self->asked_n = self->asked_room = 0;
    mp_map_init(&self->map, 0);
}

#endif
