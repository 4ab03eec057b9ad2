/* SAL's calls on the host's sockets, with the behaviour of lwIP 2.0.2 and 2.1.2 as seen through SAL.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "inside.h"
#include "schedule.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

struct entry look_table[MOST];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static int highest; /* current size of SAL's table */

void look_called(void) {
    __atomic_add_fetch(&look.calls, 1, __ATOMIC_RELAXED);
    schedule_call();
}

int look_fail(int newlib) {
    if (newlib != 0) {
        *look_errno() = newlib;
    }
    return -1;
}

int look_newlib(int host) {
    static const struct {
        short host, newlib;
    } pairs[] = {
        {EAGAIN, N_EAGAIN}, {EINPROGRESS, N_EINPROGRESS}, {ECONNRESET, N_ECONNRESET}, {ECONNREFUSED, N_ECONNRESET},
        {EPIPE, N_ENOTCONN}, {ENOTCONN, N_ENOTCONN}, {ETIMEDOUT, N_ECONNABORTED}, {EADDRINUSE, N_EADDRINUSE},
        {EINVAL, N_EINVAL}, {EOPNOTSUPP, N_EOPNOTSUPP}, {EACCES, N_EINVAL}, {ENOPROTOOPT, N_ENOPROTOOPT}, {ENETUNREACH, N_EHOSTUNREACH},
        {EHOSTUNREACH, N_EHOSTUNREACH}, {ENOBUFS, N_ENOMEM}, {ENOMEM, N_ENOMEM}, {EMFILE, N_ENFILE}, {ENFILE, N_ENFILE},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (pairs[i].host == host) {
            return pairs[i].newlib;
        }
    }
    return N_EIO;
}

/* lwIP 2.0.2 keeps the error for SO_ERROR. */
static int stack_fail(struct entry *e, int newlib) {
    if (newlib != N_EAGAIN) {
        e->remains = newlib;
    }
    return look_fail(newlib);
}

static int good(struct entry *e) {
    e->remains = 0;
    return 0;
}

/* ---- Numbers ------------------------------------------------------------------------------------------------------ */

struct entry *look_entry(int number) {
    if (number < 0 || number >= highest) {
        return NULL;
    }
    if (!look_table[number].open) {
#ifdef LOOK_NO_POSIX
        look_halt("a SAL socket that is not open");
#else
        return NULL;
#endif
    }
    return &look_table[number];
}

int dfs_net_getsocket(int fd) {
    int number = fd - FIRST_DESCRIPTOR;
    return number >= 0 && number < MOST && look_table[number].open ? number : -1;
}

/* ---- Addresses ---------------------------------------------------------------------------------------------------- */

socklen_t look_to_host(const struct entry *e, const struct sal_addr *a, uint32_t len, struct sockaddr_storage *out) {
    memset(out, 0, sizeof(*out));
    if ((a->family != 2 && a->family != 10) || len != (a->family == 2 ? 16 : 28) || (a->family == 10 && e->family == 2)) {
        look_halt("an address of the wrong family or length");
    }
    if (a->len != len) {
        look_halt("an address that does not say how long it is");
    }
    if (a->family == 2) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = a->port;
        in->sin_addr.s_addr = a->u.v4.addr;
        return e->family == 10 ? 0 : sizeof(*in); /* IPv4 on an IPv6 socket: EINVAL */
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = a->port;
    in6->sin6_scope_id = a->u.v6.scope;
    memcpy(&in6->sin6_addr, a->u.v6.addr, 16);
    return sizeof(*in6);
}

void look_from_host(const struct sockaddr_storage *in, struct sal_addr *out) {
    memset(out, 0, sizeof(*out));
    if (in->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)in;
        out->len = 28;
        out->family = 10;
        out->port = in6->sin6_port;
        out->u.v6.scope = in6->sin6_scope_id;
        memcpy(out->u.v6.addr, &in6->sin6_addr, 16);
    } else {
        const struct sockaddr_in *in4 = (const void *)in;
        out->len = 16;
        out->family = 2;
        out->port = in4->sin_port;
        out->u.v4.addr = in4->sin_addr.s_addr;
    }
}

