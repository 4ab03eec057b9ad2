/* Random sequences of calls on a small stack: no assertion of the stack fails, every code is one that the header lists,
 * and nothing stays open.
 *
 * TEST_SEED chooses the first sequence (printed), TEST_SEQUENCES their number; TEST_TRACE prints the calls.
 *
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"
#include "stack.h"
#include "start.h"
#include "usocket/port.h"

#include "allowed.h"

#define SOCKETS 6
#define STEPS 50

static usocket_t socks[SOCKETS];
static usocket_addr_t known[4]; /* addresses of past and present listeners */
static char blocks[SOCKETS][32];
static char buf[70000];

/* ---- Random numbers and the trace ----------------------------------------------------------------------------------- */

static uint64_t seed;
static uint32_t chance;
static unsigned big;
static char trace[STEPS * 160];
static size_t traced;

static unsigned any(unsigned limit) {
    chance ^= chance << 13;
    chance ^= chance >> 17;
    chance ^= chance << 5;
    return (chance >> 3) % limit;
}

static void begin_sequence(uint64_t number) {
    uint64_t x = number * 0x9e3779b97f4a7c15u;
    chance = (uint32_t)(x >> 32) ^ (uint32_t)x;
    chance = chance != 0 ? chance : 1;
    traced = 0;
    seed = number;
    big = any(SOCKETS);
}

/* Called after a failed assertion of lwIP; async-signal-safe. */
static void aborted(int number) {
    char head[64];
    int n = snprintf(head, sizeof head, "\nTEST_SEED=%llu\n", (unsigned long long)seed);
    (void)number;
    _exit(write(2, head, (size_t)n) + write(2, trace, traced) < 0 ? 96 : 97); /* ends without the locks, which may be held */
}

static void ran(const char *function, unsigned i, long a, long b, int r) {
    if (traced + 160 < sizeof trace) {
        traced += (size_t)snprintf(trace + traced, 160, "  %s(%u, %ld, %ld) = %d %s\n", function, i, a, b, r, r < 0 ? usocket_errname(r) : "");
    }
    if (r < 0 && !lists(function, r)) {
        print_error("%s returns %s, which it does not list\nTEST_SEED=%llu\n%s", function, usocket_errname(r), (unsigned long long)seed, trace);
        fail();
    }
}

#define RAN(function, i, a, b, call) ran(#function, (i), (long)(a), (long)(b), (int)(function call))

/* ---- Arguments ------------------------------------------------------------------------------------------------------ */

static usocket_time_t soon(void) {
    return any(25) != 0 ? USOCKET_NOW : usocket_deadline_in(any(2) ? 1 : 3 * MS);
}

static usocket_addr_t somewhere(void) {
    static const char *const hosts[] = { "127.0.0.1", "127.0.0.1", "0.0.0.0", "::1", "::1", "::", "192.0.2.1", "192.0.2.2", "198.51.100.7",
        "255.255.255.255", "192.0.2.255", "224.0.0.1", "239.1.2.3", "240.0.0.1", "127.5.6.7", "::ffff:127.0.0.1", "::ffff:0.0.0.0",
        "::ffff:192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db9::9", "ff02::1", "ff0e::7", "fe80::1", "fec0::1" };
    if (any(2)) {
        return known[any(4)];
    }
    usocket_addr_t a = fx_addr(hosts[any(sizeof hosts / sizeof *hosts)], (uint16_t)(any(2) ? 0 : 1 + any(3)));
    if (any(4) == 0) {
        static const uint32_t scopes[] = { 1, 2, 3, 255, 256, 70000 };
        a.scope = scopes[any(6)];
        a.flowinfo = any(3) == 0 ? any(1u << 20) : 0;
    }
    if (any(40) == 0) {
        a.family = (uint16_t)(any(3) == 0 ? 0 : any(300));
    }
    return a;
}

static const int levels[] = { SOL_SOCKET, SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6, IPPROTO_RAW, 136, 77 };
static const int names[] = { SO_REUSEADDR, SO_KEEPALIVE, SO_BROADCAST, SO_ERROR, SO_TYPE, SO_RCVBUF, SO_RCVTIMEO, SO_SNDTIMEO, SO_LINGER,
    SO_BINDTODEVICE, SO_ACCEPTCONN, SO_NO_CHECK, IP_TTL, IP_TOS, IP_MULTICAST_TTL, IP_MULTICAST_IF, IP_MULTICAST_LOOP, IP_ADD_MEMBERSHIP,
    IP_DROP_MEMBERSHIP, TCP_NODELAY, TCP_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, IPV6_V6ONLY, IPV6_JOIN_GROUP,
    IPV6_LEAVE_GROUP, IPV6_CHECKSUM, 8, 0x1001, 0x1003, 9999, -1 };

