/* The table of sockets, and what follows from a change of one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#include "wait.h"

slot_t slots[PLAT_HANDLE_COUNT];

slot_t *socket_of(int handle) {
    slot_t *s = slot_of(handle);
    return s != NULL && is_socket(s) && !(s->set.options & OPT_IN_QUEUE) ? s : NULL;
}

slot_t *slot_take(int kind) {
    slot_t *s = slots;
    while (s->kind != FREE) {
        if (++s == slots + PLAT_HANDLE_COUNT) {
            return NULL;
        }
    }
    s->pcb.any = NULL;
    s->in = NULL;
    s->more.last = NULL; /* the widest of its members */
    s->kind = (uint8_t)kind;
    s->stage = s->flags = s->error = 0;
    s->next = -1;
    s->port = 0;
#if USOCKET_DATAGRAMS
    s->held = 0;
#endif
#if USOCKET_NOTIFIES
    s->ready = NULL;
#endif
    return s;
}

void slot_free(slot_t *s) {
    sets_forget(s);
    s->kind = FREE;
#if USOCKET_NOTIFIES
    s->ready = NULL;
#endif
}

int slot_take_error(slot_t *s) {
    int code = -s->error;
    s->error = 0;
    return code;
}

void slot_fail(slot_t *s, int code) {
    s->error = (uint8_t)-code;
}

uint8_t slot_ready(const slot_t *s, uint8_t events) {
    uint8_t is;
    switch (s->kind) {
        case STREAM:
            is = stream_ready(s);
            break;
#if USOCKET_SERVER
        case LISTENER:
            is = listener_ready(s);
            break;
#endif
#if USOCKET_DATAGRAMS
        case DATAGRAM:
        case RAW:
            is = (uint8_t)((s->in != NULL || (s->flags & HALF_IN) || s->error != 0 ? USOCKET_POLL_IN : 0) |
                (s->flags & FULL ? 0 : USOCKET_POLL_OUT) | (s->error != 0 ? USOCKET_POLL_ERR : 0));
            break;
#endif
        default:
            is = other_ready(s);
            break;
    }
    return is & (events | USOCKET_POLL_ERR | USOCKET_POLL_HUP);
}

#if USOCKET_NOTIFIES

bool slot_owed;

static void call_ready(slot_t *s) {
    if (s->ready != NULL && slot_ready(s, USOCKET_POLL_IN) != 0) {
        bool (*ready)(void *) = s->ready;
        s->ready = NULL;
        if (!ready(s->arg)) {
            s->ready = ready;
            slot_owed = true;
        }
    }
}

void slot_call_owed(void) {
    slot_owed = false;
    for (slot_t *s = slots; s < slots + PLAT_HANDLE_COUNT; s++) {
        if (s->kind != FREE) {
            call_ready(s);
        }
    }
}

/* A socket that is another's by now keeps its own. */
static int notify(slot_t *s, bool (*ready)(void *arg), void *arg) {
    if (ready == NULL) {
        if (s != NULL && s->arg == arg) {
            s->ready = NULL;
        }
        return 0;
    }
    if (s == NULL) {
        return USOCKET_EBADF;
    }
    s->ready = ready;
    s->arg = arg;
    call_ready(s);
    return 0;
}

int usocket_port_notify(int handle, bool (*ready)(void *arg), void *arg) {
    int r;
    UNDER_LWIP(r, notify(socket_of(handle), ready, arg));
    return r;
}

#else

#define call_ready(s) ((void)0)

#endif

void slot_changed(slot_t *s) {
    call_ready(s);
    sets_changed(s);
    PLAT_KICK();
}

static bool full; /* Some slot is FULL. */

void slot_full(slot_t *s) {
    s->flags |= FULL;
    full = true;
}

void slot_memory_freed(void) {
    slot_call_again();
    if (full) {
        full = false;
        for (slot_t *s = slots; s < slots + PLAT_HANDLE_COUNT; s++) {
            if (is_socket(s) && (s->flags & FULL)) {
                s->flags &= (uint8_t)~FULL;
                slot_changed(s);
            }
        }
    }
}
