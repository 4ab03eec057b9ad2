/* Receives that wait in the system's own call (USOCKET_WAIT_INSIDE): every promise about waits and descriptors holds.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#if USOCKET_WAIT_INSIDE

static usocket_t sock, peer;
static char buf[4096];
static bool pending; /* atomic: what the hook returns */
static int result;
static usocket_time_t ended;

static bool hook(void) {
    return __atomic_load_n(&pending, __ATOMIC_RELAXED);
}

static bool is_inside(const usocket_t *s) {
    return !(fcntl(s->io, F_GETFL) & O_NONBLOCK);
}

static usocket_time_t timeo(const usocket_t *s, int name) {
    struct timeval t = { 0 };
    socklen_t len = sizeof t;
    assert_int_equal(0, getsockopt(s->io, SOL_SOCKET, name, &t, &len));
    return t.tv_sec * SECOND + t.tv_usec;
}

static void send_soon(void *arg) {
    fx_sleep(2 * MS);
    usocket_send(arg, "x", 1);
}

/* One receive that comes before its byte. */
static void receive_early(void) {
    fx_go(send_soon, &peer);
    assert_code(1, usocket_recv(&sock, buf, 1));
    fx_join();
}

/* As many as make the next ones wait inside, if any do. */
static void receive_often(void) {
    for (int i = 0; i < 4; i++) {
        receive_early();
    }
}

static void open_pair(int type) {
    usocket_init(&sock);
    usocket_init(&peer);
    __atomic_store_n(&pending, false, __ATOMIC_RELAXED);
    usocket_set_interrupt_hook(hook);
    if (type == USOCKET_STREAM) {
        fx_connect(&sock, &peer);
    } else {
        usocket_addr_t a = fx_udp(&sock, USOCKET_AF_INET), b = fx_udp(&peer, USOCKET_AF_INET);
        assert_ok(usocket_connect(&sock, &b));
        assert_ok(usocket_connect(&peer, &a));
    }
}

static void open_inside(int type) {
    open_pair(type);
    assert_false(is_inside(&sock));
    receive_often();
    assert_true(is_inside(&sock));
}

static void close_pair(void) {
    usocket_set_interrupt_hook(NULL);
    fx_close(&sock, &peer);
}

static void assert_outside(void) {
    assert_false(is_inside(&sock));
    assert_int_equal(0, timeo(&sock, SO_RCVTIMEO));
    assert_int_equal(0, timeo(&sock, SO_SNDTIMEO));
    receive_often();
    assert_false(is_inside(&sock));
}

static void w_recv(void *arg) {
    (void)arg;
    int r = usocket_recv(&sock, buf, sizeof buf);
    ended = fx_now();
    result = r;
}

static const int types[] = { USOCKET_STREAM, USOCKET_DGRAM };

static void test_receives(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_inside(types[i]);
        for (int n = 0; n < 40; n++) {
            receive_early();
        }
        for (int n = 0; n < 40; n++) { /* bytes that are there */
            assert_code(1, usocket_send(&peer, "y", 1));
            assert_code(1, usocket_recv(&sock, buf, 1));
        }
        assert_true(is_inside(&sock));
        usocket_addr_t from = { 0 };
        fx_go(send_soon, &peer);
        assert_code(1, usocket_recvfrom(&sock, buf, sizeof buf, &from));
        fx_join();
        assert_int_equal(USOCKET_AF_INET, from.family);
        if (types[i] == USOCKET_STREAM) {
            fx_go(w_recv, NULL);
            fx_sleep(5 * MS);
            assert_ok(usocket_close(&peer));
            fx_join();
            assert_code(0, result);
        }
        close_pair();
    }
}

/* The last slice before a deadline is not inside: no timeout is early, none is late by a slice. */
static void test_deadlines(void **state) {
    (void)state;
    static const usocket_time_t times[] = { 20 * MS, 99 * MS, 101 * MS, 130 * MS, 260 * MS };
    for (int i = 0; i < 2; i++) {
        open_inside(types[i]);
        for (size_t k = 0; k < sizeof times / sizeof *times; k++) {
            usocket_time_t least = SECOND;
            for (int again = 0; again < 20 && least >= 20 * MS; again++) { /* the machine may be late, not always */
                usocket_time_t since = fx_now();
                usocket_settimeout(&sock, times[k]);
                assert_code(USOCKET_ETIMEDOUT, usocket_recv(&sock, buf, 1));
                usocket_time_t late = fx_now() - since - times[k];
                assert_true(late >= 0);
                least = late < least ? late : least;
            }
            assert_true(least < 20 * MS);
        }
        usocket_settimeout(&sock, USOCKET_FOREVER);
        assert_true(is_inside(&sock));
        close_pair();
    }
}

