/* SAL's calls on descriptors with SAL_USING_POSIX; some set an errno of their own, which is negative.
 *
 * SPDX-License-Identifier: MIT
 */
#include "inside.h"

int sal_accept(int number, void *addr, uint32_t *len);
int sal_bind(int number, const void *addr, uint32_t len);
int sal_shutdown(int number, int how);
int sal_getpeername(int number, void *addr, uint32_t *len);
int sal_getsockname(int number, void *addr, uint32_t *len);
int sal_getsockopt(int number, int level, int name, void *value, uint32_t *len);
int sal_setsockopt(int number, int level, int name, const void *value, uint32_t len);
int sal_connect(int number, const void *addr, uint32_t len);
int sal_listen(int number, int backlog);
int sal_recvfrom(int number, void *buf, size_t len, int flags, void *from, uint32_t *size);
int sal_sendto(int number, const void *buf, size_t len, int flags, const void *to, uint32_t size);
int sal_socket(int family, int type, int protocol);
int sal_closesocket(int number);
int sal_ioctlsocket(int number, long command, void *arg);
int dfs_net_getsocket(int fd);

#define NUMBER dfs_net_getsocket(fd)

int look_socket(int family, int type, int protocol) {
    int number = sal_socket(family, type, protocol);
    return number < 0 ? look_fail(-N_ENOMEM) : number + FIRST_DESCRIPTOR;
}

int look_accept(int fd, void *addr, uint32_t *len) {
    int number = sal_accept(NUMBER, addr, len);
    return number < 0 ? -1 : number + FIRST_DESCRIPTOR;
}

int look_bind(int fd, const void *addr, uint32_t len) {
    return sal_bind(NUMBER, addr, len);
}

int look_shutdown(int fd, int how) {
    return sal_shutdown(NUMBER, how) == 0 ? 0 : look_fail(-N_ENOTSOCK);
}

int look_getpeername(int fd, void *addr, uint32_t *len) {
    return sal_getpeername(NUMBER, addr, len);
}

int look_getsockname(int fd, void *addr, uint32_t *len) {
    return sal_getsockname(NUMBER, addr, len);
}

int look_getsockopt(int fd, int level, int name, void *value, uint32_t *len) {
    return sal_getsockopt(NUMBER, level, name, value, len);
}

int look_setsockopt(int fd, int level, int name, const void *value, uint32_t len) {
    return sal_setsockopt(NUMBER, level, name, value, len);
}

int look_connect(int fd, const void *addr, uint32_t len) {
    return sal_connect(NUMBER, addr, len);
}

int look_listen(int fd, int backlog) {
    return sal_listen(NUMBER, backlog);
}

int look_recv(int fd, void *buf, size_t len, int flags) {
    return sal_recvfrom(NUMBER, buf, len, flags, NULL, NULL);
}

int look_recvfrom(int fd, void *buf, size_t len, int flags, void *from, uint32_t *size) {
    return sal_recvfrom(NUMBER, buf, len, flags, from, size);
}

int look_send(int fd, const void *buf, size_t len, int flags) {
    return sal_sendto(NUMBER, buf, len, flags, NULL, 0);
}

int look_sendto(int fd, const void *buf, size_t len, int flags, const void *to, uint32_t size) {
    return sal_sendto(NUMBER, buf, len, flags, to, size);
}

void look_forget_file(int fd);

int look_closes; /* of closesocket, which is not safe on 5.0 */

int look_closesocket(int fd) {
    __atomic_add_fetch(&look_closes, 1, __ATOMIC_RELAXED);
    look_forget_file(fd);
    return sal_closesocket(NUMBER) == 0 ? 0 : look_fail(-N_ENOTSOCK);
}

int look_ioctlsocket(int fd, long command, void *arg) {
    return sal_ioctlsocket(NUMBER, command, arg);
}
