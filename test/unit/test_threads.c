/* Real threads: close() ends waits in other threads, a closed descriptor is never used again, signals do not extend deadlines.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

static usocket_t sock, peer, conn;
static usocket_addr_t at;
static int result;
static int waiting; /* atomic: the other thread is about to wait */
static usocket_time_t ended;
static char buf[65536];

static usocket_time_t run_for(void) {
    return getenv("TEST_LONG") ? 20 * SECOND : getenv("TEST_SHORT") ? SECOND / 4 : SECOND;
}

static void begin_wait(void) {
    __atomic_store_n(&waiting, 1, __ATOMIC_RELEASE);
}

static void end_wait(int r) {
    ended = fx_now();
    result = r;
}

static void w_recv(void *arg) {
    (void)arg;
    begin_wait();
    end_wait(usocket_recv(&sock, buf, 1));
}

static void w_recvfrom(void *arg) {
    (void)arg;
    usocket_addr_t from;
    begin_wait();
    end_wait(usocket_recvfrom(&sock, buf, 1, &from));
}

static void w_recv_all(void *arg) {
    (void)arg;
    size_t n;
    begin_wait();
    end_wait(usocket_recv_all(&sock, buf, sizeof buf, &n));
}

static void w_line(void *arg) {
    (void)arg;
    size_t n = 0;
    begin_wait();
    end_wait(usocket_recv_line_by(&sock, buf, sizeof buf, &n, USOCKET_NEVER));
}

static void w_send_all(void *arg) {
    (void)arg;
    size_t n = 0;
    begin_wait();
    do {
        result = usocket_send_all(&sock, buf, sizeof buf, &n);
    } while (result == 0);
    end_wait(result);
}

#if USOCKET_SERVER
static void w_accept(void *arg) {
    (void)arg;
    begin_wait();
    end_wait(usocket_accept(&sock, &conn, NULL));
}
#endif

static void w_connect(void *arg) {
    (void)arg;
    begin_wait();
    end_wait(usocket_connect(&sock, &at));
}

static void w_poll(void *arg) {
    (void)arg;
    begin_wait();
    end_wait(usocket_poll(&sock, USOCKET_POLL_IN, USOCKET_NEVER));
}

static void stream(void) {
    fx_connect(&sock, &peer);
}

static void udp(void) {
    fx_udp(&sock, USOCKET_AF_INET);
}

#if USOCKET_SERVER
static void listener(void) {
    fx_listen(&sock, USOCKET_AF_INET, 1);
}
#endif

static usocket_t fill[4];

static void to_nowhere(void) { /* a listener with a full backlog does not answer */
    at = fx_listen(&peer, USOCKET_AF_INET, 0);
    for (int i = 0; i < 4; i++) {
        assert_ok(usocket_open(&fill[i], USOCKET_AF_INET, USOCKET_STREAM, 0));
        usocket_connect_by(&fill[i], &at, USOCKET_NOW);
        fx_sleep(2 * MS);
    }
    assert_ok(usocket_open(&sock, USOCKET_AF_INET, USOCKET_STREAM, 0));
}

static const struct {
    void (*prepare)(void), (*wait)(void *);
    int code;
} waits[] = {
    { stream, w_recv, USOCKET_EBADF }, { stream, w_recv_all, USOCKET_EBADF }, { stream, w_line, USOCKET_EBADF },
    { stream, w_send_all, USOCKET_EBADF }, { stream, w_poll, USOCKET_POLL_NVAL }, { udp, w_recvfrom, USOCKET_EBADF },
#if USOCKET_SERVER /* without it accept is the system's own, which usocket_close does not wake */
    { listener, w_accept, USOCKET_EBADF },
#endif
    { to_nowhere, w_connect, USOCKET_EBADF },
};
#define WAITS (sizeof waits / sizeof *waits)

static void reset_all(void) {
    usocket_t *all[] = { &sock, &peer, &conn, &fill[0], &fill[1], &fill[2], &fill[3] };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        usocket_init(all[i]);
    }
    waiting = 0;
}

static void close_all(void) {
    usocket_t *all[] = { &sock, &peer, &conn, &fill[0], &fill[1], &fill[2], &fill[3] };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_ok(usocket_close(all[i]));
    }
}

static void until_waiting(usocket_time_t then) {
    while (!__atomic_load_n(&waiting, __ATOMIC_ACQUIRE)) {
        sched_yield();
    }
    fx_sleep(then);
}

