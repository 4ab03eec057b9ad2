/* Sockets of stacks without a non-blocking mode: AT modules (Wi-Fi, cellular), WIZnet. The calls of
 * a client; the others fail with EOPNOTSUPP.
 *
 * - connect waits for the module: a thread makes the call, and the socket polls writable when it
 *   has ended.
 * - A receive that does not wait returns 0 both if nothing has arrived and at the end. So a receive
 *   of a single byte, with the shortest timeout, finds out, and the byte is kept (has_byte): poll
 *   and MSG_PEEK use it. More is requested only behind such a byte.
 * - UDP has one peer, the first; a sender's address is never reported, but it can only be that one.
 * - A send waits until the module has confirmed it: the library's lock is released meanwhile. close
 *   waits 100 ms.
 *
 * Locks: the guard calls under the library's lock, but for close and poll. The port's own lock
 * (plat_blocking_lock) protects the table against the connecting thread, and the byte read ahead;
 * it is taken after the library's lock.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"

#if PLAT_BLOCKING

#include <string.h>

#include "usocket/port.h"

enum { OPEN, CONNECTING, CONNECTED };

struct blocking {
    int number;    /* the handle plus 1; 0: the entry is free */
    uint8_t type;  /* SOCK_STREAM or SOCK_DGRAM */
    uint8_t state; /* OPEN, CONNECTING or CONNECTED */
    bool closing;  /* closed while connecting: the connecting thread closes it */
    bool ended;    /* the stream has ended */
    bool has_byte; /* `byte` was read ahead */
    uint8_t byte;
    int error;               /* an errno for the next call; 0: none */
    struct timeval timeo[2]; /* SO_RCVTIMEO and SO_SNDTIMEO as the program has set them */
    struct sockaddr_in peer; /* sin_family is 0 while there is none */
};

static blocking_t sockets[USOCKET_BLOCKING_SOCKETS];

blocking_t *blocking_find(int fd) {
    for (size_t i = 0; fd >= 0 && i < USOCKET_BLOCKING_SOCKETS; i++) {
        if (sockets[i].number - 1 == fd && !sockets[i].closing) {
            return &sockets[i];
        }
    }
    return NULL;
}

#define FD(s) ((s)->number - 1)

int blocking_open(int fd, int type) {
    struct timeval shortest = {.tv_sec = 0, .tv_usec = 1000};
    if (type != SOCK_STREAM && type != SOCK_DGRAM) {
        return sal_fail(EPROTONOSUPPORT);
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &shortest, sizeof(shortest)) < 0) {
        return sal_fail(EOPNOTSUPP); /* a receive could wait without end */
    }
    plat_blocking_lock();
    blocking_t *s = sockets;
    while (s < sockets + USOCKET_BLOCKING_SOCKETS && s->number != 0) {
        s++;
    }
    bool room = s < sockets + USOCKET_BLOCKING_SOCKETS;
    if (room) {
        memset(s, 0, sizeof(*s));
        s->type = (uint8_t)type;
        s->number = fd + 1;
    }
    plat_blocking_unlock();
    return room ? 0 : sal_fail(EMFILE);
}

int blocking_close(blocking_t *s) {
    plat_blocking_lock();
    bool now = s->state != CONNECTING;
    int fd = FD(s);
    s->closing = true;
    plat_blocking_unlock();
    if (now) {
        s->number = 0; /* first, since the next socket may get the same number */
        sal_close(fd);
    }
    return 0;
}

/* ---- Connecting --------------------------------------------------------------------------------------------------- */

/* Runs in a thread of its own, and waits for the module. */
static void connect_now(void *arg) {
    blocking_t *s = arg;
    int fd = FD(s);
    int r = CALL(fd, connect(fd, (struct sockaddr *)&s->peer, sizeof(s->peer)));
    int error = errno != 0 ? errno : ECONNREFUSED;
    plat_blocking_lock();
    s->state = r == 0 ? CONNECTED : OPEN;
    s->error = r == 0 ? 0 : error;
    bool closing = s->closing;
    if (closing) {
        s->number = 0;
    }
    plat_blocking_unlock();
    if (closing) {
        sal_close(fd);
    }
}

