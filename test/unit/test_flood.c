/* A peer that never stops sending: every call ends at its deadline, a non-blocking one at once; close and the interrupt hook take effect.
 * In the simulator each port call takes time, and the peer is faster than the program.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "fixture.h"

#if USOCKET_TLS
#include "../../src/mbedtls/mbed.h"
#include "../../src/tls/tls_state.h"
#include "tls_fixture.h"
int mbedtls_ssl_write_record(mbedtls_ssl_context *ssl, int force_flush);
int mbedtls_ssl_flush_output(mbedtls_ssl_context *ssl);
#else
#include "usocket/port.h"
#define USOCKET_ETLS_PROTOCOL 1
#endif

#if FX_SIM
#define LIMIT (50 * MS)
#define FLOOD (500 * MS)
#define LATE (8 * MS)
#define AT_ONCE (8 * MS)
#define COST 50
#else
static usocket_time_t slower = 1; /* slowdown of the program under valgrind */
#define LIMIT (100 * MS)
#define FLOOD (slower * 3 * SECOND)
#define LATE (slower * SECOND)
#define AT_ONCE (slower * SECOND / 2)
#endif

static usocket_t sock, peer, listener;
static bool stop;             /* atomic */
static usocket_time_t closed; /* time at which another thread has closed sock */

/* ---- Floods --------------------------------------------------------------------------------------------------------- */

struct flood {
    const char *name;
    const char *bytes; /* sent repeatedly */
    size_t len;
    int type; /* type of a record to encrypt; 0: the bytes are sent as they are */
};

static const char zeros[4096];
#define RAW(name, bytes) { name, bytes, sizeof bytes - 1, 0 }
#define RECORD(name, type, bytes) { name, bytes, sizeof bytes - 1, type }
static const struct flood plain[] = { { "bytes", zeros, sizeof zeros, 0 } };

static const struct flood *flood;
static size_t at, sent; /* position in its bytes; number of records */

static int send_raw(void) {
    int32_t r = usocket_port_send(usocket_fileno(&peer), flood->bytes + at, flood->len - at, 0, NULL);
    at = r > 0 ? (at + (size_t)r) % flood->len : at;
    return r;
}

#if USOCKET_TLS
static int send_record(void) {
    usocket_tls_t *t = peer.tls;
    mbedtls_ssl_context *ssl = &t->e.conn->ssl;
    if (ssl->PRIVATE(out_left) != 0) {
        return mbedtls_ssl_flush_output(ssl);
    }
    bool data = flood->type == 100 && sent % 20 == 0; /* between warnings */
    sent++;
    ssl->PRIVATE(out_msgtype) = data ? 23 : flood->type == 100 ? 21 : flood->type;
    ssl->PRIVATE(out_msglen) = data ? 1 : flood->len;
    memcpy(ssl->PRIVATE(out_msg), data ? "x" : flood->bytes, ssl->PRIVATE(out_msglen));
    return mbedtls_ssl_write_record(ssl, 1);
}
#endif

static void flooder(void *arg) {
    (void)arg;
    usocket_time_t end = fx_now() + FLOOD;
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE) && fx_now() < end) {
        int r;
#if USOCKET_TLS
        r = flood->type ? send_record() : send_raw();
#else
        r = send_raw();
#endif
        if (r < 0) {
            fx_sleep(100);
        }
    }
}

static void closer(void *arg) {
    fx_sleep(LIMIT);
    closed = fx_now();
    if (arg != NULL) { /* as a program's close() does */
        usocket_close_wait(&sock, closed + FLOOD * 2);
    }
    usocket_close(&sock);
}

static usocket_time_t hook_at;
static bool hook(void) {
    return fx_now() >= hook_at;
}

/* ---- Calls ---------------------------------------------------------------------------------------------------------- */

static char buf[4096];

static int c_recv(usocket_time_t deadline) {
    return usocket_recv_by(&sock, buf, sizeof buf, 0, NULL, deadline);
}

static int until(int (*receive)(usocket_t *, void *, size_t, size_t *, usocket_time_t), usocket_time_t deadline) {
    static char block[1 << 20]; /* more than can be received in the time */
    int r = 0;
    for (int i = 0; r == 0 && i < 100000; i++) {
        size_t got = 0;
        r = receive(&sock, block, sizeof block, &got, deadline);
        r = r == 0 && got != sizeof block ? USOCKET_EIO : r;
    }
    return r;
}

static int c_recv_all(usocket_time_t deadline) {
    return until(usocket_recv_all_by, deadline);
}

static int c_recv_line(usocket_time_t deadline) {
    return until(usocket_recv_line_by, deadline);
}

static int c_waitall(usocket_time_t deadline) {
    static char block[1 << 20];
    int r;
    do {
        r = usocket_recv_by(&sock, block, sizeof block, MSG_WAITALL, NULL, deadline);
    } while (r == (int)sizeof block);
    return r;
}

static int c_readable(usocket_time_t deadline) {
    return usocket_readable_by(&sock, deadline);
}

