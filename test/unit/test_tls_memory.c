/* Measures heap and stack of a TLS connection against limits: the heap at the peak of the handshake, when idle and during a transfer. The port
 * counts all allocations, including mbedTLS's, for each end. Credentials and CA certificates are shared and counted separately.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdlib.h>

#include "tls_fixture.h"

#define KIB 1024
enum { CREDENTIALS, CLIENT, SERVER };

static usocket_t listener = USOCKET_CLOSED, client = USOCKET_CLOSED, server = USOCKET_CLOSED;

static usocket_time_t soon(void) {
    return usocket_deadline_in(20 * SECOND);
}

struct cost {
    size_t handshake, idle, transfer;
};

/* Measure both ends of a connection that transfers `len` bytes in each direction. */
static void measure(const struct end *c, const struct end *s, size_t len, struct cost cost[3]) {
    usocket_addr_t at = fx_addr("127.0.0.1", 0);
    sim_begin();
    assert_ok(usocket_open(&listener, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&listener, s));
    assert_ok(usocket_bind(&listener, &at));
    assert_ok(usocket_listen(&listener, 4));
    assert_ok(usocket_getsockname(&listener, &at));
    assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&client, c));
    usocket_connect_by(&client, &at, USOCKET_NOW);
    sim_heap_owner(SERVER);
    assert_ok(usocket_accept_by(&listener, &server, NULL, soon()));
    int r[3] = { 0, USOCKET_EAGAIN, USOCKET_EAGAIN };
    for (int i = 0; i < 10000 && (r[CLIENT] == USOCKET_EAGAIN || r[SERVER] == USOCKET_EAGAIN); i++) {
        for (int who = CLIENT; who <= SERVER; who++) {
            sim_heap_owner(who);
            if (r[who] == USOCKET_EAGAIN) {
                r[who] = usocket_tls_handshake_by(who == CLIENT ? &client : &server, USOCKET_NOW);
            }
        }
        fx_sleep(200);
    }
    assert_ok(r[CLIENT]);
    assert_ok(r[SERVER]);
    for (int who = CLIENT; who <= SERVER; who++) {
        cost[who].handshake = sim_heap(who).peak;
        cost[who].idle = sim_heap(who).live;
    }
    sim_heap_again();
    char *bytes = malloc(len), *in = malloc(len);
    memset(bytes, 'm', len);
    for (int way = 0; way < 2; way++) {
        usocket_t *from = way ? &server : &client, *to = way ? &client : &server;
        size_t sent = 0, got = 0;
        for (int i = 0; i < 100000 && got < len; i++) {
            sim_heap_owner(way ? SERVER : CLIENT);
            int32_t n = sent < len ? usocket_send_by(from, bytes + sent, len - sent, 0, NULL, USOCKET_NOW) : 0;
            sent += n > 0 ? (size_t)n : 0;
            usocket_poll(from, USOCKET_POLL_OUT, USOCKET_NOW);
            sim_heap_owner(way ? CLIENT : SERVER);
            n = usocket_recv_by(to, in + got, len - got, 0, NULL, USOCKET_NOW);
            got += n > 0 ? (size_t)n : 0;
            fx_sleep(200);
        }
        assert_int_equal(len, got);
        assert_memory_equal(bytes, in, len);
    }
    free(bytes);
    free(in);
    for (int who = CLIENT; who <= SERVER; who++) {
        cost[who].transfer = sim_heap(who).peak;
    }
    usocket_close(&client);
    usocket_close(&server);
    usocket_close(&listener);
    usocket_tls_forget();
    sim_drain();
}

static void check(const char *what, const struct end *c, const struct end *s, size_t handshake, size_t idle) {
    struct cost cost[3];
    measure(c, s, 30000, cost);
    assert_int_equal(0, sim_heap(CLIENT).live);
    assert_int_equal(0, sim_heap(SERVER).live);
    fprintf(stderr, "# %-48s client: handshake %6zu, idle %6zu, transfer %6zu; server: handshake %6zu, idle %6zu, transfer %6zu bytes\n", what,
        cost[CLIENT].handshake, cost[CLIENT].idle, cost[CLIENT].transfer, cost[SERVER].handshake, cost[SERVER].idle, cost[SERVER].transfer);
    if (cost[CLIENT].handshake > handshake || cost[CLIENT].idle > idle || cost[CLIENT].transfer > handshake) {
        print_error("%s: more than %zu and %zu\n", what, handshake, idle);
        fail();
    }
}

