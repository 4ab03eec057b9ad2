/* fork(): a child never disturbs its parent, and can use the library itself.
 *
 * SPDX-License-Identifier: MIT
 */
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "usocket/config.h"

#if USOCKET_TLS
#include "tls_fixture.h"
#else
#include "fixture.h"
#endif
#include "usocket/port.h"

#define WITHIN (20 * SECOND)

static usocket_time_t soon(void) {
    return usocket_deadline_in(WITHIN);
}

/* A child that runs a function and writes the result to a pipe. It ends by a signal: memory of its parent's threads is unreachable in it,
 * and valgrind would report that at an exit. */
struct child {
    pid_t pid;
    int result;
};

static struct child begin_child(int (*run)(void)) {
    int ends[2];
    assert_int_equal(0, pipe(ends));
    pid_t pid = fork();
    if (pid == 0) {
        alarm((unsigned)(60 * fx_slow()));
        unsigned char result = (unsigned char)run();
        while (write(ends[1], &result, 1) != 1) {
        }
        kill(getpid(), SIGKILL);
    }
    close(ends[1]);
    assert_true(pid > 0);
    return (struct child){ pid, ends[0] };
}

/* Wait for the child's end. @return its function's result, or -1 if the child ended before that */
static int end_child(struct child child) {
    unsigned char result;
    int status, r = read(child.result, &result, 1) == 1 ? result : -1;
    while (waitpid(child.pid, &status, 0) < 0) {
    }
    close(child.result);
    return r;
}

static usocket_t a, b;

static void still_connected(void) {
    char buf[8];
    assert_int_equal(2, usocket_send(&a, "go", 2));
    assert_int_equal(2, usocket_recv_by(&b, buf, sizeof buf, 0, NULL, soon()));
}

/* ---- Waking ------------------------------------------------------------------------------------------------------------------ */

