/* TLS: sessions between two sockets of this program, on the simulated network and on this system's.
 * Over 500 lines: all sessions share one setup.
 *
 * SPDX-License-Identifier: MIT
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls_meeting.h"
#include "usocket/private.h"

static const struct end plain_client = { .ca = pem_root, .host = "host.test" };
static const struct end plain_server = { .cert = pem_server, .key = key_server };

/* Connect TCP and set up TLS at both ends, without a handshake yet. */
static void meet(const usocket_addr_t *at, const struct end *c) {
    assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&client, c));
    int r = usocket_connect_by(&client, at, USOCKET_NOW);
    assert_true(r == USOCKET_EINPROGRESS);
    assert_ok(usocket_accept_by(&listener, &server, NULL, soon()));
}

static void part(void) {
    usocket_close(&client);
    usocket_close(&server);
}

/* Run a whole handshake; each end's result is stored. */
static void handshake(const struct end *c, const struct end *s, int *at_client, int *at_server) {
    usocket_close(&listener);
    usocket_addr_t at = listen_with(s);
    meet(&at, c);
    tls_shake(&client, &server, at_client, at_server);
}

static void session(const struct end *c, const struct end *s) {
    int at_client, at_server;
    handshake(c, s, &at_client, &at_server);
    if (at_client < 0 || at_server < 0) {
        print_error("client: %s\n", tls_words(&client));
        print_error("server: %s\n", tls_words(&server));
    }
    assert_ok(at_client);
    assert_ok(at_server);
}

/* The client must reject the server with this code and a text that contains `words`. */
static void refused(const struct end *c, const struct end *s, int code, const char *words) {
    int at_client, at_server;
    handshake(c, s, &at_client, &at_server);
    assert_code(code, at_client);
    if (strstr(tls_words(&client), words) == NULL) {
        print_error("\"%s\" lacks \"%s\"\n", tls_words(&client), words);
        fail();
    }
    assert_code(code, usocket_send(&client, "x", 1)); /* the failure persists */
    assert_code(code, usocket_recv(&client, (char[1]){ 0 }, 1));
    part();
}

static void send_text(usocket_t *s, const char *text) {
    size_t sent = 0;
    assert_ok(usocket_send_all_by(s, text, strlen(text), &sent, soon()));
    assert_int_equal(strlen(text), sent);
}

static void expect_text(usocket_t *s, const char *text) {
    char buf[64];
    size_t got = 0;
    assert_ok(usocket_recv_all_by(s, buf, strlen(text), &got, soon()));
    assert_int_equal(strlen(text), got);
    assert_memory_equal(text, buf, got);
}

/* Exchange position-dependent bytes in both directions at once, without waiting at either end. */
static void exchange(size_t len) {
    uint8_t *out = malloc(len), *in[2] = { malloc(len), malloc(len) };
    size_t sent[2] = { 0, 0 }, got[2] = { 0, 0 };
    usocket_t *s[2] = { &client, &server };
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(i * 31 + i / 251);
    }
    usocket_time_t give_up = fx_now() + 300 * SECOND;
    while (got[0] + got[1] < 2 * len && fx_now() < give_up) {
        for (int i = 0; i < 2; i++) {
            int32_t r = sent[i] < len ? usocket_send_by(s[i], out + sent[i], len - sent[i], 0, NULL, USOCKET_NOW) : USOCKET_EAGAIN;
            sent[i] += r > 0 ? (size_t)r : 0;
            assert_true(r >= 0 || r == USOCKET_EAGAIN);
            r = got[i] < len ? usocket_recv_by(s[i], in[i] + got[i], len - got[i], 0, NULL, USOCKET_NOW) : USOCKET_EAGAIN;
            got[i] += r > 0 ? (size_t)r : 0;
            assert_true(r > 0 || r == USOCKET_EAGAIN);
        }
        fx_sleep(100);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(len, sent[i]);
        assert_int_equal(len, got[i]);
        assert_memory_equal(out, in[i], len);
        free(in[i]);
    }
    free(out);
}

/* ---- Sessions ----------------------------------------------------------------------------------------------------- */

/* A session from the handshake to close_notify in both directions, with a half-closed phase. */
static void whole_session(const struct end *c, const struct end *s, int version) {
    char buf[16];
    session(c, s);
    assert_int_equal(version, get_number(&client, USOCKET_TLS_VERSION_USED));
    assert_int_equal(version, get_number(&server, USOCKET_TLS_VERSION_USED));
    exchange(100000);
    send_text(&client, "last words");
    assert_ok(usocket_shutdown(&client, USOCKET_SHUT_WR));
    expect_text(&server, "last words");
    assert_int_equal(0, usocket_recv_by(&server, buf, sizeof buf, 0, NULL, soon()));
    assert_int_equal(0, usocket_recv_by(&server, buf, sizeof buf, 0, NULL, soon()));
    assert_code(USOCKET_EPIPE, usocket_send_by(&client, "x", 1, 0, NULL, soon()));
    send_text(&server, "still here");
    expect_text(&client, "still here");
    assert_ok(usocket_close(&server));
    assert_int_equal(0, usocket_recv_by(&client, buf, sizeof buf, 0, NULL, soon()));
    assert_ok(usocket_close(&client));
}

