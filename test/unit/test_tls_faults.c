/* TLS with a failing or full transport: the reason of a failed connect, the count of sent bytes, the host of a certificate.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "tls_meeting.h"
#include "usocket/port.h"

static const struct end plain_client = { .ca = pem_root }, named_client = { .ca = pem_root, .host = "host.test" };
static const struct end plain_server = { .cert = pem_server, .key = key_server, .cache = 1 };

static void open_client(const struct end *e) {
    assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&client, e));
}

static void stand(void) {
    int c, s;
    assert_ok(usocket_accept_by(&listener, &server, NULL, soon()));
    tls_shake(&client, &server, &c, &s);
    assert_ok(c);
    assert_ok(s);
}

static void connect_client(const usocket_addr_t *at, const struct end *e) {
    open_client(e);
    assert_code(USOCKET_EINPROGRESS, usocket_connect_by(&client, at, USOCKET_NOW));
    stand();
}

/* An address without a listener. */
static usocket_addr_t without_listener(const char *text) {
    usocket_addr_t at = fx_addr(text, 0);
    usocket_t s = USOCKET_CLOSED;
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_bind(&s, &at));
    assert_ok(usocket_getsockname(&s, &at));
    assert_ok(usocket_close(&s));
    return at;
}

/* A poll that reports a failed connect leaves the error to the next call. */
static void test_refused(void **state) {
    (void)state;
    usocket_addr_t at = without_listener("127.0.0.1");
    for (int call = 0; call < 4; call++) {
        char c = 'x';
        open_client(&plain_client);
        int r = usocket_connect_by(&client, &at, USOCKET_NOW);
        assert_true(r == USOCKET_EINPROGRESS || r == USOCKET_ECONNREFUSED);
        if (r == USOCKET_EINPROGRESS) {
            for (int look = 0; look < 2; look++) {
                int got = usocket_poll(&client, USOCKET_POLL_IN | USOCKET_POLL_OUT, soon());
                if (got <= 0 || !(got & USOCKET_POLL_OUT)) {
                    print_error("poll: %d\n", got);
                    fail();
                }
            }
            r = call == 0 ? usocket_connect_wait(&client, USOCKET_NOW)
                : call == 1 ? usocket_tls_handshake_by(&client, USOCKET_NOW)
                : call == 2 ? (int)usocket_send_by(&client, &c, 1, 0, NULL, USOCKET_NOW)
                            : (int)usocket_recv_by(&client, &c, 1, 0, NULL, USOCKET_NOW);
            assert_code(USOCKET_ECONNREFUSED, r);
        }
        usocket_close(&client);
    }
}

/* Without a host name, the certificate must be valid for the connected address, not for one that refused before. */
static void test_second_address(void **state) {
    (void)state;
    usocket_addr_t at = listen_with(&plain_server), other = without_listener("127.0.0.2");
    open_client(&plain_client);
    int r = usocket_connect_by(&client, &other, USOCKET_NOW);
    if (r == USOCKET_EINPROGRESS) {
        r = usocket_connect_wait(&client, soon());
    }
    assert_code(USOCKET_ECONNREFUSED, r);
    assert_code(USOCKET_EINPROGRESS, usocket_connect_by(&client, &at, USOCKET_NOW));
    stand(); /* the certificate contains 127.0.0.1 */
}

/* A caller that sends without waiting and closes once all bytes are counted has sent all of them. */
static void test_all_counted(void **state) {
    (void)state;
#if FX_SIM
    sim_buffers(3000, 2000);
#endif
    static char text[300000], got[300000];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)(i * 7 + i / 251);
    }
    usocket_addr_t at = listen_with(&plain_server);
    for (size_t piece = 1; piece <= sizeof text; piece = piece * 13 + 1) {
        size_t sent = 0, len = piece < 100 ? 20000 : sizeof text, received = 0;
        bool partly = false;
        connect_client(&at, &named_client);
        while (received < len) {
            int32_t r = USOCKET_EAGAIN;
            while (sent < len && (r = usocket_send_by(&client, text + sent, piece < len - sent ? piece : len - sent, 0, NULL, USOCKET_NOW)) > 0) {
                sent += (size_t)r;
            }
            assert_true(r > 0 || r == USOCKET_EAGAIN);
            partly = partly || sent < len;
            if (sent == len && usocket_fileno(&client) >= 0) {
                assert_ok(usocket_close(&client));
            }
            fx_sleep(200);
            r = usocket_recv_by(&server, got + received, sizeof got - received, 0, NULL, USOCKET_NOW);
            if (r < 0 && r != USOCKET_EAGAIN) {
                print_error("pieces of %zu: after %zu bytes of %zu: %s\n", piece, received, len, tls_words(&server));
                fail();
            }
            assert_true(r != 0);
            received += r > 0 ? (size_t)r : 0;
        }
        assert_true(partly || !FX_SIM); /* the simulated connection was full at times */
        assert_int_equal(len, received);
        assert_memory_equal(text, got, len);
        usocket_close(&server);
    }
}