#if USOCKET_THREADS
static usocket_time_t cpu_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (usocket_time_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* A long wait uses no CPU time. */
static void waits_quietly(void) {
    usocket_time_t before = cpu_time(), since = fx_now();
    assert_int_equal(0, usocket_poll(&a, USOCKET_POLL_IN, usocket_deadline_in(SECOND)));
    fx_took(since, SECOND);
    assert_true(cpu_time() - before < 200 * MS); /* a spinning wait would use much of the second, even on a busy machine */
}

static int dies_in_a_wake(void) {
    usocket_port_wake(true);
    return 0;
}

static void a_child_that_dies_while_a_wake_is_on_leaves_the_parents_waits_quiet(void **state) {
    (void)state;
    fx_streams(&a, &b);
    usocket_start();
    assert_int_equal(0, end_child(begin_child(dies_in_a_wake)));
    waits_quietly();
    fx_close(&a, &b);
}

static int woken_child(void) {
    usocket_time_t before = cpu_time();
    return usocket_poll(&a, USOCKET_POLL_IN, usocket_deadline_in(SECOND)) != 0 || cpu_time() - before > 40 * MS;
}

static void a_child_of_a_fork_in_a_wake_waits_quietly(void **state) {
    (void)state;
    fx_streams(&a, &b);
    usocket_port_wake(true);
    struct child child = begin_child(woken_child);
    usocket_port_wake(false);
    assert_int_equal(0, end_child(child));
    waits_quietly();
    fx_close(&a, &b);
}
#endif

/* ---- Inheritance ------------------------------------------------------------------------------------------------------------- */

static int closes(void) {
    return usocket_close(&a) != 0 || usocket_close(&b) != 0;
}

static void a_child_that_closes_leaves_the_parents_connection(void **state) {
    (void)state;
    fx_streams(&a, &b);
    assert_int_equal(0, end_child(begin_child(closes)));
    still_connected();
    fx_close(&a, &b);
}

static usocket_addr_t at;

static int begins_afresh(void) {
    usocket_t c = USOCKET_CLOSED;
    int r = usocket_open(&c, USOCKET_AF_INET, USOCKET_STREAM, 0);
    r = r == 0 ? usocket_connect_by(&c, &at, soon()) : r;
    r = r == 0 ? usocket_send(&c, "child", 5) : r;
    r = r == 5 ? usocket_poll(&c, USOCKET_POLL_IN, usocket_deadline_in(100 * MS)) : 1;
    usocket_close(&c);
    return r != 0;
}

static void a_child_connects_to_its_parent(void **state) {
    (void)state;
    char buf[8];
    usocket_t l = USOCKET_CLOSED;
    usocket_init(&b);
    at = fx_listen(&l, USOCKET_AF_INET, 1);
    struct child child = begin_child(begins_afresh);
    assert_ok(usocket_accept_by(&l, &b, NULL, soon()));
    assert_int_equal(5, usocket_recv_by(&b, buf, sizeof buf, 0, NULL, soon()));
    assert_int_equal(0, end_child(child));
    fx_close(&l, &b);
}

/* ---- Lookups ----------------------------------------------------------------------------------------------------------------- */

#if USOCKET_NAMES && USOCKET_RESOLVER_WORKERS && USOCKET_THREADS

/* Replaces libc's, which may leave its lock held in the child of a program with threads. */
int getnameinfo(const struct sockaddr *restrict a, socklen_t len, char *restrict host, socklen_t size, char *restrict service,
    socklen_t service_size, int flags) {
    (void)a, (void)len, (void)service, (void)service_size, (void)flags;
    usleep(300);
    return host != NULL && size > 4 ? (strcpy(host, "here"), 0) : EAI_OVERFLOW;
}

static usocket_lookup_t *inherited;

/* The allocator of a sanitizer may leave its locks held in the child of a program with threads. */
#ifdef __has_feature
#define HAS(what) __has_feature(what)
#else
#define HAS(what) 0
#endif
#if HAS(address_sanitizer) || HAS(thread_sanitizer) || defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define NEEDS_FORK_WITH_THREADS() LACKS("fork", "the sanitizer's allocator leaves its locks to the child of a program with threads")
#else
#define NEEDS_FORK_WITH_THREADS() ((void)0)
#endif

/* Start the reverse lookup of 127.0.0.1, which a worker answers. */
static int ask(usocket_lookup_t **l) {
    usocket_addr_t local = { .family = USOCKET_AF_INET, .u.ip = { 127, 0, 0, 1 } };
    return usocket_lookup_reverse(l, &local, 0);
}

static int looks_up(void) {
    usocket_lookup_t *l;
    int r = usocket_lookup_wait(inherited, USOCKET_NOW);
    if (r != 0 && r != USOCKET_EAI_AGAIN) {
        return 2;
    }
    r = usocket_lookup_wait(inherited, soon());
    usocket_lookup_free(inherited);
    for (int i = 0; i < 8; i++) {
        if (ask(&l) != 0 || usocket_lookup_wait(l, soon()) != 0) {
            return 3;
        }
        usocket_lookup_free(l);
    }
    return r != 0 && r != USOCKET_EAI_AGAIN;
}

static void a_child_looks_up_while_the_parents_workers_are_busy(void **state) {
    (void)state;
    usocket_lookup_t *more[12];
    NEEDS_FORK_WITH_THREADS();
    for (int round = 0; round < 10; round++) {
        assert_ok(ask(&inherited));
        for (int i = 0; i < 12; i++) {
            assert_ok(ask(&more[i]));
        }
        struct child child = begin_child(looks_up);
        for (int i = 0; i < 12; i++) {
            assert_ok(usocket_lookup_wait(more[i], soon()));
            usocket_lookup_free(more[i]);
        }
        assert_ok(usocket_lookup_wait(inherited, soon()));
        assert_int_equal(0, end_child(child));
        usocket_lookup_free(inherited);
    }
}

static bool storming;

/* Keep the library's locks busy all the time. */
static void storm(void *arg) {
    while (__atomic_load_n(&storming, __ATOMIC_ACQUIRE)) {
        usocket_lookup_t *l;
        usocket_port_wake(true);
        usocket_port_wake(false);
        if (ask(&l) == 0) {
            *(int *)arg += usocket_lookup_wait(l, soon()) != 0;
            usocket_lookup_free(l);
        }
    }
}

static int works(void) {
    usocket_lookup_t *l;
    usocket_t s = USOCKET_CLOSED;
    int r = usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0);
    usocket_close(&s);
    r = r == 0 ? ask(&l) : r;
    if (r == 0) {
        r = usocket_lookup_wait(l, soon());
        usocket_lookup_free(l);
    }
    return r != 0;
}

static void forks_at_any_moment_leave_no_lock_held(void **state) {
    (void)state;
    static int failed[2];
    int children = 0;
    NEEDS_FORK_WITH_THREADS();
    memset(failed, 0, sizeof failed);
    __atomic_store_n(&storming, true, __ATOMIC_RELEASE);
    fx_go(storm, &failed[0]);
    fx_go(storm, &failed[1]);
    for (int i = 0; i < 30; i++) {
        children += end_child(begin_child(works)) != 0;
    }
    __atomic_store_n(&storming, false, __ATOMIC_RELEASE);
    fx_join();
    assert_int_equal(0, children);
    assert_int_equal(0, failed[0] + failed[1]);
}
#endif

