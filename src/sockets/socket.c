/* The life of a socket: hold and release, close, open.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"
#include "usocket/private.h"

#include <string.h>

/* ---- Hold and release -------------------------------------------------------------------------------------------- */

#if USOCKET_THREADS

/* The check of `io` refuses the open sockets of a
 * connection that has been given away (usocket_detach). */
int usocket_hold(usocket_t *s) {
    uint32_t users = ATOMIC_LOAD(&s->users);
    do {
        if ((users & USER_CLOSED) || LOOSE_LOAD(&base_of(s)->io) < 0) {
            return USOCKET_EBADF;
        }
    } while (!ATOMIC_CAS(&s->users, &users, users + 1));
    return 0;
}

#else

int usocket_hold(usocket_t *s) {
    return is_gone(s) ? USOCKET_EBADF : 0;
}

#endif

/* Close a handle: usocket_port_close, which may wait for what SO_LINGER says, or drop_handle. A
 * program that calls usocket_close alone links no other one. */
typedef int close_handle_t(int handle);

/* Free what a closed socket owns, once its last call has
 * released it. Returns the result of the stack's close. */
static int finish_close(usocket_t *s, close_handle_t *close_handle) {
    usocket_t *base = base_of(s);
    int fd = -1;
    int io = -1;
#if USOCKET_TLS
    void *session = NULL;
    usocket_time_t timeout = 0;
#endif
    /* The members change under the lock; TLS and the stack, which may wait, come after it. */
    lock_sockets();
    if (--base->refs == 0) {
        fd = base->fd;
        io = base->io;
        LOOSE_STORE(&base->fd, -1);
        ATOMIC_STORE(&base->io, -1);
#if USOCKET_UNREAD
        base->unread = NULL;
        ATOMIC_STORE(&base->unread_len, 0);
#endif
#if USOCKET_TLS
        session = base->tls;
        base->tls = NULL;
        timeout = close_handle == usocket_port_close ? LOCKED_TIME(&base->timeout) : 0;
#endif
    }
    unlock_sockets();
#if USOCKET_TLS
    usocket_tls_end(session, timeout, io);
#endif
    int r = io >= 0 ? close_handle(io) : 0;
    if (USOCKET_UNREAD > 1 && fd != io) { /* bytes were put back: the number `fd` was kept for the program's polls */
        usocket_port_close(fd);
    }
    return r;
}

#if USOCKET_THREADS

void usocket_release(usocket_t *s) {
    uint32_t users = ATOMIC_SUB(&s->users, 1);
    if ((users & USER_CLOSED) && (users & USER_COUNT) == 0) {
        usocket_port_wake(false); /* end the wake-up that close_socket has begun */
        finish_close(s, usocket_port_close);
    }
}

/* Close s in one step: of several closes at a time one sets the flag. If a call is in progress the
 * last one frees s, with waits, since it runs in a thread that may wait. Returns the stack's
 * result, or 0 if another call frees s. */
static int close_socket(usocket_t *s, close_handle_t *close_handle) {
    uint32_t users = ATOMIC_LOAD(&s->users);
    uint32_t next = 0;
    do {
        if (users & USER_CLOSED) {
            return 0;
        }
        next = users | USER_CLOSED;
        if (users & USER_COUNT) {
            next++; /* this call releases the socket, too */
        }
    } while (!ATOMIC_CAS(&s->users, &users, next));
    if ((next & USER_COUNT) == 0) {
        return finish_close(s, close_handle);
    }
    usocket_end_inside(base_of(s));
    usocket_port_wake(true);
    usocket_release(s);
    return 0;
}

#else

static int close_socket(usocket_t *s, close_handle_t *close_handle) {
    if (is_closed(s)) {
        return 0;
    }
    s->users = USER_CLOSED;
    return finish_close(s, close_handle);
}

#endif

int usocket_close(usocket_t *s) {
    return close_socket(s, usocket_port_close);
}

