/* SPDX-License-Identifier: MIT */
#ifndef SAL_NETDB_H
#define SAL_NETDB_H

#include <sal_socket.h>

#define EAI_NONAME 200
#define EAI_SERVICE 201
#define EAI_FAIL 202
#define EAI_MEMORY 203
#define EAI_FAMILY 204

#define AI_PASSIVE 0x01
#define AI_CANONNAME 0x02
#define AI_NUMERICHOST 0x04
#define AI_NUMERICSERV 0x08
#define AI_V4MAPPED 0x10
#define AI_ALL 0x20
#define AI_ADDRCONFIG 0x40

struct addrinfo {
    int ai_flags;
    int ai_family;
    int ai_socktype;
    int ai_protocol;
    socklen_t ai_addrlen;
    struct sockaddr *ai_addr;
    char *ai_canonname;
    struct addrinfo *ai_next;
};

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out) __asm__(
    "look_getaddrinfo");
void freeaddrinfo(struct addrinfo *list) __asm__("look_freeaddrinfo");

#endif
