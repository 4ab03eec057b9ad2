/* The TLS options: accepted values, values read back, and errors of invalid values.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "tls_fixture.h"

static usocket_t s;

static int begin(void **state) {
    usocket_init(&s);
    int r = fx_begin(state);
    return r != 0 ? r : usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC);
}

static int end(void **state) {
    usocket_close(&s);
    return fx_end(state);
}
#define OPTION(name) cmocka_unit_test_setup_teardown(name, begin, end)

static void refused(int r, const char *words) {
    assert_code(USOCKET_ETLS_OPTION, r);
    if (strncmp(tls_words(&s), words, strlen(words)) != 0) {
        print_error("\"%s\" does not begin with \"%s\"\n", tls_words(&s), words);
        fail();
    }
    int number = 0;
    char text[USOCKET_TLS_WORDS];
    assert_ok(usocket_tls_why(&s, &number, text));
    assert_true(number < 0);
}

static void text_is(int name, const char *text) {
    char buf[300];
    size_t len = sizeof buf;
    assert_ok(usocket_getsockopt(&s, USOCKET_SOL_TLS, name, buf, &len));
    assert_int_equal(strlen(text), len);
    assert_memory_equal(text, buf, len);
    len = 0;
    assert_ok(usocket_getsockopt(&s, USOCKET_SOL_TLS, name, NULL, &len)); /* the length that the value needs */
    assert_int_equal(strlen(text), len);
}

static void test_numbers(void **state) {
    (void)state;
    static const struct {
        int name, first, good, bad;
        const char *words;
    } rows[] = {
        { USOCKET_TLS_PEER_VERIFY, 2, 1, 3, "TLS_PEER_VERIFY: must be" },
        { USOCKET_TLS_SESSION_CACHE, 0, 1, 2, "TLS_SESSION_CACHE: must be" },
        { USOCKET_TLS_MIN_VERSION, USOCKET_TLS_1_2, USOCKET_TLS_1_2, 0x302, "TLS_MIN_VERSION: must be" },
        { USOCKET_TLS_MAX_VERSION, 0, USOCKET_TLS_1_2, 0x305, "TLS_MAX_VERSION: must be" },
        { USOCKET_TLS_MAX_FRAGMENT, 16384, 2048, 3000, "TLS_MAX_FRAGMENT: must be" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].first) {
            assert_int_equal(rows[i].first, get_number(&s, rows[i].name));
        }
        assert_ok(set_number(&s, rows[i].name, rows[i].good));
        assert_int_equal(rows[i].good, get_number(&s, rows[i].name));
        refused(set_number(&s, rows[i].name, rows[i].bad), rows[i].words);
        assert_int_equal(rows[i].good, get_number(&s, rows[i].name));
        assert_code(USOCKET_EINVAL, usocket_setsockopt(&s, USOCKET_SOL_TLS, rows[i].name, "x", 1));
    }
}

