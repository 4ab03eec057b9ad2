/* Injects faults between port/bsd.c and the system.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef INJECT_H
#define INJECT_H

#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum inject_call {
    INJECT_SOCKET, INJECT_SOCKETPAIR, INJECT_ACCEPT, INJECT_NONBLOCKING, INJECT_DUP, INJECT_DUP_ONTO, INJECT_CLOSE, INJECT_BIND,
    INJECT_LISTEN, INJECT_CONNECT, INJECT_SHUTDOWN, INJECT_RECV, INJECT_SEND, INJECT_SOCKNAME, INJECT_PEERNAME,
    INJECT_GETSOCKOPT, INJECT_SETSOCKOPT, INJECT_PENDING, INJECT_HOSTNAME, INJECT_POLL, INJECT_CALLS,
};

/** The next `times` calls of this kind fail with this number in errno. */
void inject_fail(enum inject_call call, int times, int error);

/** Number of injected failures that have not happened yet. */
int inject_left(void);

/** Limit the bytes that one receive or send moves; 0: no limit. */
void inject_pieces(size_t most);

/** The next `times` polls report these events for every descriptor without asking the system. */
void inject_poll_says(short revents, int times);

/** getaddrinfo and getnameinfo fail with this code; 0: they work. */
void inject_eai(int code);

/** SO_ERROR has this value; 0: the system's value. */
void inject_pending_error(int error);

void inject_reset(void);

/* Used by platform.h. */
bool inject(enum inject_call call);
int inject_errno(void);
size_t inject_short(size_t len);
int inject_close(int fd);
int inject_poll(struct pollfd *fds, unsigned n, int32_t left);
int inject_getsockopt(int fd, int level, int name, void *value, unsigned *len);
int inject_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out);
int inject_getnameinfo(const void *addr, unsigned len, char *host, unsigned hlen, char *serv, unsigned slen, int flags);

#endif
