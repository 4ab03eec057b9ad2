/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "usocket/port.h"

static usocket_t quiet = USOCKET_CLOSED; /* the other end of fx_udp in a build without datagrams */

#if FX_SIM

int fx_begin(void **state) {
    (void)state;
    sim_begin();
    return 0;
}

int fx_end(void **state) {
    usocket_close(&quiet);
    (void)state;
    usocket_set_interrupt_hook(NULL);
    bool drained = sim_drain();
    sim_census_t c = sim_census();
    if (!drained || c.handles || c.allocations || c.actors || c.misuses) {
        print_error("left: %d handles, %d allocations, %d actors; %d misuses\n", c.handles, c.allocations, c.actors, c.misuses);
        return -1;
    }
    return 0;
}

void fx_go(void (*run)(void *), void *arg) {
    sim_actor(run, arg);
}

void fx_join(void) {
    sim_join();
}

void fx_sleep(usocket_time_t us) {
    sim_sleep(us);
}

void fx_control(const bool *stop) {
    (void)stop;
}

usocket_time_t fx_stalled(void) {
    return 0;
}

void fx_signal_in(usocket_time_t us) {
    sim_signal_in(us);
}

#define LATE (2 * MS)

#else

#define THREADS 64

static struct thread {
    pthread_t id;
    void (*run)(void *);
    void *arg;
} threads[THREADS];
static size_t thread_count;

#if FX_STACK
#include "stack.h"

#define HANDLES 1100

static void list_descriptors(void) {
}

static int descriptors(void) {
    int n = 0;
    for (int handle = 0; handle < HANDLES; handle++) {
        int type;
        size_t len = sizeof type;
        n += usocket_port_getopt(handle, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
    }
    return n;
}

#else

static int descriptors(void) {
    int n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir)) {
        n++;
    }
    closedir(dir);
    return n;
}

static void list_descriptors(void) {
    char path[32], name[128];
    for (int fd = 0; fd < 1100; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t len = readlink(path, name, sizeof name);
        if (len > 0) {
            print_error("%d: %.*s\n", fd, (int)len, name);
        }
    }
}

#endif

static void ignore(int number) {
    (void)number;
}

int fx_begin(void **state) {
    static int before;
    if (!before) { /* makes the port open its per-process descriptors */
        usocket_t s = USOCKET_CLOSED;
        usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0);
        usocket_settimeout(&s, 1);
        usocket_poll(&s, USOCKET_POLL_IN, usocket_deadline(&s));
        usocket_port_wake(true);
        usocket_port_wake(false);
        usocket_close(&s);
        sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = ignore }, NULL);
    }
    before = descriptors();
    *state = &before;
    return 0;
}

int fx_end(void **state) {
    usocket_close(&quiet);
    int before = *(int *)*state, now = descriptors();
    usocket_set_interrupt_hook(NULL);
    for (int i = 0; i < 200 && now != before; i++) { /* an abandoned worker may still be ending */
        fx_sleep(10 * MS);
        now = descriptors();
    }
    if (now != before) {
        print_error("%d descriptors before, %d now\n", before, now);
        list_descriptors();
        return -1;
    }
    return 0;
}

static void *thread_main(void *arg) {
    struct thread *t = arg;
    t->run(t->arg);
    return NULL;
}

void fx_go(void (*run)(void *), void *arg) {
    assert_true(thread_count < THREADS);
    struct thread *t = &threads[thread_count++];
    t->run = run;
    t->arg = arg;
    assert_int_equal(0, pthread_create(&t->id, NULL, thread_main, t));
}

static bool hooked;

void fx_join(void) {
    while (thread_count) {
        pthread_join(threads[--thread_count].id, NULL);
    }
    if (hooked) {
        usocket_set_interrupt_hook(NULL);
        hooked = false;
    }
}

void fx_sleep(usocket_time_t us) {
    struct timespec t = { (time_t)(us / SECOND), (long)(us % SECOND * 1000) };
    while (nanosleep(&t, &t) != 0) {
    }
}

static usocket_time_t stalled; /* written by the control, and read once it has ended */

static void control(void *stop) {
    while (!__atomic_load_n((const bool *)stop, __ATOMIC_ACQUIRE)) {
        usocket_time_t start = fx_now();
        fx_sleep(1 * MS);
        usocket_time_t late = fx_now() - start - 1 * MS;
        stalled = late > stalled ? late : stalled;
    }
}

void fx_control(const bool *stop) {
    stalled = 0;
    fx_go(control, (void *)(uintptr_t)stop);
}

usocket_time_t fx_stalled(void) {
    return stalled;
}

#if FX_STACK

static usocket_time_t interrupt_at;

static bool interrupt(void) {
    bool yes = interrupt_at != 0 && fx_now() >= interrupt_at;
    interrupt_at = yes ? 0 : interrupt_at;
    return yes;
}

