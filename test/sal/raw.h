/* The board's sockets without the library: calls of SAL by the tests of the look-alike.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_RAW_H
#define SAL_RAW_H

#include <unistd.h>

#include "fixture.h"
#include "look.h"
#include "stack.h"

#ifdef SAL_USING_POSIX
#define FIRST 3
#else
#define FIRST 0
#undef send /* SAL's macro passes a pointer as a length */
#define send(s, buf, len, flags) sal_sendto(s, buf, len, flags, NULL, 0)
#endif

static inline int begin(void **state) {
    (void)state;
    if (look.lwip != 202) {
        look.lwip = 212;
    }
    look.at = false;
    look.up = look.link = look.address = look.loopback = true;
    return 0;
}
#undef TEST
#define TEST(name) cmocka_unit_test_setup(name, begin)

static inline struct sockaddr_in loopback(uint16_t port) {
    return (struct sockaddr_in){.sin_len = 16, .sin_family = AF_INET, .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline int open_socket(int type) {
    int on = 1;
    int fd = socket(AF_INET, type, 0);
    assert_true(fd >= FIRST);
    ioctlsocket(fd, (long)FIONBIO, &on);
    return fd;
}

static inline int listener(struct sockaddr_in *at) {
    int fd = open_socket(SOCK_STREAM);
    socklen_t len = sizeof *at;
    *at = loopback(0);
    assert_int_equal(0, bind(fd, (struct sockaddr *)at, len));
    assert_int_equal(0, listen(fd, 2));
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)at, &len));
    assert_int_equal(16, len);
    assert_int_equal(16, at->sin_len);
    return fd;
}

/* The magnitude of the last call's errno. */
static inline int number(void) {
    int n = errno;
    errno = 0;
    return n;
}

static inline int so_error(int fd) {
    int value = -1;
    socklen_t len = sizeof value;
    assert_int_equal(0, getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &len));
    return value;
}

static inline void connected(int *a, int *b) {
    struct sockaddr_in at;
    int l = listener(&at);
    *a = open_socket(SOCK_STREAM);
    assert_int_equal(-1, connect(*a, (struct sockaddr *)&at, sizeof at));
    assert_int_equal(119, number());
    do {
        *b = accept(l, NULL, NULL);
        usleep(1000);
    } while (*b < 0);
    int on = 1;
    ioctlsocket(*b, (long)FIONBIO, &on);
    closesocket(l);
}

#endif
