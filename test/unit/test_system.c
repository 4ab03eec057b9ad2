/* Features of this system's sockets: struct sockaddr, paths, limits.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fixture.h"

static void test_sockaddr(void **state) {
    (void)state;
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0xc0000201) };
    usocket_addr_t a, untouched;
    memset(&untouched, 0x5a, sizeof untouched);
    assert_ok(usocket_addr_raw(&a, &in, sizeof in));
    usocket_addr_t expected = fx_addr("192.0.2.1", 80);
    assert_true(usocket_addr_equal(&expected, &a));
    for (size_t len = 0; len < sizeof in; len++) {
        a = untouched;
        int r = usocket_addr_raw(&a, &in, len);
        assert_true(r == USOCKET_EINVAL || r == USOCKET_EAFNOSUPPORT);
        assert_memory_equal(&a, &untouched, sizeof a);
    }
#if USOCKET_IPV6
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(81), .sin6_scope_id = 3, .sin6_flowinfo = htonl(5) };
    in6.sin6_addr.s6_addr[15] = 9;
    assert_ok(usocket_addr_raw(&a, &in6, sizeof in6));
    assert_int_equal(81, a.port);
    assert_int_equal(3, a.scope);
    assert_int_equal(5, a.flowinfo);
    assert_int_equal(9, a.u.ip[15]);
    assert_code(USOCKET_EINVAL, usocket_addr_raw(&a, &in6, sizeof in6 - 5));
#endif
#if USOCKET_UNIX
    struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/tmp/x" };
    assert_ok(usocket_addr_raw(&a, &un, sizeof un));
    assert_int_equal(6, a.port);
    assert_memory_equal("/tmp/x", a.u.path, 6);
    assert_ok(usocket_addr_raw(&a, &un, offsetof(struct sockaddr_un, sun_path) + 4));
    assert_int_equal(4, a.port);
    assert_ok(usocket_addr_raw(&a, &un, offsetof(struct sockaddr_un, sun_path)));
    assert_int_equal(0, a.port);
    memset(un.sun_path, 'x', sizeof un.sun_path); /* no NUL at all */
    assert_ok(usocket_addr_raw(&a, &un, sizeof un));
    assert_int_equal(sizeof un.sun_path, a.port);
    un.sun_path[0] = 0;
    assert_ok(usocket_addr_raw(&a, &un, offsetof(struct sockaddr_un, sun_path) + 5));
    assert_int_equal(5, a.port);
#endif
    in.sin_family = 250;
    assert_code(USOCKET_EAFNOSUPPORT, usocket_addr_raw(&a, &in, sizeof in));
    in.sin_family = AF_UNSPEC;
    assert_code(USOCKET_EAFNOSUPPORT, usocket_addr_raw(&a, &in, sizeof in));
}

#if USOCKET_UNIX
static void test_path(void **state) {
    (void)state;
    usocket_t l = USOCKET_CLOSED, c = USOCKET_CLOSED, s = USOCKET_CLOSED;
    usocket_addr_t at = { .family = USOCKET_AF_UNIX }, peer;
    char dir[] = "/tmp/usocket-test-XXXXXX";
    assert_non_null(mkdtemp(dir));
    at.port = (uint16_t)snprintf(at.u.path, sizeof at.u.path, "%s/s", dir);
    assert_ok(usocket_open(&l, USOCKET_AF_UNIX, USOCKET_STREAM, 0));
    assert_ok(usocket_bind(&l, &at));
    assert_ok(usocket_listen(&l, 1));
    assert_ok(usocket_getsockname(&l, &peer));
    assert_true(usocket_addr_equal(&at, &peer));
    assert_ok(usocket_open(&c, USOCKET_AF_UNIX, USOCKET_STREAM, 0));
    assert_code(USOCKET_EADDRINUSE, usocket_bind(&c, &at));
    assert_ok(usocket_connect(&c, &at));
    assert_ok(usocket_accept(&l, &s, &peer));
    assert_int_equal(USOCKET_AF_UNIX, peer.family);
    assert_int_equal(0, peer.port); /* the peer is unnamed */
    assert_ok(usocket_close(&c));
    assert_ok(usocket_close(&s));
    assert_ok(usocket_close(&l));
    assert_int_equal(0, unlink(at.u.path));
    assert_ok(usocket_open(&c, USOCKET_AF_UNIX, USOCKET_STREAM, 0));
    assert_code(USOCKET_ENOENT, usocket_connect(&c, &at));
    strcpy(at.u.path + at.port, "/below");
    at.port = (uint16_t)(at.port + 6);
    assert_code(USOCKET_ENOENT, usocket_bind(&c, &at));
    /* The longest path fills sun_path to the last byte. */
    memset(at.u.path, '/', sizeof at.u.path);
    at.port = sizeof at.u.path;
    int r = usocket_connect(&c, &at);
    assert_true(r == USOCKET_ECONNREFUSED || r == USOCKET_ENOENT || r == USOCKET_EINVAL);
    assert_ok(usocket_close(&c));
    assert_int_equal(0, rmdir(dir));
}
#endif

