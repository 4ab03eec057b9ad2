/* A TLS listener, client and server, set up and torn down around each test of one connection.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TLS_MEETING_H
#define TLS_MEETING_H

#include "tls_fixture.h"

static usocket_t listener, client, server;

static usocket_time_t soon(void) {
    return usocket_deadline_in(20 * SECOND);
}

static int begin(void **state) {
    usocket_init(&listener);
    usocket_init(&client);
    usocket_init(&server);
    return fx_begin(state);
}

static int end(void **state) {
    usocket_close(&client);
    usocket_close(&server);
    usocket_close(&listener);
    usocket_tls_forget();
    return fx_end(state);
}
#define TLS(name) cmocka_unit_test_setup_teardown(name, begin, end)

static usocket_addr_t listen_with(const struct end *e) {
    usocket_addr_t at = fx_addr("127.0.0.1", 0);
    assert_ok(usocket_open(&listener, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&listener, e));
    assert_ok(usocket_bind(&listener, &at));
    assert_ok(usocket_listen(&listener, 4));
    assert_ok(usocket_getsockname(&listener, &at));
    return at;
}

#endif