/* Close a handle without a wait. */
static int drop_handle(int handle) {
    usocket_port_no_linger(handle);
    return usocket_port_close(handle);
}

int usocket_drop(usocket_t *s) {
    return close_socket(s, drop_handle);
}

/* close_notify is sent only if the connection has no other socket and no other call is in progress:
 * those still use the session. */
int usocket_close_wait(usocket_t *s, usocket_time_t deadline) {
    int r = usocket_hold(s);
#if USOCKET_TLS
    if (r == 0) {
        usocket_t *base = base_of(s);
        lock_sockets();
        bool alone = base->refs == 1 && (!USOCKET_THREADS || ATOMIC_LOAD(&s->users) == 1);
        unlock_sockets();
        if (alone && HAS_TLS(base)) {
            r = usocket_tls_close_notify(s, deadline);
        }
        usocket_release(s);
    }
#else
    (void)deadline;
    if (r == 0) {
        usocket_release(s);
    }
#endif
    return r;
}

/* The members become -1 under the lock, before the close, so that finish_close finds no descriptor
 * to close. Of a socket that has had bytes put back the program gets `fd`, which is the socket
 * again since they were received. */
int usocket_detach(usocket_t *s) {
    int r = usocket_hold(s);
    if (r < 0) {
        return r;
    }
    usocket_t *base = base_of(s);
    if (base_unread(base) != 0) {
        usocket_release(s);
        return USOCKET_EBUSY;
    }
    usocket_wait_outside(base);
    lock_sockets();
    int fd = base->fd;
    int io = base->io;
    LOOSE_STORE(&base->fd, -1);
    ATOMIC_STORE(&base->io, -1);
    unlock_sockets();
    usocket_release(s);
    usocket_close(s);
    if (fd < 0) {
        return USOCKET_EBADF;
    }
    if (USOCKET_UNREAD > 1 && io != fd) {
        usocket_port_close(io);
    }
    return fd;
}

#if USOCKET_WAIT_INSIDE
bool usocket_is_open(const usocket_t *s) {
    return !is_closed(s) && LOOSE_LOAD(&base_of(s)->fd) >= 0;
}
#endif