static void test_texts(void **state) {
    (void)state;
    assert_ok(set_text(&s, USOCKET_TLS_HOSTNAME, "host.test"));
    text_is(USOCKET_TLS_HOSTNAME, "host.test");
    assert_ok(set_text(&s, USOCKET_TLS_HOSTNAME, ""));
    text_is(USOCKET_TLS_HOSTNAME, "");
    assert_code(USOCKET_EINVAL, usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_HOSTNAME, "a\0b", 3));
    static const char *const no_names[] = { "b\303\274cher.example", "a b", "host.test\n", "\x7f" };
    for (size_t i = 0; i < sizeof no_names / sizeof *no_names; i++) { /* invalid bytes never reach SNI */
        assert_code(USOCKET_ETLS_OPTION, set_text(&s, USOCKET_TLS_HOSTNAME, no_names[i]));
        assert_non_null(strstr(tls_words(&s), "xn--"));
        assert_code(USOCKET_EINVAL, usocket_tls_name(&s, no_names[i], strlen(no_names[i])));
        text_is(USOCKET_TLS_HOSTNAME, "");
    }
    char longest[300];
    memset(longest, 'a', sizeof longest);
    assert_code(USOCKET_ENAMETOOLONG, usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_HOSTNAME, longest, sizeof longest));
    assert_ok(set_text(&s, USOCKET_TLS_ALPN_LIST, "h2, http/1.1"));
    text_is(USOCKET_TLS_ALPN_LIST, "h2,http/1.1");
    refused(usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_ALPN_LIST, longest, sizeof longest), "TLS_ALPN_LIST: a name longer");
    text_is(USOCKET_TLS_ALPN_LIST, "h2,http/1.1");
    assert_ok(set_text(&s, USOCKET_TLS_ALPN_LIST, ""));
    text_is(USOCKET_TLS_ALPN_LIST, "");
    assert_ok(set_text(&s, USOCKET_TLS_CIPHERSUITE_LIST, "TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256:TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
    text_is(USOCKET_TLS_CIPHERSUITE_LIST, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    refused(set_text(&s, USOCKET_TLS_CIPHERSUITE_LIST, "TLS_NULL_WITH_NULL_NULL"), "TLS_CIPHERSUITE_LIST: no suite TLS_NULL_WITH");
    assert_ok(set_text(&s, USOCKET_TLS_CIPHERSUITE_LIST, ""));
    text_is(USOCKET_TLS_CIPHERSUITE_LIST, "");
}

/* A list is split at every kind of separator. */
static void test_lists(void **state) {
    (void)state;
    static const char *const alpn[] = { "h2 http/1.1", " ,h2 ,, http/1.1, ", "h2,http/1.1 " };
    for (size_t i = 0; i < sizeof alpn / sizeof *alpn; i++) {
        assert_ok(set_text(&s, USOCKET_TLS_ALPN_LIST, alpn[i]));
        text_is(USOCKET_TLS_ALPN_LIST, "h2,http/1.1");
    }
    assert_ok(set_text(&s, USOCKET_TLS_ALPN_LIST, "a b c d e f g h i j k l m n o p"));
    text_is(USOCKET_TLS_ALPN_LIST, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p");
    refused(usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_ALPN_LIST, "a\0b\0c", 5), "TLS_ALPN_LIST: a name with a NUL");
    text_is(USOCKET_TLS_ALPN_LIST, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p");
    assert_ok(set_text(&s, USOCKET_TLS_ALPN_LIST, " , "));
    text_is(USOCKET_TLS_ALPN_LIST, "");
#define SUITE "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    assert_ok(set_text(&s, USOCKET_TLS_CIPHERSUITE_LIST, SUITE " " SUITE ":" SUITE "," SUITE ", " SUITE));
    text_is(USOCKET_TLS_CIPHERSUITE_LIST, SUITE "," SUITE "," SUITE "," SUITE "," SUITE);
    static const char nuls[] = SUITE "\0" SUITE "\0" SUITE "\0" SUITE;
    refused(usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_CIPHERSUITE_LIST, nuls, sizeof nuls - 1), "TLS_CIPHERSUITE_LIST: no suite");
}

static void test_certificates(void **state) {
    (void)state;
    char buf[4000];
    size_t len = sizeof buf;
    assert_ok(set_text(&s, USOCKET_TLS_CA_CERT, pem_root));
    assert_ok(usocket_getsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_CA_CERT, buf, &len));
    assert_int_equal(sizeof der_root, len);
    assert_memory_equal(der_root, buf, len);
    len = 10;
    assert_code(USOCKET_EINVAL, usocket_getsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_CA_CERT, buf, &len));
    assert_ok(usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_CA_CERT, der_root, sizeof der_root)); /* adds certificates */
    len = 0;
    assert_ok(usocket_getsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_CA_CERT, NULL, &len));
    assert_int_equal(2 * sizeof der_root, len);
    refused(set_text(&s, USOCKET_TLS_CA_CERT, "no certificate"), "TLS_CA_CERT: no certificate");
    refused(usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_CA_CERT, der_root, sizeof der_root - 1), "TLS_CA_CERT: no certificate");
    assert_ok(usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_CA_CERT, NULL, 0)); /* clears the list */
    len = sizeof buf;
    assert_ok(usocket_getsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_CA_CERT, buf, &len));
    assert_int_equal(0, len);
}

