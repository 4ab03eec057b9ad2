/* poller: select.poll's interface, at a cost that follows what is ready.
 *
 * What has a descriptor is in a slot of its number, and the library's poller watches it. A slot that has told is armed again by
 * the next wait, if it is still registered; so a descriptor that is registered, told and unregistered again, as asyncio does
 * it, costs one system call. What has none, and everything where the stack has no such poller, is asked in turn with
 * MP_STREAM_POLL, every millisecond. A socket that speaks TLS is looked at, and then its descriptor is watched for what it said.
 *
 * SPDX-License-Identifier: MIT
 */
#include "poller.h"

#include "functions.h"

#if USOCKET_POLLER && USOCKET_PY_EXTRAS

uint32_t usocket_py_changes;

#define SLICE_US 50000 /* how long a change in another thread may go unnoticed */
#define ASK_US 1000    /* as MicroPython's select.poll */
#define ONE_SHOT 1     /* ipoll's flag */

static poller_obj_t *open_self(mp_obj_t self_in) {
    poller_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_py_check(self->closed ? USOCKET_EBADF : 0, MP_QSTR_poller);
    return self;
}

static mp_obj_t poller_register(size_t n_args, const mp_obj_t *args) {
    poller_obj_t *self = open_self(args[0]);
    mp_uint_t events = n_args > 2 ? (mp_uint_t)mp_obj_get_int(args[2]) : MP_STREAM_POLL_RD | MP_STREAM_POLL_WR;
    mp_map_elem_t *elem = usocket_py_poller_find(self, args[1], MP_MAP_LOOKUP);
    if (elem != NULL) {
        usocket_py_poller_change(self, elem, events);
    } else {
        usocket_py_poller_add(self, args[1], events);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(poller_register_obj, 2, 3, poller_register);

static mp_obj_t poller_modify(mp_obj_t self_in, mp_obj_t obj, mp_obj_t events) {
    poller_obj_t *self = open_self(self_in);
    mp_map_elem_t *elem = usocket_py_poller_find(self, obj, MP_MAP_LOOKUP);
    if (elem == NULL) {
        mp_raise_OSError(MP_ENOENT);
    }
    usocket_py_poller_change(self, elem, (mp_uint_t)mp_obj_get_int(events));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(poller_modify_obj, poller_modify);

static mp_obj_t poller_unregister(mp_obj_t self_in, mp_obj_t obj) {
    poller_obj_t *self = open_self(self_in);
    usocket_py_poller_remove(self, obj);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(poller_unregister_obj, poller_unregister);

/* ---- Waiting ------------------------------------------------------------------------------------------------------ */

static void report(poller_obj_t *self, int fd, int ready) {
    self->ready[self->ready_n++] = (usocket_ready_t){fd, ready};
}

/* Arm again what has told and is still there. */
static void arm_again(poller_obj_t *self) {
    uint32_t link = self->told;
    while (link > 1) {
        slot_t *slot = &self->slot[link - 2];
        int fd = (int)link - 2;
        link = slot->told;
        slot->told = 0;
        if (slot->obj != MP_OBJ_NULL && usocket_poller_arm(self->set, fd, usocket_py_events(slot->events)) < 0) {
            self->gone = true;
        }
    }
    self->told = 1;
}

/* Sockets of ours that have been closed, or have bytes put back since they were armed; numbers that are closed. All are looked
 * at, but only after something of this kind has happened. */
static void look_for_changes(poller_obj_t *self) {
    if (!self->gone && self->seen == usocket_py_changes) {
        return;
    }
    self->gone = false;
    self->seen = usocket_py_changes;
    for (size_t i = 0; i < self->room; i++) {
        slot_t *slot = &self->slot[i];
        if (slot->obj == MP_OBJ_NULL) {
            continue;
        }
        int fd = slot->ours ? usocket_fileno(&usocket_py_self(slot->obj)->sock) : (int)i;
        if (fd != (int)i || usocket_poller_arm(self->set, fd, usocket_py_events(slot->events)) < 0) {
            self->gone = true; /* until it is unregistered */
            if (self->ready_n < AT_ONCE) {
                report(self, (int)i, USOCKET_POLL_NVAL);
            }
        }
    }
}

/* What a socket that speaks TLS is ready for; if nothing, its descriptor tells when to look again. */
static mp_uint_t look_at(poller_obj_t *self, asked_t *a) {
    usocket_t *s = &usocket_py_self(a->obj)->sock;
    int fd = usocket_fileno(s);
    bool free = fd >= 0 && ((size_t)fd >= self->room || self->slot[fd].obj == MP_OBJ_NULL);
    if (a->fd < 0 || a->fd != fd || !free || usocket_poller_stale(s, &a->look) ||
        (a->look.until != USOCKET_NEVER && usocket_deadline_in(1) > a->look.until)) {
        int r = usocket_poller_look(s, usocket_py_events(a->events), &a->look);
        bool told = r == 0 && free && (a->look.want != 0 || a->events == 0) &&
            usocket_poller_arm(self->set, fd, a->look.want) == 0;
        a->fd = told ? fd : -1;
        if (r != 0) {
            return usocket_py_mask(r);
        }
    }
    self->asking = self->asking || a->fd < 0;
    self->look = a->look.until < self->look ? a->look.until : self->look;
    return 0;
}

/* True: one of those that are asked is ready. */
static bool ask_all(poller_obj_t *self) {
    bool any = false;
    self->asking = false;
    self->look = USOCKET_NEVER;
    for (size_t i = 0; i < self->asked_n; i++) {
        asked_t *a = &self->asked[i];
        mp_uint_t r;
        if (a->always != 0) {
            r = a->always & (a->events | usocket_py_mask(USOCKET_POLL_NVAL));
        } else if (USOCKET_TLS && a->secure) {
            r = look_at(self, a);
        } else {
            int errcode;
            self->asking = true;
            r = mp_get_stream_raise(a->obj, MP_STREAM_OP_IOCTL)->ioctl(a->obj, MP_STREAM_POLL, a->events, &errcode);
            if (r == MP_STREAM_ERROR) {
                mp_raise_OSError(errcode);
            }
            usocket_py_check(self->closed ? USOCKET_EBADF : 0, MP_QSTR_poller); /* by the object itself */
            if (i >= self->asked_n) {
                break; /* it has taken others out */
            }
        }
        self->asked[i].ready = (uint16_t)r;
        any = any || r != 0;
    }
    return any;
}

static bool valid(const poller_obj_t *self, const usocket_ready_t *e) {
    return (size_t)e->fd < self->room && self->slot[e->fd].obj != MP_OBJ_NULL;
}

/* Leave those that are registered. They are to be armed again, whether or not anybody hears of them. */
static void sift(poller_obj_t *self, int from) {
    int n = from;
    for (int i = from; i < self->ready_n; i++) {
        usocket_ready_t e = self->ready[i];
        if (!valid(self, &e)) {
            for (size_t k = 0; k < self->asked_n; k++) {
                self->asked[k].fd = self->asked[k].fd == e.fd ? -1 : self->asked[k].fd;
            }
            continue;
        }
        slot_t *slot = &self->slot[e.fd];
        if (slot->told == 0) {
            slot->told = self->told;
            self->told = (uint32_t)e.fd + 2;
        }
        self->ready[n++] = e;
    }
    self->ready_n = n;
}

/* True: there was nothing until then. */
static bool take(poller_obj_t *self, usocket_time_t until) {
    int r;
    int have = self->ready_n;
    usocket_ready_t *out = self->ready + have;
    USOCKET_CALL_RAISE(r, usocket_poller_wait(self->set, out, (size_t)(AT_ONCE - have), until));
    usocket_py_check(r, MP_QSTR_poller);
    self->ready_n = have + r;
    sift(self, have);
    return r == 0;
}

static void wait(poller_obj_t *self, size_t n_args, const mp_obj_t *args) {
    usocket_time_t deadline = USOCKET_NEVER;
    if (n_args > 1 && args[1] != mp_const_none) {
        usocket_time_t ms = mp_obj_get_int(args[1]);
        deadline = ms < 0 || ms > USOCKET_NEVER / 1000 ? USOCKET_NEVER : usocket_deadline_in(ms * 1000);
    }
    self->flags = n_args > 2 ? (uint16_t)mp_obj_get_int(args[2]) : 0;
    self->ready_n = self->ready_i = 0;
    self->asked_i = 0;
    arm_again(self);
    for (;;) {
        look_for_changes(self);
        bool any = ask_all(self);
        usocket_time_t until = USOCKET_NOW;
        if (!any && self->ready_n == 0 && deadline != USOCKET_NOW) {
            until = usocket_deadline_in(self->asking ? ASK_US : SLICE_US);
            until = until < self->look ? until : self->look;
            until = until < deadline ? until : deadline;
        }
        bool in_vain = self->ready_n < AT_ONCE && take(self, until);
        if (any || self->ready_n != 0 || deadline == USOCKET_NOW || (in_vain && until == deadline)) {
            return;
        }
    }
}

/* The next that is ready; false: there are no more. */
static bool next(poller_obj_t *self, mp_obj_t *obj, mp_uint_t *mask) {
    while (self->asked_i < self->asked_n) {
        asked_t *a = &self->asked[self->asked_i++];
        if (a->ready != 0) {
            *obj = a->obj;
            *mask = a->ready;
            a->ready = 0;
            a->events = self->flags & ONE_SHOT ? 0 : a->events;
            return true;
        }
    }
    for (;;) {
        if (self->ready_i == self->ready_n) {
            if (self->ready_n < AT_ONCE) {
                return false;
            }
            self->ready_n = self->ready_i = 0;
            take(self, USOCKET_NOW);
            continue;
        }
        const usocket_ready_t *e = &self->ready[self->ready_i++];
        if (!valid(self, e)) {
            continue; /* unregistered by who was told before */
        }
        slot_t *slot = &self->slot[e->fd];
        *obj = slot->obj;
        *mask = usocket_py_mask(e->ready) &
            (slot->events | usocket_py_mask(USOCKET_POLL_ERR | USOCKET_POLL_HUP | USOCKET_POLL_NVAL));
        slot->events = self->flags & ONE_SHOT ? 0 : slot->events;
        if (*mask != 0) {
            return true;
        }
    }
}

static mp_obj_t poller_poll(size_t n_args, const mp_obj_t *args) {
    poller_obj_t *self = open_self(args[0]);
    wait(self, n_args, args);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    mp_obj_t obj;
    mp_uint_t mask;
    while (next(self, &obj, &mask)) {
        mp_obj_t items[2] = {obj, MP_OBJ_NEW_SMALL_INT(mask)};
        mp_obj_list_append(list, mp_obj_new_tuple(2, items));
    }
    return list;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(poller_poll_obj, 1, 3, poller_poll);

static mp_obj_t poller_ipoll(size_t n_args, const mp_obj_t *args) {
    poller_obj_t *self = open_self(args[0]);
    if (self->tuple == MP_OBJ_NULL) {
        self->tuple = mp_obj_new_tuple(2, NULL);
    }
    wait(self, n_args, args);
    return args[0];
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(poller_ipoll_obj, 1, 3, poller_ipoll);

static mp_obj_t poller_next(mp_obj_t self_in) {
    poller_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t obj;
    mp_uint_t mask;
    if (self->closed || self->tuple == MP_OBJ_NULL || !next(self, &obj, &mask)) {
        return MP_OBJ_STOP_ITERATION;
    }
    mp_obj_tuple_t *t = MP_OBJ_TO_PTR(self->tuple); /* the caller borrows it, as from select.poll */
    t->items[0] = obj;
    t->items[1] = MP_OBJ_NEW_SMALL_INT(mask);
    return self->tuple;
}

/* ---- Life --------------------------------------------------------------------------------------------------------- */

static mp_obj_t poller_del(mp_obj_t self_in) {
    poller_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (!self->closed && self->set >= 0) {
        usocket_poller_close(self->set);
        self->set = -1;
    }
    self->closed = true;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(poller_del_obj, poller_del);

static mp_obj_t poller_close(mp_obj_t self_in) {
    poller_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_py_poller_clear(self);
    poller_del(self_in);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(poller_close_obj, poller_close);

static const mp_rom_map_elem_t poller_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&poller_del_obj)},
    {MP_ROM_QSTR(MP_QSTR_register), MP_ROM_PTR(&poller_register_obj)},
    {MP_ROM_QSTR(MP_QSTR_unregister), MP_ROM_PTR(&poller_unregister_obj)},
    {MP_ROM_QSTR(MP_QSTR_modify), MP_ROM_PTR(&poller_modify_obj)},
    {MP_ROM_QSTR(MP_QSTR_poll), MP_ROM_PTR(&poller_poll_obj)},
    {MP_ROM_QSTR(MP_QSTR_ipoll), MP_ROM_PTR(&poller_ipoll_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&poller_close_obj)},
};
static MP_DEFINE_CONST_DICT(poller_locals, poller_locals_table);

static USOCKET_ITER_TYPE(poller_type, MP_QSTR_poller, poller_next, &poller_locals);

static mp_obj_t mod_usocket_poller(void) {
    usocket_py_ensure_interrupts();
    usocket_py_check_stack();
    poller_obj_t *self = usocket_new_with_finaliser(sizeof(*self), &poller_type);
    self->closed = true; /* for the finaliser, until it is open */
    self->told = 1;
    self->seen = usocket_py_changes;
    mp_map_init(&self->map, 0);
    bool collected = false;
    do {
        self->set = usocket_poller_open();
    } while (usocket_py_collect(self->set, &collected));
    if (self->set < 0 && self->set != USOCKET_EOPNOTSUPP) {
        usocket_py_raise(self->set, MP_QSTR_poller, NULL);
    }
    self->set = self->set < 0 || !mod_usocket_numbers.descriptors ? -1 : self->set;
    self->closed = false;
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_0(mod_usocket_poller_obj, mod_usocket_poller);

#endif