/* A value for an option, rarely of the right length. */
static size_t some_value(int level, int name, void *value) {
    static const char *const groups[] = { "239.1.2.3", "224.0.0.1", "127.0.0.1", "ff02::99", "ff0e::7", "::1" };
    uint8_t *bytes = value;
    for (int i = 0; i < 40; i++) {
        bytes[i] = (uint8_t)(any(3) ? 0 : any(256));
    }
    int small = (int)any(6) - 1;
    if (level == SOL_SOCKET && name == SO_LINGER) { /* a longer time would be waited for */
        struct linger l = { (int)any(2), any(30) == 0 };
        memcpy(value, &l, sizeof l);
    } else if (any(3) == 0) {
        usocket_addr_t a = fx_addr(groups[any(6)], 0);
        memcpy(bytes, a.u.ip, a.family == USOCKET_AF_INET ? 4 : 16);
        bytes[a.family == USOCKET_AF_INET ? 4 : 16] = (uint8_t)(any(2) ? any(4) : 0);
    } else if (any(2)) {
        memcpy(value, &small, sizeof small);
        if (any(2)) {
            memset(bytes + 4, 0, 36);
        }
    } else if (any(8) == 0) {
        memcpy(value, "lo0\0\0", 6); /* the other interface drops everything, and lwIP retries for minutes */
    }
    static const size_t lengths[] = { 4, 4, 4, 8, 8, 16, 20, 6, 1, 0, 3, 40 };
    return lengths[any(12)];
}

/* ---- One call -------------------------------------------------------------------------------------------------------- */

static void c_open(unsigned i) {
    static const int families[] = { USOCKET_AF_INET, USOCKET_AF_INET, USOCKET_AF_INET, USOCKET_AF_INET6, USOCKET_AF_INET6, 1, 0, 77, -1 };
    static const int types[] = { 1, 1, 1, 1, 2, 2, 3, 0, 4, 255 };
    static const int protos[] = { 0, 0, 0, 0, 0, 6, 17, 1, 58, 255, 256, -1, 136 };
    int family = families[any(9)], type = types[any(10)], proto = protos[any(13)];
    RAN(usocket_open, i, family, type * 1000 + proto, (&socks[i], family, type, proto));
    usocket_settimeout(&socks[i], any(20) ? 0 : MS);
}

/* Open a server, as most programs do. */
static void c_server(unsigned i) {
    usocket_addr_t a = fx_addr(any(2) ? "127.0.0.1" : "::1", 0);
    usocket_close(&socks[i]);
    if (usocket_open(&socks[i], a.family, any(4) ? USOCKET_STREAM : USOCKET_DGRAM, 0) == 0) {
        usocket_settimeout(&socks[i], 0);
        RAN(usocket_bind, i, a.family, a.port, (&socks[i], &a));
        usocket_listen(&socks[i], (int)any(4));
        usocket_getsockname(&socks[i], &known[any(4)]);
    }
}

/* Make a connected pair. */
static void c_pair(unsigned i, unsigned j) {
    usocket_t listener = USOCKET_CLOSED;
    usocket_addr_t a = fx_addr(any(2) ? "127.0.0.1" : "::1", 0);
    if (i == j) {
        return;
    }
    usocket_close(&socks[i]);
    usocket_close(&socks[j]);
    if (usocket_open(&listener, a.family, USOCKET_STREAM, 0) == 0 && usocket_bind(&listener, &a) == 0 && usocket_listen(&listener, 1) == 0 &&
        usocket_getsockname(&listener, &a) == 0 && usocket_open(&socks[i], a.family, USOCKET_STREAM, 0) == 0) {
        RAN(usocket_connect_by, i, a.family, a.port, (&socks[i], &a, usocket_deadline_in(20 * MS)));
        RAN(usocket_accept_by, 99, j, 0, (&listener, &socks[j], NULL, USOCKET_NOW));
        usocket_settimeout(&socks[i], 0);
        usocket_settimeout(&socks[j], 0);
    }
    usocket_close(&listener);
}

