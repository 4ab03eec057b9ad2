/* DTLS: what comes doubled, late, in pieces, from strangers; and what the stack says once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "dtls_meeting.h"

static usocket_t near = USOCKET_CLOSED, far = USOCKET_CLOSED;

/* The last hello that came along, which has the cookie. */
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

/* A way between the client and the listener that doubles every datagram: `near` is where the client is told that the server is. */
static void make_way(void) {
    assert_ok(usocket_open(&far, USOCKET_AF_INET, USOCKET_DGRAM, 0));
    assert_ok(usocket_connect_by(&far, &at, USOCKET_NOW));
    at = fx_udp(&near, USOCKET_AF_INET);
    pass_on = double_all;
}

static int end_way(void **state) {
    usocket_close(&near);
    usocket_close(&far);
    return end(state);
}
#define WAY(name) cmocka_unit_test_setup_teardown(name, begin, end_way)

/* The hello that a client is let in for may come twice, and its double is with the listener before the client has a socket: that is no
 * second client. Nor has it to do with the next one. */
static void test_doubled(void **state) {
    (void)state;
    listen_with(&plain_server);
    make_way();
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

/* A datagram to `to` from the address that the server knows as its client's, by make_way; or a stranger's. */
static void inject(usocket_t *from, const usocket_addr_t *to, const uint8_t *data, size_t len) {
    int32_t r = to != NULL ? usocket_sendto(from, data, len, to) : usocket_send(from, data, len);
    assert_int_equal(len, r);
    fx_sleep(200);
}

/* One byte each way, over make_way's way. */
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

/* What looks like a hello does not end an open connection: cut at any length, a late double of the client's own, one without a cookie.
 * A new one with its cookie does: the client has begun anew. */
static void test_hello_when_open(void **state) {
    (void)state;
    char c;
    listen_with(&plain_server);
    make_way();
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
    for (size_t at = 59; at < 62; at++) { /* the lengths of the session's id and the cookie; the cookie; of another random, too */
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

/* Junk on an open connection is dropped, an empty datagram hides nothing, and a flood of it holds up no call that must not wait. */
static void test_junk_when_open(void **state) {
    (void)state;
    char c;
    static const uint8_t junk[] = { 23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 99, 0, 3, 1, 2, 3 };
    listen_with(&plain_server);
    make_way();
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

/* A piece of a message, from whomever, keeps nobody out. */
static void test_piece_at_the_door(void **state) {
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
        assert_true(!FX_SIM || fx_now() - since < 900 * MS); /* before anything is sent again */
    }
    pair = 0;
    assert_ok(usocket_close(&plain));
}

/* Shut for reading: no client comes any more, and no handshake ends; who waits is told so, and does not spin. */
static void test_shut(void **state) {
    (void)state;
    listen_with(&plain_server);
    usocket_shutdown(&listener, USOCKET_SHUT_RD); /* of a socket without a peer: some stacks say ENOTCONN */
    assert_code(USOCKET_EINVAL, usocket_accept_by(&listener, &server, NULL, soon()));
    assert_int_equal(USOCKET_POLL_IN, usocket_poll(&listener, USOCKET_POLL_IN, soon()));
    assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_DGRAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&client, &plain_client));
    assert_code(USOCKET_EINPROGRESS, usocket_connect_by(&client, &at, USOCKET_NOW));
    assert_ok(usocket_shutdown(&client, USOCKET_SHUT_RD));
    assert_code(USOCKET_ECONNABORTED, usocket_tls_handshake_by(&client, soon()));
}

/* That nobody is there any more, the stack says once: poll leaves it to the next receive. */
static void test_gone(void **state) {
    (void)state;
#if FX_SIM
    LACKS("a port unreachable", "the simulated network tells nobody");
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
        int fd = usocket_detach(&server); /* gone without a goodbye */
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
        WAY(test_doubled), WAY(test_hello_when_open), WAY(test_junk_when_open), WAY(test_piece_at_the_door), WAY(test_shut),
        WAY(test_gone),
    };
    return RUN(tests);
}