static const struct end plain_client = { .ca = pem_root, .host = "host.test" };
static const struct end ecdsa = { .cert = pem_server, .key = key_server }, rsa = { .cert = pem_rsa, .key = key_rsa };

static void test_fragment(void **state) {
    (void)state;
    struct end c = plain_client;
    c.fragment = 2048;
    check("fragment 2048, ECDSA", &c, &ecdsa, 24 * KIB, 8 * KIB);
    check("fragment 2048, RSA", &c, &rsa, 24 * KIB, 8 * KIB);
    static const char *const kinds[] = { "AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256", "AES_256_CCM",
        "AES_256_CBC_SHA384" };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char suites[80], what[80];
        snprintf(suites, sizeof suites, "TLS_ECDHE_ECDSA_WITH_%s", kinds[i]);
        c.suites = suites;
        snprintf(what, sizeof what, "fragment 2048, %s, ECDSA", kinds[i]);
        check(what, &c, &ecdsa, 24 * KIB, 9 * KIB);
        if (strstr(kinds[i], "CCM") != NULL) {
            continue; /* not available with RSA */
        }
        snprintf(suites, sizeof suites, "TLS_ECDHE_RSA_WITH_%s", kinds[i]);
        snprintf(what, sizeof what, "fragment 2048, %s, RSA", kinds[i]);
        check(what, &c, &rsa, 24 * KIB, 9 * KIB);
    }
    c.suites = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    c.fragment = 512;
    check("fragment 512, AES-128-GCM", &c, &ecdsa, 24 * KIB, 6 * KIB);
}

static void test_default(void **state) {
    (void)state;
    struct end c = plain_client;
    check("newest version, ECDSA", &c, &ecdsa, 32 * KIB, 21 * KIB);
    check("newest version, RSA", &c, &rsa, 32 * KIB, 21 * KIB);
    c.max = USOCKET_TLS_1_2;
    check("TLS 1.2, ECDSA", &c, &ecdsa, 28 * KIB, 16 * KIB);
}

/* ---- Stack of a thread that creates both ends, does the handshake, transfers data and closes ---- */

#define STACK (256 * KIB)
#define PAINT 0x5a

struct painted {
    const struct end *client, *server;
    const unsigned char *top; /* upper end of the stack used by `measure` and its callees */
};

static void *run_painted(void *arg) {
    struct painted *p = arg;
    struct cost cost[3];
    p->top = (const unsigned char *)(cost + 3);
    measure(p->client, p->server, 30000, cost);
    return NULL;
}

static void check_stack(const char *what, const struct end *c, const struct end *s, size_t limit) {
    struct painted p = { c, s, NULL };
    void *memory = NULL;
    assert_int_equal(0, posix_memalign(&memory, 4096, STACK));
    memset(memory, PAINT, STACK);
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    assert_int_equal(0, pthread_attr_setstack(&attr, memory, STACK));
    assert_int_equal(0, pthread_create(&thread, &attr, run_painted, &p));
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
    const unsigned char *lowest = memory; /* the stack grows downwards */
    while (lowest < p.top && *lowest == PAINT) {
        lowest++;
    }
    size_t used = (size_t)(p.top - lowest);
    free(memory);
    fprintf(stderr, "# %-48s stack: %zu bytes\n", what, used);
    if (used > limit) {
        print_error("%s: more than %zu bytes of stack\n", what, limit);
        fail();
    }
}

static void test_stack(void **state) {
    (void)state;
    struct end c = plain_client, both = ecdsa;
    check_stack("newest version, ECDSA", &c, &ecdsa, 6 * KIB);
    check_stack("newest version, RSA", &c, &rsa, 6 * KIB);
    c.max = USOCKET_TLS_1_2;
    check_stack("TLS 1.2, ECDSA", &c, &ecdsa, 6 * KIB);
    check_stack("TLS 1.2, RSA", &c, &rsa, 6 * KIB);
    c.cert = pem_client;
    c.key = key_client;
    both.ca = pem_root;
    both.verify = 1 + 2;
    check_stack("TLS 1.2, certificates of both ends", &c, &both, 6 * KIB);
}

int main(void) {
    struct cost cost[3];
    measure(&plain_client, &ecdsa, 10, cost); /* mbedTLS allocates a table of keys in its first handshake */
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_fragment), cmocka_unit_test(test_default), cmocka_unit_test(test_stack) };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL) != 0;
}
