/* poller: the interface of select.poll, at a cost proportional to the ready objects.
 *
 * An object with a descriptor has the slot of that number, and the core's poller watches the descriptor. After it has
 * reported, the next wait arms it again if it is still registered: an object that is registered, reported and
 * unregistered, as asyncio does it, costs one system call. An object without a descriptor, and every object on a stack
 * without such a poller, is asked by MP_STREAM_POLL each millisecond. A TLS socket is asked once, and its descriptor is
 * then watched for what the answer says.
 *
 * SPDX-License-Identifier: MIT
 */
#include "poller.h"
#include "functions.h"

#if USOCKET_POLLER && USOCKET_PY_EXTRAS

#define SLICE_US 50000 /* The longest time until a change by another thread is noticed. */
#define ASK_US 1000    /* The interval of MicroPython's select.poll. */

static poller_obj_t *open_poller(mp_obj_t self_in) {
    poller_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_py_poller_check_open(self);
    return self;
}

#define LOCKED(call, n_args, args) \
    usocket_py_locked(&((poller_obj_t *)MP_OBJ_TO_PTR((args)[0]))->lock, (call), (n_args), (args))

static mp_obj_t register_locked(size_t n_args, const mp_obj_t *args) {
    poller_obj_t *self = open_poller(args[0]);
    mp_uint_t events =
        n_args > 2 ? (mp_uint_t)usocket_py_integer(args[2], MP_QSTR_eventmask) : MP_STREAM_POLL_RD | MP_STREAM_POLL_WR;
    mp_map_elem_t *elem = usocket_py_poller_find(self, args[1], MP_MAP_LOOKUP);
    if (elem != NULL) {
        usocket_py_poller_change(self, elem, events);
    } else {
        usocket_py_poller_add(self, args[1], events);
    }
    return mp_const_none;
}

