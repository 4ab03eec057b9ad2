/* The poller: many descriptors, each reported once for each time it is armed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

#if USOCKET_POLLER

static usocket_t a, b;
static int poller;

static void begin(void) {
    fx_streams(&a, &b);
    poller = usocket_poller_open();
    assert_true(poller >= 0);
}

static void end(void) {
    usocket_poller_close(poller);
    fx_close(&a, &b);
}

static int fd_of(const usocket_t *s) {
    return usocket_fileno(s);
}

static void arm(const usocket_t *s, int events) {
    assert_ok(usocket_poller_arm(poller, fd_of(s), events));
}

/* Assert that no event comes, at once or in a short wait, which lasts its full time. */
static void silent(void) {
    usocket_ready_t e;
    usocket_time_t since = fx_now();
    assert_int_equal(0, usocket_poller_wait(poller, &e, 1, USOCKET_NOW));
    assert_int_equal(0, usocket_poller_wait(poller, &e, 1, usocket_deadline_in(20 * MS)));
    fx_took(since, 20 * MS);
}

/* Assert that one descriptor is reported with at least these events. */
static void reports(const usocket_t *s, int ready) {
    usocket_ready_t e[4];
    assert_int_equal(1, usocket_poller_wait(poller, e, 4, usocket_deadline_in(10 * SECOND)));
    assert_int_equal(fd_of(s), e[0].fd);
    assert_int_equal(ready, e[0].ready & ready);
}

static void test_once(void **state) {
    (void)state;
    begin();
    silent();
    arm(&b, USOCKET_POLL_IN);
    silent();
    assert_code(1, usocket_send(&a, "x", 1));
    reports(&b, USOCKET_POLL_IN);
    silent(); /* once, although it is still readable */
    arm(&b, USOCKET_POLL_IN);
    reports(&b, USOCKET_POLL_IN); /* level-triggered, not edge-triggered */
    char c;
    arm(&b, USOCKET_POLL_IN);
    assert_code(1, usocket_recv(&b, &c, 1));
    silent(); /* armed, but no longer readable */
    assert_code(1, usocket_send(&a, "y", 1));
    reports(&b, USOCKET_POLL_IN);
    end();
}

/* The requested events can be changed, also between readiness and its report. */
static void test_change(void **state) {
    (void)state;
    begin();
    arm(&a, USOCKET_POLL_OUT);
    arm(&a, USOCKET_POLL_IN);
    silent();
    arm(&a, USOCKET_POLL_IN | USOCKET_POLL_OUT);
    reports(&a, USOCKET_POLL_OUT);
    arm(&a, USOCKET_POLL_OUT);
    arm(&a, 0);
    silent();
    assert_code(1, usocket_send(&b, "x", 1));
    arm(&a, USOCKET_POLL_OUT);
    usocket_ready_t e;
    assert_int_equal(1, usocket_poller_wait(poller, &e, 1, usocket_deadline_in(10 * SECOND)));
    assert_int_equal(USOCKET_POLL_OUT, e.ready);
    end();
}

/* The end and errors are reported for any requested events, also once. */
static void test_end(void **state) {
    (void)state;
    begin();
    arm(&b, 0);
    assert_code(1, usocket_send(&b, "x", 1));
    assert_ok(usocket_close(&a)); /* an unread byte causes a reset */
    reports(&b, USOCKET_POLL_HUP);
    silent();
    arm(&b, USOCKET_POLL_IN);
    reports(&b, USOCKET_POLL_IN | USOCKET_POLL_HUP);
    silent();
    end();
}

static void test_closed(void **state) {
    (void)state;
    begin();
    int fd = fd_of(&b);
    arm(&b, USOCKET_POLL_IN | USOCKET_POLL_OUT);
    assert_ok(usocket_close(&b));
    silent(); /* the poller no longer has it */
    assert_code(USOCKET_EBADF, usocket_poller_arm(poller, fd, USOCKET_POLL_OUT));
    /* The next socket with the same number starts unarmed. */
    usocket_t next = USOCKET_CLOSED;
    fx_udp(&next, USOCKET_AF_INET);
    assert_int_equal(fd, fd_of(&next));
    silent();
    arm(&next, USOCKET_POLL_OUT);
    reports(&next, USOCKET_POLL_OUT);
    assert_ok(usocket_close(&next));
    end();
}