/* ---- Watchers and pollers ---------------------------------------------------------------------------------------------------- */

#if USOCKET_THREADS
static int told;
static usocket_watch_t *watch;

static bool tell(void *arg) {
    (void)arg;
    __atomic_add_fetch(&told, 1, __ATOMIC_ACQ_REL);
    return true;
}

static int ends_watch(void) {
    usocket_watch_again(watch);
    usocket_watch_end(watch);
    return 0;
}

static void a_child_ends_a_watcher_and_the_parents_goes_on(void **state) {
    (void)state;
    fx_streams(&a, &b);
    told = 0;
    assert_ok(usocket_watch(&watch, &b, tell, NULL));
    assert_int_equal(0, end_child(begin_child(ends_watch)));
    still_connected();
    assert_int_equal(1, usocket_send(&a, "x", 1));
    for (int i = 0; i < 1000 && __atomic_load_n(&told, __ATOMIC_ACQUIRE) == 0; i++) {
        fx_sleep(10 * MS);
    }
    assert_true(told > 0);
    usocket_watch_end(watch);
    fx_close(&a, &b);
}
#endif

#if USOCKET_POLLER
static int poller;

static int closes_poller(void) {
    usocket_poller_close(poller);
    return closes();
}

static void a_child_closes_a_poller_and_the_parents_goes_on(void **state) {
    (void)state;
    usocket_ready_t ready;
    fx_streams(&a, &b);
    poller = usocket_poller_open();
    assert_true(poller >= 0);
    assert_ok(usocket_poller_arm(poller, usocket_fileno(&b), USOCKET_POLL_IN));
    assert_int_equal(0, end_child(begin_child(closes_poller)));
    assert_int_equal(1, usocket_send(&a, "x", 1));
    assert_int_equal(1, usocket_poller_wait(poller, &ready, 1, soon()));
    assert_int_equal(usocket_fileno(&b), ready.fd);
    usocket_poller_close(poller);
    fx_close(&a, &b);
}
#endif

/* ---- TLS --------------------------------------------------------------------------------------------------------------------- */

#if USOCKET_TLS && USOCKET_SERVER
static void a_child_that_closes_tls_sends_no_close_notify(void **state) {
    (void)state;
    const struct end psk = { .psk = "sixteen secret bytes", .max = USOCKET_TLS_1_2, .verify = 1 };
    char buf[8];
    usocket_t l = USOCKET_CLOSED;
    usocket_init(&a);
    usocket_init(&b);
    usocket_addr_t where = fx_addr("127.0.0.1", 0);
    assert_ok(usocket_open(&l, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&l, &psk));
    assert_ok(usocket_bind(&l, &where));
    assert_ok(usocket_listen(&l, 1));
    assert_ok(usocket_getsockname(&l, &where));
    assert_ok(usocket_open(&a, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&a, &psk));
    assert_code(USOCKET_EINPROGRESS, usocket_connect_by(&a, &where, USOCKET_NOW));
    assert_ok(usocket_accept_by(&l, &b, NULL, soon()));
    int client, server;
    tls_shake(&a, &b, &client, &server);
    assert_ok(client);
    assert_ok(server);
    assert_int_equal(0, end_child(begin_child(closes)));
    still_connected();
    assert_int_equal(2, usocket_send(&b, "ok", 2));
    assert_int_equal(2, usocket_recv_by(&a, buf, sizeof buf, 0, NULL, soon()));
    usocket_close(&a);
    assert_int_equal(0, usocket_recv_by(&b, buf, sizeof buf, 0, NULL, soon())); /* the peer's close_notify arrives */
    usocket_close(&b);
    usocket_close(&l);
    usocket_tls_forget();
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
#if USOCKET_THREADS
        TEST(a_child_that_dies_while_a_wake_is_on_leaves_the_parents_waits_quiet),
        TEST(a_child_of_a_fork_in_a_wake_waits_quietly),
        TEST(a_child_ends_a_watcher_and_the_parents_goes_on),
#endif
        TEST(a_child_that_closes_leaves_the_parents_connection),
        TEST(a_child_connects_to_its_parent),
#if USOCKET_NAMES && USOCKET_RESOLVER_WORKERS && USOCKET_THREADS
        TEST(a_child_looks_up_while_the_parents_workers_are_busy),
        TEST(forks_at_any_moment_leave_no_lock_held),
#endif
#if USOCKET_POLLER
        TEST(a_child_closes_a_poller_and_the_parents_goes_on),
#endif
#if USOCKET_TLS && USOCKET_SERVER
        TEST(a_child_that_closes_tls_sends_no_close_notify),
#endif
    };
    return RUN(tests);
}