static void test_versions(void **state) {
    (void)state;
    struct end c = plain_client, s = plain_server;
    for (int version = USOCKET_TLS_1_2; version <= tls_newest(); version++) {
        c.max = c.min = version;
        whole_session(&c, &s, version);
        whole_session(&c, &(struct end){ .cert = pem_rsa, .key = key_rsa }, version);
    }
    whole_session(&plain_client, &plain_server, tls_newest());
}

static void test_blocking_server(void *arg) {
    int *result = arg;
    char buf[8];
    *result = usocket_accept_by(&listener, &server, NULL, soon());
    if (*result == 0) {
        *result = usocket_recv_by(&server, buf, sizeof buf, 0, NULL, soon()); /* includes the handshake */
    }
    if (*result == 5) {
        *result = usocket_send_by(&server, "world", 5, 0, NULL, soon());
    }
}

static void test_blocking(void **state) {
    (void)state;
    int result = 0;
    usocket_addr_t at = listen_with(&plain_server);
    fx_go(test_blocking_server, &result);
    assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&client, &plain_client));
    int connected = usocket_connect_by(&client, &at, soon());
    size_t sent = 0, got = 0;
    char buf[5];
    int r = connected == 0 ? usocket_send_all_by(&client, "hello", 5, &sent, soon()) : connected;
    r = r == 0 ? usocket_recv_all_by(&client, buf, 5, &got, soon()) : r;
    fx_join();
    assert_ok(r);
    assert_int_equal(5, result);
    assert_memory_equal("world", buf, 5);
}

static void test_close_sends_close_notify(void **state) {
    (void)state;
    char buf[4];
    session(&plain_client, &plain_server);
    send_text(&server, "bye");
    assert_ok(usocket_close(&server));
    expect_text(&client, "bye");
    assert_int_equal(0, usocket_recv_by(&client, buf, sizeof buf, 0, NULL, soon()));
    assert_int_equal(USOCKET_POLL_IN, usocket_poll(&client, USOCKET_POLL_IN, USOCKET_NOW) & USOCKET_POLL_IN);
}

static void test_truncation(void **state) {
    (void)state;
    session(&plain_client, &plain_server);
    send_text(&server, "all of it?");
    int fd = usocket_detach(&server);
    assert_true(fd >= 0);
    usocket_close_fd(fd);
    expect_text(&client, "all of it?");
    char buf[4];
    assert_code(USOCKET_ETLS_TRUNCATED, usocket_recv_by(&client, buf, sizeof buf, 0, NULL, soon()));
    assert_code(USOCKET_ETLS_TRUNCATED, usocket_recv_by(&client, buf, sizeof buf, 0, NULL, soon()));
    assert_non_null(strstr(tls_words(&client), "without close_notify"));
}

/* ---- Waiting ------------------------------------------------------------------------------------------------------ */

static void test_peek_and_poll(void **state) {
    (void)state;
    char buf[16];
    session(&plain_client, &plain_server);
    for (int i = 0; i < 10; i++) { /* session tickets after the handshake do not make the socket readable */
        assert_int_equal(0, usocket_poll(&client, USOCKET_POLL_IN, usocket_deadline_in(MS)));
    }
    assert_int_equal(USOCKET_POLL_OUT, usocket_poll(&client, USOCKET_POLL_IN | USOCKET_POLL_OUT, soon()));
    send_text(&server, "0123456789");
    assert_int_equal(USOCKET_POLL_IN, usocket_poll(&client, USOCKET_POLL_IN, soon()));
    assert_ok(usocket_readable_by(&client, USOCKET_NOW));
    assert_ok(usocket_writable_by(&client, USOCKET_NOW));
    assert_int_equal(4, usocket_recv_by(&client, buf, 4, MSG_PEEK, NULL, soon()));
    assert_memory_equal("0123", buf, 4);
    assert_int_equal(3, usocket_recv_by(&client, buf, 3, 0, NULL, soon()));
    assert_memory_equal("012", buf, 3);
    /* The stack has no more bytes, but the socket has decrypted ones. */
    assert_int_equal(7, usocket_pending(&client));
    assert_int_equal(USOCKET_POLL_IN, usocket_poll(&client, USOCKET_POLL_IN, USOCKET_NOW));
    assert_int_equal(7, usocket_recv_by(&client, buf, sizeof buf, 0, NULL, USOCKET_NOW));
    assert_memory_equal("3456789", buf, 7);
    assert_int_equal(0, usocket_poll(&client, USOCKET_POLL_IN, USOCKET_NOW));
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&client, buf, sizeof buf, 0, NULL, USOCKET_NOW));
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&client, buf, sizeof buf, MSG_DONTWAIT, NULL, soon()));
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&client, buf, sizeof buf, MSG_PEEK, NULL, USOCKET_NOW));
    size_t got = 0;
    send_text(&server, "a line\nmore");
    assert_int_equal(1, usocket_recv_line_by(&client, buf, sizeof buf, &got, soon()));
    assert_int_equal(7, got);
    assert_int_equal(4, usocket_recv_by(&client, buf, 4, MSG_WAITALL, NULL, soon()));
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(&client, buf, 4, 0, NULL, usocket_deadline_in(50 * MS)));
    fx_took(since, 50 * MS);
}

static void test_put_back(void **state) {
    (void)state;
    char buf[8], block[] = "back";
    session(&plain_client, &plain_server);
    assert_ok(usocket_unread(&client, block, 4));
    send_text(&server, "next");
    assert_int_equal(USOCKET_POLL_IN, usocket_poll(&client, USOCKET_POLL_IN, soon()));
    assert_int_equal(8, usocket_recv_by(&client, buf, 8, MSG_WAITALL, NULL, soon()));
    assert_memory_equal("backnext", buf, 8);
}

