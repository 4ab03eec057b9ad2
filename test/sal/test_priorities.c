/* Threads of RT-Thread's strict priorities, on one processor and on two: schedule.h. Everything ends within a number of steps.
 *
 * A thread of MicroPython holds its lock, the GIL, except in calls of the library. SEED=... runs one schedule of each test.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "fixture.h"
#include "look.h"
#include "look_up.h"
#include "schedule.h"
#include "stack.h"
#include "usocket/port.h"


enum { MAIN = 20, ABOVE = 15, BELOW = 25 }; /* the shell's thread has 20, as the resolver's worker */

static struct rt_mutex gil;
static unsigned longest; /* steps */
static struct schedule set;
static int results[8]; /* of threads */

/* A check ends the program: cmocka would go on under the scheduler, in the middle of a schedule. */
static void check(int expected, int value, const char *what, int line) {
    if (expected != value) {
        fprintf(stderr, "%s:%d: %s is %d (%s), not %d\nSEED=%u, %u processors, lwIP's thread has priority %u\n", __FILE__, line, what, value,
            usocket_errname(value), expected, (unsigned)set.seed, set.processors, set.tcpip);
        abort();
    }
}
#define EQUAL(expected, value) check((int)(expected), (int)(value), #value, __LINE__)
#define HOLDS(condition) check(true, (condition), #condition, __LINE__)
#define MUST(call) EQUAL(0, call)

static void go(const char *name, unsigned priority, void (*run)(void *), void *arg) {
    rt_thread_startup(rt_thread_create(name, run, arg, 4096, (rt_uint8_t)priority, 10));
}

/* Run a scenario on one processor and on two, with lwIP's thread above the main thread, beside it and below it. */
static void each(void (*scenario)(unsigned seed), unsigned most) {
    static const unsigned tcpip[] = {10, MAIN, 30};
    const char *one = getenv("SEED");
    unsigned first = one != NULL ? (unsigned)strtoul(one, NULL, 0) : 0;
    unsigned seeds = one != NULL ? 1 : getenv("TEST_LONG") ? 1000 : getenv("TEST_SHORT") ? 12 : 48;
    longest = 0;
    for (unsigned seed = first; seed < first + seeds; seed++) {
        set = (struct schedule){1 + seed % 2, seed, most, MAIN, tcpip[seed / 2 % 3]};
        int open = look.open;
        schedule_begin(&set);
        scenario(seed);
        unsigned steps = schedule_end();
        longest = steps > longest ? steps : longest;
        if (look.open != open) {
            fail_msg("seed %u: %d sockets are open", seed, look.open - open);
        }
    }
    print_message("# %u steps at most\n", longest);
}

/* ---- The scheduler itself ------------------------------------------------------------------------------------------- */

static unsigned order[3]; /* of the threads, how far the others were when it ended */
static unsigned done[3];

static void count(void *arg) {
    unsigned me = *(unsigned *)arg;
    for (unsigned i = 0; i < 50; i++) {
        done[me]++;
        schedule_step();
        for (unsigned lower = me + 1; lower < 3; lower++) {
            order[me] += done[lower];
        }
    }
}

static void in_order(unsigned seed) {
    static unsigned names[3] = {0, 1, 2};
    memset(order, 0, sizeof order);
    memset(done, 0, sizeof done);
    for (unsigned i = 3; i-- > 0;) {
        go("count", 21 + i, count, &names[i]); /* all are below the main thread */
    }
    EQUAL(0, seed % 2 == 0 ? done[0] + done[1] + done[2] : 0);
    rt_thread_mdelay(1000);
    EQUAL(150, done[0] + done[1] + done[2]);
    if (seed % 2 == 0) {
        EQUAL(0, order[0] + order[1]); /* none of lower priority has run meanwhile */
    } else {
        HOLDS(order[0] > 0); /* the second one runs on the other processor */
    }
}

static volatile bool stop, reached;

static void spin(void *unused) {
    (void)unused;
    for (unsigned i = 0; i < 3000 && !stop; i++) {
        schedule_step();
    }
}

static void reach(void *unused) {
    (void)unused;
    reached = true;
}