static void test_close_wakes(void **state) {
    (void)state;
    for (size_t i = 0; i < WAITS; i++) {
        for (int with_timeout = 0; with_timeout < 2; with_timeout++) {
            reset_all();
            waits[i].prepare();
            if (with_timeout) {
                usocket_settimeout(&sock, 60 * SECOND);
            }
            fx_go(waits[i].wait, NULL);
            until_waiting(50 * MS);
            usocket_time_t since = fx_now();
            assert_ok(usocket_close(&sock));
            fx_join();
            if (result != waits[i].code || ended - since > fx_limit(5 * SECOND)) {
                fail_msg("row %zu: %s after %lld us", i, usocket_errname(result), (long long)(ended - since));
            }
            assert_int_equal(-1, usocket_fileno(&conn));
            close_all();
        }
    }
}

/* close() at any moment of a call: it returns EBADF or a result, never another socket's bytes, and never hangs. */
static void test_close_races(void **state) {
    (void)state;
    unsigned rounds = 0;
    for (usocket_time_t until = fx_now() + run_for(); fx_now() < until || rounds < 2 * (WAITS - 1); rounds++) {
        size_t i = rounds % (WAITS - 1); /* all except the slow connect */
        reset_all();
        waits[i].prepare();
        fx_go(waits[i].wait, NULL);
        until_waiting(rounds % 3 == 0 ? 0 : rounds % 50);
        usocket_close(&sock);
        /* The next owner of the number must not be affected: a pipe would lose or gain bytes. */
        int fds[2];
        assert_int_equal(0, pipe2(fds, O_NONBLOCK | O_CLOEXEC));
        fx_join();
        char c;
        assert_int_equal(waits[i].code, result);
        assert_int_equal(1, write(fds[1], "p", 1));
        assert_int_equal(1, read(fds[0], &c, 1));
        assert_int_equal(-1, read(fds[0], &c, 1));
        close(fds[0]);
        close(fds[1]);
        usocket_close(&peer);
        usocket_close(&conn);
    }
}

static void many_recv(void *arg) {
    *(int *)arg = usocket_recv(&sock, &(char){ 0 }, 1);
}

static void test_many_waiters(void **state) {
    (void)state;
    int results[8] = { 0 };
    reset_all();
    stream();
    for (int i = 0; i < 8; i++) {
        fx_go(many_recv, &results[i]);
    }
    fx_sleep(50 * MS);
    assert_ok(usocket_close(&sock));
    assert_ok(usocket_close(&sock));
    fx_join();
    for (int i = 0; i < 8; i++) {
        assert_code(USOCKET_EBADF, results[i]);
    }
    close_all();
}

static void close_it(void *arg) {
    usocket_close(arg);
}

/* Concurrent calls of close() close the socket once. */
static void test_double_close(void **state) {
    (void)state;
    for (usocket_time_t until = fx_now() + run_for() / 2; fx_now() < until;) {
        reset_all();
        assert_ok(usocket_open(&sock, USOCKET_AF_INET, USOCKET_DGRAM, 0));
        fx_go(close_it, &sock);
        fx_go(close_it, &sock);
        usocket_close(&sock);
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        fx_join();
        assert_true(fcntl(fd, F_GETFD) >= 0); /* not closed by the others */
        close(fd);
    }
}

/* Two sockets share one connection: closing one wakes only its own callers. */
static void test_shared(void **state) {
    (void)state;
    usocket_t second = USOCKET_CLOSED;
    char c = 0;
    reset_all();
    stream();
    assert_ok(usocket_share(&second, &sock));
    fx_go(w_recv, NULL);
    until_waiting(30 * MS);
    assert_ok(usocket_close(&second));
    fx_sleep(20 * MS);
    assert_code(1, usocket_send(&peer, "x", 1));
    fx_join();
    assert_code(1, result);
    assert_ok(usocket_share(&second, &sock));
    waiting = 0;
    fx_go(w_recv, NULL);
    until_waiting(30 * MS);
    assert_ok(usocket_close(&sock));
    fx_join();
    assert_code(USOCKET_EBADF, result);
    assert_code(1, usocket_send(&second, "y", 1));
    assert_code(1, usocket_recv(&peer, &c, 1));
    assert_ok(usocket_close(&second));
    close_all();
}

#define STREAMED 200000

