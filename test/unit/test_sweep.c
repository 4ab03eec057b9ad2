/* The failure loop of sweep.h over every public function.
 *
 * SPDX-License-Identifier: MIT
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "sweep.h"

static bool listen_on(usocket_t *l, usocket_addr_t *at) {
    *at = (usocket_addr_t){ .family = USOCKET_AF_INET, .u.ip = { 127, 0, 0, 1 } };
    return opened(CALL(open, l, USOCKET_AF_INET, USOCKET_STREAM, 0), l) && CALL(bind, l, at) == 0 && CALL(listen, l, 2) == 0
        && CALL(getsockname, l, at) == 0;
}

/* Client s[1], server s[2], listener s[0]. */
static bool connection(void) {
    usocket_addr_t at, peer;
    int r = -1;
    if (!listen_on(&s[0], &at) || !opened(CALL(open, &s[1], USOCKET_AF_INET, USOCKET_STREAM, 0), &s[1])) {
        return false;
    }
    r = CALL(connect_by, &s[1], &at, soon());
    if (r == USOCKET_EINTR) {
        AGAIN(r, CALL(connect_wait, &s[1], soon()));
    }
    if (r == 0) {
        AGAIN(r, CALL(accept_by, &s[0], &s[2], &peer, soon()));
        opened(r, &s[2]);
    }
    return r == 0;
}

static void stream(void) {
    char buf[16];
    int32_t r;
    usocket_addr_t a;
    if (connection()) {
        AGAIN(r, CALL(send_by, &s[1], "hello", 5, 0, NULL, soon()));
        AGAIN(r, CALL(recv_by, &s[2], buf, sizeof buf, 0, &a, soon()));
        CLEAN(r == 5);
        CALL(getpeername, &s[2], &a);
        CALL(pending, &s[2]);
        AGAIN(r, CALL(poll, &s[2], USOCKET_POLL_IN | USOCKET_POLL_OUT, soon()));
        AGAIN(r, CALL(recv_by, &s[2], buf, sizeof buf, MSG_DONTWAIT, NULL, soon()));
        CLEAN(r == USOCKET_EAGAIN);
        CALL(shutdown, &s[1], USOCKET_SHUT_WR);
        AGAIN(r, CALL(recv_by, &s[2], buf, sizeof buf, 0, NULL, soon()));
        CLEAN(r == 0);
    }
}

static void plain_calls(void) {
    char buf[16];
    size_t n;
    usocket_addr_t a;
    if (connection()) {
        for (int i = 0; i < 3; i++) {
            usocket_settimeout(&s[i], SECOND);
        }
        CALL(send, &s[1], "abc", 3);
        CALL(recv, &s[2], buf, 3);
        CALL(send_all, &s[2], "def", 3, &n);
        CALL(recv_all, &s[1], buf, 3, &n);
        CALL(sendto, &s[1], "g", 1, NULL);
        CALL(recvfrom, &s[2], buf, 1, &a);
        CALL(accept, &s[0], &s[3], &a);
        CALL(connect, &s[1], &a);
        CALL(recv, &s[1], buf, 1);
    }
}

static void all_and_lines(void) {
    static char out[3000], in[3000];
    size_t sent = 0, got = 0;
    int r;
    sim_buffers(1500, 1500);
    memset(out, 'o', sizeof out);
    out[99] = out[2999] = '\n';
    if (connection()) {
        AGAIN(r, CALL(send_all_by, &s[1], out, sizeof out, &sent, soon()));
        NEED(sent <= sizeof out && (r != 0 || sent == sizeof out));
        CLEAN(r == 0);
        AGAIN(r, CALL(recv_line_by, &s[2], in, sizeof in, &got, soon()));
        NEED(got <= sizeof in && (r != 1 || (got > 0 && in[got - 1] == '\n')));
        CLEAN(r == 1 && got == 100);
        AGAIN(r, CALL(recv_all_by, &s[2], in, sizeof in, &got, soon()));
        NEED(got <= sent); /* no byte is duplicated */
        NEED(memcmp(in, out, got) == 0); /* no byte is missing */
        CLEAN(r == 0 && got == sizeof in);
        r = CALL(send_all_by, &s[1], out, sizeof out, (sent = 0, &sent), soon());
        r = CALL(send_by, &s[1], out, 1000, MSG_DONTWAIT, NULL, soon());
        r = CALL(send_by, &s[1], out, 1000, 0, NULL, soon());
        CLEAN(r == USOCKET_ETIMEDOUT);
        r = CALL(recv_by, &s[2], in, sizeof in, MSG_WAITALL, NULL, soon());
        CLEAN(r == sizeof in);
    }
}