/* Buffer for values that the tests compose. */
static char made[20000];
static size_t made_len;

static void add_bytes(const void *bytes, size_t len) {
    assert_true(made_len + len <= sizeof made);
    memcpy(made + made_len, bytes, len);
    made_len += len;
}

static void add_text(const char *text) {
    add_bytes(text, strlen(text));
}

static int set_made(int name) {
    return usocket_setsockopt(&s, USOCKET_SOL_TLS, name, made, made_len);
}

/* The size of the CA certificates that the socket trusts. */
static size_t trusted(void) {
    size_t len = 0;
    assert_ok(usocket_getsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_CA_CERT, NULL, &len));
    return len;
}

#define MADE(...) (made_len = 0, __VA_ARGS__)

/* An empty CA file, as after a full disk, must not restore the system's CA certificates. */
static void test_empty_value(void **state) {
    (void)state;
    static const char *const nothing[] = { "", "\n", " \r\n\t", "# no certificate\n", key_server };
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        assert_ok(usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_CA_CERT, NULL, 0));
        refused(set_text(&s, USOCKET_TLS_CA_CERT, nothing[i]), "TLS_CA_CERT: no certificate in it");
        assert_ok(set_text(&s, USOCKET_TLS_CA_CERT, pem_root));
        refused(set_text(&s, USOCKET_TLS_CA_CERT, nothing[i]), "TLS_CA_CERT: no certificate in it");
        assert_int_equal(sizeof der_root, trusted()); /* unchanged */
        refused(set_text(&s, USOCKET_TLS_OWN_CERT, nothing[i]), "TLS_OWN_CERT: no certificate in it");
    }
    refused(set_text(&s, USOCKET_TLS_OWN_KEY, ""), "TLS_OWN_KEY: no private key");
    assert_code(USOCKET_EINVAL, set_text(&s, USOCKET_TLS_PEER_VERIFY, ""));
    assert_code(USOCKET_EINVAL, set_text(&s, USOCKET_TLS_MIN_VERSION, ""));
}