static int c_poll(usocket_time_t deadline) {
    int r = usocket_poll(&sock, USOCKET_POLL_IN, deadline);
    return r == USOCKET_POLL_NVAL ? USOCKET_EBADF : r != 0 ? r : deadline == USOCKET_NOW ? USOCKET_EAGAIN : USOCKET_ETIMEDOUT;
}

#if USOCKET_TLS
static int c_writable(usocket_time_t deadline) {
    return usocket_writable_by(&sock, deadline);
}

static int c_handshake(usocket_time_t deadline) {
    return usocket_tls_handshake_by(&sock, deadline);
}

static int c_send(usocket_time_t deadline) {
    return usocket_send_by(&sock, "x", 1, 0, NULL, deadline);
}

static int c_connect_wait(usocket_time_t deadline) {
    int r = usocket_connect_wait(&sock, deadline);
    return r == USOCKET_EINPROGRESS ? USOCKET_EAGAIN : r;
}
#endif

struct call {
    const char *name;
    int (*run)(usocket_time_t deadline);
};
#define CALL(name) { #name, c_##name }

/* ---- One call under one flood ---------------------------------------------------------------------------------------- */

enum way { DEADLINE, NONBLOCKING, CLOSE, CLOSE_WAIT, HOOK, HOOK_AGAIN, WAYS };
static const char *const ways[] = { "deadline", "non-blocking", "close", "close_wait, close", "hook", "hook, again and again" };

/* A call may end at the deadline, or earlier with a TLS error where the peer's flood is detected. */
static void drive(const struct flood *f, const struct call *c, void (*prepare)(void), bool noticed) {
    for (enum way way = DEADLINE; way < WAYS; way++) {
        bool closes = way == CLOSE || way == CLOSE_WAIT;
        if (closes && !USOCKET_THREADS) {
            continue;
        }
        prepare();
        flood = f;
        at = sent = 0;
#if FX_SIM
        sim_latency(1);
#endif
        stop = false;
        closed = 0;
        fx_go(flooder, NULL);
        fx_control(&stop);
        fx_sleep(2 * MS);
#if FX_SIM
        sim_cost(COST);
#endif
        usocket_time_t start = fx_now();
        usocket_time_t end = start + LIMIT;
        if (closes) {
            fx_go(closer, way == CLOSE ? NULL : &sock);
        } else if (way == HOOK || way == HOOK_AGAIN) {
            hook_at = way == HOOK ? end : start;
            usocket_set_interrupt_hook(hook);
        }
        usocket_time_t deadline = way == NONBLOCKING ? USOCKET_NOW : way == DEADLINE || way == HOOK_AGAIN ? end : start + FLOOD * 2;
        int r = c->run(deadline);
        while (way == HOOK_AGAIN && r == USOCKET_EINTR && fx_now() < start + FLOOD * 2) {
            fx_sleep(100); /* an interpreter runs what was pending, and makes the call again */
            r = c->run(deadline);
        }
        usocket_time_t now = fx_now();
        usocket_set_interrupt_hook(NULL);
#if FX_SIM
        sim_cost(0);
#endif
        __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
        fx_join();
        static const int codes[] = { USOCKET_ETIMEDOUT, USOCKET_EAGAIN, USOCKET_EBADF, USOCKET_EBADF, USOCKET_EINTR, USOCKET_ETIMEDOUT };
        usocket_time_t limit = way == NONBLOCKING ? AT_ONCE : closes ? closed - start + LATE : LIMIT + LATE;
        bool done = r >= 0 || (noticed && r == USOCKET_ETLS_PROTOCOL); /* it returned data or the end of the connection */
        if (now - start > limit + 2 * fx_stalled() || (!done && r != codes[way]) || (r == USOCKET_ETIMEDOUT && now < end)) {
            print_error("%s under %s (%s): %d after %lld us\n", c->name, f->name, ways[way], r, (long long)(now - start));
            fail();
        }
        fx_close(&sock, &peer);
        usocket_close(&listener);
    }
}

static void p_plain(void) {
    fx_streams(&sock, &peer);
}

static void test_plain(void **state) {
    (void)state;
    static const struct call calls[] = { CALL(recv), CALL(recv_all), CALL(recv_line), CALL(waitall), CALL(readable), CALL(poll) };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        drive(&plain[0], &calls[i], p_plain, false);
    }
}

#if USOCKET_TLS

static const struct end client_end = { .ca = pem_root, .host = "host.test" };
static const struct end server_end = { .cert = pem_server, .key = key_server, .cache = 1 };

