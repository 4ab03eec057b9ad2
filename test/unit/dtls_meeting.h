/* A DTLS listener and up to three pairs of client and server, set up and torn down around each test of test_dtls.c and test_dtls_way.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DTLS_MEETING_H
#define DTLS_MEETING_H

#include <stdlib.h>

#include "tls_fixture.h"

static usocket_t listener, ends[3][2];
static int pair;              /* index of the current pair */
static void (*pass_on)(void); /* forwards datagrams between the two during the handshake; NULL: not needed */
#define client ends[pair][0]
#define server ends[pair][1]
static usocket_addr_t at;

static const struct end plain_client = { .ca = pem_root, .host = "host.test" };
static const struct end plain_server = { .cert = pem_server, .key = key_server };

static usocket_time_t soon(void) {
    return usocket_deadline_in(100 * SECOND);
}

static int begin(void **state) {
    usocket_init(&listener);
    for (pair = 2; pair >= 0; pair--) {
        usocket_init(&client);
        usocket_init(&server);
    }
    pair = 0;
    pass_on = NULL;
    return fx_begin(state);
}

static int end(void **state) {
    for (pair = 2; pair >= 0; pair--) {
        usocket_close(&client);
        usocket_close(&server);
    }
    usocket_close(&listener);
    usocket_tls_forget();
    return fx_end(state);
}
#define DTLS(name) cmocka_unit_test_setup_teardown(name, begin, end)

static void listen_with(const struct end *e) {
    at = fx_addr("127.0.0.1", 0);
    assert_ok(usocket_open(&listener, USOCKET_AF_INET, USOCKET_DGRAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&listener, e));
    assert_ok(usocket_bind(&listener, &at));
    assert_ok(usocket_getsockname(&listener, &at));
    assert_ok(usocket_listen(&listener, 4));
}

/* Step client and server without waiting until both have a result. The listener accepts a client that returns its cookie. */
static void session(const struct end *c, int *at_client, int *at_server) {
    assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_DGRAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&client, c));
    *at_client = usocket_connect_by(&client, &at, USOCKET_NOW);
    assert_code(USOCKET_EINPROGRESS, *at_client);
    *at_client = *at_server = USOCKET_EAGAIN;
    usocket_time_t give_up = fx_now() + 100 * SECOND;
    while ((*at_client == USOCKET_EAGAIN || *at_server == USOCKET_EAGAIN) && fx_now() < give_up) {
        if (*at_client == USOCKET_EAGAIN) {
            *at_client = usocket_tls_handshake_by(&client, USOCKET_NOW);
        }
        if (usocket_fileno(&server) < 0) {
            int r = usocket_accept_by(&listener, &server, NULL, USOCKET_NOW);
            assert_true(r == 0 || r == USOCKET_EAGAIN);
        } else {
            char c;
            if (*at_server == USOCKET_EAGAIN) {
                *at_server = usocket_tls_handshake_by(&server, USOCKET_NOW);
            } else if (*at_server == 0) { /* its last flight may be lost: a receive repeats it on request */
                int32_t r = usocket_recv_by(&server, &c, 1, 0, NULL, USOCKET_NOW);
                assert_true(r == USOCKET_EAGAIN || usocket_is_tls(r));
            }
        }
        if (*at_client < 0 && *at_client != USOCKET_EAGAIN) {
            break;
        }
        fx_sleep(FX_SIM ? 5 * MS : 200);
        if (pass_on != NULL) {
            pass_on();
            fx_sleep(FX_SIM ? 5 * MS : 200);
        }
    }
}

static void stand(const struct end *c) {
    int at_client, at_server;
    session(c, &at_client, &at_server);
    if (at_client < 0 || at_server < 0) {
        print_error("client: %s\nserver: %s\n", tls_words(&client), tls_words(&server));
    }
    assert_ok(at_client);
    assert_ok(at_server);
}

/* mbedTLS allocates a table of keys in its first handshake. */
static void warm_up(void) {
    void *state = NULL;
    begin(&state);
    listen_with(&plain_server);
    stand(&plain_client);
    usocket_close(&client);
    usocket_close(&server);
    usocket_close(&listener);
}

#endif