/* A silent peer: poll reports nothing, waiting calls time out, and accept does not block. */
static void test_stalling_peer(void **state) {
    (void)state;
    char c;
    usocket_t mute = USOCKET_CLOSED;
    usocket_addr_t at = listen_with(&plain_server);
    assert_ok(usocket_open(&mute, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_connect_by(&mute, &at, soon()));
    assert_ok(usocket_accept_by(&listener, &server, NULL, soon()));
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_recv_by(&server, &c, 1, 0, NULL, usocket_deadline_in(30 * MS)));
    fx_took(since, 30 * MS);
    assert_int_equal(0, usocket_poll(&server, USOCKET_POLL_IN | USOCKET_POLL_OUT, usocket_deadline_in(10 * MS)));
    assert_code(USOCKET_EAGAIN, usocket_send_by(&server, "x", 1, 0, NULL, USOCKET_NOW));
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&server, &c, 1, 0, NULL, USOCKET_NOW));
    assert_ok(usocket_close(&mute));
}

static void test_listener_is_free(void **state) {
    (void)state;
    usocket_t mute = USOCKET_CLOSED, first = USOCKET_CLOSED;
    int c, s;
    usocket_addr_t at = listen_with(&plain_server);
    assert_ok(usocket_open(&mute, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_connect_by(&mute, &at, soon()));
    assert_ok(usocket_accept_by(&listener, &first, NULL, soon()));
    meet(&at, &plain_client);
    tls_shake(&client, &server, &c, &s);
    assert_ok(c);
    assert_ok(s);
    exchange(1000);
    fx_close(&mute, &first);
}

static void test_connect_deadline(void **state) {
    (void)state;
    usocket_t deaf = USOCKET_CLOSED, conn = USOCKET_CLOSED;
    usocket_addr_t at = fx_listen(&deaf, USOCKET_AF_INET, 2);
    assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&client, &plain_client));
    usocket_time_t since = fx_now();
    assert_code(USOCKET_ETIMEDOUT, usocket_connect_by(&client, &at, usocket_deadline_in(60 * MS)));
    fx_took(since, 60 * MS);
    assert_int_equal(0, usocket_poll(&client, USOCKET_POLL_IN | USOCKET_POLL_OUT, USOCKET_NOW));
    assert_code(USOCKET_EINPROGRESS, usocket_connect_wait(&client, USOCKET_NOW));
    fx_signal_in(20 * MS);
    int r = usocket_connect_wait(&client, usocket_deadline_in(5 * SECOND));
    fx_join();
    assert_code(USOCKET_EINTR, r);
    assert_ok(usocket_accept_by(&deaf, &conn, NULL, soon()));
    assert_ok(usocket_close(&client));
    fx_close(&deaf, &conn);
}

/* close() never hangs, even without room to send close_notify. */
static void test_close_is_bounded(void **state) {
    (void)state;
    session(&plain_client, &plain_server);
    fx_fill(&client);
    usocket_time_t since = fx_now();
    usocket_settimeout(&client, USOCKET_FOREVER);
    assert_ok(usocket_close(&client));
    assert_true(fx_now() - since < fx_limit(USOCKET_TLS_CLOSE_MS * MS));
}

static bool interrupted(void) {
    return true;
}

/* A finaliser's close never waits; an ordinary close can be interrupted and repeated. */
static void test_close_without_waiting(void **state) {
    (void)state;
    session(&plain_client, &plain_server);
    fx_fill(&client);
    usocket_settimeout(&client, USOCKET_FOREVER);
    usocket_time_t since = fx_now();
    usocket_set_interrupt_hook(interrupted);
    assert_code(USOCKET_EINTR, usocket_close_wait(&client, soon()));
    usocket_set_interrupt_hook(NULL);
    assert_code(USOCKET_EAGAIN, usocket_close_wait(&client, USOCKET_NOW));
    assert_true(usocket_fileno(&client) >= 0);
    assert_ok(usocket_drop(&client));
    assert_true(fx_now() - since < fx_limit(500 * MS));
    fx_close(&client, &server);
    session(&plain_client, &plain_server);
    fx_fill(&client);
    usocket_settimeout(&client, USOCKET_FOREVER);
    since = fx_now();
    usocket_set_interrupt_hook(interrupted);
    assert_ok(usocket_close(&client)); /* closed nevertheless */
    usocket_set_interrupt_hook(NULL);
    assert_true(fx_now() - since < fx_limit(500 * MS));
    fx_close(&client, &server);
    session(&plain_client, &plain_server);
    assert_ok(usocket_close_wait(&client, soon()));
    assert_ok(usocket_close(&client));
    char c;
    assert_code(0, usocket_recv(&server, &c, 1)); /* the end, after close_notify */
}

/* ---- Trust -------------------------------------------------------------------------------------------------------- */

