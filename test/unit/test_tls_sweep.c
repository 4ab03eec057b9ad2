/* The failure loop of sweep.h over whole TLS sessions, and sessions over connections that buffer 1, 2, 3 ... bytes.
 *
 * Handshakes take milliseconds, so a quick run of the longer sessions uses one code for each call and only some of the calls and allocations.
 * TEST_LONG uses all codes and every TEST_STRIDEth call or allocation (1: all); TEST_PHASE, or the day, chooses the first one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "sweep.h"
#include "tls_fixture.h"

#define client s[1]
#define server s[2]

static struct end client_end, server_end;

static void prepare(void) {
    with_tls = true;
    client_end = (struct end){ .ca = pem_root, .host = "host.test" };
    server_end = (struct end){ .cert = pem_server, .key = key_server };
}

static void tidy(void) {
    usocket_tls_forget();
}

static bool set(usocket_t *sock, const struct end *e) {
    return check("usocket_setsockopt", tls_set(sock, e)) == 0;
}

/* Connect a client to a listener over TCP and set the TLS options of both. */
static bool meet(void) {
    usocket_addr_t at = { .family = USOCKET_AF_INET, .u.ip = { 127, 0, 0, 1 } }, peer;
    int r;
    if (!opened(CALL(open, &s[0], USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC), &s[0]) || !set(&s[0], &server_end)
        || CALL(bind, &s[0], &at) != 0 || CALL(listen, &s[0], 2) != 0 || CALL(getsockname, &s[0], &at) != 0
        || !opened(CALL(open, &client, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC), &client) || !set(&client, &client_end)) {
        return false;
    }
    r = CALL(connect_by, &client, &at, USOCKET_NOW);
    if (r != USOCKET_EINPROGRESS && r != 0) {
        return false;
    }
    AGAIN(r, CALL(accept_by, &s[0], &server, &peer, soon()));
    return opened(r, &server);
}

/* Step both ends without waiting while the clock advances; in each round one of them must make progress or fail. */
static void together(int (*one)(usocket_t *), int (*other)(usocket_t *)) {
    int a = USOCKET_EAGAIN, b = USOCKET_EAGAIN;
    for (int i = 0; i < 4000 && (a == USOCKET_EAGAIN || b == USOCKET_EAGAIN || a == USOCKET_EINTR || b == USOCKET_EINTR); i++) {
        if (a == USOCKET_EAGAIN || a == USOCKET_EINTR) {
            a = one(&client);
        }
        if (b == USOCKET_EAGAIN || b == USOCKET_EINTR) {
            b = other(&server);
        }
        if ((a < 0 && a != USOCKET_EAGAIN) || (b < 0 && b != USOCKET_EAGAIN)) {
            i += 500; /* the remaining end may not notice */
        }
        sim_sleep(100);
    }
    CLEAN(a >= 0 && b >= 0);
}

static int shake(usocket_t *sock) {
    return CALL(tls_handshake_by, sock, USOCKET_NOW);
}

static char in[2000];
static const char out[2000] = "out";

static int send_some(usocket_t *sock) {
    return CALL(send_by, sock, out, sizeof out, 0, NULL, USOCKET_NOW);
}

static int recv_some(usocket_t *sock) {
    return CALL(recv_by, sock, in, sizeof in, 0, NULL, USOCKET_NOW);
}

static int shut(usocket_t *sock) {
    usocket_settimeout(sock, 0);
    return CALL(shutdown, sock, USOCKET_SHUT_WR);
}

static int poll_in(usocket_t *sock) {
    int r = CALL(poll, sock, USOCKET_POLL_IN, USOCKET_NOW);
    return r == 0 ? USOCKET_EAGAIN : r;
}

