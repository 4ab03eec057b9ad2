/* The life of a socket: open, use, close; poll.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../tls/tls_state.h"

#include <string.h>

/* ---- Timeouts ----------------------------------------------------------------------------------------------------- */

usocket_time_t usocket_deadline(const usocket_t *s) {
    return usocket_deadline_in(usocket_gettimeout(s));
}

/* A number of 64 bits is two loads where that is the processor's way. */
#if USOCKET_THREADS && UINTPTR_MAX <= UINT32_MAX
static usocket_time_t load_time(const usocket_time_t *p) {
    lock_sockets();
    usocket_time_t t = *p;
    unlock_sockets();
    return t;
}

static void store_time(usocket_time_t *p, usocket_time_t t) {
    lock_sockets();
    *p = t;
    unlock_sockets();
}
#define LOCKED_TIME(p) (*(p))
#else
#define LOCKED_TIME(p) LOOSE_LOAD(p)
#define load_time(p) LOOSE_LOAD(p)
#define store_time(p, t) LOOSE_STORE(p, t)
#endif

void usocket_settimeout(usocket_t *s, usocket_time_t timeout) {
    timeout = timeout < 0 ? USOCKET_FOREVER : timeout;
    store_time(&base_of(s)->timeout, timeout);
}

usocket_time_t usocket_gettimeout(const usocket_t *s) {
    const usocket_t *base = LOOSE_LOAD(&s->base);
    return load_time(base != NULL ? &base->timeout : &s->timeout);
}

/* ---- Who is inside ------------------------------------------------------------------------------------------------ */

#if USOCKET_THREADS

int usocket_enter(usocket_t *s) {
    uint32_t users = ATOMIC_LOAD(&s->users);
    do {
        if ((users & USER_CLOSED) || LOOSE_LOAD(&base_of(s)->io) < 0) {
            return USOCKET_EBADF;
        }
    } while (!ATOMIC_CAS(&s->users, &users, users + 1));
    return 0;
}

#else

int usocket_enter(usocket_t *s) {
    return is_gone(s) ? USOCKET_EBADF : 0;
}

#endif

/* The last call has left a closed socket, and nobody can enter any more. */
static int finish(usocket_t *s, bool waits) {
    usocket_t *base = base_of(s);
    int fd = -1;
    int io = -1;
#if USOCKET_TLS
    usocket_tls_t *tls = NULL;
    usocket_time_t timeout = 0;
#endif
    lock_sockets();
    if (--base->refs == 0) {
        fd = base->fd;
        io = base->io;
        LOOSE_STORE(&base->fd, -1);
        ATOMIC_STORE(&base->io, -1);
        base->unread = NULL;
        ATOMIC_STORE(&base->unread_len, 0);
#if USOCKET_TLS
        tls = base->tls;
        base->tls = NULL;
        timeout = waits ? LOCKED_TIME(&base->timeout) : 0;
#endif
    }
    unlock_sockets();
#if USOCKET_TLS
    usocket_tls_end(tls, timeout, io);
#endif
    if (!waits && io >= 0) {
        usocket_port_no_linger(io);
    }
    int r = io >= 0 ? usocket_port_close(io) : 0;
    if (fd != io) {
        usocket_port_close(fd);
    }
    return r;
}

#if USOCKET_THREADS

void usocket_leave(usocket_t *s) {
    uint32_t users = ATOMIC_SUB(&s->users, 1);
    if ((users & USER_CLOSED) && (users & USER_COUNT) == 0) {
        usocket_port_wake(false); /* usocket_close has left this to the last */
        finish(s, true);
    }
}

static int close_socket(usocket_t *s, bool waits) {
    uint32_t users = ATOMIC_LOAD(&s->users);
    uint32_t next = 0;
    do {
        if (users & USER_CLOSED) {
            return 0;
        }
        next = users | USER_CLOSED;
        if (users & USER_COUNT) {
            next++; /* this call is one of those who leave */
        }
    } while (!ATOMIC_CAS(&s->users, &users, next));
    if ((next & USER_COUNT) == 0) {
        return finish(s, waits);
    }
    usocket_port_wake(true);
    usocket_leave(s);
    return 0;
}

#else

static int close_socket(usocket_t *s, bool waits) {
    if (is_closed(s)) {
        return 0;
    }
    s->users = USER_CLOSED;
    return finish(s, waits);
}

#endif

int usocket_close(usocket_t *s) {
    return close_socket(s, true);
}

int usocket_drop(usocket_t *s) {
    return close_socket(s, false);
}

int usocket_close_wait(usocket_t *s, usocket_time_t deadline) {
    int r = usocket_enter(s);
#if USOCKET_TLS
    if (r == 0) {
        usocket_t *base = base_of(s);
        lock_sockets();
        bool alone = base->refs == 1 && (!USOCKET_THREADS || ATOMIC_LOAD(&s->users) == 1);
        unlock_sockets();
        if (alone && HAS_TLS(base)) {
            r = usocket_tls_say_end(s, deadline);
        }
        usocket_leave(s);
    }
#else
    (void)deadline;
    if (r == 0) {
        usocket_leave(s);
    }
#endif
    return r;
}

int usocket_detach(usocket_t *s) {
    int r = usocket_enter(s);
    if (r < 0) {
        return r;
    }
    usocket_t *base = base_of(s);
    size_t off, len;
    usocket_unread_take(s, &off, &len);
    lock_sockets();
    int fd = base->fd;
    int io = base->io;
    LOOSE_STORE(&base->fd, -1);
    ATOMIC_STORE(&base->io, -1);
    unlock_sockets();
    usocket_leave(s);
    usocket_close(s);
    if (fd < 0) {
        return USOCKET_EBADF;
    }
    if (io != fd) {
        usocket_port_close(io);
    }
    return fd;
}