static void c_data(unsigned i, unsigned what) {
    static const int flags[] = { 0, 0, 0, MSG_PEEK, MSG_DONTWAIT, MSG_WAITALL, MSG_PEEK | MSG_WAITALL, MSG_MORE, MSG_OOB, 0x4000 };
    static const size_t lengths[] = { 0, 1, 2, 100, 1460, 6000, 20000, 66000 };
    usocket_t *s = &socks[i];
    /* Only one socket sends much: when both ends of a connection have a zero window, lwIP 2.2.1 answers each acknowledgement
     * with another without end, and over loopback nothing else runs. */
    size_t len = any(3) ? any(30) : lengths[any(i == big || what <= 1 || what == 4 || what == 6 ? 8 : 3)], n = 0;
    int flag = flags[any(10)];
    usocket_addr_t a = somewhere();
    switch (what) {
        case 0: RAN(usocket_recv_by, i, len, flag, (s, buf, len, flag, NULL, soon())); break;
        case 1: RAN(usocket_recv_by, i, len, flag, (s, buf, len, flag, &a, soon())); break;
        case 2: RAN(usocket_send_by, i, len, flag, (s, buf, len, flag, NULL, soon())); break;
        case 3: RAN(usocket_send_by, i, len, a.family * 100000 + a.port, (s, buf, len, flag, &a, soon())); break;
        case 4: RAN(usocket_recv_all_by, i, len, 0, (s, buf, len, &n, soon())); break;
        case 5: RAN(usocket_send_all_by, i, len, 0, (s, buf, len, &n, soon())); break;
        case 6: RAN(usocket_recv_line_by, i, len, 0, (s, buf, len, &n, soon())); break;
        case 7: RAN(usocket_unread, i, 0, 0, (s, blocks[i], any(sizeof blocks[i]))); break;
        case 8: usocket_unread_take(s, &len, &n); break;
        case 9: RAN(usocket_pending, i, 0, 0, (s)); break;
        case 10: RAN(usocket_writable_by, i, 0, 0, (s, soon())); break;
        default: RAN(usocket_readable_by, i, 0, 0, (s, soon())); break;
    }
}

static void c_option(unsigned i, bool set) {
    uint8_t value[64];
    int level = levels[any(sizeof levels / sizeof *levels)], name = names[any(sizeof names / sizeof *names)];
    size_t len = some_value(level, name, value);
    if (set) {
        RAN(usocket_setsockopt, i, level * 10000 + name, len, (&socks[i], level, name, value, len));
    } else {
        size_t room = len;
        RAN(usocket_getsockopt, i, level * 10000 + name, room, (&socks[i], level, name, value, &len));
        assert_true(len <= room);
    }
}

static void c_given_away(unsigned i) {
    int fd = usocket_detach(&socks[i]);
    ran("usocket_detach", i, 0, 0, fd);
    if (fd >= 0) {
        int r = usocket_adopt(&socks[i], fd, -1, -1, -1);
        ran("usocket_adopt", i, fd, 0, r);
        if (r < 0) {
            usocket_close_fd(fd);
        }
        usocket_settimeout(&socks[i], 0);
    }
}

/* Choose a socket, usually an open one. */
static unsigned some_socket(void) {
    unsigned i = any(SOCKETS);
    for (unsigned n = 0; n < SOCKETS && usocket_fileno(&socks[i]) < 0 && any(12) != 0; n++) {
        i = (i + 1) % SOCKETS;
    }
    return i;
}

static void step(void) {
    unsigned i = some_socket(), j = any(SOCKETS), what = any(46);
    usocket_t *s = &socks[i];
    usocket_addr_t a = somewhere();
    usocket_time_t deadline = soon();
    switch (what) {
        case 0: case 1: case 2: c_open(j); break;
        case 3: case 4: c_server(j); break;
        case 5: c_pair(i, j); break;
        case 6: RAN(usocket_close, i, 0, 0, (s)); break;
        case 7: case 8: RAN(usocket_bind, i, a.family, a.port, (s, &a)); usocket_getsockname(s, &known[any(4)]); break;
        case 9: RAN(usocket_listen, i, 0, 0, (s, (int)any(300) - 2)); usocket_getsockname(s, &known[any(4)]); break;
        case 10: case 11: case 12: RAN(usocket_accept_by, i, j, 0, (s, &socks[j], any(2) ? &a : NULL, deadline)); usocket_settimeout(&socks[j], 0); break;
        case 13: case 14: case 15: case 16: RAN(usocket_connect_by, i, a.family, a.port, (s, &a, deadline)); break;
        case 17: RAN(usocket_connect_wait, i, 0, 0, (s, deadline)); break;
        case 18: case 19: RAN(usocket_shutdown, i, what, 0, (s, (int)any(5) - 1)); break;
        case 20: RAN(usocket_getpeername, i, 0, 0, (s, &a)); break;
        case 21: RAN(usocket_getsockname, i, 0, 0, (s, &a)); break;
        case 22: case 23: case 24: c_option(i, true); break;
        case 25: case 26: c_option(i, false); break;
        case 27: c_given_away(i); break;
        case 28:
            j = some_socket();
            if (i != big && j != big) {
                RAN(usocket_share, i, j, 0, (s, &socks[j]));
            }
            break;
        case 29: case 30: RAN(usocket_poll, i, 0, 0, (s, (int)any(4), deadline)); break;
        default: c_data(i, any(12)); break;
    }
}