int blocking_connect(blocking_t *s, const struct sockaddr *addr, socklen_t len) {
    if (addr->sa_family != AF_INET || len != sizeof(s->peer)) {
        return sal_fail(EAFNOSUPPORT);
    }
    if (s->state != OPEN) {
        return sal_fail(s->state == CONNECTING ? EALREADY : EISCONN);
    }
    memcpy(&s->peer, addr, sizeof(s->peer));
    if (s->type == SOCK_DGRAM) {
        s->state = CONNECTED; /* the module gets it with the first datagram */
        return 0;
    }
    s->error = 0;
    s->state = CONNECTING;
    if (usocket_port_spawn(connect_now, s) < 0) {
        s->state = OPEN;
        return sal_fail(ENOMEM);
    }
    return sal_fail(EINPROGRESS);
}

int blocking_peer(blocking_t *s, struct sockaddr *addr, socklen_t *len) {
    if (s->state != CONNECTED || *len < sizeof(s->peer)) {
        return sal_fail(ENOTCONN);
    }
    memcpy(addr, &s->peer, sizeof(s->peer));
    *len = sizeof(s->peer);
    return 0;
}

/* ---- Data --------------------------------------------------------------------------------------------------------- */

/* Read a byte ahead, or find the end or an error. Waits a tick at most. */
static void fetch_byte(blocking_t *s) {
    int fd = FD(s);
    if (s->has_byte || s->ended || s->error != 0 || s->peer.sin_family == 0 || s->state == CONNECTING) {
        return;
    }
#ifdef SAL_USING_POSIX
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, 0) >= 0 && !(p.revents & POLLIN)) {
        return;
    }
#endif
    int r = CALL(fd, recv(fd, &s->byte, 1, 0));
    s->has_byte = r > 0;
    s->ended = r == 0;
    if (r < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != ETIMEDOUT) {
        s->error = errno != 0 ? errno : ECONNRESET;
    }
}

/* Receive the byte that was read ahead, and the bytes behind it. */
static int take_bytes(blocking_t *s, uint8_t *buf, size_t len, int flags) {
    fetch_byte(s);
    if (s->has_byte) {
        buf[0] = s->byte;
        if (flags & MSG_PEEK) {
            return 1;
        }
        s->has_byte = false;
        int fd = FD(s);
        int more = len > 1 ? (int)recv(fd, buf + 1, len - 1, MSG_DONTWAIT) : 0;
        return more > 0 ? more + 1 : 1;
    }
    if (s->error != 0) {
        int error = s->error;
        s->error = 0;
        return sal_fail(error);
    }
    return s->ended ? 0 : sal_fail(EAGAIN);
}

int blocking_recv(blocking_t *s, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *size) {
    if (s->type == SOCK_STREAM && s->state != CONNECTED) {
        return sal_fail(s->state == CONNECTING ? EAGAIN : ENOTCONN);
    }
    if (len == 0) {
        return s->type == SOCK_STREAM ? 0 : sal_fail(EOPNOTSUPP);
    }
    plat_blocking_lock();
    int r = take_bytes(s, buf, len, flags);
    int error = errno;
    plat_blocking_unlock();
    if (r >= 0 && from != NULL && *size >= sizeof(s->peer)) {
        memcpy(from, &s->peer, sizeof(s->peer));
        *size = sizeof(s->peer);
    }
    errno = error;
    return r;
}

/* Check a destination: NULL, the peer, or the first one, which becomes the peer. @return 0, or an
 * error number */