static struct rlimit before;

/* Set the descriptor limit to the number of open descriptors, or restore it. */
static void no_more(bool none) {
    struct rlimit limit = before;
    if (none) {
        getrlimit(RLIMIT_NOFILE, &before);
        limit = before;
        int fd = dup(0);
        limit.rlim_cur = (rlim_t)fd;
        close(fd);
    }
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &limit));
}

static void test_out_of_descriptors(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED, c = USOCKET_CLOSED, l = USOCKET_CLOSED;
    char buf[8], back[] = "back";
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, 2);
    fx_connect(&a, &b);
    assert_ok(usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_connect(&c, &at));
    no_more(true);
    usocket_t x = USOCKET_CLOSED;
    int opened = usocket_open(&x, USOCKET_AF_INET, USOCKET_STREAM, 0);
    int accepted = usocket_accept(&l, &x, NULL);
    int duplicate = usocket_dup(usocket_fileno(&a));
#if USOCKET_NAMES && USOCKET_RESOLVER_WORKERS
    usocket_lookup_t *lookup;
    usocket_query_t q = { .host = "host.test", .port = 1 };
    int looked = usocket_lookup_start(&lookup, &q);
#endif
#if USOCKET_THREADS
    usocket_watch_t *w;
    int watched = usocket_watch(&w, &a, NULL, NULL);
#endif
    int put_back = usocket_unread(&a, back, 4);
    int readable = usocket_poll(&a, USOCKET_POLL_IN, USOCKET_NOW);
    int received = usocket_recv(&a, buf, sizeof buf);
    no_more(false);
    assert_code(USOCKET_EMFILE, opened);
    assert_code(USOCKET_EMFILE, accepted);
    assert_code(USOCKET_EMFILE, duplicate);
#if USOCKET_NAMES && USOCKET_RESOLVER_WORKERS
    assert_code(USOCKET_EMFILE, looked);
#endif
#if USOCKET_THREADS
    assert_code(USOCKET_EMFILE, watched);
#endif
    assert_ok(put_back); /* other programs cannot see the bytes, but the socket has them */
    assert_int_equal(USOCKET_POLL_IN, readable);
    assert_code(4, received);
    if (!getenv("TEST_VALGRIND")) { /* valgrind accepts the connection, closes it and returns EMFILE */
        assert_ok(usocket_accept(&l, &x, NULL)); /* the connection is still in the backlog */
    }
    assert_ok(usocket_close(&x));
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
    assert_ok(usocket_close(&c));
    assert_ok(usocket_close(&l));
}

static void test_not_a_socket(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    int fds[2];
    assert_int_equal(0, pipe(fds));
    assert_code(USOCKET_ENOTSOCK, usocket_adopt(&s, fds[0], -1, -1, -1));
    assert_int_equal(-1, usocket_fileno(&s));
    close(fds[0]);
    close(fds[1]);
}

/* A child process does not inherit descriptors. */
static void test_close_on_exec(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    char back[] = "b", path[64], line[256];
    fx_connect(&a, &b);
    assert_ok(usocket_unread(&b, back, 1));
    int fd = usocket_dup(usocket_fileno(&a));
    for (int i = 3; i < 64; i++) {
        snprintf(path, sizeof path, "/proc/self/fdinfo/%d", i);
        FILE *f = fopen(path, "re");
        while (f && fgets(line, sizeof line, f)) {
            unsigned flags;
            if (sscanf(line, "flags: %o", &flags) == 1 && !(flags & 02000000)) {
                char target[256] = "";
                snprintf(path, sizeof path, "/proc/self/fd/%d", i);
                assert_true(readlink(path, target, sizeof target - 1) > 0);
                assert_int_not_equal(0, strncmp(target, "socket:", 7)); /* ignores descriptors that the shell passed on */
            }
        }
        if (f) {
            fclose(f);
        }
    }
    usocket_close_fd(fd);
    assert_ok(usocket_close(&a));
    assert_ok(usocket_close(&b));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_sockaddr), TEST(test_out_of_descriptors), TEST(test_not_a_socket), TEST(test_close_on_exec),
#if USOCKET_UNIX
        TEST(test_path),
#endif
    };
    return RUN(tests);
}
