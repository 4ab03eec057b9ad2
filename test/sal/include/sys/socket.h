/* With SAL_USING_POSIX these are functions (on descriptors from 3), without it macros of a fixed arity (on sockets from 0).
 * The host's functions keep their names, so these have other names for the linker.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_SYS_SOCKET_H
#define SAL_SYS_SOCKET_H

#include <rtthread.h>

#include <sal_socket.h>

#ifdef SAL_USING_POSIX
#define LOOK(name) __asm__("look_" #name)
int accept(int s, struct sockaddr *addr, socklen_t *len) LOOK(accept);
int bind(int s, const struct sockaddr *addr, socklen_t len) LOOK(bind);
int shutdown(int s, int how) LOOK(shutdown);
int getpeername(int s, struct sockaddr *addr, socklen_t *len) LOOK(getpeername);
int getsockname(int s, struct sockaddr *addr, socklen_t *len) LOOK(getsockname);
int getsockopt(int s, int level, int name, void *value, socklen_t *len) LOOK(getsockopt);
int setsockopt(int s, int level, int name, const void *value, socklen_t len) LOOK(setsockopt);
int connect(int s, const struct sockaddr *addr, socklen_t len) LOOK(connect);
int listen(int s, int backlog) LOOK(listen);
int recv(int s, void *buf, size_t len, int flags) LOOK(recv);
int recvfrom(int s, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *size) LOOK(recvfrom);
int send(int s, const void *buf, size_t len, int flags) LOOK(send);
int sendto(int s, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t size) LOOK(sendto);
int socket(int domain, int type, int protocol) LOOK(socket);
int closesocket(int s) LOOK(closesocket);
int ioctlsocket(int s, long command, void *arg) LOOK(ioctlsocket);
#else
#define accept(s, addr, len) sal_accept(s, addr, len)
#define bind(s, addr, len) sal_bind(s, addr, len)
#define shutdown(s, how) sal_shutdown(s, how)
#define getpeername(s, addr, len) sal_getpeername(s, addr, len)
#define getsockname(s, addr, len) sal_getsockname(s, addr, len)
#define getsockopt(s, level, name, value, len) sal_getsockopt(s, level, name, value, len)
#define setsockopt(s, level, name, value, len) sal_setsockopt(s, level, name, value, len)
#define connect(s, addr, len) sal_connect(s, addr, len)
#define listen(s, backlog) sal_listen(s, backlog)
#define recv(s, buf, len, flags) sal_recvfrom(s, buf, len, flags, NULL, NULL)
#define recvfrom(s, buf, len, flags, from, size) sal_recvfrom(s, buf, len, flags, from, size)
#define send(s, buf, len, flags) sal_sendto(s, buf, len, flags, NULL, NULL)
#define sendto(s, buf, len, flags, to, size) sal_sendto(s, buf, len, flags, to, size)
#define socket(domain, type, protocol) sal_socket(domain, type, protocol)
#define closesocket(s) sal_closesocket(s)
#define ioctlsocket(s, command, arg) sal_ioctlsocket(s, command, arg)
#endif

#endif
