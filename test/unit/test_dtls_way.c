/* DTLS with duplicated, late and fragmented datagrams and with those of other senders; and errors that the stack reports once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "dtls_meeting.h"

static usocket_t near = USOCKET_CLOSED, far = USOCKET_CLOSED;

/* The last forwarded ClientHello, which has the cookie. */
static uint8_t hello[2000];
static size_t hello_len;

static void double_all(void) {
    static char buf[2000];
    static usocket_addr_t who;
    usocket_addr_t from;
    int32_t n;
    while ((n = usocket_recv_by(&near, buf, sizeof buf, 0, &from, USOCKET_NOW)) > 0) {
        who = from;
        if (buf[0] == 22 && buf[4] == 0 && buf[13] == 1) {
            hello_len = (size_t)n;
            memcpy(hello, buf, hello_len);
        }
        assert_int_equal(n, usocket_send(&far, buf, (size_t)n));
        assert_int_equal(n, usocket_send(&far, buf, (size_t)n));
    }
    while ((n = usocket_recv_by(&far, buf, sizeof buf, 0, NULL, USOCKET_NOW)) > 0) {
        assert_int_equal(n, usocket_sendto(&near, buf, (size_t)n, &who));
        assert_int_equal(n, usocket_sendto(&near, buf, (size_t)n, &who));
    }
}

/* Set up a proxy that duplicates every datagram between client and listener; the client connects to `near`. */
static void make_proxy(void) {
    assert_ok(usocket_open(&far, USOCKET_AF_INET, USOCKET_DGRAM, 0));
    assert_ok(usocket_connect_by(&far, &at, USOCKET_NOW));
    at = fx_udp(&near, USOCKET_AF_INET);
    pass_on = double_all;
}

static int end_proxy(void **state) {
    usocket_close(&near);
    usocket_close(&far);
    return end(state);
}
#define PROXY(name) cmocka_unit_test_setup_teardown(name, begin, end_proxy)

/* The accepted ClientHello may arrive twice, the second time at the listener before the client has a socket: this is no second client,
 * and it does not affect the next one. */
static void test_doubled(void **state) {
    (void)state;
    listen_with(&plain_server);
    make_proxy();
    for (pair = 0; pair < 3; pair++) {
        stand(&plain_client);
        for (int i = 0; i < 10; i++) {
            usocket_t second = USOCKET_CLOSED;
            assert_int_equal(0, usocket_poll(&listener, USOCKET_POLL_IN, USOCKET_NOW));
            assert_code(USOCKET_EAGAIN, usocket_accept_by(&listener, &second, NULL, USOCKET_NOW));
            fx_sleep(200);
        }
        assert_int_equal(2, usocket_send_by(&client, "in", 2, 0, NULL, soon()));
        fx_sleep(5 * MS);
        pass_on();
        char buf[10];
        assert_int_equal(2, usocket_recv_by(&server, buf, sizeof buf, 0, NULL, soon()));
        assert_memory_equal("in", buf, 2);
        usocket_close(&far);
        assert_ok(usocket_open(&far, USOCKET_AF_INET, USOCKET_DGRAM, 0));
        usocket_addr_t there;
        assert_ok(usocket_getsockname(&listener, &there));
        assert_ok(usocket_connect_by(&far, &there, USOCKET_NOW));
    }
    pair = 0;
}

/* Send a datagram to `to` from the client's address as the server knows it (make_proxy), or from another one. */
static void inject(usocket_t *from, const usocket_addr_t *to, const uint8_t *data, size_t len) {
    int32_t r = to != NULL ? usocket_sendto(from, data, len, to) : usocket_send(from, data, len);
    assert_int_equal(len, r);
    fx_sleep(200);
}

/* Check the connection with one byte in each direction through the proxy. */
static void still_open(void) {
    char c = 0;
    assert_int_equal(1, usocket_send_by(&client, "a", 1, 0, NULL, soon()));
    fx_sleep(200);
    pass_on();
    assert_int_equal(1, usocket_recv_by(&server, &c, 1, 0, NULL, soon()));
    assert_int_equal('a', c);
    assert_int_equal(1, usocket_send_by(&server, "b", 1, 0, NULL, soon()));
    fx_sleep(200);
    pass_on();
    assert_int_equal(1, usocket_recv_by(&client, &c, 1, 0, NULL, soon()));
    assert_int_equal('b', c);
}

/* An invalid ClientHello does not end an open connection: truncated at any length, a late duplicate of the client's own, or without
 * a cookie. A new one with its cookie does, because the client has restarted. */
static void test_hello_when_open(void **state) {
    (void)state;
    char c;
    listen_with(&plain_server);
    make_proxy();
    hello_len = 0;
    stand(&plain_client);
    still_open();
    assert_true(hello_len > 100);
    for (size_t len = 13; len <= hello_len; len++) {
        hello[11] = (uint8_t)((len - 13) >> 8);
        hello[12] = (uint8_t)(len - 13);
        inject(&far, NULL, hello, len);
        assert_code(USOCKET_EAGAIN, usocket_recv_by(&server, &c, 1, 0, NULL, USOCKET_NOW));
    }
    still_open();
    for (size_t at = 59; at < 62; at++) { /* changes the lengths of session id and cookie, and the cookie; also with another random */
        for (int other = 0; other < 2; other++) {
            hello[at] ^= 0x55;
            hello[52] ^= (uint8_t)other;
            inject(&far, NULL, hello, hello_len);
            assert_code(USOCKET_EAGAIN, usocket_recv_by(&server, &c, 1, 0, NULL, USOCKET_NOW));
            hello[at] ^= 0x55;
            hello[52] ^= (uint8_t)other;
        }
    }
    still_open();
    hello[52] ^= 1;
    inject(&far, NULL, hello, hello_len);
    assert_true(usocket_is_tls(usocket_recv_by(&server, &c, 1, 0, NULL, USOCKET_NOW)));
    assert_non_null(strstr(tls_words(&server), "reconnect"));
}