static void put_back(void) {
    char buf[16], block[] = "back";
    size_t off, n;
    int32_t r;
    if (connection()) {
        int fd = usocket_fileno(&s[2]);
        r = CALL(unread, &s[2], block, 4);
        NEED(r == 0); /* the bytes are there even if the port cannot show them */
        NEED(usocket_fileno(&s[2]) == fd);
        AGAIN(r, CALL(poll, &s[2], USOCKET_POLL_IN, soon()));
        AGAIN(r, CALL(recv_by, &s[2], buf, 2, 0, NULL, soon()));
        NEED(r == 2);
        NEED(usocket_unread_take(&s[2], &off, &n) == block && off == 2 && n == 2);
        CALL(send_by, &s[1], "x", 1, 0, NULL, soon());
        AGAIN(r, CALL(recv_by, &s[2], buf, 2, 0, NULL, soon()));
        CLEAN(r == 1);
        CALL(unread, &s[2], block, 4);
        AGAIN(r, CALL(recv_by, &s[2], buf, 16, 0, NULL, soon()));
        CALL(unread, &s[2], block, 4); /* close discards the bytes */
    }
}

static void sharing(void) {
    char buf[4];
    int r;
    if (connection()) {
        r = CALL(share, &s[3], &s[2]);
        NEED(r == 0);
        int fd = CALL(dup, usocket_fileno(&s[3]));
        if (fd >= 0) {
            r = CALL(adopt, &s[4], fd, -1, -1, -1);
            if (!opened(r, &s[4])) {
                usocket_port_close(fd); /* the test still owns it */
            }
        }
        CALL(close_wait, &s[2], soon());
        CALL(drop, &s[2]);
        CALL(send_by, &s[1], "ab", 2, 0, NULL, soon());
        AGAIN(r, CALL(recv_by, &s[3], buf, 1, 0, NULL, soon()));
        fd = CALL(detach, &s[3]);
        NEED(fd >= 0);
        NEED(usocket_fileno(&s[3]) == -1);
        r = CALL(adopt, &s[2], fd, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_TCP);
        if (!opened(r, &s[2])) {
            usocket_port_close(fd);
        }
    }
}

static void pairs(void) {
    char buf[4];
    int r = CALL(pair, &s[0], &s[1], USOCKET_AF_UNIX, USOCKET_STREAM, 0);
    opened(r, &s[0]);
    if (opened(r, &s[1])) {
        CALL(send_by, &s[0], "pair", 4, 0, NULL, soon());
        AGAIN(r, CALL(recv_by, &s[1], buf, 4, 0, NULL, soon()));
        CLEAN(r == 4);
    }
}

#if USOCKET_DATAGRAMS
static void datagrams(void) {
    char buf[16];
    size_t n = 0;
    int32_t r;
    usocket_addr_t at = { .family = USOCKET_AF_INET, .u.ip = { 127, 0, 0, 1 } }, from;
    if (opened(CALL(open, &s[0], USOCKET_AF_INET, USOCKET_DGRAM, 0), &s[0]) && CALL(bind, &s[0], &at) == 0
        && CALL(getsockname, &s[0], &at) == 0 && opened(CALL(open, &s[1], USOCKET_AF_INET, USOCKET_DGRAM, 0), &s[1])) {
        AGAIN(r, CALL(send_by, &s[1], "to", 2, 0, &at, soon()));
        AGAIN(r, CALL(recv_by, &s[0], buf, sizeof buf, 0, &from, soon()));
        CLEAN(r == 2);
        if (CALL(connect_by, &s[1], &at, soon()) == 0) {
            AGAIN(r, CALL(send_all_by, &s[1], "all", 3, &n, soon()));
            n = 0;
            AGAIN(r, CALL(recv_all_by, &s[0], buf, sizeof buf, &n, soon()));
            AGAIN(r, CALL(send_by, &s[1], "", 0, 0, NULL, soon()));
            n = 0;
            AGAIN(r, CALL(recv_line_by, &s[0], buf, sizeof buf, &n, soon()));
        }
        AGAIN(r, CALL(recv_by, &s[0], buf, sizeof buf, 0, NULL, soon()));
        CLEAN(r == USOCKET_ETIMEDOUT);
    }
}