int usocket_fileno(const usocket_t *s) {
    int fd = is_closed(s) ? -1 : LOOSE_LOAD(&base_of(s)->fd);
    if (fd >= 0) {
        usocket_wait_outside(base_of(s));
    }
    return fd;
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

void usocket_init(usocket_t *s) {
    memset(s, 0, sizeof(*s));
    s->fd = s->io = -1;
    s->users = USER_CLOSED;
}

/* `refs` is not 0 while another socket shares the connection of s, which then must stay. */
int usocket_vacant(usocket_t *s) {
    uint32_t users = ATOMIC_LOAD(&s->users);
    if (!(users & USER_CLOSED)) {
        return USOCKET_EISCONN;
    }
    lock_sockets();
    bool used = (USOCKET_THREADS && (users & USER_COUNT) != 0) || s->refs != 0;
    unlock_sockets();
    return used ? USOCKET_EBUSY : 0;
}

/* Fill in the record of a closed socket, which has no bytes put back. `users` is stored last
 * (release): from then on another thread may hold the socket. */
static void open_record(usocket_t *s, int handle, int family, int type, int proto) {
    usocket_store_time(&s->timeout, USOCKET_FOREVER);
    s->family = (uint8_t)family; /* no stack has higher numbers */
    s->type = (uint8_t)type;
    s->flags = s->guess = 0;
    s->proto = proto;
    s->error = 0;
#if !USOCKET_TLS
    s->tls = NULL; /* with TLS a closed socket has NULL, and one to be opened may have a session */
#endif
    LOOSE_STORE(&s->fd, handle);
    ATOMIC_STORE(&s->io, handle);
    ATOMIC_STORE(&s->users, 0);
}

void usocket_attach(usocket_t *s, int handle, int family, int type, int proto) {
    LOOSE_STORE(&s->base, (usocket_t *)NULL);
    s->refs = 1;
    open_record(s, handle, family, type, proto);
}

/* Check that the library can have sockets of this type. */
static int check_type(int type) {
#if USOCKET_DATAGRAMS
    return type < 0 || type > UINT8_MAX ? USOCKET_EINVAL : 0;
#else
    return type != USOCKET_STREAM ? USOCKET_ESOCKTNOSUPPORT : 0;
#endif
}

int usocket_open(usocket_t *s, int family, int type, int proto) {
    int r = usocket_vacant(s);
    if (r == 0) {
        r = check_type(type);
    }
    if (r < 0) {
        return r;
    }
    if (!USOCKET_IPV6 && family == USOCKET_AF_INET6) {
        return USOCKET_EAFNOSUPPORT;
    }
    if (proto == USOCKET_PROTO_SEC) {
#if USOCKET_TLS
        r = usocket_tls_open(s, type);
        if (r < 0) {
            return r;
        }
#else
        return USOCKET_EPROTONOSUPPORT; /* never plain text instead */
#endif
    }
    int handle = usocket_port_open(family, type, USOCKET_TLS && proto == USOCKET_PROTO_SEC ? 0 : proto);
    if (handle < 0) {
#if USOCKET_TLS
        usocket_tls_abandon(s);
#endif
        return handle;
    }
    usocket_attach(s, handle, family, type, proto);
    return 0;
}

int usocket_pair(usocket_t *a, usocket_t *b, int family, int type, int proto) {
    int r = usocket_vacant(a);
    if (r == 0) {
        r = usocket_vacant(b);
    }
    if (r == 0 && !USOCKET_DATAGRAMS) {
        r = check_type(type);
    }
    int handles[2];
    if (r == 0) {
        r = usocket_port_pair(family, type, proto, handles);
    }
    if (r < 0) {
        return r;
    }
    usocket_attach(a, handles[0], family, type, proto);
    usocket_attach(b, handles[1], family, type, proto);
    return 0;
}

/* A failure leaves the descriptor to the caller; it may be non-blocking then. */
int usocket_adopt(usocket_t *s, int fd, int family, int type, int proto) {
    int r = usocket_vacant(s);
    if (r == 0) {
        r = fd < 0 ? USOCKET_EBADF : usocket_port_adopt(fd, &family, &type, &proto);
    }
#if USOCKET_TLS
    if (r == 0 && proto == USOCKET_PROTO_SEC) {
        r = usocket_tls_open(s, type);
        if (r == 0) {
            usocket_tls_adopted(s, fd);
        }
    }
#endif
    if (r == 0 && !USOCKET_DATAGRAMS) {
        r = check_type(type);
    }
    if (r < 0) {
        return r;
    }
    usocket_attach(s, fd, family, type, proto);
    usocket_wait_outside(s);
    return 0;
}

/* `from` is held until s is open: a close of `from` cannot end the connection in between. */
int usocket_share(usocket_t *s, usocket_t *from) {
    int r = usocket_vacant(s);
    if (r == 0) {
        r = usocket_hold(from);
    }
    if (r < 0) {
        return r;
    }
    usocket_t *base = base_of(from);
    usocket_wait_outside(base); /* a receive in a call after its socket was closed takes nothing from the others */
    lock_sockets();
    base->refs++;
    unlock_sockets();
    LOOSE_STORE(&s->base, base);
    s->refs = 0;
    open_record(s, -1, base->family, base->type, base->proto);
    usocket_release(from);
    return 0;
}

void usocket_close_fd(int fd) {
    if (fd >= 0) {
        usocket_port_close(fd);
    }
}

int usocket_dup(int fd) {
    return fd < 0 ? USOCKET_EBADF : usocket_port_dup(fd);
}

/* The first use of the wake-up opens its descriptor. */
void usocket_start(void) {
#if USOCKET_THREADS
    usocket_port_wake(true);
    usocket_port_wake(false);
#endif
}