/* An empty send never waits. */
static void test_empty(void **state) {
    (void)state;
    static char text[100000];
#if FX_SIM
    sim_buffers(3000, 2000);
#endif
    usocket_addr_t at = listen_with(&plain_server);
    connect_client(&at, &named_client);
    int32_t r;
    while ((r = usocket_send_by(&client, text, sizeof text, 0, NULL, USOCKET_NOW)) > 0) {
    }
    assert_code(USOCKET_EAGAIN, r);
    assert_code(0, usocket_send_by(&client, text, 0, 0, NULL, USOCKET_NOW));
    assert_code(0, usocket_send_by(&client, text, 0, 0, NULL, soon()));
}

/* A peer that ended without close_notify but still reads receives one. */
static void test_close_notify_after_fin(void **state) {
    (void)state;
    char buf[10];
    usocket_addr_t at = listen_with(&plain_server);
    connect_client(&at, &named_client);
    int io = usocket_port_dup(usocket_fileno(&server));
    assert_true(io >= 0);
    assert_ok(usocket_port_shutdown(io, USOCKET_SHUT_WR));
    assert_ok(usocket_port_close(io));
    fx_sleep(20 * MS);
    assert_code(3, usocket_send_by(&client, "bye", 3, 0, NULL, soon()));
    assert_ok(usocket_close(&client));
    assert_code(3, usocket_recv_by(&server, buf, sizeof buf, 0, NULL, soon()));
    assert_code(0, usocket_recv_by(&server, buf, sizeof buf, 0, NULL, soon()));
}

/* A listener's TLS options are fixed once it has had a connection, even after that is closed, because its tickets depend on them. */
static void test_settled(void **state) {
    (void)state;
    usocket_addr_t at = listen_with(&plain_server);
    assert_code(USOCKET_EAGAIN, usocket_accept_by(&listener, &server, NULL, USOCKET_NOW)); /* no connection yet: the options can still change */
    assert_ok(set_number(&listener, USOCKET_TLS_PEER_VERIFY, 0));
    connect_client(&at, &named_client);
    usocket_close(&client);
    usocket_close(&server);
    assert_code(USOCKET_EBUSY, set_number(&listener, USOCKET_TLS_PEER_VERIFY, 2));
    assert_int_equal(0, get_number(&listener, USOCKET_TLS_PEER_VERIFY));
}

/* A refused certificate leaves no entry without a key for a later handshake. */
static void test_refused_pair(void **state) {
    (void)state;
    const struct end e = { .psk = "0123456789abcdef", .max = USOCKET_TLS_1_2 };
    usocket_addr_t at = listen_with(&e);
    open_client(&e);
    usocket_t *both[] = { &client, &listener };
    for (int i = 0; i < 2; i++) {
        assert_code(USOCKET_ETLS_OPTION, set_text(both[i], USOCKET_TLS_OWN_CERT, "no certificate"));
        assert_code(USOCKET_ETLS_OPTION, set_text(both[i], USOCKET_TLS_OWN_KEY, "no key"));
    }
    assert_code(USOCKET_EINPROGRESS, usocket_connect_by(&client, &at, USOCKET_NOW));
    stand();
}