static void feed(void *arg) {
    (void)arg;
    static uint8_t out[1000];
    size_t n;
    for (int i = 0; i < STREAMED / 1000; i++) {
        usocket_send_all(&peer, out, sizeof out, &n);
    }
    usocket_shutdown(&peer, USOCKET_SHUT_WR);
}

static unsigned long eaten; /* atomic */

static void eat(void *arg) {
    (void)arg;
    char some[300];
    for (int32_t n; (n = usocket_recv(&sock, some, sizeof some)) > 0;) {
        __atomic_add_fetch(&eaten, (unsigned long)n, __ATOMIC_RELAXED);
    }
}

/* Several threads use one socket while bytes are put back, which changes its descriptor: no byte is lost or duplicated. */
static void test_unread_moves(void **state) {
    (void)state;
    static char back[100];
    unsigned long put_back = 0;
    reset_all();
    stream();
    eaten = 0;
    fx_go(feed, NULL);
    fx_go(eat, NULL);
    fx_go(eat, NULL);
    for (int i = 0; i < 300; i++) {
        if (usocket_unread(&sock, back, sizeof back) == 0) {
            put_back += sizeof back;
        }
        sched_yield();
        if (i % 50 == 0) {
            fx_sleep(MS);
        }
    }
    for (int i = 0; i < 500 && usocket_unread_len(&sock); i++) {
        char some[100];
        int32_t n = usocket_recv_by(&sock, some, sizeof some, 0, NULL, USOCKET_NOW);
        if (n > 0) {
            eaten += (unsigned long)n;
        }
    }
    fx_join();
    assert_int_equal(STREAMED + put_back, eaten);
    close_all();
}

static volatile bool storming;
static pthread_t victim;

static void storm(void *arg) {
    (void)arg;
    while (storming) {
        pthread_kill(victim, SIGUSR1);
        usleep(500);
    }
}

static bool no_interrupt(void) {
    return false;
}

/* A storm of signals, as from a collector in another thread, does not change deadlines. */
static void test_signal_storm(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED, c = USOCKET_CLOSED;
    reset_all();
    fx_udp(&s, USOCKET_AF_INET);
    victim = pthread_self();
    storming = true;
    usocket_set_interrupt_hook(no_interrupt);
    fx_go(storm, NULL);
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(&s, buf, 1, 0, NULL, usocket_deadline_in(300 * MS)));
    fx_took(since, 300 * MS);
    stream();
    fx_fill(&sock);
    since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_send_by(&sock, buf, sizeof buf, 0, NULL, usocket_deadline_in(200 * MS)));
    fx_took(since, 200 * MS);
    usocket_t l = USOCKET_CLOSED;
    fx_listen(&l, USOCKET_AF_INET, 1);
    since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_accept_by(&l, &c, NULL, usocket_deadline_in(100 * MS)));
    fx_took(since, 100 * MS);
    storming = false;
    fx_join();
    assert_ok(usocket_close(&l));
    assert_ok(usocket_close(&s));
    close_all();
}

#if USOCKET_NAMES && USOCKET_RESOLVER_WORKERS
static void look_up(void *arg) {
    const usocket_addr_t local = { .family = USOCKET_AF_INET, .u.ip = { 127, 0, 0, 1 } };
    usocket_lookup_t *l;
    for (int i = 0; i < 20; i++) {
        int r = usocket_lookup_reverse(&l, &local, 0); /* a worker answers on every system, at least with the numeric form */
        if (r == 0 && i % 3 != 0) {
            r = usocket_lookup_wait(l, usocket_deadline_in(30 * SECOND));
            r = r == 0 && usocket_lookup_name(l)[0] == '\0' ? USOCKET_ENOENT : r;
        }
        *(int *)arg = r ? r : *(int *)arg;
        usocket_lookup_free(l); /* every third is abandoned */
    }
}

static void test_lookups(void **state) {
    (void)state;
    int results[6] = { 0 };
    for (int i = 0; i < 6; i++) {
        fx_go(look_up, &results[i]);
    }
    fx_join();
    for (int i = 0; i < 6; i++) {
        assert_ok(results[i]);
    }
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_close_wakes), TEST(test_close_races), TEST(test_many_waiters), TEST(test_double_close), TEST(test_shared),
        TEST(test_unread_moves), TEST(test_signal_storm),
#if USOCKET_NAMES && USOCKET_RESOLVER_WORKERS
        TEST(test_lookups),
#endif
    };
    return RUN(tests);
}