/* Every certificate in a value is used, in any order and with any text between them. */
static void test_several_certificates(void **state) {
    (void)state;
    const size_t one = sizeof der_root;
    const struct {
        size_t count;
        const char *between;
        size_t between_len;
        int kinds[3]; /* 1: DER, 2: PEM */
    } rows[] = {
#define BETWEEN(text) text, sizeof text - 1
        { 2, BETWEEN(""), { 1, 1 } },
        { 2, BETWEEN(""), { 1, 2 } },
        { 2, BETWEEN(""), { 2, 1 } },
        { 2, BETWEEN("\0"), { 2, 2 } },
        { 2, BETWEEN("\0\0\n"), { 2, 1 } },
        { 2, BETWEEN("\r\n\r\n"), { 1, 2 } },
        { 3, BETWEEN(""), { 1, 2, 1 } },
        { 3, BETWEEN("# a comment, \xc3\xbc 0\n0 s:CN = root\n"), { 2, 2, 2 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        MADE((void)0);
        for (size_t k = 0; k < rows[i].count; k++) {
            if (rows[i].kinds[k] == 1) {
                add_bytes(der_root, one);
            } else {
                add_text(pem_root);
            }
            add_bytes(rows[i].between, rows[i].between_len);
        }
        assert_ok(usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_CA_CERT, NULL, 0));
        assert_ok(set_made(USOCKET_TLS_CA_CERT));
        assert_int_equal(rows[i].count * one, trusted());
    }
}

/* An unreadable certificate is not ignored: the error names it. */
static void test_rest_is_refused(void **state) {
    (void)state;
    MADE(add_bytes(der_root, sizeof der_root), add_bytes("rubbish", 7));
    refused(set_made(USOCKET_TLS_CA_CERT), "TLS_CA_CERT: certificate 2 cannot be read");
    MADE(add_bytes(der_root, sizeof der_root), add_text("# a comment\n"), add_text(pem_root));
    refused(set_made(USOCKET_TLS_CA_CERT), "TLS_CA_CERT: certificate 2 cannot be read");
    MADE(add_text(pem_root), add_text("text\n"), add_bytes(der_root, sizeof der_root));
    refused(set_made(USOCKET_TLS_CA_CERT), "TLS_CA_CERT: certificate 2 cannot be read");
    MADE(add_text("0IID\n-----END CERTIFICATE-----\n"), add_text(pem_root));
    refused(set_made(USOCKET_TLS_CA_CERT), "TLS_CA_CERT: no certificate that can be read: certificate 1");
    MADE(add_text(pem_root), add_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
    refused(set_made(USOCKET_TLS_CA_CERT), "TLS_CA_CERT: certificate 2 cannot be read");
    MADE(add_text(pem_server), add_text("rest\n"));
    assert_ok(set_made(USOCKET_TLS_OWN_CERT)); /* text before a certificate is a comment */
    MADE(add_text(pem_server), add_bytes("\x01", 1));
    refused(set_made(USOCKET_TLS_OWN_CERT), "TLS_OWN_CERT: certificate 3 cannot be read");
    MADE(add_text(key_server), add_text(key_server));
    refused(set_made(USOCKET_TLS_OWN_KEY), "TLS_OWN_KEY: no private key, more than one");
    MADE(add_bytes(der_key, sizeof der_key), add_bytes("\n\0", 2)); /* trailing white space is ignored */
    assert_ok(set_made(USOCKET_TLS_OWN_KEY));
    MADE(add_bytes(der_key, sizeof der_key), add_bytes("\1\2", 2));
    refused(set_made(USOCKET_TLS_OWN_KEY), "TLS_OWN_KEY: no private key, more than one");
    MADE(add_bytes(der_key, sizeof der_key), add_bytes(der_key, sizeof der_key));
    refused(set_made(USOCKET_TLS_OWN_KEY), "TLS_OWN_KEY: no private key, more than one");
    MADE(add_text(pem_server), add_text(key_server)); /* certificate and key in one file */
    assert_ok(set_made(USOCKET_TLS_OWN_CERT));
    assert_ok(set_made(USOCKET_TLS_OWN_KEY));
}

/* A file that is truncated at any point is refused. */
static void test_cut_short(void **state) {
    (void)state;
    const size_t whole = strlen(pem_root);
    char words[USOCKET_TLS_WORDS];
    for (size_t len = 1; len < whole; len += len < 30 || len > whole - 30 ? 1 : 41) {
        int number;
        MADE(add_text(pem_root), add_bytes(pem_root, len));
        int r = set_made(USOCKET_TLS_CA_CERT);
        if (len == whole - 1) {
            assert_ok(r); /* only the last newline is missing */
            continue;
        }
        assert_code(USOCKET_ETLS_OPTION, r);
        assert_ok(usocket_tls_why(&s, &number, words));
        assert_non_null(strstr(words, "TLS_CA_CERT: certificate 2 "));
        assert_true(number < 0);
        MADE(add_text(pem_server), add_bytes(pem_root, len));
        refused(set_made(USOCKET_TLS_OWN_CERT), "TLS_OWN_CERT: certificate 3 ");
    }
    for (size_t len = 1; len < sizeof der_root; len += len < 10 ? 1 : 41) {
        MADE(add_bytes(der_root, sizeof der_root), add_bytes(der_root, len));
        refused(set_made(USOCKET_TLS_CA_CERT), "TLS_CA_CERT: certificate 2 ");
    }
    MADE(add_text(pem_root), add_bytes(pem_list, strlen(pem_list) - 8));
    refused(set_made(USOCKET_TLS_CA_CERT), "TLS_CA_CERT: certificate 2 is cut short");
    MADE(add_text(pem_root), add_text("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"));
    refused(set_made(USOCKET_TLS_CA_CERT), "TLS_CA_CERT: a revocation list cannot be read");
}

/* A certificate of a kind that mbedTLS lacks: among others, alone, and as the socket's own. */
static void test_unknown_kind(void **state) {
    (void)state;
    MADE(add_text(pem_root), add_text(pem_ed25519), add_text(pem_other));
    assert_ok(set_made(USOCKET_TLS_CA_CERT));
    assert_true(trusted() > sizeof der_root + 200);
    MADE(add_text(pem_ed25519), add_text(pem_root));
    assert_ok(usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_CA_CERT, NULL, 0));
    assert_ok(set_made(USOCKET_TLS_CA_CERT));
    assert_int_equal(sizeof der_root, trusted());
    refused(set_text(&s, USOCKET_TLS_CA_CERT, pem_ed25519), "TLS_CA_CERT: no certificate that can be read: certificate 1 ");
    assert_non_null(strstr(tls_words(&s), "Ed25519"));
    refused(set_text(&s, USOCKET_TLS_OWN_CERT, pem_ed25519), "TLS_OWN_CERT: no certificate that can be read: certificate 1 ");
    MADE(add_text("-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n"));
    refused(set_made(USOCKET_TLS_CA_CERT), "TLS_CA_CERT: no certificate that can be read: certificate 1 ");
}

static void test_keys(void **state) {
    (void)state;
    char buf[100];
    size_t len = sizeof buf;
    refused(set_text(&s, USOCKET_TLS_OWN_CERT, key_server), "TLS_OWN_CERT: no certificate in it, but a private key");
    refused(set_text(&s, USOCKET_TLS_OWN_KEY, pem_server), "TLS_OWN_KEY: no private key, but a certificate");
    refused(set_text(&s, USOCKET_TLS_OWN_CERT, "/etc/server.pem"), "TLS_OWN_CERT: no certificate in it, but apparently a file's name: its contents are wanted");
    refused(set_text(&s, USOCKET_TLS_OWN_KEY, "server.key"), "TLS_OWN_KEY: no private key, but apparently a file's name: its contents are wanted");
    refused(set_text(&s, USOCKET_TLS_CA_CERT, "ca.pem"), "TLS_CA_CERT: no certificate in it, but apparently a file's name: its contents are wanted");
    refused(set_text(&s, USOCKET_TLS_OWN_KEY, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"),
        "TLS_OWN_KEY: the private key is encrypted: decrypt it first");
    assert_ok(set_text(&s, USOCKET_TLS_OWN_CERT, pem_server));
    refused(set_text(&s, USOCKET_TLS_OWN_KEY, key_client), "TLS_OWN_KEY: the key is not that of the certificate");
    assert_ok(set_text(&s, USOCKET_TLS_OWN_KEY, key_server));
    /* A second pair, with the key first. */
    assert_ok(set_text(&s, USOCKET_TLS_OWN_KEY, key_client));
    refused(set_text(&s, USOCKET_TLS_OWN_CERT, pem_server), "TLS_OWN_CERT: the key is not that of the certificate");
    assert_ok(set_text(&s, USOCKET_TLS_OWN_CERT, pem_client));
    assert_code(USOCKET_EACCES, usocket_getsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_OWN_KEY, buf, &len));
}

/* listen() reports a missing certificate or key, before the first client; it can then still be set. */
static void test_halves(void **state) {
    (void)state;
    usocket_addr_t a;
    assert_ok(usocket_addr_parse(&a, "127.0.0.1", 9, USOCKET_AF_INET));
    assert_ok(usocket_bind(&s, &a));
    assert_ok(set_text(&s, USOCKET_TLS_OWN_CERT, pem_server));
    assert_code(USOCKET_ETLS_SETUP, usocket_listen(&s, 1));
    assert_string_equal("TLS_OWN_CERT without its TLS_OWN_KEY", tls_words(&s));
    assert_ok(set_text(&s, USOCKET_TLS_OWN_KEY, key_server));
    assert_ok(set_text(&s, USOCKET_TLS_PSK, "secret"));
    assert_code(USOCKET_ETLS_SETUP, usocket_listen(&s, 1));
    assert_ok(set_text(&s, USOCKET_TLS_PSK_IDENTITY, "me"));
    assert_ok(usocket_listen(&s, 1));
}

static void test_role(void **state) {
    (void)state;
    assert_int_equal(0, get_number(&s, USOCKET_TLS_ROLE));
    assert_ok(set_number(&s, USOCKET_TLS_ROLE, 1));
    assert_int_equal(1, get_number(&s, USOCKET_TLS_ROLE));
    refused(set_number(&s, USOCKET_TLS_ROLE, 2), "TLS_ROLE: must be 0");
    refused(set_number(&s, USOCKET_TLS_ROLE, -1), "TLS_ROLE: must be 0");
    assert_code(USOCKET_EINVAL, set_text(&s, USOCKET_TLS_ROLE, "x"));
    assert_ok(set_number(&s, USOCKET_TLS_ROLE, 0));
}

/* Every TLS code has a name and a text, in C as well. */
static void test_names(void **state) {
    (void)state;
    for (int code = USOCKET_ETLS_CERTIFICATE; code >= USOCKET_ETLS_CLOCK; code--) {
        assert_memory_equal("ETLS_", usocket_errname(code), 5);
        assert_true(strlen(usocket_strerror(code)) > 5);
        for (int other = USOCKET_ETLS_CERTIFICATE; other > code; other--) {
            assert_string_not_equal(usocket_errname(other), usocket_errname(code));
        }
    }
    assert_string_equal("ETLS_ALERT", usocket_errname(-2002));
    assert_string_equal("E?", usocket_errname(USOCKET_ETLS_BASE));
    assert_string_equal("E?", usocket_errname(-2063));
    assert_string_equal("E?", usocket_errname(-2099));
}

static void test_psk(void **state) {
    (void)state;
    char longest[129], buf[100];
    size_t len = sizeof buf;
    memset(longest, 'q', sizeof longest);
    assert_ok(set_text(&s, USOCKET_TLS_PSK, "secret"));
    assert_ok(set_text(&s, USOCKET_TLS_PSK_IDENTITY, "me"));
    text_is(USOCKET_TLS_PSK_IDENTITY, "me");
    assert_code(USOCKET_EACCES, usocket_getsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_PSK, buf, &len));
    refused(usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_PSK, longest, sizeof longest), "TLS_PSK: longer than");
    refused(usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_PSK_IDENTITY, longest, sizeof longest), "TLS_PSK_IDENTITY: longer than 128");
    assert_null(strstr(tls_words(&s), "qq"));
    text_is(USOCKET_TLS_PSK_IDENTITY, "me");
}

