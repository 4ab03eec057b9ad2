/* An endless flood of datagrams: every DTLS call ends at its deadline, a non-blocking one at once. In the simulator each port call
 * takes time.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include "usocket/port.h"

#include "dtls_meeting.h"

#if FX_SIM
#define LIMIT (50 * MS)
#define LATE (8 * MS)
#define AT_ONCE (8 * MS)
#define COST 50
#else
#define LIMIT (100 * MS)
#define LATE SECOND
#define AT_ONCE (SECOND / 2)
#endif
#define FLOOD (500 * MS)

static usocket_t outsider;  /* a plain socket that floods; closed if the other end of the session floods */
static usocket_t *sock;     /* the socket under test */
static const char *datagram;
static size_t datagram_len;
static bool stop; /* atomic */

static void flooder(void *arg) {
    int handle = usocket_fileno(arg);
    usocket_time_t until = fx_now() + FLOOD;
    for (unsigned n = 0; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE) && fx_now() < until; n++) {
        int32_t r = usocket_port_send(handle, datagram, datagram_len, 0, NULL);
        if (r < 0 || (FX_SIM && n % 8 == 7)) {
            fx_sleep(100);
        }
    }
}

static char buf[4096];

static int c_recv(usocket_time_t deadline) {
    return usocket_recv_by(sock, buf, sizeof buf, 0, NULL, deadline);
}

static int c_send(usocket_time_t deadline) {
    return usocket_send_by(sock, "x", 1, 0, NULL, deadline);
}

static int c_poll(usocket_time_t deadline) {
    int r = usocket_poll(sock, USOCKET_POLL_IN, deadline);
    return r != 0 ? r : deadline == USOCKET_NOW ? USOCKET_EAGAIN : USOCKET_ETIMEDOUT;
}

static int c_readable(usocket_time_t deadline) {
    return usocket_readable_by(sock, deadline);
}

static int c_writable(usocket_time_t deadline) {
    return usocket_writable_by(sock, deadline);
}

static int c_handshake(usocket_time_t deadline) {
    return usocket_tls_handshake_by(sock, deadline);
}

static int c_accept(usocket_time_t deadline) {
    usocket_t conn = USOCKET_CLOSED;
    int r = usocket_accept_by(sock, &conn, NULL, deadline);
    usocket_close(&conn);
    return r;
}

struct call {
    const char *name;
    int (*run)(usocket_time_t deadline);
};
#define CALL(name) { #name, c_##name }

#define FLOOD_OF(name, bytes) { name, bytes, sizeof bytes - 1 }
static const struct flood {
    const char *name, *bytes;
    size_t len;
} floods[] = {
    FLOOD_OF("junk", "nothing that DTLS knows"),
    FLOOD_OF("one byte", "\x16"),
    FLOOD_OF("warnings", "\x15\xfe\xfd\0\0\0\0\0\0\0\0\0\2\1\x5a"),
    FLOOD_OF("change_cipher_spec", "\x14\xfe\xfd\0\0\0\0\0\0\0\0\0\1\1"),
    FLOOD_OF("data", "\x17\xfe\xfd\0\1\0\0\0\0\0\1\0\4abcd"),
    FLOOD_OF("pieces of a hello", "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x10\1\0\1\0\0\0\0\0\0\0\0\4abcd"),
    FLOOD_OF("hellos",
        "\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x36\1\0\0\x2a\0\0\0\0\0\0\0\x2a\xfe\xfd"
        "0123456789abcdef0123456789abcdef\0\0\0\2\xc0\x2b\1\0"),
};

/* Make a call, once with a deadline and once non-blocking. */
static void drive(const struct flood *f, const struct call *c, usocket_t *from) {
    datagram = f->bytes;
    datagram_len = f->len;
    for (int waits = 0; waits < 2; waits++) {
        stop = false;
        fx_go(flooder, from);
        fx_control(&stop);
        fx_sleep(2 * MS);
#if FX_SIM
        sim_cost(COST);
#endif
        usocket_time_t start = fx_now();
        usocket_time_t deadline = waits ? start + LIMIT : USOCKET_NOW;
        int r = c->run(deadline);
        usocket_time_t took = fx_now() - start;
#if FX_SIM
        sim_cost(0);
#endif
        __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
        fx_join();
        bool done = r >= 0 || r == USOCKET_ETLS_PROTOCOL; /* it returned data, or the flood ended an unprotected handshake */
        if (took > (waits ? LIMIT + LATE : AT_ONCE) + 2 * fx_stalled() || (!done && r != (waits ? USOCKET_ETIMEDOUT : USOCKET_EAGAIN)) ||
            (r == USOCKET_ETIMEDOUT && took < LIMIT)) {
            print_error("%s under %s (%s): %d after %lld us\n", c->name, f->name, waits ? "deadline" : "non-blocking", r, (long long)took);
            fail();
        }
    }
}

#define EACH_FLOOD(f) for (const struct flood *f = floods; f < floods + sizeof floods / sizeof *floods; f++)

static void test_listener(void **state) {
    (void)state;
    static const struct call calls[] = { CALL(accept), CALL(poll) };
    listen_with(&plain_server);
    sock = &listener;
    assert_ok(usocket_open(&outsider, USOCKET_AF_INET, USOCKET_DGRAM, 0));
    assert_ok(usocket_connect_by(&outsider, &at, soon()));
    EACH_FLOOD(f) {
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
            drive(f, &calls[i], &outsider);
        }
    }
    usocket_close(&outsider);
}

static void test_client_begins(void **state) {
    (void)state;
    static const struct call calls[] = { CALL(handshake), CALL(recv), CALL(send), CALL(poll), CALL(readable), CALL(writable) };
    EACH_FLOOD(f) {
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
            usocket_addr_t where = fx_addr("127.0.0.1", 0);
            assert_ok(usocket_open(&outsider, USOCKET_AF_INET, USOCKET_DGRAM, 0));
            assert_ok(usocket_bind(&outsider, &where));
            assert_ok(usocket_getsockname(&outsider, &where));
            assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_DGRAM, USOCKET_PROTO_SEC));
            assert_ok(tls_set(&client, &plain_client));
            assert_code(USOCKET_EINPROGRESS, usocket_connect_by(&client, &where, USOCKET_NOW));
            assert_ok(usocket_getsockname(&client, &where));
            assert_ok(usocket_connect_by(&outsider, &where, USOCKET_NOW));
            sock = &client;
            drive(f, &calls[i], &outsider);
            usocket_close(&client);
            usocket_close(&outsider);
        }
    }
}

static void test_open(void **state) {
    (void)state;
    static const struct call calls[] = { CALL(recv), CALL(send), CALL(poll), CALL(readable) };
    listen_with(&plain_server);
    stand(&plain_client);
    for (int serving = 0; serving < 2; serving++) {
        sock = serving ? &server : &client;
        EACH_FLOOD(f) {
            for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
                drive(f, &calls[i], serving ? &client : &server);
            }
        }
    }
}

int main(void) {
    warm_up();
    usocket_init(&outsider);
    const struct CMUnitTest tests[] = { DTLS(test_listener), DTLS(test_client_begins), DTLS(test_open) };
    return RUN(tests);
}
