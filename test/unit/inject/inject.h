/* Faults between port/bsd.c and the system.
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

/** From now on the calls of this kind fail so many times, leaving this number in errno. */
void inject_fail(enum inject_call call, int times, int error);

/** How many of them are still to come: 0 when the code under test has met them all. */
int inject_left(void);

/** Receive and send move at most so many bytes at a time; 0: no limit. */
void inject_pieces(size_t most);

/** The next polls say this of every descriptor without asking the system, so many times. */
void inject_poll_says(short revents, int times);

/** getaddrinfo and getnameinfo fail with this; 0: they work. */
void inject_eai(int code);

/** SO_ERROR is this; 0: what the system says. */
void inject_pending_error(int error);

void inject_reset(void);

/* For platform.h */
bool inject(enum inject_call call);
int inject_errno(void);
size_t inject_short(size_t len);
int inject_close(int fd);
int inject_poll(struct pollfd *fds, unsigned n, long long left);
int inject_getsockopt(int fd, int level, int name, void *value, unsigned *len);
int inject_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out);
int inject_getnameinfo(const void *addr, unsigned len, char *host, unsigned hlen, char *serv, unsigned slen, int flags);

#endif