static void session(void) {
    char der[1000], words[USOCKET_TLS_WORDS];
    size_t len = sizeof der;
    if (!meet()) {
        return;
    }
    together(shake, shake);
    together(send_some, recv_some);
    together(recv_some, send_some);
    CALL(pending, &client);
    CALL(getsockopt, &client, USOCKET_SOL_TLS, USOCKET_TLS_PEER_CERT, der, &len);
    CALL(tls_why, &client, NULL, words);
    together(shut, poll_in);
    together(recv_some, send_some);
    CALL(readable_by, &server, soon());
    CALL(recv_by, &server, in, 1, 0, NULL, soon());
    CALL(tls_unwrap_by, &client, soon());
}

static void psk(void) {
    client_end = server_end = (struct end){ .psk = "0123456789abcdef", .max = USOCKET_TLS_1_2, .suites = "TLS_PSK_WITH_AES_128_GCM_SHA256" };
    session();
}

static void version_12(void) {
    client_end.max = USOCKET_TLS_1_2;
    client_end.alpn = server_end.alpn = "h2";
    session();
}

static void newest(void) {
    session();
}

static void both_certificates(void) {
    client_end.cert = pem_client;
    client_end.key = key_client;
    server_end.ca = pem_root;
    server_end.verify = 1 + 2;
    session();
}

static void small_fragments(void) {
    client_end.fragment = 512;
    session();
}

static void resumed(void) {
    client_end.cache = server_end.cache = 1;
    client_end.max = USOCKET_TLS_1_2;
    client_end.suites = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    if (!meet()) {
        return;
    }
    usocket_addr_t at;
    together(shake, shake);
    together(send_some, recv_some);
    CALL(close_wait, &client, soon());
    CALL(close, &client);
    CALL(drop, &server);
    int r;
    if (CALL(getsockname, &s[0], &at) == 0 && opened(CALL(open, &client, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC), &client)
        && set(&client, &client_end)) {
        r = CALL(connect_by, &client, &at, USOCKET_NOW);
        if (r == USOCKET_EINPROGRESS || r == 0) {
            AGAIN(r, CALL(accept_by, &s[0], &server, NULL, soon()));
            if (opened(r, &server)) {
                together(shake, shake);
            }
        }
    }
}

static int admit(usocket_t *sock) {
    return usocket_fileno(sock) < 0 ? CALL(accept_by, &s[0], sock, NULL, USOCKET_NOW) : shake(sock);
}

static void datagrams(void) {
    usocket_addr_t at = { .family = USOCKET_AF_INET, .u.ip = { 127, 0, 0, 1 } };
    client_end = server_end = (struct end){ .psk = "0123456789abcdef", .suites = "TLS_PSK_WITH_AES_128_GCM_SHA256" };
    if (opened(CALL(open, &s[0], USOCKET_AF_INET, USOCKET_DGRAM, USOCKET_PROTO_SEC), &s[0]) && set(&s[0], &server_end)
        && CALL(bind, &s[0], &at) == 0 && CALL(listen, &s[0], 2) == 0 && CALL(getsockname, &s[0], &at) == 0
        && opened(CALL(open, &client, USOCKET_AF_INET, USOCKET_DGRAM, USOCKET_PROTO_SEC), &client) && set(&client, &client_end)) {
        int r = CALL(connect_by, &client, &at, USOCKET_NOW);
        if (r != USOCKET_EINPROGRESS) {
            return;
        }
        bool was = faulty;
        faulty = true; /* the first part ends when the server has a socket */
        together(shake, admit);
        faulty = was;
        together(shake, shake);
        together(send_some, recv_some);
        together(recv_some, send_some);
        CALL(poll, &s[0], USOCKET_POLL_IN, USOCKET_NOW);
        CALL(close, &client);
        AGAIN(r, CALL(recv_by, &server, in, sizeof in, 0, NULL, soon()));
        CLEAN(r == 0);
    }
}

/* The client must reject the server. */
static void untrusted(void) {
    bool was = faulty;
    client_end.host = "other.test";
    faulty = true; /* `together` must not require success */
    session();
    faulty = was;
    CLEAN(usocket_tls_why(&client, NULL, in) == 0 && strstr(in, "not other.test") != NULL);
}