void look_give(const struct sal_addr *a, void *to, uint32_t *len) {
    if (to != NULL && len != NULL) {
        *len = *len < a->len ? *len : a->len;
        memcpy(to, a, *len);
    }
}

/* ---- Opening and closing ------------------------------------------------------------------------------------------ */

/* Enter a socket into the table. Returns its number, or -1. */
static int enter(int host, int family, bool stream, int stage) {
    pthread_mutex_lock(&table_lock);
    int number = 0;
    while (number < MOST && look_table[number].open) {
        number++;
    }
    if (number < MOST && look.open < look.sockets) {
        struct entry *e = &look_table[number];
        memset(e, 0, sizeof(*e));
        e->host = host;
        e->family = (uint8_t)family;
        e->stream = stream;
        e->stage = (uint8_t)stage;
        e->open = true;
        look.open++;
        highest = highest > number ? highest : (number | 3) + 1; /* the table grows by four */
    } else {
        number = -1;
    }
    pthread_mutex_unlock(&table_lock);
    return number;
}

int sal_socket(int family, int type, int protocol) {
    look_called();
    if (netdev_get_by_family(family) == NULL || type < 1 || type > 3 || (look.at && type > 2)) {
        return -1;
    }
    if (type == SOCK_RAW && protocol != IPPROTO_RAW && LOOK_VERSION >= 50202) {
        return -1;
    }
    int host = socket(family == 10 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, type == SOCK_RAW ? protocol : 0);
    if (host < 0) {
        return look_fail(errno == EMFILE ? N_ENFILE : N_ENOBUFS);
    }
    int number = enter(host, family, type == SOCK_STREAM, FRESH);
    if (number < 0) {
        close(host);
        return -1;
    }
    look_table[number].at = look.at;
    return number;
}

/* With SO_LINGER and unsent data lwIP refuses to close a non-blocking socket, and SAL still drops it from its table: the socket is
 * lost. Closing a blocking one may wait for ever. */
