/* Random sequences of calls: none reaches an assertion that halts RT-Thread (the look-alike would abort), no call blocks, every
 * result is a known code, and nothing stays open.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "fixture.h"
#include "look.h"
#include "stack.h"
#include "usocket/port.h"

#define SOCKETS 4

static uint64_t seed;

static unsigned dice(unsigned sides) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % sides;
}

static usocket_t s[SOCKETS];
static usocket_addr_t seen[4]; /* addresses that may have a listener */
static const char *trace[64];
static unsigned steps;

static usocket_addr_t any_address(void) {
    static const char *const hosts[] = {"127.0.0.1", "127.0.0.1", "0.0.0.0", "192.0.2.1", "224.0.0.1", "255.255.255.255",
#if USOCKET_IPV6
        "::1", "::", "::ffff:127.0.0.1", "ff02::1",
#endif
    };
    if (dice(3) != 0) {
        return seen[dice(4)];
    }
    static const uint16_t ports[] = {0, 1, 9, 65535};
    usocket_addr_t a = fx_addr(hosts[dice(sizeof hosts / sizeof *hosts)], ports[dice(4)]);
    a.flowinfo = dice(5) == 0 ? dice(1000) : 0;
    a.scope = a.family == USOCKET_AF_INET ? 0 : dice(3);
    return a;
}

static int option(usocket_t *x) {
    static const int levels[] = {SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, IPPROTO_IPV6, IPPROTO_RAW, 1234};
    static const int names[] = {SO_ERROR, SO_TYPE, SO_REUSEADDR, SO_KEEPALIVE, SO_RCVTIMEO, SO_SNDTIMEO, SO_RCVBUF, 0x80,
        0x1001, 0x200, 1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 27, 9999};
    int level = levels[dice(6)], name = names[dice(sizeof names / sizeof *names)];
    uint8_t value[32] = {0};
    size_t len = dice(sizeof value + 1);
    for (size_t i = 0; i < len; i++) {
        value[i] = (uint8_t)(dice(2) ? 0 : dice(256));
    }
    return dice(2) ? usocket_setsockopt(x, level, name, value, len) : usocket_getsockopt(x, level, name, value, &len);
}

/* Open a listener. */
static int serve(usocket_t *x) {
    usocket_addr_t a = fx_addr("127.0.0.1", 0);
    bool stream = dice(3) != 0;
    usocket_close(x);
    int r = usocket_open(x, USOCKET_AF_INET, stream ? USOCKET_STREAM : USOCKET_DGRAM, 0);
    r = r == 0 ? usocket_bind(x, &a) : r;
    r = r == 0 && stream ? usocket_listen(x, 1) : r;
    if (r == 0 && usocket_getsockname(x, &a) == 0) {
        seen[dice(4)] = a;
    }
    return r;
}

static unsigned connections, transfers;