static void test_close(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        usocket_time_t least = SECOND;
        for (int again = 0; again < 20 && least >= 20 * MS; again++) { /* the machine may be late, not always */
            open_inside(types[i % 2]);
            usocket_settimeout(&sock, i < 2 ? USOCKET_FOREVER : 60 * SECOND);
            fx_go(w_recv, NULL);
            fx_sleep(i < 2 ? 10 * MS : 60 * MS);
            usocket_time_t since = fx_now();
            assert_ok(usocket_close(&sock));
            fx_join();
            assert_code(USOCKET_EBADF, result);
            least = ended - since < least ? ended - since : least;
            close_pair();
        }
        assert_true(least < 20 * MS);
    }
}

/* close() at any moment: EBADF or the byte, and never another's byte. */
static void test_close_races(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        open_inside(types[i % 2]);
        fx_go(w_recv, NULL);
        fx_sleep(i * 60);
        usocket_close(&sock);
        int fds[2];
        assert_int_equal(0, pipe2(fds, O_NONBLOCK | O_CLOEXEC));
        fx_join();
        assert_code(USOCKET_EBADF, result);
        close(fds[0]);
        close(fds[1]);
        close_pair();
    }
}

static void test_interrupt(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_inside(types[i]);
        fx_go(w_recv, NULL);
        fx_sleep(10 * MS);
        usocket_time_t since = fx_now();
        __atomic_store_n(&pending, true, __ATOMIC_RELAXED);
        fx_join();
        assert_code(USOCKET_EINTR, result);
        assert_true(ended - since < fx_limit(100 * MS));
        since = fx_now();
        assert_code(USOCKET_EINTR, usocket_recv(&sock, buf, 1)); /* at once */
        assert_true(fx_now() - since < fx_limit(40 * MS));
        close_pair();
    }
}

static void send_back(void *arg) {
    (void)arg;
    fx_sleep(120 * MS);
    usocket_send(&peer, "z", 1);
}

static pthread_t target;

static void many_signals(void *arg) {
    (void)arg;
    for (int i = 0; i < 100; i++) {
        pthread_kill(target, SIGUSR1);
        fx_sleep(MS);
    }
}

static void on_signal(int number) {
    (void)number;
}

/* A signal whose handler asks for nothing ends no call and lengthens no deadline, with SA_RESTART and without. */
static void test_signals(void **state) {
    (void)state;
    static const int flags[] = { 0, SA_RESTART };
    target = pthread_self();
    for (int i = 0; i < 2; i++) {
        struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags[i] };
        sigaction(SIGUSR1, &action, NULL);
        open_inside(USOCKET_STREAM);
        fx_go(many_signals, NULL);
        fx_go(send_back, NULL);
        assert_code(1, usocket_recv(&sock, buf, 1));
        fx_join();
        fx_go(many_signals, NULL);
        usocket_time_t since = fx_now();
        usocket_settimeout(&sock, 300 * MS);
        assert_code(USOCKET_ETIMEDOUT, usocket_recv(&sock, buf, 1));
        fx_took(since, 300 * MS);
        fx_join();
        close_pair();
    }
}

/* Calls that may not wait do not, in either direction. */
static void test_never_waits(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_inside(types[i]);
        usocket_time_t least = SECOND;
        for (int k = 0; k < 20 && least > 40 * MS; k++) {
            usocket_time_t since = fx_now();
            assert_code(USOCKET_EAGAIN, usocket_recv_by(&sock, buf, 1, MSG_DONTWAIT, NULL, USOCKET_NEVER));
            usocket_settimeout(&sock, 0);
            assert_code(USOCKET_EAGAIN, usocket_recv(&sock, buf, 1));
            assert_code(0, usocket_poll(&sock, USOCKET_POLL_IN, USOCKET_NOW));
            if (types[i] == USOCKET_STREAM) {
                int32_t r; /* the kernel may make room between two calls */
                while ((r = usocket_send(&sock, buf, sizeof buf)) > 0) {
                }
                assert_code(USOCKET_EAGAIN, r);
            }
            least = fx_now() - since < least ? fx_now() - since : least;
        }
        assert_true(least <= 40 * MS);
        assert_true(is_inside(&sock));
        close_pair();
    }
}

static void set_zero(void *arg) {
    (void)arg;
    fx_sleep(10 * MS);
    usocket_settimeout(&sock, 0);
    fx_sleep(100 * MS);
    usocket_send(&peer, "q", 1);
}

/* Another thread makes the socket non-blocking: the call in progress keeps its own deadline, the next one does not wait. */
static void test_settimeout(void **state) {
    (void)state;
    open_inside(USOCKET_STREAM);
    fx_go(set_zero, NULL);
    assert_code(1, usocket_recv(&sock, buf, 1));
    assert_code(USOCKET_EAGAIN, usocket_recv(&sock, buf, 1));
    fx_join();
    close_pair();
}

/* Whoever else may have the descriptor finds it non-blocking, from then on. */
static void test_fileno(void **state) {
    (void)state;
    open_inside(USOCKET_STREAM);
    int fd = usocket_fileno(&sock);
    assert_true(fd >= 0);
    assert_outside();
    close_pair();
    open_pair(USOCKET_DGRAM); /* asked for before the first wait */
    usocket_fileno(&sock);
    assert_outside();
    close_pair();
    open_inside(USOCKET_STREAM);
    fd = usocket_detach(&sock);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_ok(usocket_adopt(&sock, fd, -1, -1, -1));
    assert_outside();
    close_pair();
}