static void meet(bool handshake, bool serving, int max) {
    usocket_addr_t where = fx_addr("127.0.0.1", 0);
    struct end c = client_end, s = server_end;
    c.max = s.max = max;
    usocket_t *client = serving ? &peer : &sock, *server = serving ? &sock : &peer;
    assert_ok(usocket_open(&listener, USOCKET_AF_INET, USOCKET_STREAM, handshake || serving ? USOCKET_PROTO_SEC : 0));
    if (handshake || serving) {
        assert_ok(tls_set(&listener, &s));
    }
    assert_ok(usocket_bind(&listener, &where));
    assert_ok(usocket_listen(&listener, 4));
    assert_ok(usocket_getsockname(&listener, &where));
    assert_ok(usocket_open(client, USOCKET_AF_INET, USOCKET_STREAM, handshake || !serving ? USOCKET_PROTO_SEC : 0));
    if (handshake || !serving) {
        assert_ok(tls_set(client, &c));
    }
    int r = usocket_connect_by(client, &where, USOCKET_NOW);
    assert_true(r == 0 || r == USOCKET_EINPROGRESS);
    assert_ok(usocket_accept_by(&listener, server, NULL, usocket_deadline_in(20 * SECOND)));
    if (handshake) {
        int a, b;
        tls_shake(client, server, &a, &b);
        assert_ok(a);
        assert_ok(b);
    } else if (serving) {
        assert_ok(usocket_connect_wait(client, usocket_deadline_in(20 * SECOND)));
    }
}

static void p_client_13(void) {
    meet(true, false, 0);
}

static void p_server_13(void) {
    meet(true, true, 0);
}

static void p_client_12(void) {
    meet(true, false, USOCKET_TLS_1_2);
}

static void p_server_12(void) {
    meet(true, true, USOCKET_TLS_1_2);
}

static void p_client_begins(void) {
    meet(false, false, 0);
}

static void p_server_begins(void) {
    meet(false, true, 0);
}

#define TICKET "\4\0\0\23" "\0\0\1\0" "\0\0\0\1" "\1\0" "\0\4" "abcd" "\0\0"

static const struct flood after[] = {
    RECORD("warnings", 21, "\1\x5a"),
    RECORD("warnings with data between", 100, "\1\x5a"),
    RECORD("data", 23, "nothing at all"),
    RECORD("empty records", 23, ""),
    RECORD("tickets", 22, TICKET),
    RECORD("many tickets in a record", 22, TICKET TICKET TICKET TICKET TICKET TICKET TICKET TICKET TICKET TICKET TICKET),
    RECORD("requests for a hello", 22, "\0\0\0\0"),
    RECORD("many requests in a record", 22, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    RAW("change_cipher_spec", "\x14\3\3\0\1\1"),
    RAW("warnings in the clear", "\x15\3\3\0\2\1\x5a"),
};

static const struct flood before[] = {
    RAW("warnings", "\x15\3\3\0\2\1\x5a"),
    RAW("change_cipher_spec", "\x14\3\3\0\1\1"),
    RAW("empty records", "\x17\3\3\0\0"),
    RAW("empty messages", "\x16\3\3\0\0"),
    RAW("requests for a hello", "\x16\3\3\0\4\0\0\0\0"),
};

static void test_open(void **state) {
    (void)state;
    static const struct call calls[] = { CALL(recv), CALL(recv_all), CALL(recv_line), CALL(waitall), CALL(readable), CALL(poll) };
    void (*const meetings[])(void) = { p_client_13, p_server_13, p_client_12, p_server_12 };
    const size_t n = sizeof calls / sizeof *calls;
    for (size_t m = 0; m < 4; m++) {
        for (size_t f = 0; f < sizeof after / sizeof *after; f++) {
            for (size_t c = 0; c < n; c++) {
                if (getenv("TEST_LONG") || c == (f + m) % n) {
                    drive(&after[f], &calls[c], meetings[m], true);
                }
            }
        }
    }
}

static void test_handshake(void **state) {
    (void)state;
    static const struct call calls[] = { CALL(handshake), CALL(recv), CALL(send), CALL(poll), CALL(readable), CALL(writable), CALL(connect_wait) };
    for (size_t m = 0; m < 2; m++) {
        for (size_t f = 0; f < sizeof before / sizeof *before; f++) {
            for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
                drive(&before[f], &calls[c], m ? p_server_begins : p_client_begins, true);
            }
        }
    }
}

#endif

static int begin(void **state) {
#if !FX_SIM
    slower = getenv("TEST_VALGRIND") ? 20 : 1;
#endif
    usocket_init(&sock);
    usocket_init(&peer);
    usocket_init(&listener);
    return fx_begin(state);
}

static int end(void **state) {
    usocket_close(&sock);
    usocket_close(&peer);
    usocket_close(&listener);
#if USOCKET_TLS
    usocket_tls_forget();
#endif
    return fx_end(state);
}
#define FLOODED_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#if USOCKET_TLS
/* mbedTLS allocates a table of keys in its first handshake. */
static void warm_up(void) {
    void *state = NULL;
    begin(&state);
    p_client_13();
    fx_close(&sock, &peer);
    usocket_close(&listener);
}
#endif

int main(void) {
#if USOCKET_TLS
    warm_up();
#endif
    const struct CMUnitTest tests[] = {
        FLOODED_TEST(test_plain),
#if USOCKET_TLS
        FLOODED_TEST(test_open),
        FLOODED_TEST(test_handshake),
#endif
    };
    int failed = RUN(tests);
#if USOCKET_TLS
    tls_tidy();
#endif
    return failed;
}
