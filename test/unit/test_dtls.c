/* DTLS between sockets of this program; on the simulated network also with lost datagrams.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "dtls_meeting.h"

static void say(usocket_t *from, usocket_t *to, const char *text, size_t len) {
    static char buf[20000];
    assert_int_equal(len, usocket_send_by(from, text, len, 0, NULL, soon()));
    assert_int_equal(len, usocket_recv_by(to, buf, sizeof buf, 0, NULL, soon()));
    assert_memory_equal(text, buf, len);
}

static void test_session(void **state) {
    (void)state;
    char buf[100];
    usocket_addr_t peer, own;
    listen_with(&plain_server);
    stand(&plain_client);
    assert_int_equal(USOCKET_TLS_1_2, get_number(&client, USOCKET_TLS_VERSION_USED));
    assert_ok(usocket_getsockname(&server, &own));
    assert_int_equal(at.port, own.port);
    say(&client, &server, "one", 3);
    say(&server, &client, "another", 7);
    /* Boundaries are preserved, bytes beyond the buffer are lost, and the address is the peer's. */
    assert_int_equal(5, usocket_send_by(&client, "first", 5, 0, NULL, soon()));
    assert_int_equal(6, usocket_send_by(&client, "second", 6, 0, NULL, soon()));
    assert_int_equal(5, usocket_recv_by(&server, buf, sizeof buf, MSG_PEEK, NULL, soon()));
    assert_int_equal(2, usocket_recv_by(&server, buf, 2, 0, &peer, soon()));
    assert_ok(usocket_getsockname(&client, &own));
    assert_int_equal(own.port, peer.port);
    assert_int_equal(6, usocket_recv_by(&server, buf, sizeof buf, 0, NULL, soon()));
    assert_memory_equal("second", buf, 6);
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&server, buf, sizeof buf, 0, NULL, USOCKET_NOW));
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(&server, buf, sizeof buf, 0, NULL, usocket_deadline_in(30 * MS)));
    fx_took(since, 30 * MS);
    assert_int_equal(0, usocket_poll(&server, USOCKET_POLL_IN, USOCKET_NOW));
    static char big[17000];
    say(&client, &server, big, 8000);
    assert_code(USOCKET_EMSGSIZE, usocket_send_by(&client, big, sizeof big, 0, NULL, soon()));
    assert_code(USOCKET_EISCONN, usocket_send_by(&client, "x", 1, 0, &at, soon()));
    assert_code(USOCKET_EISCONN, usocket_connect_by(&client, &at, soon()));
    say(&client, &server, "still", 5);
    assert_ok(usocket_close(&client));
    assert_int_equal(0, usocket_recv_by(&server, buf, sizeof buf, 0, NULL, soon())); /* its close_notify */
    assert_int_equal(0, usocket_recv_by(&server, buf, sizeof buf, 0, NULL, soon()));
}

/* Each client gets a socket of its own on the listener's address. */
static void test_several_clients(void **state) {
    (void)state;
    static const char *const texts[] = { "first", "second", "third" };
    listen_with(&plain_server);
    for (pair = 0; pair < 3; pair++) {
        stand(&plain_client);
    }
    for (int i = 0; i < 6; i++) {
        pair = i % 3;
        say(&client, &server, texts[pair], strlen(texts[pair]));
        say(&server, &client, texts[pair], strlen(texts[pair]));
    }
    pair = 0;
}

static void test_refusals(void **state) {
    (void)state;
    struct end c = plain_client;
    int at_client, at_server;
    listen_with(&plain_server);
    c.host = "wrong.test";
    session(&c, &at_client, &at_server);
    assert_code(USOCKET_ETLS_CERTIFICATE, at_client);
    assert_non_null(strstr(tls_words(&client), "not wrong.test"));
    fx_close(&client, &server);
    c = plain_client;
    c.min = USOCKET_TLS_1_3;
    if (tls_newest() == USOCKET_TLS_1_3) {
        assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_DGRAM, USOCKET_PROTO_SEC));
        assert_ok(tls_set(&client, &c));
        assert_code(USOCKET_ETLS_SETUP, usocket_connect_by(&client, &at, soon()));
        assert_non_null(strstr(tls_words(&client), "DTLS is 1.2"));
    }
}

/* A client without a valid cookie is not accepted, costs no socket, and does not keep others out. */
static void test_no_cookie(void **state) {
    (void)state;
    usocket_t plain = USOCKET_CLOSED;
    listen_with(&plain_server);
    assert_ok(usocket_open(&plain, USOCKET_AF_INET, USOCKET_DGRAM, 0));
    static const uint8_t hello[] = { 22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 1, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 8, 254, 253, 1, 2, 3, 4, 5, 6 };
    for (int i = 0; i < 40; i++) {
        assert_true(usocket_sendto(&plain, hello, sizeof hello - (size_t)i % 30, &at) > 0);
        fx_sleep(200);
        assert_code(USOCKET_EAGAIN, usocket_accept_by(&listener, &server, NULL, USOCKET_NOW));
        assert_int_equal(0, usocket_poll(&listener, USOCKET_POLL_IN, USOCKET_NOW));
    }
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_accept_by(&listener, &server, NULL, usocket_deadline_in(20 * MS)));
    fx_took(since, 20 * MS);
    stand(&plain_client);
    say(&client, &server, "in", 2);
    assert_ok(usocket_close(&plain));
}

