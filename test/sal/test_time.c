/* A clock with ticks of 10 ms and a counter that wraps around.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"
#include "look.h"
#include "usocket/port.h"

/* Receive with a timeout, measured by the host's finer clock. */
static int64_t receive_for(usocket_t *s, usocket_time_t timeout) {
    char c;
    int64_t begin = look_time();
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(s, &c, 1, 0, NULL, usocket_deadline_in(timeout)));
    return look_time() - begin;
}

static void test_never_early(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    fx_udp(&s, USOCKET_AF_INET);
    static const int timeouts[] = {1, 500, 1000, 9999, 10000, 10001, 25000, 50000, 51000, 99999, 123456};
    int64_t least_late = INT64_MAX;
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
            fx_sleep((round * 2711 + (int)i * 1217) % 10000); /* anywhere within a tick */
            int64_t took = receive_for(&s, timeouts[i]);
            if (took < timeouts[i] || took > fx_limit(timeouts[i])) {
                fail_msg("%d us took %lld", timeouts[i], (long long)took);
            }
            least_late = took - timeouts[i] < least_late ? took - timeouts[i] : least_late;
        }
    }
    assert_true(least_late < 30 * MS); /* a little more than two ticks */
    assert_ok(usocket_close(&s));
}

static void test_never_early_with_hook(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    fx_udp(&s, USOCKET_AF_INET);
    fx_signal_in(3600 * SECOND); /* a hook that always returns false: waits are sliced */
    for (int i = 0; i < 12; i++) {
        fx_sleep(i * 877 % 10000);
        int timeout = 50000 + i * 1900;
        int64_t took = receive_for(&s, timeout);
        if (took < timeout) {
            fail_msg("%d us took %lld", timeout, (long long)took);
        }
    }
    assert_ok(usocket_close(&s));
}

static void test_wrap(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    usocket_addr_t at = fx_udp(&s, USOCKET_AF_INET);
    uint32_t now = (uint32_t)(look_time() / 10000);
    look.tick_base = (uint32_t)(0u - now - 12); /* it wraps in 120 ms */
    usocket_time_t before = usocket_port_now();
    int64_t took = receive_for(&s, 300 * MS);
    usocket_time_t after = usocket_port_now();
    assert_true(took >= 300 * MS && took < fx_limit(5 * SECOND));
    assert_true(after - before >= 300 * MS - 10 * MS && after - before < fx_limit(5 * SECOND));
    assert_true(after > (usocket_time_t)UINT32_MAX * 10000); /* more than 32 bits of ticks */
    assert_code(1, usocket_send_by(&s, "x", 1, 0, &at, usocket_deadline_in(SECOND)));
    char c;
    assert_code(1, usocket_recv_by(&s, &c, 1, 0, NULL, usocket_deadline_in(SECOND)));
    for (int i = 0; i < 1000; i++) {
        usocket_time_t t = usocket_port_now();
        assert_true(t >= after);
        after = t;
    }
    assert_ok(usocket_close(&s));
}

/* Ctrl-C: the hook is called in time. */
static void test_interrupt(void **state) {
    (void)state;
    usocket_t s = USOCKET_CLOSED;
    char c;
    fx_udp(&s, USOCKET_AF_INET);
    for (int i = 0; i < 5; i++) {
        usocket_time_t since = fx_now();
        fx_signal_in(70 * MS);
        assert_code(USOCKET_EINTR, usocket_recv_by(&s, &c, 1, 0, NULL, USOCKET_NEVER));
        assert_true(fx_now() - since < fx_limit(170 * MS));
        fx_join();
    }
    assert_ok(usocket_close(&s));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_never_early), TEST(test_never_early_with_hook), TEST(test_interrupt), TEST(test_wrap),
    };
    return RUN(tests);
}
