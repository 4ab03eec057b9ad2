/* Shared declarations of the look-alike's files, which use the host's headers; SAL's constants have names of their own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOOK_INSIDE_H
#define LOOK_INSIDE_H

#include "look.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#ifdef LOOK_NO_IPV6
#define LOOK_IPV6 0
#define SAL_STORAGE 16
#else
#define LOOK_IPV6 1
#define SAL_STORAGE 28
#endif

/* SAL's first descriptor, after 0 to 2 of the console. SAL's own socket numbers begin at 0. */
#define FIRST_DESCRIPTOR 3
#define MOST 256

enum { SAL_SOL_SOCKET = 0xfff };
enum { SAL_POLLIN = 1, SAL_POLLOUT = 2, SAL_POLLERR = 4, SAL_POLLNVAL = 16 };
enum { SAL_PEEK = 1, SAL_DONTWAIT = 8 };

/* newlib's error numbers. */
enum {
    N_EIO = 5, N_EBADF = 9, N_EAGAIN = 11, N_ENOMEM = 12, N_EINVAL = 22, N_ENFILE = 23, N_ENOSYS = 88, N_EOPNOTSUPP = 95,
    N_ECONNRESET = 104, N_ENOBUFS = 105, N_ENOTSOCK = 108, N_ENOPROTOOPT = 109, N_EADDRINUSE = 112, N_EADDRNOTAVAIL = 125, N_ECONNABORTED = 113,
    N_EHOSTUNREACH = 118, N_EINPROGRESS = 119, N_EALREADY = 120, N_EISCONN = 127, N_ENOTCONN = 128,
};

struct sal_addr {
    uint8_t len;
    uint8_t family;
    uint16_t port;
    union {
        struct {
            uint32_t addr;
            char zero[8];
        } v4;
        struct {
            uint32_t flowinfo;
            uint8_t addr[16];
            uint32_t scope;
        } v6;
    } u;
};

enum stage { FRESH, CONNECTING, CONNECTED, FAILED, LISTENING };

struct entry {
    int host;
    bool open;
    bool at;
    bool stream;
    bool nonblocking;
    bool poisoned;  /* listen was called on a UDP socket */
    bool ended;     /* the end of the stream has been reported */
    bool errevent;  /* poll must report an error, once */
    bool told;      /* poll has reported it */
    uint8_t family; /* AF_INET is 2, AF_INET6 is 10 */
    uint8_t stage;
    int error;  /* newlib's number: the reason of a failed connect or a broken connection */
    int polled; /* the number of polls that wait on it; atomic */
    uint32_t dialled; /* the tick at which a connect has begun */
    int remains; /* 2.0.2: the value of SO_ERROR, regardless of later events */
    struct sal_addr peer;
    long timeo[2][2]; /* [receive, send][seconds, microseconds] */
    /* Members for an AT module's socket. */
    bool sendevent;
    bool closed;
    bool dialling;
    unsigned drained; /* every second poll still reports data: events are counted apart from the data */
    unsigned kept, kept_from;
    uint8_t *data;
};

extern struct entry look_table[MOST];

/* NULL if no interface that is up has this family. */
struct netdev *netdev_get_by_family(int family);

/* The entry of SAL's socket `number`; NULL if it is not open. */
struct entry *look_entry(int number);

/* Count a call of the stack, and wait for lwIP's thread. */
void look_called(void);

/* Fail with this errno; 0 leaves errno unchanged. */
int look_fail(int newlib);

/* Convert the host's errno to lwIP's. */
int look_newlib(int host);

/* Convert SAL's address to the host's; halts where an assertion of lwIP would fail. */
socklen_t look_to_host(const struct entry *e, const struct sal_addr *a, uint32_t len, struct sockaddr_storage *out);
void look_from_host(const struct sockaddr_storage *in, struct sal_addr *out);

/* Copy an address to the caller, at most *len bytes. */
void look_give(const struct sal_addr *a, void *to, uint32_t *len);

/* Poll one socket of the host; returns revents. */
int look_host_poll(const struct entry *e, int events, int ms);

/* Update the state after a connect, as the stack's thread does. */
void look_settle(struct entry *e);

/* Options of lwIP's sockets and of an AT module's. */
int look_option(struct entry *e, bool set, int level, int name, void *value, uint32_t *len);
int at_option(struct entry *e, bool set, int level, int name, void *value, uint32_t *len);

int at_connect(struct entry *e, const struct sal_addr *a, uint32_t len);
int at_recvfrom(struct entry *e, void *buf, size_t len, int flags, const struct sal_addr *from);
int at_sendto(struct entry *e, const void *buf, size_t len, const struct sal_addr *to);
int at_poll(struct entry *e);
void at_close(struct entry *e);

#endif