/* Without a server the deadline holds across retransmissions. */
static void test_deadline(void **state) {
    (void)state;
    usocket_t deaf = USOCKET_CLOSED;
    usocket_addr_t there = fx_udp(&deaf, USOCKET_AF_INET);
    assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_DGRAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&client, &plain_client));
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_connect_by(&client, &there, usocket_deadline_in(2500 * MS)));
    fx_took(since, 2500 * MS);
    int hellos = 0; /* at 0 s, 1 s and, with the doubled interval, 3 s */
    char buf[2000];
    while (usocket_recv_by(&deaf, buf, sizeof buf, 0, NULL, USOCKET_NOW) > 0) {
        hellos++;
    }
    assert_int_equal(2, hellos);
    assert_ok(usocket_close(&deaf));
}

static void test_not_listening(void **state) {
    (void)state;
    char c;
    assert_ok(usocket_open(&listener, USOCKET_AF_INET, USOCKET_DGRAM, USOCKET_PROTO_SEC));
    assert_code(USOCKET_EINVAL, usocket_accept_by(&listener, &server, NULL, USOCKET_NOW));
    assert_code(USOCKET_EINVAL, usocket_listen(&listener, 1)); /* not bound */
    assert_code(USOCKET_ENOTCONN, usocket_recv_by(&listener, &c, 1, 0, NULL, USOCKET_NOW));
    assert_ok(usocket_close(&listener));
    listen_with(&(struct end){ 0 });
    assert_code(USOCKET_ETLS_SETUP, usocket_accept_by(&listener, &server, NULL, USOCKET_NOW));
    assert_non_null(strstr(tls_words(&listener), "a server needs"));
}

static void test_loss(void **state) {
    (void)state;
#if FX_SIM
    for (unsigned seed = 1; seed <= (getenv("TEST_SHORT") ? 5 : 40); seed++) {
        usocket_close(&listener);
        listen_with(&plain_server);
        sim_lose(4, seed);
        stand(&plain_client);
        sim_lose(0, 0);
        say(&client, &server, "after the storm", 15);
        fx_close(&client, &server);
    }
#else
    LACKS("loss", "this system's loopback loses nothing");
#endif
}

static void test_psk(void **state) {
    (void)state;
    struct end e = { .psk = "0123456789abcdef", .suites = "TLS_PSK_WITH_AES_128_GCM_SHA256" };
    listen_with(&e);
    stand(&e);
    say(&client, &server, "psk", 3);
}

#if FX_SIM

/* A datagram that the stack refuses fails alone: the next one is sent, and receiving still works. */
static void test_send_refused(void **state) {
    (void)state;
    int met = 0;
    listen_with(&plain_server);
    stand(&plain_client);
    for (unsigned pick = 0; pick < 40; pick++) {
        enum sim_call call;
        unsigned codes;
        sim_fault(1, pick, false);
        int32_t r = usocket_send_by(&client, "lost", 4, 0, NULL, USOCKET_NOW);
        assert_true(sim_faulted(&call, &codes) && call == SIM_SEND);
        sim_fault(0, 0, false);
        if (r == 4) { /* a full buffer: the record is sent with the next one */
            char buf[10];
            assert_ok(usocket_tls_handshake_by(&client, USOCKET_NOW));
            assert_int_equal(4, usocket_recv_by(&server, buf, sizeof buf, 0, NULL, soon()));
        } else {
            assert_true(r < 0);
            met++;
        }
        say(&client, &server, "next", 4);
        say(&server, &client, "and back", 8);
        if (pick + 1 >= codes) {
            break;
        }
    }
    assert_true(met > 20);
}

/* A client that cannot be answered does not disturb the listener. */
static void test_no_answer(void **state) {
    (void)state;
    int met = 0;
    listen_with(&plain_server);
    for (unsigned n = 1; n < 60; n++) {
        usocket_t who = USOCKET_CLOSED;
        enum sim_call call;
        unsigned codes;
        assert_ok(usocket_open(&who, USOCKET_AF_INET, USOCKET_DGRAM, USOCKET_PROTO_SEC));
        assert_ok(tls_set(&who, &plain_client));
        assert_code(USOCKET_EINPROGRESS, usocket_connect_by(&who, &at, USOCKET_NOW));
        fx_sleep(5 * MS);
        sim_fault(n, 12, false);
        int r = usocket_accept_by(&listener, &server, NULL, USOCKET_NOW);
        bool sending = sim_faulted(&call, &codes) && call == SIM_SEND;
        sim_fault(0, 0, false);
        if (sending) {
            assert_code(USOCKET_EAGAIN, r);
            met++;
        }
        usocket_close(&server);
        usocket_close(&who);
        fx_sleep(5 * MS);
        while (usocket_accept_by(&listener, &server, NULL, USOCKET_NOW) == 0) {
            usocket_close(&server);
        }
    }
    assert_true(met > 0);
    stand(&plain_client);
    say(&client, &server, "at last", 7);
}

#endif

int main(void) {
    warm_up();
    const struct CMUnitTest tests[] = {
        DTLS(test_session), DTLS(test_several_clients), DTLS(test_refusals), DTLS(test_no_cookie), DTLS(test_deadline),
        DTLS(test_not_listening), DTLS(test_loss), DTLS(test_psk),
#if FX_SIM
        DTLS(test_send_refused), DTLS(test_no_answer),
#endif
    };
    return RUN(tests);
}