static void test_verification(void **state) {
    (void)state;
    struct end c = plain_client;
    refused(&c, &(struct end){ .cert = pem_expired, .key = key_expired }, USOCKET_ETLS_CERTIFICATE, "expired on 20");
    c.host = "a.many.test"; /* a wildcard matches one label */
    session(&c, &plain_server);
    part();
    c.host = "HOST.test.";
    session(&c, &plain_server);
    part();
    c.host = "a.b.many.test";
    refused(&c, &plain_server, USOCKET_ETLS_CERTIFICATE, "not a.b.many.test");
    c.host = "wrong.test";
    refused(&c, &plain_server, USOCKET_ETLS_CERTIFICATE, "is for host.test, *.many.test");
    c.host = NULL; /* the certificate contains the address */
    session(&c, &plain_server);
    part();
    refused(&c, &(struct end){ .cert = pem_second, .key = key_second }, USOCKET_ETLS_CERTIFICATE, "TLS_HOSTNAME");
    c = (struct end){ .ca = pem_other, .host = "host.test" };
    refused(&c, &plain_server, USOCKET_ETLS_CERTIFICATE, "unknown authority");
    c.verify = 1 + 0;
    session(&c, &plain_server);
    part();
    c.verify = 1 + 1; /* the verdict is available but does not end the handshake */
    session(&c, &plain_server);
    part();
}

/* mbedTLS 2.28 accepts 192-bit keys, as a server and in chains; 3.6 accepts neither. */
static void test_short_curve(void **state) {
    (void)state;
    int c, s;
    handshake(&plain_client, &(struct end){ .cert = pem_p192, .key = key_p192 }, &c, &s);
    assert_true(usocket_is_tls(c));
    assert_true(c != USOCKET_ETLS_CERTIFICATE || strstr(tls_words(&client), "too weak") != NULL);
    part();
}

static void test_clock(void **state) {
    (void)state;
#if FX_SIM
    sim_wall_time(17);
    refused(&plain_client, &plain_server, USOCKET_ETLS_CLOCK, "clock was never set");
    sim_wall_time(INT64_C(4102444800)); /* 2100 */
    refused(&plain_client, &plain_server, USOCKET_ETLS_CERTIFICATE, "expired on 20");
    sim_wall_time(INT64_C(1600000000)); /* 2020 */
    refused(&plain_client, &plain_server, USOCKET_ETLS_CERTIFICATE, "is not valid before 20");
#else
    LACKS("clock", "this system's clock stays as it is");
#endif
}

static void test_no_ca_certificates(void **state) {
    (void)state;
#if FX_SIM
    int c, s;
    handshake(&(struct end){ .host = "host.test" }, &plain_server, &c, &s);
    assert_code(USOCKET_ETLS_SETUP, c);
    assert_non_null(strstr(tls_words(&client), "no authority to trust"));
    part();
#else
    LACKS("trust", "this system's bundle is not ours to change");
#endif
}

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(strlen(text), fwrite(text, 1, strlen(text), f));
    assert_int_equal(0, fclose(f));
}

/* The system's bundle is read again when, and only when, the file has changed. */
static void test_bundle(void **state) {
    (void)state;
    char path[] = "/tmp/usocket-bundle-XXXXXX";
    const struct end any = { .host = "host.test" };
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_file(path, pem_root);
#if FX_SIM
    sim_trust(path, 1);
    session(&any, &plain_server);
    part();
    write_file(path, pem_other);
#if USOCKET_TLS_KEEP_TRUST
    session(&any, &plain_server); /* the bundle is not read */
    part();
#endif
    sim_trust(path, 2);
    refused(&any, &plain_server, USOCKET_ETLS_CERTIFICATE, "unknown authority");
    write_file(path, pem_root);
    sim_trust(path, 0); /* the version is unknown */
    session(&any, &plain_server);
    part();
    write_file(path, pem_other);
    refused(&any, &plain_server, USOCKET_ETLS_CERTIFICATE, "unknown authority");
    sim_trust(TLS_CERTS "/root.pem", 1); /* another file */
    session(&any, &plain_server);
    write_file(path, pem_other);
    sim_trust(path, 3); /* while the previous one is in use */
    usocket_t held = client;
    usocket_init(&client);
    usocket_close(&server);
    refused(&any, &plain_server, USOCKET_ETLS_CERTIFICATE, "unknown authority");
    usocket_close(&held);
#else
    setenv("SSL_CERT_FILE", path, 1);
    session(&any, &plain_server);
    part();
    session(&any, &plain_server);
    part();
    write_file(path, pem_other);
    refused(&any, &plain_server, USOCKET_ETLS_CERTIFICATE, "unknown authority");
    unsetenv("SSL_CERT_FILE");
#endif
    unlink(path);
}

#if USOCKET_POLLER

/* For event loops: the readiness to wait for, and its deadline. */
static void test_poller_look(void **state) {
    (void)state;
    usocket_look_t look;
    usocket_addr_t at = listen_with(&plain_server);
    meet(&at, &plain_client);
    assert_int_equal(0, usocket_poller_look(&server, USOCKET_POLL_OUT, &look));
    assert_int_equal(USOCKET_POLL_IN, look.want); /* waits for the ClientHello, whatever the caller asks for */
    assert_false(usocket_poller_stale(&server, &look));
    int c, s;
    tls_shake(&client, &server, &c, &s);
    assert_ok(c);
    assert_ok(s);
    assert_true(usocket_poller_stale(&server, &look));
    assert_int_equal(0, usocket_poller_look(&server, USOCKET_POLL_IN, &look));
    assert_int_equal(USOCKET_POLL_IN, look.want);
    assert_true(look.until == USOCKET_NEVER);
    assert_int_equal(USOCKET_POLL_OUT, usocket_poller_look(&server, USOCKET_POLL_OUT, &look));
    assert_int_equal(0, usocket_poller_look(&server, USOCKET_POLL_IN, &look));
    send_text(&client, "abc");
    expect_text(&server, "a");
    assert_true(usocket_poller_stale(&server, &look));
    assert_int_equal(USOCKET_POLL_IN, usocket_poller_look(&server, USOCKET_POLL_IN, &look)); /* already decrypted */
    usocket_close(&server);
    assert_true(usocket_poller_stale(&server, &look));
    assert_int_equal(USOCKET_POLL_NVAL, usocket_poller_look(&server, USOCKET_POLL_IN, &look));
}