/* Invalid datagrams on an open connection are dropped, an empty one hides nothing, and a flood of them delays no non-blocking call. */
static void test_junk_when_open(void **state) {
    (void)state;
    char c;
    static const uint8_t junk[] = { 23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 99, 0, 3, 1, 2, 3 };
    listen_with(&plain_server);
    make_proxy();
    stand(&plain_client);
    still_open();
    for (size_t len = 0; len <= sizeof junk; len++) {
        inject(&far, NULL, junk, len);
        assert_int_equal(1, usocket_send_by(&client, "x", 1, 0, NULL, soon()));
        fx_sleep(200);
        pass_on();
        fx_sleep(200);
        assert_int_equal(USOCKET_POLL_IN, usocket_poll(&server, USOCKET_POLL_IN, USOCKET_NOW));
        assert_int_equal(1, usocket_recv_by(&server, &c, 1, 0, NULL, USOCKET_NOW));
        assert_code(USOCKET_EAGAIN, usocket_recv_by(&server, &c, 1, 0, NULL, USOCKET_NOW));
    }
    for (int i = 0; i < 20; i++) {
        inject(&far, NULL, junk, sizeof junk);
    }
    assert_int_equal(1, usocket_send_by(&client, "y", 1, 0, NULL, soon()));
    fx_sleep(200);
    pass_on();
    fx_sleep(200);
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&server, &c, 1, 0, NULL, USOCKET_NOW));
    assert_int_equal(1, usocket_recv_by(&server, &c, 1, 0, NULL, USOCKET_NOW));
    assert_int_equal('y', c);
}

/* A fragment of a ClientHello from any sender does not keep other clients out. */
static void test_fragment_before_cookie(void **state) {
    (void)state;
    static uint8_t piece[13 + 12 + 20] = { 22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 60, 0, 32, 1, 0, 0, 100, 0, 100, 0, 0, 0, 0, 0, 20, 254, 253 };
    usocket_t plain = USOCKET_CLOSED;
    listen_with(&plain_server);
    assert_ok(usocket_open(&plain, USOCKET_AF_INET, USOCKET_DGRAM, 0));
    for (pair = 0; pair < 3; pair++) {
        inject(&plain, &at, piece, sizeof piece);
        assert_code(USOCKET_EAGAIN, usocket_accept_by(&listener, &server, NULL, USOCKET_NOW));
        usocket_time_t since = fx_now();
        stand(&plain_client);
        assert_true(!FX_SIM || fx_now() - since < 900 * MS); /* before any retransmission */
    }
    pair = 0;
    assert_ok(usocket_close(&plain));
}

/* Shut down for reading, a listener accepts no client and a handshake does not end; a waiting call returns a code and does not spin. */
static void test_shut(void **state) {
    (void)state;
    listen_with(&plain_server);
    usocket_shutdown(&listener, USOCKET_SHUT_RD); /* an unconnected socket: some stacks return ENOTCONN */
    assert_code(USOCKET_EINVAL, usocket_accept_by(&listener, &server, NULL, soon()));
    assert_int_equal(USOCKET_POLL_IN, usocket_poll(&listener, USOCKET_POLL_IN, soon()));
    assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_DGRAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&client, &plain_client));
    assert_code(USOCKET_EINPROGRESS, usocket_connect_by(&client, &at, USOCKET_NOW));
    assert_ok(usocket_shutdown(&client, USOCKET_SHUT_RD));
    assert_code(USOCKET_ECONNABORTED, usocket_tls_handshake_by(&client, soon()));
}

/* The stack reports a closed peer once: poll leaves the report to the next receive. */
static void test_gone(void **state) {
    (void)state;
#if FX_SIM
    LACKS("a port unreachable", "the simulated network does not report it");
#else
    char c;
    for (int look = 0; look < 3; look++) {
        usocket_close(&listener);
        listen_with(&plain_server);
        stand(&plain_client);
        fx_close(&server, &listener);
        while (usocket_recv_by(&client, &c, 1, 0, NULL, usocket_deadline_in(20 * MS)) > 0) {
        }
        usocket_close(&client);
        listen_with(&plain_server);
        stand(&plain_client);
        int fd = usocket_detach(&server); /* closed without close_notify */
        usocket_close_fd(fd);
        usocket_close(&listener);
        assert_int_equal(1, usocket_send_by(&client, "x", 1, 0, NULL, soon()));
        for (int i = 0; i < look; i++) {
            assert_int_equal(USOCKET_POLL_IN, usocket_poll(&client, USOCKET_POLL_IN, soon()));
            assert_ok(usocket_readable_by(&client, soon()));
        }
        assert_code(USOCKET_ECONNREFUSED, usocket_recv_by(&client, &c, 1, 0, NULL, soon()));
        assert_code(USOCKET_EAGAIN, usocket_recv_by(&client, &c, 1, 0, NULL, USOCKET_NOW));
        usocket_close(&client);
    }
#endif
}

int main(void) {
    warm_up();
    const struct CMUnitTest tests[] = {
        PROXY(test_doubled), PROXY(test_hello_when_open), PROXY(test_junk_when_open), PROXY(test_fragment_before_cookie), PROXY(test_shut),
        PROXY(test_gone),
    };
    return RUN(tests);
}