static bool lingers(const struct entry *e) {
    struct linger set = {0, 0};
    socklen_t len = sizeof(set);
    int unacknowledged = 0;
    getsockopt(e->host, SOL_SOCKET, SO_LINGER, &set, &len);
    return e->stream && e->stage != LISTENING && set.l_onoff && set.l_linger > 0 && ioctl(e->host, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged > 0;
}

int sal_closesocket(int number) {
    look_called();
    struct entry *e = look_entry(number);
    if (e == NULL) {
        return -1;
    }
    if (e->at) {
        at_close(e);
    }
    if (__atomic_load_n(&e->polled, __ATOMIC_ACQUIRE) != 0) {
        look_halt("a close under a poll, which stays in the socket's queue");
    }
    int host = e->host;
    bool lost = lingers(e);
    if (lost && !e->nonblocking) {
        look_halt("a close under SO_LINGER that may wait for ever");
    }
    pthread_mutex_lock(&table_lock);
    e->open = false;
    look.open -= !lost;
    pthread_mutex_unlock(&table_lock);
    if (lost) {
        return -1;
    }
    close(host);
    return 0;
}

int sal_ioctlsocket(int number, long command, void *arg) {
    look_called();
    struct entry *e = look_entry(number);
    if (e == NULL || e->at) {
        return -1;
    }
    switch ((unsigned long)command & 0xff) {
        case 126: /* FIONBIO */
            e->nonblocking = *(int *)arg != 0;
            return good(e);
        case 127: /* FIONREAD */
            return ioctl(e->host, FIONREAD, arg) == 0 ? good(e) : stack_fail(e, look_newlib(errno));
        default:
            return stack_fail(e, N_ENOSYS);
    }
}

/* ---- Connections -------------------------------------------------------------------------------------------------- */

int look_host_poll(const struct entry *e, int events, int ms) {
    struct pollfd p = {.fd = e->host, .events = (short)events};
    return poll(&p, 1, ms) > 0 ? p.revents : 0;
}


void look_settle(struct entry *e) {
    if (e->stage == CONNECTING && look_tick() - e->dialled > 1200) { /* lwIP gives up after 12 s */
        e->stage = FAILED;
        e->error = N_ECONNABORTED;
        e->errevent = true;
        e->remains = 0;
        return;
    }
    if (e->stage != CONNECTING || !look.link || look_host_poll(e, POLLOUT, 0) == 0) {
        return;
    }
    int host = e->error != 0 ? e->error : 0;
    socklen_t len = sizeof(host);
    if (host == 0 && getsockopt(e->host, SOL_SOCKET, SO_ERROR, &host, &len) < 0) {
        host = EIO;
    }
    e->stage = host == 0 ? CONNECTED : FAILED;
    e->error = host == 0 ? 0 : look_newlib(host);
    e->errevent = host != 0;
    if (e->remains == N_EINPROGRESS) {
        e->remains = 0;
    }
}

int sal_connect(int number, const void *addr, uint32_t len) {
    look_called();
    struct entry *e = look_entry(number);
    if (e == NULL || !look.up) {
        return -1;
    }
    if (e->at) {
        return at_connect(e, addr, len);
    }
    if (!e->stream && ((const struct sal_addr *)addr)->family == 0) { /* AF_UNSPEC: lwIP forgets the peer */
        e->stage = FRESH;
        return connect(e->host, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr)) < 0 ? -1 : good(e);
    }
    struct sockaddr_storage host;
    socklen_t size = look_to_host(e, addr, len, &host);
    if (size == 0) {
        return stack_fail(e, N_EINVAL);
    }
    if (e->poisoned) {
        return look_fail(N_EIO);
    }
    look_settle(e);
    if (e->stream && e->stage == CONNECTED) {
        look_halt("connect on a connected socket");
    }
    if (e->stream && e->stage != FRESH) {
        return stack_fail(e, e->stage == CONNECTING ? N_EALREADY : e->stage == LISTENING ? N_EISCONN : N_ENOTCONN);
    }
    if (!look.address) {
        return stack_fail(e, N_EHOSTUNREACH);
    }
    memcpy(&e->peer, addr, len);
    if (e->peer.family == 10) {
        e->peer.u.v6.flowinfo = 0;
    }
    if (!e->stream) {
        if (connect(e->host, (struct sockaddr *)&host, size) < 0) {
            return stack_fail(e, look_newlib(errno));
        }
        e->stage = CONNECTED;
        return good(e);
    }
    if (!e->nonblocking) {
        look_halt("a connect that may wait, by a port that never does");
    }
    e->stage = CONNECTING;
    e->dialled = look_tick();
    int r = look.link ? connect(e->host, (struct sockaddr *)&host, size) : 0;
    e->error = r < 0 && errno != EINPROGRESS ? errno : 0; /* the host's error, until poll reports it */
    return stack_fail(e, N_EINPROGRESS);
}

int sal_bind(int number, const void *addr, uint32_t len) {
    look_called();
    struct entry *e = look_entry(number);
    if (e == NULL || e->at) {
        return -1;
    }
    /* SAL searches for an interface with the address and treats every sockaddr as IPv4. */
    uint32_t v4 = ((const struct sal_addr *)addr)->u.v4.addr;
    if (v4 != 0 && (((const struct sal_addr *)addr)->family != 2 || (!look.loopback && (v4 & htonl(0xff000000)) == htonl(0x7f000000)))) {
        return -1;
    }
    struct sockaddr_storage host;
    socklen_t size = look_to_host(e, addr, len, &host);
    if (size == 0) {
        return stack_fail(e, N_EINVAL);
    }
    if (e->stage != FRESH && e->stream) {
        look_halt("bind after connect or listen");
    }
    if (bind(e->host, (struct sockaddr *)&host, size) < 0) {
        return errno == EADDRNOTAVAIL ? -1 : stack_fail(e, look_newlib(errno));
    }
    return good(e);
}

int sal_listen(int number, int backlog) {
    look_called();
    struct entry *e = look_entry(number);
    if (e == NULL || e->at) {
        return -1;
    }
    if (!e->stream) {
        e->poisoned = true;
        return stack_fail(e, N_EOPNOTSUPP);
    }
    if (e->stage != FRESH) {
        return stack_fail(e, N_EINVAL);
    }
    if (listen(e->host, backlog) < 0) {
        return stack_fail(e, look_newlib(errno));
    }
    e->stage = LISTENING;
    return good(e);
}