#endif

/* Sockets with the same CA certificates share them; others do not. */
static void test_shared_trust(void **state) {
    (void)state;
    const struct end other = { .ca = pem_other, .host = "host.test" };
    session(&plain_client, &plain_server);
    part();
    refused(&other, &plain_server, USOCKET_ETLS_CERTIFICATE, "unknown authority");
    usocket_addr_t at;
    assert_ok(usocket_getsockname(&listener, &at));
    usocket_t both = USOCKET_CLOSED;
    assert_ok(usocket_open(&both, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&both, &other));
    assert_true(usocket_is_tls(set_text(&both, USOCKET_TLS_CA_CERT, "no certificate")));
    assert_ok(set_text(&both, USOCKET_TLS_CA_CERT, pem_root));
    int r = usocket_connect_by(&both, &at, USOCKET_NOW), s;
    assert_true(r == USOCKET_EINPROGRESS);
    assert_ok(usocket_accept_by(&listener, &server, NULL, soon()));
    tls_shake(&both, &server, &r, &s);
    assert_ok(r);
    assert_ok(s);
    usocket_close(&both);
    usocket_close(&server);
    refused(&other, &plain_server, USOCKET_ETLS_CERTIFICATE, "unknown authority");
    session(&plain_client, &plain_server);
}

static void test_client_certificate(void **state) {
    (void)state;
    struct end c = plain_client, s = plain_server;
    char der[2000];
    size_t len = sizeof der;
    s.ca = pem_root;
    s.verify = 1 + 2;
    for (int version = USOCKET_TLS_1_2; version <= tls_newest(); version++) {
        c = plain_client;
        c.max = version;
        int at_client, at_server;
        handshake(&c, &s, &at_client, &at_server);
        assert_code(USOCKET_ETLS_CERTIFICATE, at_server);
        assert_non_null(strstr(tls_words(&server), "no certificate"));
        at_client = at_client < 0 ? at_client : usocket_recv_by(&client, der, 1, 0, NULL, soon()); /* in TLS 1.3 the client gets the alert later */
        assert_code(USOCKET_ETLS_ALERT, at_client);
        assert_non_null(strstr(tls_words(&client), version == USOCKET_TLS_1_2 ? "handshake_failure (40)" : "certificate_required (116)"));
        part();
        c.cert = pem_client;
        c.key = key_client;
        session(&c, &s);
        len = sizeof der;
        assert_ok(usocket_getsockopt(&server, USOCKET_SOL_TLS, USOCKET_TLS_PEER_CERT, der, &len));
        assert_true(len > 100 && der[0] == 0x30);
        exchange(100);
        part();
    }
}

/* A server with several certificates presents the one for the requested name, otherwise the first. */
static void test_sni(void **state) {
    (void)state;
    usocket_addr_t at = listen_with(&plain_server);
    assert_ok(set_text(&listener, USOCKET_TLS_OWN_CERT, pem_second));
    assert_ok(set_text(&listener, USOCKET_TLS_OWN_KEY, key_second));
    static const char *const names[] = { "host.test", "second.test", "host.test" };
    for (size_t i = 0; i < 3; i++) {
        struct end e = { .ca = pem_root, .host = names[i] };
        int c, s;
        meet(&at, &e);
        tls_shake(&client, &server, &c, &s);
        assert_ok(c);
        assert_ok(s);
        part();
    }
}

static void test_psk(void **state) {
    (void)state;
    for (int version = USOCKET_TLS_1_2; version <= tls_newest(); version++) {
        struct end e = { .psk = "0123456789abcdef", .min = version, .max = version };
        session(&e, &e);
        exchange(1000);
        part();
        struct end other = e;
        other.psk = "0123456789abcdeF";
        int c, s;
        handshake(&e, &other, &c, &s);
        assert_true(usocket_is_tls(c) && usocket_is_tls(s));
        assert_null(strstr(tls_words(&client), "0123456789"));
        part();
    }
}

/* ---- Agreements --------------------------------------------------------------------------------------------------- */

static void test_alpn(void **state) {
    (void)state;
    struct end c = plain_client, s = plain_server;
    char name[32];
    size_t len = sizeof name;
    c.alpn = "h2,mqtt,http/1.1";
    s.alpn = "mqtt,h2";
    for (c.max = USOCKET_TLS_1_2; c.max <= tls_newest(); c.max++) {
        session(&c, &s);
        len = sizeof name;
        assert_ok(usocket_getsockopt(&client, USOCKET_SOL_TLS, USOCKET_TLS_ALPN_USED, name, &len));
        assert_int_equal(4, len);
        assert_memory_equal("mqtt", name, 4);
        part();
        session(&plain_client, &s);
        len = sizeof name;
        assert_ok(usocket_getsockopt(&client, USOCKET_SOL_TLS, USOCKET_TLS_ALPN_USED, name, &len));
        assert_int_equal(0, len);
        part();
        c.alpn = "coap";
        int at_client, at_server;
        handshake(&c, &s, &at_client, &at_server);
        assert_true(usocket_is_tls(at_client) && usocket_is_tls(at_server));
        part();
        c.alpn = "h2,mqtt,http/1.1";
    }
}