static const struct scenario scenarios[] = { S(psk), S(version_12), S(newest), S(both_certificates), S(small_fragments), S(resumed), S(untrusted),
    S(datagrams),
};

static unsigned setting(const char *name, unsigned otherwise) {
    const char *text = getenv(name);
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void test_tls_scenario(void **state) {
    const struct scenario *which = *state;
    bool all = getenv("TEST_LONG") != NULL;
    bool cheap = which->run == psk || which->run == datagrams; /* these use no public keys */
    brief = !all && which->run != psk;
    step = all ? setting("TEST_STRIDE", 1) : cheap ? (getenv("TEST_SHORT") ? 3 : 1) : getenv("TEST_SHORT") ? 211 : 17;
    test_scenario(state);
}

/* ---- Rings -------------------------------------------------------------------------------------------------------- */

static void ring(size_t size, bool first) {
    trouble[0] = 0;
    scenario = "ring";
    faulty = false;
    sim_begin();
    sim_latency(1);
    prepare();
    for (size_t i = 0; i < sizeof s / sizeof *s; i++) {
        usocket_init(&s[i]);
    }
    sim_buffers(size, size);
    if (size % 2) {
        client_end.max = USOCKET_TLS_1_2;
    }
    size_t sent = 0, got = 0;
    if (meet()) {
        int c = USOCKET_EAGAIN, d = USOCKET_EAGAIN;
        for (long i = 0; i < 200000 && got < sizeof out; i++) {
            if (c == USOCKET_EAGAIN) {
                c = shake(&client);
            }
            if (d == USOCKET_EAGAIN) {
                d = shake(&server);
            }
            if (c == 0 && sent < sizeof out) {
                int32_t r = CALL(send_by, &client, out + sent, sizeof out - sent, 0, NULL, USOCKET_NOW);
                sent += r > 0 ? (size_t)r : 0;
            } else if (c == 0) {
                CALL(poll, &client, USOCKET_POLL_OUT, USOCKET_NOW); /* sends the pending rest */
            }
            if (d == 0) {
                int32_t r = CALL(recv_by, &server, in + got, sizeof in - got, 0, NULL, USOCKET_NOW);
                got += r > 0 ? (size_t)r : 0;
            }
            sim_sleep(2);
        }
    }
    NEED(got == sizeof out && memcmp(in, out, sizeof out) == 0);
    close_all();
    usocket_tls_forget();
    bool drained = sim_drain();
    sim_census_t c = sim_census();
    NEED(drained && !c.handles && (!c.allocations || first) && !c.actors && !c.misuses);
    if (trouble[0]) {
        print_error("a ring of %zu bytes: %s\n", size, trouble);
        fail();
    }
}

static void test_rings(void **state) {
    (void)state;
    bool all = getenv("TEST_LONG") != NULL;
    unsigned each = all ? setting("TEST_STRIDE", 1) : 1;
    for (size_t size = 1 + phase % each; size <= (all ? 700 : 24); size += each) {
        ring(size, false);
    }
    for (size_t size = 40; size <= 40000; size += size / 2 + 1) {
        ring(size, false);
    }
}

int main(int argc, char **argv) {
    const char *only = argc > 1 ? argv[1] : NULL; /* one scenario */
    if (getenv("TEST_LONG") != NULL) {
        phase = setting("TEST_PHASE", (unsigned)(time(NULL) / 86400));
        print_message("# TEST_PHASE=%u TEST_STRIDE=%u\n", phase, setting("TEST_STRIDE", 1));
    }
    ring(5000, true); /* mbedTLS allocates a table of keys in its first handshake */
    if (only != NULL) {
        cmocka_set_test_filter(only);
    }
    const struct CMUnitTest rings[] = { cmocka_unit_test(test_rings) };
    return cmocka_run_group_tests_name("rings", rings, NULL, NULL) + sweep_all("sweep", scenarios, sizeof scenarios / sizeof *scenarios, test_tls_scenario);
}
