/* What the files of the look-alike share: the host's world, with SAL's numbers under names of their own.
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

/* SAL's descriptors begin here: 0 to 2 are the console's. Its own numbers begin at 0. */
#define FIRST_DESCRIPTOR 3
#define MOST 256

enum { SAL_SOL_SOCKET = 0xfff };
enum { SAL_POLLIN = 1, SAL_POLLOUT = 2, SAL_POLLERR = 4, SAL_POLLNVAL = 16 };
enum { SAL_PEEK = 1, SAL_DONTWAIT = 8 };

/* newlib's. */
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
    bool poisoned;  /* listen on UDP */
    bool ended;     /* the end of the stream has been told */
    bool errevent;  /* poll will tell of an error, once */
    bool told;      /* it has */
    uint8_t family; /* 2 or 10 */
    uint8_t stage;
    int error;  /* newlib's: why the connect failed, or the connection broke */
    int remains; /* 2.0.2: what SO_ERROR will say, whatever has happened since */
    struct sal_addr peer;
    long timeo[2][2]; /* receive, send: seconds, microseconds */
    /* An AT module's: */
    bool sendevent;
    bool closed;
    bool dialling;
    unsigned drained; /* every other time poll goes on saying that there is something: events are counted after the data */
    unsigned kept, kept_from;
    uint8_t *data;
};

extern struct entry look_table[MOST];

/* number: SAL's. NULL: not open. */
struct entry *look_entry(int number);

/* A result with an errno; 0 leaves errno as it was. */
int look_fail(int newlib);

/* The host's errno, as lwIP would have it. */
int look_newlib(int host);

/* SAL's address as the host's; halts where lwIP asserts. */
socklen_t look_to_host(const struct entry *e, const struct sal_addr *a, uint32_t len, struct sockaddr_storage *out);
void look_from_host(const struct sockaddr_storage *in, struct sal_addr *out);

/* Copy an address out: no more than there is room for. */
void look_give(const struct sal_addr *a, void *to, uint32_t *len);

/* The host's poll on one socket: its revents. */
int look_host_poll(const struct entry *e, int events, int ms);

/* The stack's thread finds out how a connect has ended. */
void look_settle(struct entry *e);

/* Options, of lwIP's kind and of an AT module's. */
int look_option(struct entry *e, bool set, int level, int name, void *value, uint32_t *len);
int at_option(struct entry *e, bool set, int level, int name, void *value, uint32_t *len);

int at_connect(struct entry *e, const struct sal_addr *a, uint32_t len);
int at_recvfrom(struct entry *e, void *buf, size_t len, int flags, const struct sal_addr *from);
int at_sendto(struct entry *e, const void *buf, size_t len, const struct sal_addr *to);
int at_poll(struct entry *e);
void at_close(struct entry *e);

#endif