static void test_suites(void **state) {
    (void)state;
    struct end c = plain_client;
    char name[64];
    size_t len = sizeof name;
    c.suites = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    session(&c, &plain_server);
    assert_int_equal(0xC02B, get_number(&client, USOCKET_TLS_CIPHERSUITE_USED));
    assert_ok(usocket_getsockopt(&client, USOCKET_SOL_TLS, USOCKET_TLS_CIPHERSUITE_USED, name, &len));
    assert_int_equal(strlen(c.suites), len);
    assert_memory_equal(c.suites, name, len);
    part();
    struct end s = plain_server;
    s.suites = "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384";
    int at_client, at_server;
    handshake(&c, &s, &at_client, &at_server);
    assert_code(USOCKET_ETLS_HANDSHAKE, at_server);
    assert_code(USOCKET_ETLS_ALERT, at_client);
    part();
}

static void test_no_version_in_common(void **state) {
    (void)state;
    if (tls_newest() == USOCKET_TLS_1_2) {
        LACKS("1.3", "this mbedTLS has TLS 1.2 alone");
    }
    struct end c = plain_client, s = plain_server;
    c.min = USOCKET_TLS_1_3;
    s.max = USOCKET_TLS_1_2;
    int at_client, at_server;
    handshake(&c, &s, &at_client, &at_server);
    assert_true(at_client == USOCKET_ETLS_ALERT || at_client == USOCKET_ETLS_HANDSHAKE);
    assert_code(USOCKET_ETLS_HANDSHAKE, at_server);
    part();
}

static void test_fragments(void **state) {
    (void)state;
    for (int most = 512; most <= 4096; most *= 2) {
        struct end c = plain_client;
        c.fragment = most;
        session(&c, &plain_server);
        assert_int_equal(USOCKET_TLS_1_2, get_number(&client, USOCKET_TLS_VERSION_USED));
        char buf[5000];
        size_t sent = 0;
        memset(buf, 'f', sizeof buf);
        assert_ok(usocket_send_all_by(&server, buf, sizeof buf, &sent, soon()));
        assert_int_equal(USOCKET_POLL_IN, usocket_poll(&client, USOCKET_POLL_IN, soon()));
        assert_true(usocket_recv_by(&client, buf, sizeof buf, 0, NULL, soon()) <= most);
        part();
        session(&c, &plain_server);
        exchange(20000);
        part();
    }
}

/* A resumed session needs no certificate: it still works on the day after that has expired. */
/* The client has the server's own certificate, without the rest of the chain. */
static void expect_peer_cert(void) {
    static unsigned char own[4000], peer[4000];
    size_t own_len = sizeof own, len = sizeof peer, all;
    assert_ok(usocket_getsockopt(&server, USOCKET_SOL_TLS, USOCKET_TLS_OWN_CERT, own, &own_len));
    assert_ok(usocket_getsockopt(&client, USOCKET_SOL_TLS, USOCKET_TLS_PEER_CERT, peer, &len));
    all = 4 + ((size_t)own[2] << 8 | own[3]); /* DER: a sequence, its length in two bytes */
    assert_true(all < own_len);
    assert_int_equal(all, len);
    assert_memory_equal(own, peer, len);
    size_t shorter = len - 1;
    assert_code(USOCKET_EINVAL, usocket_getsockopt(&client, USOCKET_SOL_TLS, USOCKET_TLS_PEER_CERT, peer, &shorter));
    assert_ok(usocket_getsockopt(&client, USOCKET_SOL_TLS, USOCKET_TLS_PEER_CERT, NULL, &shorter));
    assert_int_equal(len, shorter);
    len = sizeof peer;
    assert_ok(usocket_getsockopt(&server, USOCKET_SOL_TLS, USOCKET_TLS_PEER_CERT, peer, &len));
    assert_int_equal(0, len);
}

static void test_resumption(void **state) {
    (void)state;
    struct end c = plain_client, s = plain_server;
    s.cache = c.cache = 1;
    for (c.max = USOCKET_TLS_1_2; c.max <= tls_newest(); c.max++) {
        usocket_close(&listener);
        usocket_addr_t at = listen_with(&s);
        int at_client, at_server;
        for (int i = 0; i < 3; i++) {
            meet(&at, &c);
            tls_shake(&client, &server, &at_client, &at_server);
            assert_ok(at_client);
            assert_ok(at_server);
            if (i == 0 || c.max == USOCKET_TLS_1_2) { /* a TLS 1.3 session contains no certificate */
                expect_peer_cert();
            }
            exchange(100); /* tickets arrive after the handshake */
            part();
#if FX_SIM
            sim_wall_time(INT64_C(4102444800));
#endif
        }
#if FX_SIM
        usocket_tls_forget();
        meet(&at, &c);
        tls_shake(&client, &server, &at_client, &at_server);
        assert_code(USOCKET_ETLS_CERTIFICATE, at_client);
        part();
        sim_wall_time(1800000000);
#endif
    }
}