/* A thread that never waits keeps the one below from running, unless there is another processor. */
static void starving(unsigned seed) {
    stop = reached = false;
    go("low", 22, reach, NULL);
    go("spin", 21, spin, NULL);
    rt_thread_mdelay(100);
    EQUAL(seed % 2, reached);
    stop = true;
}

static void hold(void *unused) {
    (void)unused;
    rt_mutex_take(&gil, RT_WAITING_FOREVER);
    for (unsigned i = 0; i < 100; i++) {
        schedule_step();
    }
    rt_mutex_release(&gil);
}

/* The owner of a mutex has the priority of its waiter: a thread between them does not delay it. */
static void inheriting(unsigned seed) {
    (void)seed;
    stop = false;
    go("low", 25, hold, NULL);
    rt_thread_mdelay(20); /* it has the mutex */
    go("spin", 22, spin, NULL);
    go("spin", 22, spin, NULL);
    rt_tick_t begin = rt_tick_get();
    rt_mutex_take(&gil, RT_WAITING_FOREVER);
    rt_mutex_release(&gil);
    HOLDS(rt_tick_get() - begin < 10);
    stop = true;
}

static void note(void *arg) {
    rt_mutex_take(&gil, RT_WAITING_FOREVER);
    *(unsigned *)arg = ++results[0];
    rt_mutex_release(&gil);
}

/* The owner hands the mutex over when it releases it, and gets it back behind those that wait. */
static void handing_over(unsigned seed) {
    (void)seed;
    unsigned early = 0, late = 0;
    results[0] = 0;
    rt_mutex_take(&gil, RT_WAITING_FOREVER);
    go("early", 18, note, &early);
    rt_thread_mdelay(20);
    go("late", 17, note, &late);
    rt_thread_mdelay(20);
    rt_mutex_release(&gil);
    rt_mutex_take(&gil, RT_WAITING_FOREVER);
    EQUAL(2, results[0]);
    EQUAL(RTTHREAD_VERSION < 40100 ? 1 : 2, early);
    EQUAL(RTTHREAD_VERSION < 40100 ? 2 : 1, late);
    rt_mutex_release(&gil);
}

static void test_scheduler(void **state) {
    (void)state;
    each(handing_over, 2000);
    each(in_order, 2000);
    each(starving, 10000);
    each(inheriting, 10000);
}

/* ---- The library ---------------------------------------------------------------------------------------------------- */

/* A call of the library from MicroPython. */
#define CALLED(r, call) \
    do { \
        rt_mutex_release(&gil); \
        (r) = (int)(call); \
        rt_mutex_take(&gil, RT_WAITING_FOREVER); \
    } while (0)

static usocket_t shared;
static usocket_t servers;
static usocket_addr_t at;

static void connect_pair(usocket_t *a, usocket_t *b) {
    MUST(usocket_open(a, USOCKET_AF_INET, USOCKET_STREAM, 0));
    MUST(usocket_connect_by(a, &at, usocket_deadline_in(5 * SECOND)));
    MUST(usocket_accept_by(&servers, b, NULL, usocket_deadline_in(5 * SECOND)));
}

static void serve(void) {
    usocket_addr_t any = fx_addr("127.0.0.1", 0);
    MUST(usocket_open(&servers, USOCKET_AF_INET, USOCKET_STREAM, 0));
    MUST(usocket_bind(&servers, &any));
    MUST(usocket_listen(&servers, 4));
    MUST(usocket_getsockname(&servers, &at));
}

static void receive_twice(void *arg) {
    int *result = arg;
    char buf[4];
    rt_mutex_take(&gil, RT_WAITING_FOREVER);
    for (int i = 0; i < 2; i++) {
        CALLED(result[i], usocket_recv_by(&shared, buf, sizeof buf, 0, NULL, usocket_deadline_in(2 * SECOND)));
    }
    rt_mutex_release(&gil);
}