/* Send raw bytes from the peer, then reset the connection. */
static void forge(usocket_t *from, usocket_t *to, const char *bytes, size_t len, bool reset) {
    const int on = 1;
    usocket_port_setopt(usocket_fileno(from), USOCKET_PROTO_TCP, 1, &on, sizeof on); /* TCP_NODELAY */
    fx_sleep(5 * MS);
    int32_t before = usocket_port_pending(usocket_fileno(to));
    assert_int_equal(len, usocket_port_send(usocket_fileno(from), bytes, len, 0, NULL));
    for (int i = 0; i < 1000 && usocket_port_pending(usocket_fileno(to)) < before + (int32_t)len; i++) {
        fx_sleep(5 * MS);
    }
    if (!reset) {
        return;
    }
#if FX_SIM
    sim_reset(usocket_fileno(from));
#else
    const struct linger now = { .l_onoff = 1 };
    usocket_port_setopt(usocket_fileno(from), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    usocket_close_fd(usocket_detach(from));
#endif
    fx_sleep(20 * MS);
}

/* The error names a forged record even if its alert cannot be sent because the peer has closed or does not read. */
static void test_forged(void **state) {
    (void)state;
    static const char record[] = "\x17\3\3\0\x20" "0123456789abcdef0123456789abcdef";
    static const char hello[] = "\x16\3\3\0\x08" "\2\0\0\4\3\3\0\0"; /* truncated */
    static char block[16384];
    for (int way = 0; way < 12; way++) {
        bool at_client = way & 1, full = way & 2, sending = way >= 8;
        struct end c = plain_client, s = plain_server;
        c.host = "host.test";
        c.max = s.max = way & 4 ? USOCKET_TLS_1_2 : 0;
        usocket_addr_t at = listen_with(&s);
        connect_client(&at, &c);
        usocket_t *victim = at_client ? &client : &server, *forger = at_client ? &server : &client;
        for (int i = 0; full && i < 20000 && usocket_send_by(victim, block, sizeof block, 0, NULL, USOCKET_NOW) > 0; i++) {
        }
        forge(forger, victim, record, sizeof record - 1, !full);
        int r = 0;
        for (int i = 0; i < 3 && r >= 0; i++) { /* the stack may accept a send before it sees the reset */
            r = sending && !full ? usocket_send_by(victim, "x", 1, 0, NULL, USOCKET_NOW)
                                 : usocket_recv_by(victim, block, sizeof block, 0, NULL, USOCKET_NOW);
            fx_sleep(MS);
        }
        if (r != USOCKET_ETLS_PROTOCOL) {
            print_error("way %d: %d\n", way, r);
            fail();
        }
        usocket_close(&client);
        usocket_close(&server);
        usocket_close(&listener);
    }
    for (int way = 0; way < 4; way++) { /* during the handshake */
        usocket_addr_t at = fx_addr("127.0.0.1", 0);
        assert_ok(usocket_open(&listener, USOCKET_AF_INET, USOCKET_STREAM, 0));
        assert_ok(usocket_bind(&listener, &at));
        assert_ok(usocket_listen(&listener, 1));
        assert_ok(usocket_getsockname(&listener, &at));
        open_client(&named_client);
        assert_code(USOCKET_EINPROGRESS, usocket_connect_by(&client, &at, USOCKET_NOW));
        assert_ok(usocket_accept_by(&listener, &server, NULL, soon()));
        fx_sleep(20 * MS);
        assert_code(USOCKET_EINPROGRESS, usocket_connect_wait(&client, USOCKET_NOW));
        forge(&server, &client, way & 1 ? record : hello, (way & 1 ? sizeof record : sizeof hello) - 1, way & 2);
        assert_code(USOCKET_ETLS_PROTOCOL, usocket_tls_handshake_by(&client, USOCKET_NOW));
        usocket_close(&client);
        usocket_close(&server);
        usocket_close(&listener);
    }
}

/* mbedTLS allocates a table of keys in its first handshake. */
static void warm_up(void) {
    void *state = NULL;
    begin(&state);
    usocket_addr_t at = listen_with(&plain_server);
    connect_client(&at, &named_client);
    usocket_close(&client);
    usocket_close(&server);
    usocket_close(&listener);
    usocket_tls_forget();
}

int main(void) {
    warm_up();
    const struct CMUnitTest tests[] = {
        TLS(test_refused), TLS(test_second_address), TLS(test_all_counted), TLS(test_empty), TLS(test_close_notify_after_fin), TLS(test_settled), TLS(test_refused_pair), TLS(test_forged),
    };
    return RUN(tests);
}