/* ---- Other peers -------------------------------------------------------------------------------------------------- */

static void test_plain_text(void **state) {
    (void)state;
    usocket_t plain = USOCKET_CLOSED;
    char c;
    usocket_addr_t at = listen_with(&plain_server);
    assert_ok(usocket_open(&plain, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_connect_by(&plain, &at, soon()));
    assert_ok(usocket_accept_by(&listener, &server, NULL, soon()));
    send_text(&plain, "GET / HTTP/1.0\r\n\r\n");
    assert_code(USOCKET_ETLS_PROTOCOL, usocket_recv_by(&server, &c, 1, 0, NULL, soon()));
    assert_non_null(strstr(tls_words(&server), "does not speak TLS"));
    assert_ok(usocket_close(&plain));
}

/* The options stand before there is a connection, and hold for it. */
static void test_moved(void **state) {
    (void)state;
    usocket_addr_t at = listen_with(&plain_server);
    usocket_t plain = USOCKET_CLOSED;
    assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&client, &plain_client));
    assert_ok(usocket_tls_check(&client, false));
    usocket_tls_move(&client, USOCKET_AF_INET, -1);
    assert_code(USOCKET_EBADF, usocket_send(&client, "x", 1));
    assert_ok(usocket_open(&plain, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_connect_by(&plain, &at, soon()));
    assert_ok(usocket_accept_by(&listener, &server, NULL, soon()));
    usocket_tls_move(&client, USOCKET_AF_INET, usocket_detach(&plain));
    int c, s;
    tls_shake(&client, &server, &c, &s);
    assert_ok(c);
    assert_ok(s);
    send_text(&client, "hello");
    expect_text(&server, "hello");
}

static void test_checked(void **state) {
    (void)state;
    const struct {
        struct end e;
        bool server;
        const char *words;
    } cases[] = {
        { { .ca = pem_root }, true, "a server needs TLS_OWN_CERT and TLS_OWN_KEY, or TLS_PSK" },
        { { .ca = pem_root, .cert = pem_server }, false, "TLS_OWN_CERT without its TLS_OWN_KEY" },
        { { .ca = pem_root, .fragment = 512, .suites = "TLS_AES_128_GCM_SHA256" }, false, "the other options ask for 1.3" },
#if FX_SIM
        { { .host = "host.test" }, false, "no authority to trust: TLS_CA_CERT gives none, and the system has none" },
#endif
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].e.suites != NULL && tls_newest() < USOCKET_TLS_1_3) {
            continue;
        }
        assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
        assert_ok(tls_set(&client, &cases[i].e));
        assert_code(USOCKET_ETLS_SETUP, usocket_tls_check(&client, cases[i].server));
        if (strstr(tls_words(&client), cases[i].words) == NULL) {
            print_error("\"%s\" lacks \"%s\"\n", tls_words(&client), cases[i].words);
            fail();
        }
        assert_ok(set_number(&client, USOCKET_TLS_PEER_VERIFY, 0)); /* options may still change */
        assert_ok(usocket_close(&client));
    }
}