static void test_not_yet_and_unknown(void **state) {
    (void)state;
    char buf[100];
    char words[USOCKET_TLS_WORDS];
    static const int used[] = { USOCKET_TLS_CIPHERSUITE_USED, USOCKET_TLS_ALPN_USED, USOCKET_TLS_VERSION_USED, USOCKET_TLS_PEER_CERT };
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
        size_t len = sizeof buf;
        assert_code(USOCKET_ENOTCONN, usocket_getsockopt(&s, USOCKET_SOL_TLS, used[i], buf, &len));
        assert_code(USOCKET_ENOPROTOOPT, set_number(&s, used[i], 1));
    }
    assert_code(USOCKET_ENOPROTOOPT, set_number(&s, 99, 1));
    assert_code(USOCKET_ENOPROTOOPT, get_number(&s, 99));
    assert_code(USOCKET_EFAULT, usocket_setsockopt(&s, USOCKET_SOL_TLS, USOCKET_TLS_CA_CERT, NULL, 5));
    usocket_t plain = USOCKET_CLOSED;
    assert_ok(usocket_open(&plain, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_true(set_number(&plain, USOCKET_TLS_PEER_VERIFY, 0) < 0); /* never ignored silently */
    assert_code(USOCKET_ENOPROTOOPT, usocket_tls_handshake_by(&plain, USOCKET_NOW));
    assert_code(USOCKET_ENOPROTOOPT, usocket_tls_unwrap_by(&plain, USOCKET_NOW));
    assert_code(USOCKET_ENOPROTOOPT, usocket_tls_name(&plain, "a", 1));
    assert_code(USOCKET_ENOPROTOOPT, usocket_tls_why(&plain, NULL, words));
    assert_ok(usocket_close(&plain));
    assert_code(USOCKET_EBADF, usocket_tls_handshake_by(&plain, USOCKET_NOW));
    assert_code(USOCKET_EBADF, usocket_tls_unwrap_by(&plain, USOCKET_NOW));
    assert_code(USOCKET_ENOTCONN, usocket_tls_handshake_by(&s, USOCKET_NOW));
    assert_code(USOCKET_ENOTCONN, usocket_tls_unwrap_by(&s, USOCKET_NOW));
    assert_code(USOCKET_ENOTCONN, usocket_send(&s, "x", 1));
    assert_code(USOCKET_ENOTCONN, usocket_recv(&s, buf, 1));
}

/* A missing option is reported before a byte is sent. */
static void test_incomplete(void **state) {
    (void)state;
    usocket_t plain = USOCKET_CLOSED, conn = USOCKET_CLOSED;
    usocket_addr_t at = fx_listen(&plain, USOCKET_AF_INET, 4);
    static const struct {
        struct end end;
        const char *words;
    } rows[] = {
        { { .ca = pem_root, .cert = pem_client }, "TLS_OWN_CERT without" },
        { { .ca = pem_root, .key = key_client }, "TLS_OWN_KEY without" },
        { { .ca = pem_root, .min = USOCKET_TLS_1_3, .max = USOCKET_TLS_1_2 }, "TLS_MIN_VERSION is above" },
        { { .ca = pem_root, .min = USOCKET_TLS_1_3, .fragment = 512 }, "TLS_MAX_FRAGMENT works in" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].end.min == USOCKET_TLS_1_3 && tls_newest() < USOCKET_TLS_1_3) {
            continue;
        }
        usocket_close(&s);
        assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
        assert_ok(tls_set(&s, &rows[i].end));
        assert_code(USOCKET_ETLS_SETUP, usocket_connect_by(&s, &at, usocket_deadline_in(5 * SECOND)));
        if (strncmp(tls_words(&s), rows[i].words, strlen(rows[i].words)) != 0) {
            print_error("\"%s\" does not begin with \"%s\"\n", tls_words(&s), rows[i].words);
            fail();
        }
        assert_ok(usocket_accept_by(&plain, &conn, NULL, usocket_deadline_in(5 * SECOND)));
        assert_ok(usocket_close(&conn));
    }
    assert_ok(usocket_close(&plain));
}