int usocket_fileno(const usocket_t *s) {
    const usocket_t *base = LOOSE_LOAD(&s->base);
    return is_closed(s) ? -1 : LOOSE_LOAD(base != NULL ? &base->fd : &s->fd);
}

/* ---- Opening ------------------------------------------------------------------------------------------------------ */

void usocket_init(usocket_t *s) {
    memset(s, 0, sizeof(*s));
    s->fd = s->io = -1;
    s->users = USER_CLOSED;
}

int usocket_vacant(usocket_t *s) {
    uint32_t users = ATOMIC_LOAD(&s->users);
    if (!(users & USER_CLOSED)) {
        return USOCKET_EISCONN;
    }
    lock_sockets();
    bool used = (users & USER_COUNT) != 0 || s->refs != 0;
    unlock_sockets();
    return used ? USOCKET_EBUSY : 0;
}

/* Everything first, the door last: another thread may be knocking. */
static void begin(usocket_t *s, int handle, int family, int type, int proto) {
    store_time(&s->timeout, USOCKET_FOREVER);
    s->unread = NULL;
    s->unread_off = 0;
    ATOMIC_STORE(&s->unread_len, 0);
    s->family = (uint16_t)family;
    s->type = (uint8_t)type;
    s->flags = s->guess = 0;
    s->proto = proto;
    s->error = 0;
#if !USOCKET_TLS
    s->tls = NULL; /* elsewhere a closed socket has none, and one to be opened may have its own already */
#endif
    LOOSE_STORE(&s->fd, handle);
    ATOMIC_STORE(&s->io, handle);
    ATOMIC_STORE(&s->users, 0);
}

void usocket_attach(usocket_t *s, int handle, int family, int type, int proto) {
    LOOSE_STORE(&s->base, (usocket_t *)NULL);
    s->refs = 1;
    begin(s, handle, family, type, proto);
}

/* 0 if there can be sockets of this type, else the code. */
static int check_type(int type) {
#if USOCKET_DATAGRAMS
    return type < 0 || type > UINT8_MAX ? USOCKET_EINVAL : 0;
#else
    return type != USOCKET_STREAM ? USOCKET_ESOCKTNOSUPPORT : 0;
#endif
}

#if USOCKET_TLS

static int begin_tls(usocket_t *s, int type) {
    if (type != USOCKET_STREAM && (!USOCKET_DATAGRAMS || type != USOCKET_DGRAM)) {
        return USOCKET_EPROTONOSUPPORT;
    }
    s->tls = usocket_tls_new(s, NULL, type != USOCKET_STREAM);
    return s->tls != NULL ? 0 : USOCKET_ENOMEM;
}

static void drop_tls(usocket_t *s) {
    usocket_tls_free(s->tls);
    s->tls = NULL;
}

#endif

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
        r = begin_tls(s, type);
        if (r < 0) {
            return r;
        }
#else
        return USOCKET_EPROTONOSUPPORT; /* no TLS backend in this build: never plain text instead */
#endif
    }
    int handle = usocket_port_open(family, type, USOCKET_TLS && proto == USOCKET_PROTO_SEC ? 0 : proto);
    if (handle < 0) {
#if USOCKET_TLS
        drop_tls(s);
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

int usocket_adopt(usocket_t *s, int fd, int family, int type, int proto) {
    int r = usocket_vacant(s);
    if (r == 0) {
        r = fd < 0 ? USOCKET_EBADF : usocket_port_adopt(fd, &family, &type, &proto);
    }
#if USOCKET_TLS
    if (r == 0 && proto == USOCKET_PROTO_SEC) {
        r = begin_tls(s, type);
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
    return 0;
}

int usocket_share(usocket_t *s, usocket_t *from) {
    int r = usocket_vacant(s);
    if (r == 0) {
        r = usocket_enter(from);
    }
    if (r < 0) {
        return r;
    }
    usocket_t *base = base_of(from);
    lock_sockets();
    base->refs++;
    unlock_sockets();
    LOOSE_STORE(&s->base, base);
    s->refs = 0;
    begin(s, -1, base->family, base->type, base->proto);
    usocket_leave(from);
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

void usocket_start(void) {
#if USOCKET_THREADS
    usocket_port_wake(true);
    usocket_port_wake(false);
#endif
}

/* ---- Polling ------------------------------------------------------------------------------------------------------ */

int usocket_poll(usocket_t *s, int events, usocket_time_t deadline) {
    int r = usocket_enter(s);
    if (r < 0) {
        return USOCKET_POLL_NVAL;
    }
#if USOCKET_TLS
    if (HAS_TLS(base_of(s))) {
        r = usocket_tls_poll(s, events, deadline, NULL);
        usocket_leave(s);
        return r == USOCKET_EBADF ? USOCKET_POLL_NVAL : r;
    }
#endif
    usocket_wait_t w = {ATOMIC_LOAD(&base_of(s)->io), (uint8_t)events, 0};
    bool unread = (events & USOCKET_POLL_IN) && usocket_unread_len(s) != 0;
    r = usocket_wait_for(s, &w, 1, unread ? USOCKET_NOW : deadline);
    if (r >= 0) {
        r = (r > 0 ? w.ready : 0) | (unread ? USOCKET_POLL_IN : 0);
    } else if (r == USOCKET_EBADF) {
        r = USOCKET_POLL_NVAL;
    }
    usocket_leave(s);
    return r;
}