static void options(void) {
    struct timeval tv = { 0, 20000 };
    int one = 1;
    size_t len = sizeof one;
    char c;
    int32_t r;
    if (opened(CALL(open, &s[0], USOCKET_AF_INET, USOCKET_DGRAM, 0), &s[0])) {
        CALL(setsockopt, &s[0], SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        CALL(getsockopt, &s[0], SOL_SOCKET, SO_REUSEADDR, &one, &len);
        if (CALL(setsockopt, &s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) == 0) {
            AGAIN(r, CALL(recv_by, &s[0], &c, 1, 0, NULL, USOCKET_NEVER));
            CLEAN(r == USOCKET_EAGAIN);
        }
    }
}

#endif

static void refusals(void) {
    usocket_addr_t at;
    int r;
    if (listen_on(&s[0], &at) && CALL(close, &s[0]) == 0 && opened(CALL(open, &s[1], USOCKET_AF_INET, USOCKET_STREAM, 0), &s[1])) {
        r = CALL(connect_by, &s[1], &at, USOCKET_NOW);
        if (r == USOCKET_EINPROGRESS) {
            AGAIN(r, CALL(connect_wait, &s[1], soon()));
        }
        CLEAN(r == USOCKET_ECONNREFUSED);
        AGAIN(r, CALL(connect_wait, &s[1], USOCKET_NOW));
        CALL(shutdown, &s[1], USOCKET_SHUT_RDWR);
        CALL(getpeername, &s[1], &at);
    }
}

#if USOCKET_UNIX
/* A full AF_UNIX backlog: connect is repeated after EAGAIN until the deadline. */
static void unix_backlog(void) {
    usocket_addr_t at = { .family = USOCKET_AF_UNIX, .port = 2, .u.path = "/s" };
    int r;
    if (opened(CALL(open, &s[0], USOCKET_AF_UNIX, USOCKET_STREAM, 0), &s[0]) && CALL(bind, &s[0], &at) == 0
        && CALL(listen, &s[0], 0) == 0) {
        for (int i = 1; i < 3; i++) {
            if (opened(CALL(open, &s[i], USOCKET_AF_UNIX, USOCKET_STREAM, 0), &s[i])) {
                AGAIN(r, CALL(connect_by, &s[i], &at, usocket_deadline_in(25 * MS)));
            }
        }
    }
}
#endif

#if USOCKET_NAMES
static void lookups(void) {
    usocket_lookup_t *l;
    usocket_query_t q = { .host = "host", .service = "http", .flags = USOCKET_AI_CANONNAME };
    usocket_addrinfo_t info;
    int r = CALL(lookup_start, &l, &q);
    NEED((r == 0) == (l != NULL));
    if (r == 0) {
        AGAIN(r, CALL(lookup_wait, l, soon()));
        CLEAN(r == 0);
        NEED(r != 0 || usocket_lookup_get(l, 0, &info) == 0);
        CALL(lookup_get, l, 0, &info);
        usocket_lookup_free(l);
    }
    q.host = "slow"; /* abandoned */
    r = CALL(lookup_start, &l, &q);
    if (r == 0) {
        r = CALL(lookup_wait, l, usocket_deadline_in(10 * MS));
        usocket_lookup_free(l);
    }
    q.host = "10.0.0.1";
    r = CALL(lookup_start, &l, &q);
    if (r == 0) {
        r = CALL(lookup_wait, l, USOCKET_NOW);
        usocket_lookup_free(l);
    }
#if USOCKET_IPV6
    q.host = "fe80::1%eth0";
    r = CALL(lookup_start, &l, &q);
    if (r == 0) {
        usocket_lookup_free(l);
    }
#endif
}

static void reverse_lookups(void) {
    usocket_addr_t a = { .family = USOCKET_AF_INET, .port = 80, .u.ip = { 127, 0, 0, 1 } };
    usocket_lookup_t *l;
    char name[64];
    unsigned index = 0;
    int r = CALL(lookup_reverse, &l, &a, 0);
    if (r == 0) {
        AGAIN(r, CALL(lookup_wait, l, soon()));
        usocket_lookup_free(l);
    }
    usocket_addr_t six = { .family = USOCKET_AF_INET6, .scope = 2 };
    r = CALL(lookup_reverse, &l, &six, USOCKET_NI_NUMERICHOST);
    if (r == 0) {
        usocket_lookup_free(l);
    }
    CALL(if_nametoindex, "lo");
    CALL(if_indextoname, 1, name);
    CALL(if_next, &index, name);
    CALL(gethostname, name, sizeof name);
}

static void dialling(void) {
    usocket_addr_t at, source = { .family = USOCKET_AF_INET, .u.ip = { 127, 0, 0, 1 } };
    usocket_dial_t d;
    int r;
    if (!listen_on(&s[0], &at)) {
        return;
    }
    usocket_query_t q = { .host = "several", .port = at.port };
    r = CALL(dial_start, &d, &q, &source);
    if (r == 0) {
        AGAIN(r, CALL(dial_by, &d, &s[1], usocket_deadline_in(6 * SECOND)));
        usocket_dial_end(&d, &s[1]);
        opened(r, &s[1]);
        CLEAN(r == 0);
    }
}

#if USOCKET_RACE
/* A dial in steps, as in an event loop. */
static void stepping(void) {
    usocket_addr_t at, a;
    usocket_dial_t d;
    int r;
    if (!listen_on(&s[0], &at)) {
        return;
    }
    usocket_query_t q = { .host = "several", .port = at.port };
    r = CALL(dial_start, &d, &q, NULL);
    if (r != 0) {
        usocket_dial_end(&d, &s[1]);
        return;
    }
    usocket_dial_delay(&d, 100 * MS);
    usocket_time_t deadline = usocket_deadline_in(6 * SECOND), bound = usocket_deadline_in(BOUND);
    for (;;) {
        AGAIN(r, CALL(dial_step, &d, &s[1], deadline));
        if (r != USOCKET_EINPROGRESS) {
            break;
        }
        if (usocket_deadline_in(1) > bound) {
            NEED(!"a dial by steps that ends");
            break;
        }
#if USOCKET_ASYNC
        usocket_wait_t w = { CALL(dial_handle, &d), USOCKET_POLL_IN, 0 };
        if (w.handle >= 0) {
            usocket_port_wait(&w, 1, deadline);
            continue;
        }
#endif
        sim_sleep(MS);
    }
    int answered = 0;
    for (size_t i = 0; i < 4; i++) {
        answered += CALL(dial_attempt, &d, i, &a) == 0;
    }
    NEED(answered <= 1);
    usocket_dial_end(&d, &s[1]);
    opened(r, &s[1]);
    CLEAN(r == 0);
    CLEAN(answered == 1);
}
#endif
#endif

#if USOCKET_POLLER
static void polling(void) {
    usocket_ready_t e[2];
    int r;
    if (connection()) {
        int p = CALL(poller_open, );
        if (p >= 0) {
            bool armed = CALL(poller_arm, p, usocket_fileno(&s[2]), USOCKET_POLL_IN) == 0;
            armed = CALL(poller_arm, p, usocket_fileno(&s[1]), USOCKET_POLL_IN) == 0 && armed;
            CLEAN(armed);
            bool sent = CALL(send_by, &s[1], "x", 1, 0, NULL, soon()) == 1;
            AGAIN(r, CALL(poller_wait, p, e, 2, soon()));
            NEED(r <= 1);
            CLEAN(r == 1);
            NEED(r != 1 || (e[0].fd == usocket_fileno(&s[2]) && e[0].ready == USOCKET_POLL_IN && sent));
            CALL(close, &s[2]);
            AGAIN(r, CALL(poller_wait, p, e, 2, soon()));
            NEED(r <= 1 && (r != 1 || e[0].fd == usocket_fileno(&s[1])));
            CLEAN(r == 1);
            usocket_poller_close(p);
        }
    }
}
#endif

#if USOCKET_THREADS
static int told;

static bool tell(void *arg) {
    (void)arg;
    told++;
    return true;
}

static void watching(void) {
    usocket_watch_t *w;
    char c;
    int r;
    if (connection()) {
        told = 0;
        r = CALL(watch, &w, &s[2], tell, NULL);
        NEED((r == 0) == (w != NULL));
        CALL(send_by, &s[1], "x", 1, 0, NULL, soon());
        sim_sleep(20 * MS);
        CLEAN(told == 1);
        AGAIN(r, CALL(recv_by, &s[2], &c, 1, 0, NULL, soon()));
        if (w) {
            usocket_watch_again(w);
            CALL(send_by, &s[1], "y", 1, 0, NULL, soon());
            sim_sleep(20 * MS);
            CLEAN(told == 2);
            usocket_watch_end(w);
        }
    }
}
#endif

static const struct scenario scenarios[] = {
    S(stream), S(plain_calls), S(all_and_lines), S(put_back), S(sharing), S(pairs), S(refusals),
#if USOCKET_DATAGRAMS
    S(datagrams), S(options),
#endif
#if USOCKET_UNIX
    S(unix_backlog),
#endif
#if USOCKET_NAMES
    S(lookups), S(reverse_lookups), S(dialling),
#if USOCKET_RACE
    S(stepping),
#endif
#endif
#if USOCKET_POLLER
    S(polling),
#endif
#if USOCKET_THREADS
    S(watching),
#endif
};

static void prepare(void) {
    sim_host("192.0.2.1", SIM_HOLE);
    sim_host("192.0.2.2", SIM_REFUSE);
    sim_name("host", "127.0.0.1", 5 * MS, 0);
    sim_name("slow", "127.0.0.1", 3 * SECOND, 0);
    sim_name("several", "192.0.2.1 192.0.2.2 127.0.0.1", 5 * MS, 0);
}

static void tidy(void) {
}

int main(void) {
    return SWEEP("sweep", scenarios);
}
