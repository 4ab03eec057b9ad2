/* Servers of DTLS: who knocks has to show, with a cookie, that its address is its own; then it gets a socket of its own, on the
 * same address as the listener's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

#include <string.h>

#if USOCKET_SERVER && USOCKET_DATAGRAMS

/* A datagram may come twice, and the double of a hello lie with the listener before its client has a socket: one more for that client
 * would take it all that is meant for the first. */
struct let_in {
    uint8_t hello[8][HELLO_ID];
    unsigned next;
};

static bool is_in(const struct let_in *in, const usocket_tls_t *guest) {
    for (size_t i = 0; i < sizeof(in->hello) / HELLO_ID; i++) {
        if (memcmp(in->hello[i], guest->hello, HELLO_ID) == 0) {
            return true;
        }
    }
    return false;
}

static void note(struct let_in *in, const usocket_tls_t *guest) {
    memcpy(in->hello[in->next], guest->hello, HELLO_ID);
    in->next = (in->next + 1) % (sizeof(in->hello) / HELLO_ID);
}

static int start_listening(usocket_t *s, usocket_tls_t *t) {
    if (t->stage != TLS_NEW) {
        return USOCKET_EINVAL;
    }
    usocket_addr_t own;
    int r = usocket_port_name(ATOMIC_LOAD(&base_of(s)->io), false, &own);
    if (r == 0 && own.port == 0) {
        r = USOCKET_EINVAL; /* where would anybody knock? */
    }
    if (r == 0 && t->let_in == NULL) {
        t->let_in = usocket_port_alloc(sizeof(*t->let_in));
        if (t->let_in == NULL) {
            return USOCKET_ENOMEM;
        }
        memset(t->let_in, 0, sizeof(*t->let_in));
    }
    t->listening = t->listening || r == 0;
    return r;
}

int usocket_tls_listen(usocket_t *s) {
    usocket_tls_t *t = base_of(s)->tls;
    int r = usocket_tls_enter_for(s, t);
    if (r == 0) {
        r = start_listening(s, t);
        usocket_tls_leave(t);
    }
    return r;
}

int usocket_tls_admit(usocket_tls_t *t) {
    if (t->shut_rd) {
        return USOCKET_EINVAL;
    }
    if (t->door == NULL) {
        t->door = usocket_tls_new(t->base, t, true);
        if (t->door == NULL) {
            return USOCKET_ENOMEM;
        }
        t->door->knocking = true;
    }
    int r = usocket_backend_knock(t->door);
    t->want = t->door->want;
    if (r == 0 && is_in(t->let_in, t->door)) {
        usocket_tls_free(t->door);
        t->door = NULL;
        t->want = USOCKET_POLL_IN; /* there may be more behind it */
        r = USOCKET_EAGAIN;
    }
    if (r < 0 && r != USOCKET_EAGAIN) {
        memcpy(t->words, t->door->words, sizeof(t->words));
        t->number = t->door->number;
        usocket_tls_free(t->door);
        t->door = NULL;
    }
    return r;
}

/* What accept may say when there is no socket to be had; whatever else goes wrong with it ends this client alone. */
static int no_room(int r) {
    switch (r) {
        case USOCKET_EMFILE:
        case USOCKET_ENFILE:
        case USOCKET_ENOBUFS:
        case USOCKET_ENOMEM:
            return r;
        default:
            return USOCKET_ECONNABORTED;
    }
}

/* A socket for the peer of `guest`. @return its handle, or a code */
static int room_for(const usocket_t *base, const usocket_tls_t *guest) {
    int handle = usocket_port_open(base->family, USOCKET_DGRAM, 0);
    if (handle < 0) {
        return no_room(handle);
    }
    usocket_addr_t own;
    int r = usocket_port_name(ATOMIC_LOAD(&base->io), false, &own);
    r = r == 0 ? usocket_port_bind_beside(handle, ATOMIC_LOAD(&base->io), &own) : r;
    r = r == 0 ? usocket_port_connect(handle, &guest->peer) : r;
    if (r < 0) {
        usocket_port_close(handle);
    }
    return r < 0 ? no_room(r) : handle;
}

int usocket_tls_accept(usocket_t *s, usocket_t *conn, usocket_addr_t *peer, patience_t *p) {
    usocket_t *base = base_of(s);
    usocket_tls_t *t = base->tls;
    for (;;) {
        tls_want_t want = {0, 0, 0};
        int r = USOCKET_EAGAIN;
        int handle = -1;
        usocket_tls_t *guest = NULL;
        if (usocket_tls_enter(t)) {
            r = t->listening ? usocket_tls_admit(t) : USOCKET_EINVAL;
            if (r == 0) {
                guest = t->door;
                t->door = NULL;
                handle = room_for(base, guest);
                if (handle >= 0) {
                    note(t->let_in, guest);
                }
            }
            usocket_tls_done(t, r, &want);
        }
        if (guest != NULL && handle < 0) {
            usocket_tls_free(guest);
            return handle;
        }
        if (guest != NULL) {
            guest->knocking = false;
            guest->base = conn;
            conn->tls = guest;
            *peer = guest->peer;
            usocket_attach(conn, handle, base->family, base->type, base->proto);
            return 0;
        }
        r = r == USOCKET_EAGAIN ? usocket_tls_await(s, want, p) : r;
        if (r < 0) {
            return r;
        }
    }
}

#endif

#endif