/* Bytes that were put back make the descriptor readable, although no more arrive. */
static void test_unread(void **state) {
    (void)state;
    if (FX_STACK) {
        LACKS("no-dup", "bytes put back need a duplicate to be seen by a poller");
    }
    char c[4], back[] = "zz";
    begin();
    arm(&b, USOCKET_POLL_IN);
    silent();
    assert_ok(usocket_unread(&b, back, 2));
    arm(&b, USOCKET_POLL_IN); /* the descriptor below has changed by now */
    reports(&b, USOCKET_POLL_IN);
    arm(&b, USOCKET_POLL_IN);
    reports(&b, USOCKET_POLL_IN);
    assert_code(2, usocket_recv(&b, c, sizeof c));
    arm(&b, USOCKET_POLL_IN);
    silent();
    assert_code(1, usocket_send(&a, "x", 1));
    reports(&b, USOCKET_POLL_IN);
    end();
}

enum { MANY = 10 }; /* pairs of sockets */

/* More events than the array holds: the next call returns the rest, and none twice. */
static void test_many(void **state) {
    (void)state;
    static usocket_t many[MANY][2];
    bool told[1024] = { false };
    usocket_ready_t e[3];
    int n = 0, r;
    begin();
    for (int i = 0; i < MANY; i++) {
        usocket_init(&many[i][0]);
        usocket_init(&many[i][1]);
        fx_connect(&many[i][0], &many[i][1]);
        arm(&many[i][0], USOCKET_POLL_OUT);
        arm(&many[i][1], USOCKET_POLL_OUT);
    }
    while ((r = usocket_poller_wait(poller, e, 3, USOCKET_NOW)) > 0) {
        assert_true(r <= 3);
        for (int i = 0; i < r; i++, n++) {
            assert_true(e[i].fd >= 0 && e[i].fd < 1024 && !told[e[i].fd]);
            told[e[i].fd] = true;
        }
    }
    assert_int_equal(0, r);
    assert_int_equal(2 * MANY, n);
    for (int i = 0; i < MANY; i++) {
        fx_close(&many[i][0], &many[i][1]);
    }
    end();
}

static void send_later(void *unused) {
    (void)unused;
    fx_sleep(50 * MS);
    usocket_send(&a, "x", 1);
}

static void test_wait(void **state) {
    (void)state;
    usocket_ready_t e;
    begin();
    arm(&b, USOCKET_POLL_IN);
    usocket_time_t since = fx_now();
    fx_signal_in(30 * MS);
    assert_code(USOCKET_EINTR, usocket_poller_wait(poller, &e, 1, USOCKET_NEVER));
    fx_took(since, 30 * MS);
    fx_join();
    since = fx_now();
    fx_go(send_later, NULL);
    assert_int_equal(1, usocket_poller_wait(poller, &e, 1, USOCKET_NEVER));
    fx_took(since, 50 * MS);
    fx_join();
    since = fx_now();
    assert_int_equal(0, usocket_poller_wait(poller, &e, 1, 1)); /* a deadline long past */
    assert_int_equal(0, usocket_poller_wait(-1, &e, 1, usocket_deadline_in(30 * MS))); /* no poller: the call only waits */
    fx_took(since, 30 * MS);
    end();
}

static int gone;

static void close_later(void *unused) {
    (void)unused;
    fx_sleep(50 * MS);
    gone = usocket_poller_close(poller);
}