/* Connections inherit a listener's options, which are fixed after the first connection. */
static void test_listener(void **state) {
    (void)state;
    usocket_t plain = USOCKET_CLOSED, conn = USOCKET_CLOSED;
    usocket_addr_t at = fx_addr("127.0.0.1", 0);
    assert_ok(tls_set(&s, &(struct end){ .cert = pem_server, .key = key_server }));
    assert_ok(usocket_bind(&s, &at));
    assert_ok(usocket_listen(&s, 2));
    assert_ok(usocket_getsockname(&s, &at));
    assert_ok(usocket_open(&plain, USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_connect_by(&plain, &at, usocket_deadline_in(5 * SECOND)));
    assert_ok(set_number(&s, USOCKET_TLS_PEER_VERIFY, 1));
    assert_ok(usocket_accept_by(&s, &conn, NULL, usocket_deadline_in(5 * SECOND)));
    assert_code(USOCKET_EBUSY, set_number(&s, USOCKET_TLS_PEER_VERIFY, 0));
    assert_int_equal(1, get_number(&conn, USOCKET_TLS_PEER_VERIFY));
    assert_ok(usocket_close(&s));
    assert_int_equal(1, get_number(&conn, USOCKET_TLS_PEER_VERIFY));
    fx_close(&plain, &conn);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OPTION(test_numbers), OPTION(test_texts), OPTION(test_lists), OPTION(test_certificates), OPTION(test_empty_value),
        OPTION(test_several_certificates), OPTION(test_rest_is_refused), OPTION(test_cut_short), OPTION(test_unknown_kind), OPTION(test_keys), OPTION(test_psk),
        OPTION(test_not_yet_and_unknown), OPTION(test_halves), OPTION(test_role), OPTION(test_names), OPTION(test_incomplete), OPTION(test_listener),
    };
    return RUN(tests);
}