/* ---- Sequences ------------------------------------------------------------------------------------------------------ */

static void close_all(void) {
    for (unsigned i = 0; i < SOCKETS; i++) {
        RAN(usocket_close, i, 0, 0, (&socks[i]));
        assert_code(0, usocket_close(&socks[i]));
        assert_int_equal(-1, usocket_fileno(&socks[i]));
    }
}

static bool differs_for(const lwip_census_t *before, lwip_census_t *now, int ms) {
    *now = lwip_census();
    for (int i = 0; i < ms / 10 && memcmp(now, before, sizeof *now) != 0; i++) {
        fx_sleep(10 * MS);
        *now = lwip_census();
    }
    return memcmp(now, before, sizeof *now) != 0;
}

/* Two connections that close may hold the whole heap of a small stack, and neither can send its FIN then. */
static void expect_nothing_left(const lwip_census_t *before) {
    lwip_census_t c;
    if (differs_for(before, &c, 3000)) {
        lwip_end_closing();
    }
    if (differs_for(before, &c, 60000)) {
        print_error("netconns %d tcp %d listening %d udp %d raw %d netbufs %d segments %d pbufs %d pool %d netdb %d heap %d (%d before)\n", c.netconns,
            c.tcp, c.tcp_listen, c.udp, c.raw, c.netbufs, c.segments, c.pbufs, c.pool_pbufs, c.netdb, c.heap, before->heap);
        print_error("TEST_SEED=%llu or one before it\n%s", (unsigned long long)seed, trace);
        lwip_show();
        fail();
    }
}

static unsigned long setting(const char *name, unsigned long otherwise) {
    const char *text = getenv(name);
    return text != NULL ? strtoul(text, NULL, 10) : otherwise;
}

/* Raw control blocks that a port keeps once a datagram socket has been connected. */
static int kept_for_icmp(void) {
    usocket_addr_t a = fx_addr("127.0.0.1", 9);
    usocket_init(&socks[0]);
    assert_code(0, usocket_open(&socks[0], USOCKET_AF_INET, USOCKET_DGRAM, 0));
    assert_code(0, usocket_connect(&socks[0], &a));
    assert_code(0, usocket_close(&socks[0]));
    return lwip_census().raw;
}

static void test_sequences(void **state) {
    (void)state;
    unsigned long count = setting("TEST_SEQUENCES", getenv("TEST_SHORT") ? 300 : getenv("TEST_LONG") ? 100000 : 2000);
    uint64_t first = setting("TEST_SEED", (unsigned long)fx_now() * 7919u);
    lwip_census_t before;
    memset(&before, 0, sizeof before);
    before.raw = kept_for_icmp();
    print_message("# %lu sequences from TEST_SEED=%llu\n", count, (unsigned long long)first);
    signal(SIGABRT, aborted);
    signal(SIGSEGV, aborted);
    signal(SIGFPE, aborted);
    for (unsigned i = 0; i < SOCKETS; i++) {
        usocket_init(&socks[i]);
    }
    for (unsigned long n = 0; n < count; n++) {
        begin_sequence(first + n);
        for (int i = 0; i < 4; i++) {
            known[i] = fx_addr(i % 2 ? "::1" : "127.0.0.1", 1);
        }
        if (any(2)) {
            c_pair(0, 1);
        }
        for (int i = 0; i < STEPS; i++) {
            step();
            if (!lwip_sane()) {
                aborted(0);
            }
        }
        close_all();
        if (getenv("TEST_TRACE")) {
            print_message("%llu\n%s", (unsigned long long)seed, trace);
        }
        if (n % 10000 == 9999) {
            expect_nothing_left(&before);
        }
    }
    expect_nothing_left(&before);
}

int main(void) {
    const struct CMUnitTest tests[] = { TEST(test_sequences) };
    return RUN(tests);
}