/* close() by the main thread while another thread receives: that one gets its own data or EBADF, and no other socket's bytes. */
static void closing(unsigned seed) {
    serve();
    rt_mutex_take(&gil, RT_WAITING_FOREVER);
    for (unsigned round = 0; round < 6; round++) {
        usocket_t a = USOCKET_CLOSED, c = USOCKET_CLOSED, d = USOCKET_CLOSED;
        char buf[10];
        int r;
        connect_pair(&a, &shared);
        CALLED(r, usocket_send(&a, "mine", 4));
        EQUAL(4, r);
        results[0] = results[1] = 1;
        go("receiver", (unsigned[]){ABOVE, 19, MAIN, BELOW}[(seed + round) % 4], receive_twice, results);
        for (unsigned wait = round * 3; wait > 0; wait--) {
            schedule_step();
        }
        if (round % 2 == 0) {
            usocket_close(&shared); /* with the lock, as a collection does */
        } else {
            CALLED(r, usocket_close(&shared));
        }
        connect_pair(&c, &d);
        CALLED(r, usocket_send(&d, "strange", 7));
        CALLED(r, usocket_recv_by(&c, buf, sizeof buf, 0, NULL, usocket_deadline_in(2 * SECOND)));
        EQUAL(7, r);
        rt_mutex_release(&gil);
        while (results[1] == 1) {
            rt_thread_mdelay(20);
        }
        rt_mutex_take(&gil, RT_WAITING_FOREVER);
        HOLDS(results[0] == 4 || results[0] == USOCKET_EBADF);
        EQUAL(USOCKET_EBADF, results[1]);
        usocket_close(&a);
        usocket_close(&c);
        usocket_close(&d);
    }
    rt_mutex_release(&gil);
    usocket_close(&servers);
}

static void test_close(void **state) {
    (void)state;
    each(closing, 20000);
}

static void poll_it(void *arg) {
    *(int *)arg = usocket_poll(&shared, USOCKET_POLL_IN, usocket_deadline_in(5 * SECOND));
}

static void receive_it(void *arg) {
    char c;
    *(int *)arg = (int)usocket_recv_by(&shared, &c, 1, 0, NULL, USOCKET_NEVER);
}

static void accept_it(void *arg) {
    usocket_t got = USOCKET_CLOSED;
    *(int *)arg = usocket_accept_by(&servers, &got, NULL, USOCKET_NEVER);
    usocket_close(&got);
}

/* Wait on a socket that nobody closes, without end in sight. */
static void wait_elsewhere(void *arg) {
    usocket_t u = USOCKET_CLOSED;
    char c;
    MUST(usocket_open(&u, USOCKET_AF_INET, USOCKET_DGRAM, 0));
    *(int *)arg = (int)usocket_recv_by(&u, &c, 1, 0, NULL, usocket_deadline_in(3 * SECOND));
    usocket_close(&u);
}

/* close() wakes threads of any priority, in recv, poll and accept, also while others wait on. */
static void waking(unsigned seed) {
    usocket_t a = USOCKET_CLOSED;
    serve();
    connect_pair(&a, &shared);
    for (int i = 0; i < 5; i++) {
        results[i] = 1;
    }
    static void (*const runs[])(void *) = {poll_it, receive_it, receive_it, accept_it, wait_elsewhere};
    static const unsigned priorities[] = {ABOVE, BELOW, MAIN, 19, 5};
    for (unsigned i = 0; i < 5; i++) {
        go("waiter", priorities[(i + seed) % 5], runs[i], &results[i]);
    }
    rt_thread_mdelay((rt_int32_t)(seed % 48 * 7));
    rt_tick_t begin = rt_tick_get();
    MUST(usocket_close(&shared));
    MUST(usocket_close(&servers));
    while (results[0] == 1 || results[1] == 1 || results[2] == 1 || results[3] == 1) {
        rt_thread_mdelay(10);
    }
    HOLDS(rt_tick_get() - begin <= 30);
    EQUAL(USOCKET_POLL_NVAL, results[0]);
    EQUAL(USOCKET_EBADF, results[1]);
    EQUAL(USOCKET_EBADF, results[2]);
    EQUAL(USOCKET_EBADF, results[3]);
    usocket_close(&a);
}

static void test_wake(void **state) {
    (void)state;
    each(waking, 20000);
}