static mp_obj_t poller_register(size_t n_args, const mp_obj_t *args) {
    return LOCKED(register_locked, n_args, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(poller_register_obj, 2, 3, poller_register);

static mp_obj_t modify_locked(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    poller_obj_t *self = open_poller(args[0]);
    mp_uint_t events = (mp_uint_t)usocket_py_integer(args[2], MP_QSTR_eventmask);
    mp_map_elem_t *elem = usocket_py_poller_find(self, args[1], MP_MAP_LOOKUP);
    if (elem == NULL) {
        usocket_py_raise_cause(USOCKET_ENOENT, MP_QSTR_modify, NULL, "not registered");
    }
    usocket_py_poller_change(self, elem, events);
    return mp_const_none;
}

static mp_obj_t poller_modify(mp_obj_t self_in, mp_obj_t obj, mp_obj_t events) {
    const mp_obj_t args[3] = {self_in, obj, events};
    return LOCKED(modify_locked, 3, args);
}
static MP_DEFINE_CONST_FUN_OBJ_3(poller_modify_obj, poller_modify);

static mp_obj_t unregister_locked(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    usocket_py_poller_remove(open_poller(args[0]), args[1]);
    return mp_const_none;
}

static mp_obj_t poller_unregister(mp_obj_t self_in, mp_obj_t obj) {
    const mp_obj_t args[2] = {self_in, obj};
    return LOCKED(unregister_locked, 2, args);
}
static MP_DEFINE_CONST_FUN_OBJ_2(poller_unregister_obj, poller_unregister);

/* ---- Waiting ----------------------------------------------------------------------------------------------------- */

static void push_found(round_t *w, mp_obj_t obj, mp_uint_t mask) {
    if (w->n == w->room) {
        size_t room = w->room + w->room / 2 + 8;
        w->found = m_renew(found_t, w->found, w->room, room);
        w->room = room;
    }
    w->found[w->n++] = (found_t){obj, (uint16_t)mask};
}

/* Add a result to every call that is waiting, or to the object's result there. */
static void tell_waiters(poller_obj_t *self, mp_obj_t obj, mp_uint_t mask) {
    for (round_t *w = self->waits; w != NULL; w = w->next) {
        w->shared = w->shared || self->waits->next != NULL;
        size_t i = w->shared ? 0 : w->n;
        while (i < w->n && w->found[i].obj != obj) {
            i++;
        }
        if (i < w->n) {
            w->found[i].mask |= (uint16_t)mask;
        } else {
            push_found(w, obj, mask);
        }
    }
}

/* Find objects with a changed descriptor. The module's sockets are checked only after one was closed or had bytes
 * put back (usocket_py_changes). Other objects are checked in each wait: epoll drops a closed descriptor silently,
 * and its number may belong to another object already. */
static void recheck_slots(poller_obj_t *self) {
    bool all = self->gone || self->seen != usocket_py_changes;
    if (!all && self->foreign == 0) {
        return;
    }
    self->gone = false;
    self->seen = usocket_py_changes;
    for (size_t i = 0; i < self->room; i++) {
        slot_t *slot = &self->slot[i];
        if (slot->obj == MP_OBJ_NULL || (slot->ours && !all)) {
            continue;
        }
        mp_obj_t obj = slot->obj;
        int fd = usocket_py_poller_fileno(self, obj);
        slot = &self->slot[i];
        if (slot->obj == obj && (fd != (int)i || usocket_poller_arm(self->set, fd, slot_events(slot->events)) < 0)) {
            self->gone = true; /* Report it again until it is unregistered. */
            tell_waiters(self, slot->obj, usocket_py_mask(USOCKET_POLL_NVAL));
        }
    }
}

/* The events of a TLS socket; without any, arm its descriptor for the time to ask again. */
static mp_uint_t look_at_tls(poller_obj_t *self, round_t *w, asked_t *a) {
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
    w->asking = w->asking || a->fd < 0;
    w->look = a->look.until < w->look ? a->look.until : w->look;
    return 0;
}

static slot_t *slot_of(poller_obj_t *self, int fd) {
    return (size_t)fd < self->room && self->slot[fd].obj != MP_OBJ_NULL ? &self->slot[fd] : NULL;
}

/* The events of a descriptor that could not be armed at registration. If it can be now, move it to a slot. */
static mp_uint_t try_asked_number(poller_obj_t *self, round_t *w, mp_obj_t obj, const asked_t *a) {
    mp_uint_t events = a->events;
    int r =
        slot_of(self, a->fd) != NULL ? USOCKET_EBADF : usocket_poller_arm(self->set, a->fd, usocket_py_events(events));
    if (r == USOCKET_EPERM) {
        return events & (MP_STREAM_POLL_RD | MP_STREAM_POLL_WR);
    }
    if (r == 0 && mp_obj_is_int(obj)) {
        usocket_py_poller_remove(self, obj);
        usocket_py_poller_add(self, obj, events);
        w->asking = true; /* The list has changed, so go through it again. */
        return 0;
    }
    return usocket_py_mask(USOCKET_POLL_NVAL);
}

/* Ask each object of the list. An object's ioctl may change the list, so the entry is not used after it. */
static void poll_asked(poller_obj_t *self, round_t *w) {
    w->asking = false;
    w->look = USOCKET_NEVER;
    for (size_t i = 0; i < self->asked_n; i++) {
        asked_t *a = &self->asked[i];
        mp_obj_t obj = a->obj;
        mp_uint_t r;
        if (a->number) {
            r = try_asked_number(self, w, obj, a);
        } else if (USOCKET_TLS && a->secure) {
            r = look_at_tls(self, w, a);
        } else {
            int errcode;
            w->asking = true;
            r = usocket_py_poller_ioctl(self, obj, MP_STREAM_POLL, a->events, &errcode);
            if (r == MP_STREAM_ERROR) {
                mp_raise_OSError(errcode);
            }
            usocket_py_poller_check_open(self);
        }
        if (r != 0) {
            tell_waiters(self, obj, r);
        }
    }
}

/* Note that a descriptor has reported. The next wait arms it again, but for READ_ALL; for other calls that are waiting
 * it is armed at once. */
static void note_told(poller_obj_t *self, int fd, int ready) {
    slot_t *slot = slot_of(self, fd);
    if (slot == NULL) {
        bool asked = false;
        for (size_t k = 0; k < self->asked_n; k++) {
            asked_t *a = &self->asked[k];
            if (a->fd == fd && !a->number) {
                a->fd = -1;
                asked = true;
            }
        }
        if (!asked && (ready & (USOCKET_POLL_IN | USOCKET_POLL_OUT))) {
            usocket_poller_arm(self->set, fd, 0); /* It was unregistered: no more reports of what arrives. */
        }
        return;
    }
    if (ready == USOCKET_POLL_EDGE) {
        return; /* Urgent data alone, of which a socket that is armed again would tell again. */
    }
    slot->edge = ready & USOCKET_POLL_EDGE ? ENDED : 0;
    if (slot->told == 0) {
        slot->told = self->told;
        self->told = (uint32_t)fd + 2;
    }
    if (self->waits->next != NULL) {
        usocket_poller_arm(self->set, fd, slot_events(slot->events));
    }
}

/* Wait for events until the given time. Returns true if there were none. All descriptors are noted before the first
 * result is added, which may raise MemoryError. */
static bool take_events(poller_obj_t *self, round_t *w, usocket_time_t until) {
    int r;
    size_t taken = 0;
    do {
        mp_obj_t exc = MP_OBJ_NULL;
        int set = self->set; /* It stays open, because this call is in `waits`. */
        usocket_py_check_stack();
        usocket_py_unlock(&self->lock);
        USOCKET_CALL(r, &exc, usocket_poller_wait(set, w->ready, AT_ONCE, until));
        usocket_py_lock(&self->lock);
        usocket_py_reraise(exc);
        usocket_py_poller_check_open(self);
        usocket_py_check(r, MP_QSTR_poller);
        for (int i = 0; i < r; i++) {
            note_told(self, w->ready[i].fd, w->ready[i].ready);
        }
        for (int i = 0; i < r; i++) {
            const slot_t *slot = slot_of(self, w->ready[i].fd);
            mp_uint_t mask = usocket_py_mask(w->ready[i].ready & ~USOCKET_POLL_EDGE);
            if (slot != NULL && mask != 0) { /* 0: urgent data alone, for which no call waits. */
                tell_waiters(self, slot->obj, mask);
            }
        }
        taken += (size_t)r;
        until = USOCKET_NOW;
    } while (r == AT_ONCE && taken < self->room);
    return taken == 0;
}

/* True if there is a result to return. Other calls may have unregistered the objects of results meanwhile. */
static bool has_found(poller_obj_t *self, round_t *w) {
    while (w->i < w->n) {
        mp_obj_t obj = w->found[w->i].obj;
        if (obj != MP_OBJ_NULL && usocket_py_poller_find(self, obj, MP_MAP_LOOKUP) != NULL) {
            return true;
        }
        w->i++;
    }
    w->n = w->i = 0;
    return false;
}

/* A wait that has nothing to watch by descriptor is cut into slices: ASK_US if objects must be asked, SLICE_US
 * otherwise. */
static void wait_until(poller_obj_t *self, round_t *w, usocket_time_t deadline) {
    for (;;) {
        usocket_py_poller_rearm(self, w->flags);
        recheck_slots(self);
        poll_asked(self, w);
        usocket_time_t until = USOCKET_NOW;
        if (!has_found(self, w) && deadline != USOCKET_NOW) {
            until = usocket_deadline_in(w->asking ? ASK_US : SLICE_US);
            until = until < w->look ? until : w->look;
            until = until < deadline ? until : deadline;
        }
        bool in_vain = take_events(self, w, until);
        if (has_found(self, w) || deadline == USOCKET_NOW || (in_vain && until >= deadline)) {
            return;
        }
    }
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

/* Take the next result of an object that is still registered, with the events that are registered now. With ONE_SHOT
 * the object then waits for nothing until it is modified. */
static bool next_found(round_t *w, mp_obj_t *obj, mp_uint_t *mask) {
    poller_obj_t *self = w->poller;
    while (w->i < w->n) {
        found_t *f = &w->found[w->i++];
        *obj = f->obj;
        *mask = f->mask;
        f->obj = MP_OBJ_NULL; /* The collector may free it. */
        mp_map_elem_t *elem = *obj != MP_OBJ_NULL ? usocket_py_poller_find(self, *obj, MP_MAP_LOOKUP) : NULL;
        if (elem == NULL) {
            continue; /* It was unregistered after an earlier result. */
        }
        mp_int_t at = MP_OBJ_SMALL_INT_VALUE(elem->value);
        uint16_t *events = at < 0 ? &self->asked[-1 - at].events : &self->slot[at].events;
        if (at >= 0) {
            *mask &= *events | usocket_py_mask(USOCKET_POLL_ERR | USOCKET_POLL_HUP | USOCKET_POLL_NVAL);
            slot_t *slot = &self->slot[at];
            if (slot->edge == 0 && *mask == MP_STREAM_POLL_RD && slot->ours &&
                usocket_py_self(*obj)->sock.family != USOCKET_AF_UNIX) {
                slot->edge = QUIET; /* A receive of AF_UNIX is also short where descriptors were passed. */
            }
        }
        *events = w->flags & ONE_SHOT ? 0 : *events;
        if (*mask != 0) {
            return true;
        }
    }
    return false;
}

static mp_obj_t next_locked(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    round_t *w = MP_OBJ_TO_PTR(args[0]);
    mp_obj_t obj;
    mp_uint_t mask;
    if (w->poller->closed || !next_found(w, &obj, &mask)) {
        return MP_OBJ_STOP_ITERATION;
    }
    mp_obj_tuple_t *t = MP_OBJ_TO_PTR(w->tuple); /* The tuple is used again, as in select.poll. */
    t->items[0] = obj;
    t->items[1] = MP_OBJ_NEW_SMALL_INT(mask);
    return w->tuple;
}

static mp_obj_t round_next(mp_obj_t self_in) {
    round_t *w = MP_OBJ_TO_PTR(self_in);
    return usocket_py_locked(&w->poller->lock, next_locked, 1, &self_in);
}

static const mp_rom_map_elem_t round_locals_table[] = {};
static MP_DEFINE_CONST_DICT(round_locals, round_locals_table);

static USOCKET_ITER_TYPE(round_type, MP_QSTR_iterator, round_next, &round_locals);

/* ---- poll, ipoll ------------------------------------------------------------------------------------------------- */

static round_t *new_round(poller_obj_t *self) {
    round_t *w = m_new_obj(round_t);
    memset(w, 0, sizeof(*w));
    w->base.type = &round_type;
    w->poller = self;
    w->ready = self->set >= 0 ? m_new(usocket_ready_t, AT_ONCE) : NULL;
    return w;
}

static int close_set(poller_obj_t *self) {
    int set = self->set;
    self->set = -1;
    return set >= 0 ? usocket_poller_close(set) : 0;
}

/* Take a round out of the list. The last call to leave a closed poller closes the set. */
static void leave_round(poller_obj_t *self, round_t *w) {
    round_t **p = &self->waits;
    while (*p != w) {
        p = &(*p)->next;
    }
    *p = w->next;
    w->next = NULL;
    if (self->closed && self->waits == NULL) {
        close_set(self);
    }
}

/* Wait with the arguments (self, timeout, flags). The results are in w; after an exception there are none. */
static void wait_in_round(poller_obj_t *self, round_t *w, size_t n_args, const mp_obj_t *args) {
    usocket_time_t deadline = USOCKET_NEVER;
    if (n_args > 1 && args[1] != mp_const_none) {
        usocket_time_t ms = usocket_py_integer(args[1], MP_QSTR_timeout);
        deadline = ms < 0 || ms > USOCKET_NEVER / 1000 ? USOCKET_NEVER : usocket_deadline_in(ms * 1000);
    }
    w->flags = n_args > 2 ? (uint16_t)usocket_py_integer(args[2], MP_QSTR_flags) : 0;
    w->n = w->i = 0;
    w->shared = false;
    w->next = self->waits;
    self->waits = w;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        wait_until(self, w, deadline);
        nlr_pop();
        leave_round(self, w);
        return;
    }
    w->n = 0;
    leave_round(self, w);
    nlr_jump(nlr.ret_val);
}

static mp_obj_t poll_locked(size_t n_args, const mp_obj_t *args) {
    poller_obj_t *self = open_poller(args[0]);
    round_t *w = self->spare != NULL ? self->spare : new_round(self);
    self->spare = NULL;
    wait_in_round(self, w, n_args, args);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    mp_obj_t obj;
    mp_uint_t mask;
    while (next_found(w, &obj, &mask)) {
        mp_obj_t items[2] = {obj, MP_OBJ_NEW_SMALL_INT(mask)};
        mp_obj_list_append(list, mp_obj_new_tuple(2, items));
    }
    self->spare = w;
    return list;
}

static mp_obj_t poller_poll(size_t n_args, const mp_obj_t *args) {
    return LOCKED(poll_locked, n_args, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(poller_poll_obj, 1, 3, poller_poll);

static mp_obj_t ipoll_locked(size_t n_args, const mp_obj_t *args) {
    poller_obj_t *self = open_poller(args[0]);
    round_t *w = self->it;
    self->it = NULL;
    if (w == NULL || w->i < w->n) { /* There is none, or an earlier iteration is not finished. */
        w = new_round(self);
        w->tuple = mp_obj_new_tuple(2, NULL);
    }
    wait_in_round(self, w, n_args, args);
    self->it = w;
    return MP_OBJ_FROM_PTR(w);
}

static mp_obj_t poller_ipoll(size_t n_args, const mp_obj_t *args) {
    return LOCKED(ipoll_locked, n_args, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(poller_ipoll_obj, 1, 3, poller_ipoll);

/* ---- Construction, closing --------------------------------------------------------------------------------------- */

static mp_obj_t poller_del(mp_obj_t self_in) {
    poller_obj_t *self = MP_OBJ_TO_PTR(self_in);
    self->closed = true;
    close_set(self);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(poller_del_obj, poller_del);

/* Calls that wait in other threads end with EBADF within SLICE_US. */
static mp_obj_t close_locked(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    poller_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    usocket_py_poller_clear(self);
    self->closed = true;
    usocket_py_check(self->waits == NULL ? close_set(self) : 0, MP_QSTR_close);
    return mp_const_none;
}

static mp_obj_t poller_close(mp_obj_t self_in) {
    return LOCKED(close_locked, 1, &self_in);
}
static MP_DEFINE_CONST_FUN_OBJ_1(poller_close_obj, poller_close);

static const mp_rom_map_elem_t poller_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_ipoll), MP_ROM_PTR(&poller_ipoll_obj)},
    {MP_ROM_QSTR(MP_QSTR_poll), MP_ROM_PTR(&poller_poll_obj)},
    {MP_ROM_QSTR(MP_QSTR_modify), MP_ROM_PTR(&poller_modify_obj)},
    {MP_ROM_QSTR(MP_QSTR_register), MP_ROM_PTR(&poller_register_obj)},
    {MP_ROM_QSTR(MP_QSTR_unregister), MP_ROM_PTR(&poller_unregister_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&poller_close_obj)},
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&poller_del_obj)},
};
static MP_DEFINE_CONST_DICT(poller_locals, poller_locals_table);

static USOCKET_PLAIN_TYPE(poller_type, MP_QSTR_poller, &poller_locals);

static mp_obj_t mod_usocket_poller(void) {
    usocket_py_ensure_interrupts();
    usocket_py_check_stack();
    poller_obj_t *self = usocket_new_with_finaliser(sizeof(*self), &poller_type);
    self->closed = true; /* Cleared below, once the poller is complete. */
    usocket_py_lock_init(&self->lock);
    self->set = -1;
    self->told = 1;
    self->seen = usocket_py_changes;
    mp_map_init(&self->map, 0);
    int set;
    USOCKET_CALL_COLLECT(set, mod_usocket_numbers.descriptors ? usocket_poller_open() : USOCKET_EOPNOTSUPP);
    if (set < 0 && set != USOCKET_EOPNOTSUPP) {
        usocket_py_raise(set, MP_QSTR_poller, NULL);
    }
    self->set = set < 0 ? -1 : set;
    self->closed = false;
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_0(mod_usocket_poller_obj, mod_usocket_poller);

#endif