static int destination(blocking_t *s, const struct sockaddr *to, socklen_t size) {
    if (s->type == SOCK_STREAM) {
        return s->state == CONNECTED ? 0 : s->state == CONNECTING ? EAGAIN : EPIPE;
    }
    if (to == NULL) {
        return s->state == CONNECTED ? 0 : EDESTADDRREQ;
    }
    if (to->sa_family != AF_INET || size != sizeof(s->peer)) {
        return EAFNOSUPPORT;
    }
    const struct sockaddr_in *in = (const void *)to;
    if (s->peer.sin_family == 0) {
        memcpy(&s->peer, in, sizeof(s->peer));
    }
    return in->sin_port == s->peer.sin_port && in->sin_addr.s_addr == s->peer.sin_addr.s_addr ? 0 : EOPNOTSUPP;
}

int blocking_send(blocking_t *s, const void *buf, size_t len, const struct sockaddr *to, socklen_t size) {
    int error = destination(s, to, size);
    if (error != 0) {
        return sal_fail(error);
    }
    if (len == 0) {
        return s->type == SOCK_STREAM ? 0 : sal_fail(EOPNOTSUPP);
    }
    int fd = FD(s);
    bool dgram = s->type == SOCK_DGRAM;
    struct sockaddr *peer = dgram ? (struct sockaddr *)&s->peer : NULL;
    usocket_port_unlock_sockets();
    int r = CALL(fd, sendto(fd, buf, len, 0, peer, dgram ? sizeof(s->peer) : 0));
    error = errno;
    usocket_port_lock_sockets();
    if (r > 0) {
        return r;
    }
    return sal_fail(r < 0 && error != 0 ? error : EPIPE); /* a closed connection returns 0 */
}

int blocking_pending(blocking_t *s, int *count) {
    (void)s, (void)count;
    return sal_fail(EOPNOTSUPP);
}

short blocking_ready(blocking_t *s, short events) {
    if (s->state == CONNECTING) {
        return 0;
    }
    short ready = events & POLLOUT;
    if (events & POLLIN) {
        plat_blocking_lock();
        fetch_byte(s);
        plat_blocking_unlock();
        ready = (short)(ready | (s->has_byte || s->ended || s->error != 0 ? POLLIN : 0));
    }
    return (short)(ready | (s->error != 0 ? POLLERR : 0));
}

/* ---- Options ------------------------------------------------------------------------------------------------------ */

/* The port uses the stack's timeouts itself, so the program's are stored in the entry. */

static int give_value(const void *value, size_t size, void *to, socklen_t *len) {
    if (*len < size) {
        return sal_fail(EINVAL);
    }
    memcpy(to, value, size);
    *len = (socklen_t)size;
    return 0;
}

int blocking_getopt(blocking_t *s, int level, int name, void *value, socklen_t *len) {
    if (level == SOL_SOCKET && name == SO_TYPE) {
        int type = s->type;
        return give_value(&type, sizeof(type), value, len);
    }
    if (level == SOL_SOCKET && name == SO_ERROR) {
        int error = s->error;
        int r = give_value(&error, sizeof(error), value, len);
        s->error = r == 0 ? 0 : error;
        return r;
    }
    if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) {
        return give_value(&s->timeo[name == SO_SNDTIMEO], sizeof(s->timeo[0]), value, len);
    }
    return sal_fail(ENOPROTOOPT);
}

int blocking_setopt(blocking_t *s, int level, int name, const void *value, socklen_t len) {
    if (level == IPPROTO_TCP && name == TCP_NODELAY) {
        return 0; /* modules always send at once */
    }
    if (level != SOL_SOCKET || (name != SO_RCVTIMEO && name != SO_SNDTIMEO)) {
        return sal_fail(ENOPROTOOPT);
    }
    if (len < sizeof(s->timeo[0])) {
        return sal_fail(EINVAL);
    }
    memcpy(&s->timeo[name == SO_SNDTIMEO], value, sizeof(s->timeo[0]));
    return 0;
}

#endif