void fx_signal_in(usocket_time_t us) {
    interrupt_at = fx_now() + us;
    hooked = true;
    usocket_set_interrupt_hook(interrupt);
}

#else

static pthread_t interrupted;
static usocket_time_t interrupt_after;

static void interrupt(void *arg) {
    (void)arg;
    fx_sleep(interrupt_after);
    pthread_kill(interrupted, SIGUSR1);
}

void fx_signal_in(usocket_time_t us) {
    interrupted = pthread_self();
    interrupt_after = us;
    fx_go(interrupt, NULL);
}

#endif

#define LATE (5 * SECOND * fx_slow())

#endif

int fx_slow(void) {
    const char *set = getenv("TEST_SLOW");
    int factor = set != NULL ? atoi(set) : 0;
    return factor < 1 ? 1 : factor > 100 ? 100 : factor + 1;
}

usocket_time_t fx_limit(usocket_time_t us) {
    return us + LATE;
}

usocket_time_t fx_now(void) {
    return usocket_port_now();
}

void fx_took_at(usocket_time_t since, usocket_time_t us, int line) {
    usocket_time_t took = fx_now() - since;
    if (took < us || took > fx_limit(us)) {
        print_error("line %d: took %lld us instead of %lld\n", line, (long long)took, (long long)us);
        fail();
    }
}

void fx_code_at(int expected, int result, const char *what, const char *file, int line) {
    if (expected != result) {
        print_error("%s: %d (%s) instead of %d (%s)\n", what, result, usocket_errname(result), expected, usocket_errname(expected));
        _fail(file, line);
    }
}

usocket_addr_t fx_addr(const char *text, uint16_t port) {
    usocket_addr_t a;
    assert_ok(usocket_addr_parse(&a, text, strlen(text), USOCKET_AF_UNSPEC));
    a.port = port;
    return a;
}

static usocket_addr_t loopback(int family) {
    return fx_addr(family == USOCKET_AF_INET6 ? "::1" : "127.0.0.1", 0);
}

usocket_addr_t fx_listen(usocket_t *s, int family, int backlog) {
    usocket_addr_t a = loopback(family);
    assert_ok(usocket_open(s, family, USOCKET_STREAM, 0));
    assert_ok(usocket_bind(s, &a));
    assert_ok(usocket_listen(s, backlog));
    assert_ok(usocket_getsockname(s, &a));
    assert_int_not_equal(0, a.port);
    return a;
}

void fx_connect(usocket_t *client, usocket_t *server) {
    usocket_t listener = USOCKET_CLOSED;
    usocket_addr_t a = fx_listen(&listener, USOCKET_AF_INET, 1);
    assert_ok(usocket_open(client, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_connect_by(client, &a, usocket_deadline_in(10 * SECOND)));
    assert_ok(usocket_accept_by(&listener, server, NULL, usocket_deadline_in(10 * SECOND)));
    assert_ok(usocket_close(&listener));
#if FX_STACK /* bytes arrive within milliseconds, without waiting for a delayed acknowledgement */
    int on = 1;
    assert_ok(usocket_setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    assert_ok(usocket_setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
#endif
}

void fx_streams(usocket_t *client, usocket_t *server) {
    usocket_init(client);
    usocket_init(server);
    fx_connect(client, server);
    usocket_settimeout(client, 20 * SECOND);
    usocket_settimeout(server, 20 * SECOND);
}

void fx_close(usocket_t *a, usocket_t *b) {
    assert_ok(usocket_close(a));
    assert_ok(usocket_close(b));
}

#if USOCKET_DATAGRAMS
usocket_addr_t fx_udp(usocket_t *s, int family) {
    usocket_addr_t a = loopback(family);
    assert_ok(usocket_open(s, family, USOCKET_DGRAM, 0));
    assert_ok(usocket_bind(s, &a));
    assert_ok(usocket_getsockname(s, &a));
    assert_int_not_equal(0, a.port);
    return a;
}

#else
usocket_addr_t fx_udp(usocket_t *s, int family) {
    usocket_addr_t a;
    usocket_close(&quiet);
    fx_connect(s, &quiet);
    assert_ok(usocket_getsockname(s, &a));
    assert_int_equal(family, a.family);
    return a;
}
#endif

size_t fx_fill(usocket_t *s) {
    static const char block[65536];
    size_t total = 0;
    for (int in_vain = 0; in_vain < 3;) { /* the kernel enlarges its buffers for a while */
        int32_t n = usocket_send_by(s, block, sizeof block, 0, NULL, usocket_deadline_in(100 * MS));
        if (n < 0) {
            assert_code(USOCKET_ETIMEDOUT, n);
            in_vain++;
        } else {
            total += (size_t)n;
            in_vain = 0;
        }
    }
    return total;
}