int sal_accept(int number, void *addr, uint32_t *len) {
    look_called();
    struct entry *e = look_entry(number);
    if (e == NULL || e->at || !look.up) {
        return -1;
    }
    if (e->stage != LISTENING) {
        return stack_fail(e, N_EINVAL);
    }
    if (!e->nonblocking) {
        look_halt("an accept that may wait, by a port that never does");
    }
    struct sockaddr_storage host;
    socklen_t size = sizeof(host);
    int r = look.link ? accept4(e->host, (struct sockaddr *)&host, &size, SOCK_NONBLOCK | SOCK_CLOEXEC) : (errno = EAGAIN, -1);
    if (r < 0) {
        return stack_fail(e, look_newlib(errno));
    }
    int got = enter(r, e->family, true, CONNECTED);
    if (got < 0) {
        close(r);
        return stack_fail(e, N_ENFILE);
    }
    look_from_host(&host, &look_table[got].peer);
    look_give(&look_table[got].peer, addr, len);
    good(e);
    return got;
}

int sal_shutdown(int number, int how) {
    look_called();
    struct entry *e = look_entry(number);
    if (e == NULL) {
        return -1;
    }
    if (e->at) {
        e->closed = true;
        return 0;
    }
    look_settle(e);
    if (!e->stream || e->stage != CONNECTED) {
        return stack_fail(e, e->stream ? N_ENOTCONN : N_EOPNOTSUPP);
    }
    return shutdown(e->host, how) == 0 ? good(e) : stack_fail(e, N_ENOTCONN);
}

int sal_getpeername(int number, void *addr, uint32_t *len) {
    look_called();
    struct entry *e = look_entry(number);
    if (e == NULL || e->at) {
        return -1;
    }
    look_settle(e);
    if (e->stage != CONNECTING && e->stage != CONNECTED) {
        return stack_fail(e, N_ENOTCONN);
    }
    look_give(&e->peer, addr, len);
    return good(e);
}

int sal_getsockname(int number, void *addr, uint32_t *len) {
    look_called();
    struct entry *e = look_entry(number);
    if (e == NULL || e->at) {
        return -1;
    }
    look_settle(e);
    struct sockaddr_storage host;
    socklen_t size = sizeof(host);
    if (e->stage == FAILED || getsockname(e->host, (struct sockaddr *)&host, &size) < 0) {
        return stack_fail(e, N_ENOTCONN);
    }
    struct sal_addr a;
    look_from_host(&host, &a);
    look_give(&a, addr, len);
    return good(e);
}

/* ---- Options ------------------------------------------------------------------------------------------------------ */

static int error_option(struct entry *e) {
    look_settle(e);
    if (look.lwip == 202) {
        /* Returns the error of the last call, then that of the connection, repeatedly. */
        int left = e->remains == 0 || e->remains == N_EINPROGRESS
            ? (e->stage == CONNECTING ? N_EINPROGRESS : e->stage == FAILED ? e->error : e->remains)
            : e->remains;
        e->remains = 0;
        return left;
    }
    int left = e->stage == CONNECTING ? 0 : e->error;
    e->error = 0;
    return left;
}

int sal_getsockopt(int number, int level, int name, void *value, uint32_t *len) {
    look_called();
    struct entry *e = look_entry(number);
    if (e == NULL) {
        return -1;
    }
    if (e->at) {
        return at_option(e, false, level, name, value, len);
    }
    if (level == SAL_SOL_SOCKET && name == 0x1007 && *len >= sizeof(int)) {
        int error = error_option(e);
        memcpy(value, &error, sizeof(error));
        return 0;
    }
    int error = look_option(e, false, level, name, value, len);
    return error == 0 ? good(e) : stack_fail(e, error);
}

int sal_setsockopt(int number, int level, int name, const void *value, uint32_t len) {
    look_called();
    struct entry *e = look_entry(number);
    if (e == NULL) {
        return -1;
    }
    if (e->at) {
        return at_option(e, true, level, name, (void *)(uintptr_t)value, &len);
    }
    int error = look_option(e, true, level, name, (void *)(uintptr_t)value, &len);
    return error == 0 ? good(e) : stack_fail(e, error);
}
