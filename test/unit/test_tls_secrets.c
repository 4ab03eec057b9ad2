/* Freed memory contains no TLS secret: private keys, the pre-shared key, the seeds of ephemeral keys, plain text.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_fixture.h"

static usocket_t listener = USOCKET_CLOSED, client = USOCKET_CLOSED, server = USOCKET_CLOSED;

static const char words[] = "between you and me: the safe's number is 42-17-93";
static const char psk[] = "a key that both share";

static void know_secrets(void) {
    for (size_t i = 0; i < sizeof key_secrets / sizeof *key_secrets; i++) {
        sim_secret(key_secrets[i].what, key_secrets[i].bytes, key_secrets[i].len);
    }
    const char *texts[] = { key_server, key_client, key_rsa };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *body = strchr(texts[i], '\n') + 1;
        sim_secret("a key's text", body + 40, 24); /* after the prefix common to all keys */
    }
    sim_secret("what was said", words, sizeof words - 1);
    sim_secret("the shared key", psk, sizeof psk - 1);
}

static void expect_kept(const char *when) {
    const char *what;
    unsigned times = sim_secrets_spilt(&what);
    if (times) {
        print_error("%s: %u times a secret was in freed memory; the last: %s\n", when, times, what);
        fail();
    }
}

static void say(usocket_t *from, usocket_t *to) {
    char buf[sizeof words];
    assert_int_equal(sizeof words, usocket_send_by(from, words, sizeof words, 0, NULL, USOCKET_NOW));
    int32_t n = USOCKET_EAGAIN;
    for (int i = 0; i < 1000 && n == USOCKET_EAGAIN; i++) {
        n = usocket_recv_by(to, buf, sizeof buf, 0, NULL, USOCKET_NOW);
        fx_sleep(200);
    }
    assert_int_equal(sizeof words, n);
    assert_memory_equal(words, buf, sizeof words);
}

/* Make two connections, the second resumed if there is a cache; returns the result of the handshakes. */
static int converse(const struct end *c, const struct end *s) {
    int result = 0;
    usocket_addr_t at = fx_addr("127.0.0.1", 0);
    assert_ok(usocket_open(&listener, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(tls_set(&listener, s));
    assert_ok(usocket_bind(&listener, &at));
    assert_ok(usocket_listen(&listener, 4));
    assert_ok(usocket_getsockname(&listener, &at));
    for (int round = 0; round < 2; round++) {
        int rc, rs;
        assert_ok(usocket_open(&client, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
        assert_ok(tls_set(&client, c));
        usocket_connect_by(&client, &at, USOCKET_NOW);
        assert_ok(usocket_accept_by(&listener, &server, NULL, usocket_deadline_in(SECOND)));
        tls_shake(&client, &server, &rc, &rs);
        if (rc == 0 && rs == 0) {
            say(&client, &server);
            say(&server, &client);
        }
        result = rc < 0 ? rc : rs < 0 ? rs : result;
        usocket_close(&client);
        usocket_close(&server);
    }
    usocket_close(&listener);
    usocket_tls_forget();
    return result;
}

/* Tickets contain public random numbers, so random bytes are not searched for with tickets. */
static void begin(const struct end *s) {
    sim_begin();
    know_secrets();
    sim_secrets_from_random(!s->cache);
}

static void expect_secret(const struct end *c, const struct end *s, int code, const char *when) {
    begin(s);
    int r = converse(c, s);
    if (code == 0 ? r != 0 : r >= 0) {
        print_error("%s: %d\n", when, r);
        fail();
    }
    sim_drain();
    expect_kept(when);
}

/* The search finds a secret that is present. */
static void test_search(void **state) {
    (void)state;
    const char *what;
    sim_begin();
    know_secrets();
    char *p = usocket_port_alloc(100);
    memcpy(p + 50, words, sizeof words - 1);
    usocket_port_free(p);
    assert_true(sim_secrets_spilt(&what) > 0);
    assert_string_equal("what was said", what);
    sim_begin();
    know_secrets();
    p = usocket_port_alloc(32);
    for (int i = 0; i < 32; i++) {
        p[i] = key_secrets[0].bytes[31 - i];
    }
    usocket_port_free(p);
    assert_true(sim_secrets_spilt(&what) > 0);
    assert_string_equal(key_secrets[0].what, what);
    sim_drain();
}

static const struct end server_ec = { .cert = pem_server, .key = key_server, .ca = pem_root };
static const struct end server_rsa = { .cert = pem_rsa, .key = key_rsa };
static const struct end client_plain = { .ca = pem_root, .host = "host.test" };

static void test_sessions(void **state) {
    (void)state;
    const int versions[] = { USOCKET_TLS_1_2, tls_newest() };
    for (int i = 0; i < 4; i++) {
        struct end c = client_plain, ec = server_ec, rsa = server_rsa;
        c.max = c.min = versions[i / 2];
        c.cache = ec.cache = rsa.cache = i % 2;
        expect_secret(&c, &ec, 0, "ECDSA");
        expect_secret(&c, &rsa, 0, "RSA");
        c.cert = pem_client;
        c.key = key_client;
        ec.verify = 1 + 2;
        expect_secret(&c, &ec, 0, "a client's certificate");
        struct end shared = { .psk = psk, .min = c.min, .max = c.max };
        expect_secret(&shared, &shared, 0, "a shared key");
    }
    struct end c = client_plain, s = server_rsa;
    c.suites = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256";
    c.max = USOCKET_TLS_1_2;
    expect_secret(&c, &s, 0, "ChaCha20");
    c.fragment = 512;
    c.suites = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384";
    expect_secret(&c, &s, 0, "CBC, short records");
}

/* Handshakes that fail, at one end or the other. */
static void test_failures(void **state) {
    (void)state;
    struct end c = client_plain, s = server_ec;
    c.host = "another.test";
    expect_secret(&c, &s, -1, "another name");
    c = client_plain;
    s.verify = 1 + 2;
    expect_secret(&c, &s, -1, "no certificate where one is wanted");
    struct end shared = { .psk = psk, .max = USOCKET_TLS_1_2 }, other = { .psk = "another key than the other's", .max = USOCKET_TLS_1_2 };
    expect_secret(&shared, &other, -1, "two keys");
}

/* Keys that are replaced, refused, or do not match the certificate. */
static void test_options(void **state) {
    (void)state;
    begin(&server_ec);
    usocket_t s = USOCKET_CLOSED;
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    for (int i = 0; i < 2; i++) {
        assert_ok(set_text(&s, USOCKET_TLS_OWN_CERT, pem_server));
        assert_ok(set_text(&s, USOCKET_TLS_OWN_KEY, key_server));
        assert_ok(set_text(&s, USOCKET_TLS_PSK_IDENTITY, "me"));
        assert_ok(set_text(&s, USOCKET_TLS_PSK, psk));
    }
    assert_ok(set_text(&s, USOCKET_TLS_OWN_KEY, key_rsa)); /* does not match the certificate */
    assert_true(usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_OWN_KEY, key_rsa, strlen(key_rsa) - 60) < 0);
    usocket_close(&s);
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    assert_ok(set_text(&s, USOCKET_TLS_OWN_KEY, key_rsa)); /* set before its certificate, or without one */
    usocket_close(&s);
    usocket_tls_forget();
    sim_drain();
    expect_kept("options");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search), cmocka_unit_test(test_sessions), cmocka_unit_test(test_failures), cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests_name("secrets", tests, NULL, NULL) != 0;
}