static void test_adopted(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    int c, s;
    usocket_addr_t at = listen_with(&plain_server);
    fx_connect(&a, &b);
    fx_close(&b, &a);
    assert_ok(usocket_open(&a, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_connect_by(&a, &at, soon()));
    assert_ok(usocket_accept_by(&listener, &server, NULL, soon()));
    assert_ok(usocket_adopt(&client, usocket_detach(&a), USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&client, &plain_client));
    tls_shake(&client, &server, &c, &s);
    assert_ok(c);
    assert_ok(s);
    usocket_t copy = USOCKET_CLOSED;
    assert_ok(usocket_share(&copy, &client));
    assert_ok(usocket_close(&client));
    send_text(&server, "shared");
    expect_text(&copy, "shared");
    assert_ok(usocket_close(&copy));
    assert_int_equal(0, usocket_recv_by(&server, (char[1]){ 0 }, 1, 0, NULL, soon()));
}

/* Connect until the listener's queue is full: the connect of *s goes on. Returns the number of connections in the queue. */
static int connect_to_full_queue(usocket_t *s, const usocket_addr_t *at, usocket_t queued[], int most) {
    for (int n = 0; n < most; n++) {
        usocket_init(&queued[n]);
        assert_ok(usocket_open(s, USOCKET_AF_INET, USOCKET_STREAM, 0));
        int r = usocket_connect_by(s, at, usocket_deadline_in(200 * MS));
        if (r == USOCKET_ETIMEDOUT) {
            return n;
        }
        assert_ok(r);
        assert_ok(usocket_adopt(&queued[n], usocket_detach(s), -1, -1, -1));
    }
    fail_msg("the queue takes %d connections", most);
    return 0;
}

static void test_adopted_while_connecting(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, queued[8];
    char byte;
    int c, s;
    usocket_addr_t at = listen_with(&plain_server);
    assert_ok(usocket_listen(&listener, 0));
    int n = connect_to_full_queue(&a, &at, queued, 8);
    assert_ok(usocket_adopt(&client, usocket_detach(&a), USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&client, &(struct end){ .ca = pem_root })); /* no name: the address of the peer is verified */
    assert_code(USOCKET_EAGAIN, usocket_tls_handshake_by(&client, USOCKET_NOW));
    assert_code(USOCKET_EAGAIN, usocket_recv_by(&client, &byte, 1, 0, NULL, USOCKET_NOW));
    assert_code(0, usocket_poll(&client, USOCKET_POLL_IN | USOCKET_POLL_OUT, USOCKET_NOW));
    for (int i = 0; i < n; i++) {
        assert_ok(usocket_accept_by(&listener, &server, NULL, soon()));
        assert_ok(usocket_close(&server));
        assert_ok(usocket_close(&queued[i]));
    }
    assert_code(USOCKET_ETIMEDOUT, usocket_tls_handshake_by(&client, usocket_deadline_in(5 * MS))); /* waits for the stack's connect */
    assert_ok(usocket_accept_by(&listener, &server, NULL, soon()));
    tls_shake(&client, &server, &c, &s);
    assert_ok(c);
    assert_ok(s);
    send_text(&server, "adopted");
    expect_text(&client, "adopted");
}

/* At whatever moment the stack connects, before, during or after the adoption. */
static void test_adopted_at_any_moment(void **state) {
    (void)state;
    usocket_addr_t at = listen_with(&plain_server);
#ifdef TEST_SIM
    sim_cost(1); /* the stack also connects between two calls of the adoption */
#endif
    for (int us = 0; us < 250; us++) {
        usocket_t a = USOCKET_CLOSED;
        assert_ok(usocket_open(&a, USOCKET_AF_INET, USOCKET_STREAM, 0));
        assert_code(USOCKET_EINPROGRESS, usocket_connect_by(&a, &at, USOCKET_NOW));
        fx_sleep(us);
        assert_ok(usocket_adopt(&client, usocket_detach(&a), USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
        assert_ok(tls_set(&client, &plain_client));
        assert_code(USOCKET_EAGAIN, usocket_tls_handshake_by(&client, USOCKET_NOW));
        assert_ok(usocket_accept_by(&listener, &server, NULL, soon()));
        assert_ok(usocket_close(&client));
        assert_ok(usocket_close(&server));
    }
#ifdef TEST_SIM
    sim_cost(0);
#endif
}

/* Sockets without a connect are not taken for connecting ones. */
static void test_adopted_without_a_connect(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED;
    char byte;
    int c, s;
    usocket_addr_t at = fx_listen(&a, USOCKET_AF_INET, 4);
    assert_ok(usocket_adopt(&listener, usocket_detach(&a), USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&listener, &plain_server));
    assert_code(USOCKET_ENOTCONN, usocket_recv_by(&listener, &byte, 1, 0, NULL, USOCKET_NOW));
    assert_ok(usocket_open(&a, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_adopt(&client, usocket_detach(&a), USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&client, &plain_client));
    assert_code(USOCKET_ENOTCONN, usocket_tls_handshake_by(&client, USOCKET_NOW));
    assert_code(USOCKET_EINPROGRESS, usocket_connect_by(&client, &at, USOCKET_NOW));
    assert_code(USOCKET_POLL_IN, usocket_poll(&listener, USOCKET_POLL_IN, soon()));
    assert_ok(usocket_accept_by(&listener, &server, NULL, soon()));
    tls_shake(&client, &server, &c, &s);
    assert_ok(c);
    assert_ok(s);
}

/* A connect that fails after the adoption is reported by the handshake. */
static void test_adopted_and_refused(void **state) {
    (void)state;
    usocket_t a = USOCKET_CLOSED, queued[8];
    usocket_addr_t at = fx_listen(&listener, USOCKET_AF_INET, 0);
    int n = connect_to_full_queue(&a, &at, queued, 8);
    assert_ok(usocket_adopt(&client, usocket_detach(&a), USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(usocket_close(&listener));
    assert_code(USOCKET_ECONNREFUSED, usocket_tls_handshake_by(&client, soon()));
    assert_code(USOCKET_ENOTCONN, usocket_tls_handshake_by(&client, USOCKET_NOW));
    while (n > 0) {
        usocket_close(&queued[--n]);
    }
}

/* mbedTLS allocates a table of keys in its first handshake. */
static void warm_up(void) {
    void *state = NULL;
    begin(&state);
    session(&plain_client, &plain_server);
    part();
    usocket_close(&listener);
}

int main(void) {
    warm_up();
    const struct CMUnitTest tests[] = {
        TLS(test_versions), TLS(test_blocking), TLS(test_close_sends_close_notify), TLS(test_close_without_waiting), TLS(test_truncation), TLS(test_peek_and_poll),
        TLS(test_put_back), TLS(test_listener_is_free), TLS(test_connect_deadline), TLS(test_close_is_bounded), TLS(test_verification),
        TLS(test_short_curve), TLS(test_clock), TLS(test_no_ca_certificates), TLS(test_bundle), TLS(test_shared_trust),
#if USOCKET_POLLER
        TLS(test_poller_look),
#endif
        TLS(test_client_certificate), TLS(test_sni), TLS(test_psk), TLS(test_alpn),
        TLS(test_suites), TLS(test_no_version_in_common), TLS(test_fragments), TLS(test_resumption), TLS(test_plain_text),
        TLS(test_adopted), TLS(test_adopted_while_connecting), TLS(test_adopted_at_any_moment),
        TLS(test_adopted_without_a_connect), TLS(test_adopted_and_refused),
        TLS(test_moved), TLS(test_checked), TLS(test_stalling_peer),
    };
    int failed = RUN(tests);
    tls_tidy();
    return failed;
}