/* A poller is closed while a thread waits in it: the wait ends with an error, or at its deadline. */
static void test_closed_poller(void **state) {
    (void)state;
    usocket_ready_t e;
    begin();
    arm(&b, USOCKET_POLL_IN);
    usocket_time_t since = fx_now();
    fx_go(close_later, NULL);
    int r = usocket_poller_wait(poller, &e, 1, usocket_deadline_in(300 * MS));
    assert_true(r == 0 || r == USOCKET_EBADF);
    assert_true(fx_now() - since < fx_limit(10 * SECOND));
    fx_join();
    assert_ok(gone);
    assert_code(USOCKET_EBADF, usocket_poller_wait(poller, &e, 1, USOCKET_NOW));
    assert_code(USOCKET_EBADF, usocket_poller_wait(poller, &e, 1, usocket_deadline_in(10 * SECOND)));
    assert_code(USOCKET_EBADF, usocket_poller_close(poller));
    fx_close(&a, &b);
}

#if FX_SIM
static void test_refusals(void **state) {
    (void)state;
    sim_handles(0);
    assert_code(USOCKET_EMFILE, usocket_poller_open());
    sim_handles(100);
    begin();
    sim_fault(1, 0, false);
    assert_code(USOCKET_ENOMEM, usocket_poller_arm(poller, fd_of(&b), USOCKET_POLL_IN));
    sim_fault(1, 1, false);
    assert_code(USOCKET_ENOMEM, usocket_poll(&b, USOCKET_POLL_IN, USOCKET_NOW)); /* a look of one socket, too */
    silent();
    arm(&b, USOCKET_POLL_IN);
    assert_code(1, usocket_send(&a, "x", 1));
    reports(&b, USOCKET_POLL_IN);
    end();
}
#elif !defined(TEST_PLATFORM)
static void test_any_descriptor(void **state) {
    (void)state;
    int p[2];
    usocket_ready_t e;
    begin();
    assert_int_equal(0, pipe(p));
    assert_ok(usocket_poller_arm(poller, p[0], USOCKET_POLL_IN));
    silent();
    assert_int_equal(1, write(p[1], "x", 1));
    assert_int_equal(1, usocket_poller_wait(poller, &e, 1, usocket_deadline_in(10 * SECOND)));
    assert_int_equal(p[0], e.fd);
    assert_int_equal(USOCKET_POLL_IN, e.ready);
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_code(USOCKET_EPERM, usocket_poller_arm(poller, fileno(file), USOCKET_POLL_IN)); /* a file is always ready */
    fclose(file);
    assert_code(USOCKET_EINVAL, usocket_poller_arm(poller, poller, USOCKET_POLL_IN));
    close(p[0]);
    close(p[1]);
    end();
}

/* With EDGE it stays armed: a change reports it, and what was not read does not. */
static void test_edge(void **state) {
    (void)state;
    begin();
    arm(&b, USOCKET_POLL_IN | USOCKET_POLL_EDGE);
    silent();
    for (int i = 0; i < 3; i++) {
        assert_code(1, usocket_send(&a, "x", 1));
        reports(&b, USOCKET_POLL_IN);
        silent();
    }
    arm(&b, USOCKET_POLL_IN | USOCKET_POLL_EDGE);
    reports(&b, USOCKET_POLL_IN); /* arming looks */
    char c[4];
    assert_code(3, usocket_recv(&b, c, sizeof(c)));
    silent();
    assert_code(2, usocket_send_by(&a, "uv", 2, MSG_OOB, NULL, USOCKET_NOW));
    reports(&b, USOCKET_POLL_IN | USOCKET_POLL_EDGE); /* a receive would stop before the urgent byte */
    assert_code(1, usocket_recv(&b, c, sizeof(c)));
    assert_code(1, usocket_send(&a, "y", 1));
    assert_ok(usocket_shutdown(&a, USOCKET_SHUT_WR));
    reports(&b, USOCKET_POLL_IN | USOCKET_POLL_EDGE); /* the data and the end */
    end();
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_once), TEST(test_change), TEST(test_end), TEST(test_closed), TEST(test_unread), TEST(test_many),
        TEST(test_wait), TEST(test_closed_poller),
#if FX_SIM
        TEST(test_refusals),
#elif !defined(TEST_PLATFORM) /* else the sockets' numbers are no descriptors */
        TEST(test_any_descriptor), TEST(test_edge),
#endif
    };
    return RUN(tests);
}

#else

int main(void) {
    return 0;
}

#endif
