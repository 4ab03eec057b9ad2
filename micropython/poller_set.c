/* What is registered with a poller: descriptors in slots of their number, and what has none, or shares one, on a list.
 *
 * SPDX-License-Identifier: MIT
 */
#include "poller.h"

#include <limits.h>

#if USOCKET_POLLER && USOCKET_PY_EXTRAS

static const mp_stream_p_t *stream_of(mp_obj_t obj) {
    return mp_get_stream_raise(obj, MP_STREAM_OP_IOCTL);
}

static bool is_ours(mp_obj_t obj) {
    return !mp_obj_is_int(obj) && stream_of(obj)->ioctl == usocket_py_stream.ioctl;
}

/* Its descriptor, or -1. */
static int descriptor(mp_obj_t obj) {
    if (mp_obj_is_int(obj)) {
        int fd = usocket_py_int(obj);
        if (fd < 0) {
            mp_raise_ValueError(NULL);
        }
        return fd;
    }
#ifdef MP_STREAM_GET_FILENO
    int errcode;
    mp_uint_t r = stream_of(obj)->ioctl(obj, MP_STREAM_GET_FILENO, 0, &errcode);
    if (r != MP_STREAM_ERROR) {
        return (int)r;
    }
#else
    stream_of(obj);
#endif
    return -1;
}

mp_map_elem_t *usocket_py_poller_find(poller_obj_t *self, mp_obj_t obj, mp_map_lookup_kind_t kind) {
    return mp_map_lookup(&self->map, mp_obj_id(obj), kind);
}

/* It speaks TLS, and is alone here with its descriptor. */
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

static void ask(poller_obj_t *self, mp_obj_t obj, mp_uint_t events, mp_uint_t always) {
    if (self->asked_n == self->asked_room) {
        size_t room = self->asked_room + 4;
        self->asked = m_renew(asked_t, self->asked, self->asked_room, room);
        self->asked_room = room;
    }
    usocket_py_poller_find(self, obj, MP_MAP_LOOKUP_ADD_IF_NOT_FOUND)->value =
        MP_OBJ_NEW_SMALL_INT(-1 - (mp_int_t)self->asked_n);
    bool secure = is_secure(self, obj);
    self->asked[self->asked_n++] =
        (asked_t){.obj = obj, .events = (uint16_t)events, .always = (uint16_t)always, .secure = secure, .fd = -1};
}

static void move_asked(poller_obj_t *self, size_t from, size_t to) {
    if (from != to) {
        self->asked[to] = self->asked[from];
        usocket_py_poller_find(self, self->asked[to].obj, MP_MAP_LOOKUP)->value =
            MP_OBJ_NEW_SMALL_INT(-1 - (mp_int_t)to);
    }
}

/* The gap is filled so that whoever iterates misses none. */
static void unask(poller_obj_t *self, size_t i) {
    if (i < self->asked_i) {
        self->asked_i--;
        move_asked(self, self->asked_i, i);
        i = self->asked_i;
    }
    self->asked_n--;
    move_asked(self, self->asked_n, i);
    self->asked[self->asked_n].obj = MP_OBJ_NULL;
}

static void empty(slot_t *slot) {
    if (slot->ours) {
        usocket_py_self(slot->obj)->polled--;
    }
    slot->obj = MP_OBJ_NULL;
    slot->ours = false;
}

/* A slot for a descriptor. Who was there and is closed moves: it has this to tell. */
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
            return NULL; /* two objects, one descriptor: the second is asked */
        }
        mp_obj_t old = slot->obj;
        mp_uint_t events = slot->events;
        ask(self, old, events, 0);
        slot = &self->slot[fd];
        empty(slot);
    }
    return slot;
}

/* What has been taken for a number and is not passed on yet is of somebody who is gone. */
static void untake(poller_obj_t *self, int fd) {
    for (int i = self->ready_i; i < self->ready_n; i++) {
        if (self->ready[i].fd == fd) {
            self->ready[i].fd = INT_MAX;
        }
    }
}

void usocket_py_poller_add(poller_obj_t *self, mp_obj_t obj, mp_uint_t events) {
    int fd = descriptor(obj);
    mp_uint_t always = 0;
    slot_t *slot = self->set >= 0 && fd >= 0 ? slot_for(self, fd, obj) : NULL;
    if (slot != NULL) {
        int r = usocket_poller_arm(self->set, fd, usocket_py_events(events));
        if (r == 0) {
            usocket_py_poller_find(self, obj, MP_MAP_LOOKUP_ADD_IF_NOT_FOUND)->value = MP_OBJ_NEW_SMALL_INT(fd);
            bool ours = is_ours(obj);
            untake(self, fd);
            slot->obj = obj;
            slot->events = (uint16_t)events;
            slot->ours = ours;
            if (ours) {
                usocket_py_self(obj)->polled++;
            }
            return;
        }
        if (r == USOCKET_EPERM) {
            always = MP_STREAM_POLL_RD | MP_STREAM_POLL_WR;
        } else if (mp_obj_is_int(obj)) {
            always = usocket_py_mask(USOCKET_POLL_NVAL);
        }
    } else if (mp_obj_is_int(obj)) {
        usocket_py_raise(self->set >= 0 ? USOCKET_EEXIST : USOCKET_EOPNOTSUPP, MP_QSTR_poller, NULL);
    }
    ask(self, obj, events, always);
}

void usocket_py_poller_change(poller_obj_t *self, mp_map_elem_t *elem, mp_uint_t events) {
    mp_int_t at = MP_OBJ_SMALL_INT_VALUE(elem->value);
    if (at < 0) {
        self->asked[-1 - at].events = (uint16_t)events;
        self->asked[-1 - at].fd = -1;
        return;
    }
    self->slot[at].events = (uint16_t)events;
    if (usocket_poller_arm(self->set, (int)at, usocket_py_events(events)) < 0) {
        self->gone = true; /* closed: the next wait says so */
    }
}

void usocket_py_poller_remove(poller_obj_t *self, mp_obj_t obj) {
    mp_map_elem_t *elem = usocket_py_poller_find(self, obj, MP_MAP_LOOKUP_REMOVE_IF_FOUND);
    if (elem != NULL) {
        mp_int_t at = MP_OBJ_SMALL_INT_VALUE(elem->value);
        if (at < 0) {
            unask(self, (size_t)(-1 - at));
        } else {
            empty(&self->slot[at]); /* it may tell once more, to nobody */
        }
    }
}

void usocket_py_poller_clear(poller_obj_t *self) {
    for (size_t i = 0; i < self->room; i++) {
        if (self->slot[i].obj != MP_OBJ_NULL) {
            empty(&self->slot[i]);
        }
    }
    self->slot = NULL;
    self->asked = NULL;
    self->room = self->asked_n = self->asked_room = 0;
    mp_map_init(&self->map, 0);
}

#endif