static int step(void) {
    static char buf[70000];
    usocket_t *x = &s[dice(SOCKETS)], *y = &s[dice(SOCKETS)];
    usocket_addr_t a = any_address(), got;
    usocket_time_t soon = dice(8) == 0 ? usocket_deadline_in(1000) : USOCKET_NOW;
    static const int flags[] = {0, 0, 0, MSG_PEEK, MSG_DONTWAIT, MSG_WAITALL, 0x40};
    size_t lengths[] = {0, 1, 10, 5000, sizeof buf};
    size_t len = lengths[dice(5)];
    int32_t r;
#define DO(call) \
    trace[steps % 64] = #call; \
    return (int)(call)
    switch (dice(23)) {
        case 0:
        case 1:
            DO(usocket_open(x, dice(4) ? USOCKET_AF_INET : (int)dice(12), dice(6) ? 1 + (int)dice(2) : (int)dice(5), 0));
        case 2:
            DO(usocket_bind(x, &a));
        case 3:
            DO(usocket_listen(x, (int)dice(4) - 1));
        case 4:
        case 5:
            DO(usocket_accept_by(x, y, dice(2) ? &got : NULL, soon));
        case 6:
        case 7:
            DO(usocket_connect_by(x, &a, soon));
        case 8:
            DO(usocket_connect_wait(x, soon));
        case 9:
        case 10:
            DO(usocket_send_by(x, buf, len, flags[dice(7)], dice(3) ? NULL : &a, soon));
        case 11:
        case 12:
            trace[steps % 64] = "recv";
            r = usocket_recv_by(x, buf, len, flags[dice(7)], dice(2) ? &got : NULL, soon);
            transfers += r > 0;
            return r;
        case 13:
            DO(usocket_shutdown(x, (int)dice(4)));
        case 14:
            DO(usocket_close(x));
        case 15:
            trace[steps % 64] = "getsockname";
            r = usocket_getsockname(x, &got);
            if (r == 0 && got.port != 0) {
                seen[dice(4)] = got;
            }
            return r;
        case 16:
            DO(usocket_getpeername(x, &got));
        case 17:
            DO(option(x));
        case 18:
            trace[steps % 64] = "poll";
            return usocket_poll(x, (int)dice(4), soon) & 0;
        case 19:
        case 20:
            DO(serve(x));
        case 21:
            trace[steps % 64] = "connect and wait";
            r = usocket_connect_by(x, &a, usocket_deadline_in(MS));
            connections += r == 0;
            return r;
        default:
            trace[steps % 64] = "detach and adopt";
            r = usocket_detach(x);
            if (r >= 0 && usocket_adopt(y, r, -1, -1, -1) < 0) {
                usocket_close_fd(r);
            }
            return r;
    }
}

static void sequence(uint64_t number) {
    seed = number * 0x9e3779b97f4a7c15u + 1;
    for (int i = 0; i < 4; i++) {
        seen[i] = fx_addr("127.0.0.1", 0);
    }
    unsigned length = 10 + dice(50);
    if (!look.at && dice(2)) {
        fx_connect(&s[0], &s[1]);
    }
    for (steps = 0; steps < length; steps++) {
        look.up = dice(100) != 0;
        look.link = dice(60) != 0;
        look.address = dice(60) != 0;
        usocket_time_t since = fx_now();
        int r = step();
        look.up = look.link = look.address = true;
        if (fx_now() - since > fx_limit(20 * SECOND) || (r < 0 && strcmp(usocket_errname(r), "E?") == 0)) {
            fail_msg("sequence %llu, step %u (%s): %d", (unsigned long long)number, steps, trace[steps % 64], r);
        }
    }
    for (int i = 0; i < SOCKETS; i++) {
        assert_ok(usocket_close(&s[i]));
    }
    for (int i = 0; i < 300 && look.open != 0; i++) {
        fx_sleep(10 * MS); /* a connecting socket is closed by its thread */
    }
    if (look.open != 0) {
        fail_msg("sequence %llu leaves %d open", (unsigned long long)number, look.open);
    }
}

static void run(int some) {
    for (int i = 0; i < SOCKETS; i++) {
        usocket_init(&s[i]);
    }
    uint64_t n = (uint64_t)(getenv("TEST_LONG") ? some * 50 : getenv("TEST_SHORT") ? some / 2 : some);
    const char *one = getenv("SEQUENCE");
    if (one) {
        sequence(strtoull(one, NULL, 0));
        return;
    }
    for (uint64_t i = 0; i < n; i++) {
        sequence(i);
    }
    print_message("# %u connections, %u receives with data\n", connections, transfers);
}

static void test_sequences(void **state) {
    (void)state;
    look.at = false;
    run(1500);
    assert_true(connections > 40 && transfers > 10); /* the sequences reach connections and transfers */
}

static void test_sequences_at(void **state) {
    (void)state;
    look.at = true;
    look.dial_ms = 0;
    run(4); /* closing takes 100 ms on this stack */
    look.at = false;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_sequences), TEST(test_sequences_at),
    };
    return RUN(tests);
}