/* Closing one socket of a connection leaves its bytes to the others. */
static void test_share(void **state) {
    (void)state;
    usocket_t second = USOCKET_CLOSED;
    open_inside(USOCKET_STREAM);
    assert_ok(usocket_share(&second, &sock));
    assert_outside();
    fx_go(w_recv, NULL);
    fx_sleep(20 * MS);
    assert_ok(usocket_close(&sock));
    assert_code(1, usocket_send(&peer, "y", 1));
    fx_join();
    assert_code(USOCKET_EBADF, result);
    assert_code(1, usocket_recv(&second, buf, 1));
    assert_ok(usocket_close(&second));
    close_pair();
}

/* The program's own SO_RCVTIMEO, SO_SNDTIMEO and SO_RCVLOWAT, by each of their numbers. */
static void test_options(void **state) {
    (void)state;
    static const int names[] = { SO_RCVTIMEO, SO_SNDTIMEO, 66, 67 };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct timeval t = { .tv_sec = 1 };
        size_t len = sizeof t;
        open_inside(USOCKET_STREAM);
        assert_ok(usocket_getsockopt(&sock, SOL_SOCKET, names[i], &t, &len));
        assert_true(t.tv_sec == 0 && t.tv_usec == 0);
        assert_outside();
        close_pair();
    }
    open_inside(USOCKET_STREAM);
    struct timeval t = { .tv_usec = 120000 };
    assert_ok(usocket_setsockopt(&sock, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
    assert_false(is_inside(&sock));
    usocket_time_t since = fx_now();
    assert_code(USOCKET_EAGAIN, usocket_recv(&sock, buf, 1));
    fx_took(since, 120 * MS);
    close_pair();
    open_inside(USOCKET_STREAM);
    assert_ok(usocket_setsockopt(&sock, SOL_SOCKET, SO_RCVLOWAT, &(int){ 2 }, sizeof(int)));
    assert_false(is_inside(&sock));
    close_pair();
    open_pair(USOCKET_STREAM); /* set before */
    t.tv_sec = 9;
    assert_int_equal(0, setsockopt(sock.io, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t));
    receive_often();
    assert_false(is_inside(&sock));
    assert_true(timeo(&sock, SO_SNDTIMEO) > 9 * SECOND - MS);
    close_pair();
}

static void shut_down(void *arg) {
    (void)arg;
    fx_sleep(20 * MS);
    usocket_shutdown(&sock, USOCKET_SHUT_RD);
}

static void test_shutdown(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_inside(types[i]);
        fx_go(shut_down, NULL);
        assert_code(0, usocket_recv(&sock, buf, 1));
        fx_join();
        assert_code(0, usocket_recv(&sock, buf, 1));
        close_pair();
    }
}

static void put_back(void *arg) {
    fx_sleep(10 * MS);
    usocket_unread(&sock, arg, 1);
}

/* Bytes put back while a receive waits are received, and the moved descriptor waits inside as before. */
static void test_unread(void **state) {
    (void)state;
    static char block[1] = { 'b' };
    open_inside(USOCKET_STREAM);
    fx_go(put_back, block);
    assert_code(1, usocket_recv(&sock, buf, 1));
    fx_join();
    assert_int_equal('b', buf[0]);
    receive_often();
    assert_true(is_inside(&sock));
    close_pair();
}

/* Without a hook a signal ends a wait, which no slice may hide. */
static void test_no_hook(void **state) {
    (void)state;
    open_pair(USOCKET_STREAM);
    usocket_set_interrupt_hook(NULL);
    receive_often();
    assert_false(is_inside(&sock));
    close_pair();
}

/* A child's change of a descriptor's mode reaches the parent. This test is the last one: no socket waits inside after a fork. */
static void test_fork(void **state) {
    (void)state;
    open_inside(USOCKET_STREAM);
    pid_t child = fork();
    if (child == 0) {
        _exit(usocket_fileno(&sock) < 0 || is_inside(&sock));
    }
    int status;
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_int_equal(0, status);
    receive_often();
    usocket_settimeout(&sock, 150 * MS);
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_recv(&sock, buf, 1));
    fx_took(since, 150 * MS);
    usocket_settimeout(&sock, USOCKET_FOREVER);
    usocket_fileno(&sock);
    assert_outside();
    close_pair();
    open_pair(USOCKET_STREAM);
    receive_often();
    assert_false(is_inside(&sock));
    close_pair();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_receives), TEST(test_deadlines), TEST(test_close), TEST(test_close_races), TEST(test_interrupt), TEST(test_signals),
        TEST(test_never_waits), TEST(test_settimeout), TEST(test_fileno), TEST(test_share), TEST(test_options), TEST(test_shutdown),
        TEST(test_unread), TEST(test_no_hook), TEST(test_fork),
    };
    return RUN(tests);
}

#else

int main(void) {
    return 0;
}

#endif
