/* Sets of handles, and alarms.
 *
 * A set has four bits for each handle: armed, for which events, and due, which means that something
 * about the handle has changed since it was armed. A change costs a look at each open set, a report
 * one word for 32 handles and the handles that are due.
 *
 * SPDX-License-Identifier: MIT
 */
#include "wait.h"

#if USOCKET_ASYNC || USOCKET_POLLER

#include <string.h>

#define WORDS ((PLAT_HANDLE_COUNT + 31) / 32)

typedef struct {
    uint32_t armed[WORDS], in[WORDS], out[WORDS], due[WORDS];
    slot_t *slot; /* NULL: the row is free. */
} set_t;

static set_t sets[PLAT_SET_COUNT];

#define WORD(handle) ((handle) / 32)
#define BIT(handle) (UINT32_C(1) << (handle) % 32)

static set_t *set_of(const slot_t *s) {
    return &sets[s->port];
}

static int open_set(void) {
    slot_t *s = slot_take(SET);
    if (s == NULL) {
        return USOCKET_EMFILE;
    }
    for (uint16_t i = 0; i < PLAT_SET_COUNT; i++) {
        if (sets[i].slot == NULL) {
            memset(&sets[i], 0, sizeof(sets[i]));
            sets[i].slot = s;
            s->port = i;
            return handle_of(s);
        }
    }
    slot_free(s);
    return USOCKET_ENOMEM;
}

int usocket_port_set_open(void) {
    int r;
    UNDER_LWIP(r, open_set());
    return r;
}

void set_close(slot_t *s) {
    if (s->kind == SET) {
        set_of(s)->slot = NULL;
    }
}

void sets_changed(const slot_t *s) {
    int handle = handle_of(s);
    for (set_t *t = sets; t < sets + PLAT_SET_COUNT; t++) {
        if (t->slot != NULL && (t->armed[WORD(handle)] & ~t->due[WORD(handle)] & BIT(handle))) {
            t->due[WORD(handle)] |= BIT(handle);
            sets_changed(t->slot);
        }
    }
}

void sets_forget(const slot_t *s) {
    int handle = handle_of(s);
    for (set_t *t = sets; t < sets + PLAT_SET_COUNT; t++) {
        t->armed[WORD(handle)] &= ~BIT(handle);
        t->due[WORD(handle)] &= ~BIT(handle);
    }
}

static int arm(slot_t *set, slot_t *s, int events) {
    if (set == NULL || set->kind != SET || s == NULL) {
        return USOCKET_EBADF;
    }
    if (set == s) {
        return USOCKET_EINVAL;
    }
    set_t *t = set_of(set);
    int handle = handle_of(s);
    uint32_t bit = BIT(handle);
    t->armed[WORD(handle)] |= bit;
    t->in[WORD(handle)] = (t->in[WORD(handle)] & ~bit) | (events & USOCKET_POLL_IN ? bit : 0);
    t->out[WORD(handle)] = (t->out[WORD(handle)] & ~bit) | (events & USOCKET_POLL_OUT ? bit : 0);
    t->due[WORD(handle)] &= ~bit;
    sets_changed(s);
    return 0;
}

int usocket_port_set_arm(int set, int handle, int events) {
    int r;
    UNDER_LWIP(r, arm(slot_of(set), slot_of(handle), events));
    return r;
}

/* USOCKET_POLL_* of a handle that is due, or 0: it is due no more. What depends on time alone, or on
 * room in lwIP, stays due. */
static uint8_t due_ready(set_t *t, int handle) {
    const slot_t *s = &slots[handle];
    uint32_t bit = BIT(handle);
    uint8_t events = (uint8_t)((t->in[WORD(handle)] & bit ? USOCKET_POLL_IN : 0) |
        (t->out[WORD(handle)] & bit ? USOCKET_POLL_OUT : 0));
    uint8_t is = slot_ready(s, events);
    if (is == 0 && s->kind != ALARM && s->kind != QUESTION && s->kind != SET) {
        t->due[WORD(handle)] &= ~bit;
    }
    return is;
}

/* The next handle from `from` on that is due; -1: none. */
static int next_due(const set_t *t, int from) {
    for (int i = WORD(from); i < WORDS; i++) {
        uint32_t word = t->due[i];
        if (i == WORD(from)) {
            word &= UINT32_MAX << from % 32;
        }
        if (word != 0) {
            int bit = 0;
            while (!(word & UINT32_C(1) << bit)) {
                bit++;
            }
            return i * 32 + bit;
        }
    }
    return -1;
}

bool set_has_ready(const slot_t *s) {
    set_t *t = set_of(s);
    for (int h = next_due(t, 0); h >= 0; h = h + 1 < PLAT_HANDLE_COUNT ? next_due(t, h + 1) : -1) {
        if (due_ready(t, h) != 0) {
            return true;
        }
    }
    return false;
}

static int take(slot_t *s, usocket_wait_t *out, size_t n) {
    if (s == NULL || s->kind != SET) {
        return USOCKET_EBADF;
    }
    set_t *t = set_of(s);
    size_t count = 0;
    for (int h = next_due(t, 0); h >= 0 && count < n; h = h + 1 < PLAT_HANDLE_COUNT ? next_due(t, h + 1) : -1) {
        uint8_t is = due_ready(t, h);
        if (is != 0) {
            t->armed[WORD(h)] &= ~BIT(h);
            t->due[WORD(h)] &= ~BIT(h);
            out[count++] = (usocket_wait_t){.handle = h, .ready = is};
        }
    }
    return (int)count;
}

int usocket_port_set_take(int set, usocket_wait_t *out, size_t n) {
    int r;
    PLAT_PUMP();
    UNDER_LWIP(r, take(slot_of(set), out, n));
    return r;
}

/* ---- Alarms ------------------------------------------------------------------------------------------------------- */

static void put_deadline(slot_t *s, usocket_time_t deadline) {
    memcpy(s->set.timeo, &deadline, sizeof(deadline));
}

static int open_alarm(void) {
    slot_t *s = slot_take(ALARM);
    if (s != NULL) {
        put_deadline(s, USOCKET_NEVER);
    }
    return s != NULL ? handle_of(s) : USOCKET_EMFILE;
}

int usocket_port_alarm_open(void) {
    int r;
    UNDER_LWIP(r, open_alarm());
    return r;
}

static void set_alarm(slot_t *s, usocket_time_t deadline) {
    put_deadline(s, deadline);
    slot_changed(s);
}

void usocket_port_alarm_set(int alarm, usocket_time_t deadline) {
    DO_UNDER_LWIP(set_alarm(&slots[alarm], deadline));
}

bool alarm_rings(const slot_t *s) {
    usocket_time_t deadline;
    memcpy(&deadline, s->set.timeo, sizeof(deadline));
    return deadline != USOCKET_NEVER && usocket_port_now() >= deadline;
}

#endif