static void dial(void *arg) {
    usocket_t s = USOCKET_CLOSED;
    char c = 0;
    rt_mutex_take(&gil, RT_WAITING_FOREVER);
    for (int i = 0; i < 4; i++) {
        int r;
        MUST(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
        CALLED(r, usocket_connect_by(&s, &at, usocket_deadline_in(5 * SECOND)));
        MUST(r);
        CALLED(r, usocket_send(&s, "x", 1));
        CALLED(r, usocket_recv_by(&s, &c, 1, 0, NULL, usocket_deadline_in(5 * SECOND)));
        *(int *)arg += r == 1 && c == 'x';
        usocket_close(&s);
    }
    rt_mutex_release(&gil);
}

/* Two threads connect at once, and a third one answers them. */
static void dialling(unsigned seed) {
    serve();
    results[0] = results[1] = 0;
    go("dial", (unsigned[]){ABOVE, MAIN, BELOW}[seed % 3], dial, &results[0]);
    go("dial", (unsigned[]){BELOW, 19, MAIN}[seed / 3 % 3], dial, &results[1]);
    for (int i = 0; i < 8; i++) {
        usocket_t s = USOCKET_CLOSED;
        char c;
        MUST(usocket_accept_by(&servers, &s, NULL, usocket_deadline_in(5 * SECOND)));
        EQUAL(1, usocket_recv_by(&s, &c, 1, 0, NULL, usocket_deadline_in(5 * SECOND)));
        EQUAL(1, usocket_send(&s, &c, 1));
        usocket_close(&s);
    }
    usocket_close(&servers);
    while (results[0] + results[1] < 8) {
        rt_thread_mdelay(10);
    }
}

static void test_connect(void **state) {
    (void)state;
    each(dialling, 20000);
}

static void ask(void *arg) {
    *(int *)arg = look_up("slow.look", 10 * SECOND);
}

/* Lookups by threads above and below their worker, one of them abandoned, while a thread of the worker's priority is busy. */
static void resolving(unsigned seed) {
    results[0] = results[1] = 1;
    stop = false;
    go("busy", MAIN, spin, NULL);
    go("ask", seed % 3 == 0 ? 10 : BELOW, ask, &results[0]);
    EQUAL(USOCKET_ETIMEDOUT, look_up("slow.look", 20 * MS));
    go("ask", seed % 4 == 0 ? 10 : MAIN, ask, &results[1]);
    EQUAL(0, look_up("four.look", 10 * SECOND));
    while (results[0] == 1 || results[1] == 1) {
        rt_thread_mdelay(10);
    }
    stop = true;
    EQUAL(0, results[0]);
    EQUAL(0, results[1]);
}

static void test_lookup(void **state) {
    (void)state;
    each(resolving, 20000);
}

static void send_much(void *arg) {
    static const char block[20000];
    size_t sent = 0;
    *(int *)arg = usocket_send_all_by(&shared, block, sizeof block, &sent, usocket_deadline_in(5 * SECOND));
}

/* The library's lock: four threads use one connection, the fifth receives. */
static void sharing(unsigned seed) {
    static char buf[4096];
    usocket_t a = USOCKET_CLOSED;
    size_t came = 0;
    serve();
    connect_pair(&shared, &a);
    for (unsigned i = 0; i < 4; i++) {
        results[i] = 1;
        go("send", (unsigned[]){ABOVE, MAIN, BELOW, 5}[(i + seed) % 4], send_much, &results[i]);
    }
    while (came < 80000) {
        int32_t r = usocket_recv_by(&a, buf, sizeof buf, 0, NULL, usocket_deadline_in(5 * SECOND));
        HOLDS(r > 0);
        came += (size_t)r;
    }
    while (results[0] + results[1] + results[2] + results[3] != 0) {
        rt_thread_mdelay(10);
    }
    usocket_close(&a);
    usocket_close(&shared);
    usocket_close(&servers);
}

static void test_share(void **state) {
    (void)state;
    each(sharing, 30000);
}

int main(void) {
    usocket_init(&shared);
    usocket_init(&servers);
    rt_mutex_init(&gil, "gil", RT_IPC_FLAG_FIFO);
    const struct CMUnitTest tests[] = {
        TEST(test_scheduler), TEST(test_close), TEST(test_wake), TEST(test_connect), TEST(test_lookup), TEST(test_share),
    };
    return RUN(tests);
}
