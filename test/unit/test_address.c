/* Conversion of text to addresses and back, checked against tables and the C library.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>

#include "fixture.h"

static const char *const v4[] = {
    "0.0.0.0", "127.0.0.1", "255.255.255.255", "192.0.2.1", "1.2.3.4", "10.0.0.255", "1", "127.1", "10.1.2", "0x7f000001",
    "0x7f.1", "0177.1", "017700000001", "4294967295", "0xffffffff", "0XFF.0Xff.0xFF.0xff", "1.2.65535", "1.16777215",
    "0", "00", "0000000000", "0x0", "1.0", "255.255.255.0377",
    /* not addresses */
    "", ".", "..", "1.", ".1", "1..2", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", "256", "256.1.1.1", "1.256.1.1", "1.2.256.1",
    "1.2.3.256", "1.2.65536", "1.16777216", "4294967296", "99999999999999999999", "0x100000000", "0x", "0x.1", "1.0x", "08", "1.2.3.08",
    "0b1", "a", "1.2.3.a", "1.2.3.4a", "a1.2.3.4", "1,2,3,4", "-1", "+1", "1.-2.3.4", "1.2.3.4:80", "0xg", "127.0.0.01", "127.0.0.1%lo",
    "1e3", "0x1p3", "1.2.3.+4", "0x0x1", "0.0x", "00x1", "0377.0377.0377.0400", "1.2.3.4/24", "\x81", "1\xff",
};

static const char *const v6[] = {
    "::", "::1", "1::", "1::8", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3::6:7:8", "2001:db8::1", "2001:DB8::aBcD",
    "fe80::1", "ff02::fb", "::ffff:192.0.2.1", "::192.0.2.1", "64:ff9b::192.0.2.33", "1:2:3:4:5:6:1.2.3.4", "::1.2.3.4",
    "1::1.2.3.4", "1:2:3:4:5::1.2.3.4", "0:0:0:0:0:0:0:0", "0000:0000:0000:0000:0000:0000:0000:0001", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "1:0:0:2:0:0:0:3", "1:0:0:2:0:0:3:4", "0:0:1::", "::0:1", "1:2:3:4:5:6::8", "0::", "::0",
    /* not addresses */
    ":", ":::", "1", "1:", ":1", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1::2::3", "1:::2",
    "12345::", "::12345", "00001::", "g::", "::g", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "::1.2.3.4.5", "::1.2.3.256", "::01.2.3.4", "::1.2.3.4:5",
    "1.2.3.4::", "::1.2.3.4::", " ::1", "::1 ", "[::1]", "::1/64", "::-1", "1:2:3:4:5:6:7:", ":2:3:4:5:6:7:8", "::ffff:1.2.3.4.", "::.1.2.3",
    "1:2:3:4:5:6:7:8%", "::\xc3\xa9", "1::2:", ":1::2", "1:2:3:4:5:6:7:8:", "::1.2.3.4a", "0x1::", "1:2:3:4:5:6:7:8 ", "::1\n",
};

static void test_aton(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof v4 / sizeof *v4; i++) {
        struct in_addr expected;
        uint8_t ip[4];
        int ok = inet_aton(v4[i], &expected);
        int r = usocket_aton(v4[i], strlen(v4[i]), ip);
        if (r != (ok ? 0 : USOCKET_EINVAL) || (ok && memcmp(ip, &expected, 4))) {
            fail_msg("usocket_aton(\"%s\") is %d, inet_aton %d", v4[i], r, ok);
        }
    }
}

static void check_pton(int family, const char *text) {
    uint8_t expected[16], ip[16];
    memset(ip, 0x55, sizeof ip);
    int ok = inet_pton(family, text, expected);
    int r = usocket_pton(family, text, strlen(text), ip);
    if (r != (ok == 1 ? 0 : USOCKET_EINVAL) || (ok == 1 && memcmp(ip, expected, family == AF_INET ? 4 : 16))) {
        fail_msg("usocket_pton(%d, \"%s\") is %d, inet_pton %d", family, text, r, ok);
    }
}

static void test_pton(void **state) {
    (void)state;
    uint8_t ip[16];
    for (size_t i = 0; i < sizeof v4 / sizeof *v4; i++) {
        check_pton(AF_INET, v4[i]);
#if USOCKET_IPV6
        check_pton(AF_INET6, v4[i]);
#endif
    }
    for (size_t i = 0; i < sizeof v6 / sizeof *v6; i++) {
        check_pton(AF_INET, v6[i]);
#if USOCKET_IPV6
        check_pton(AF_INET6, v6[i]);
#endif
    }
    assert_code(USOCKET_EINVAL, usocket_pton(USOCKET_AF_UNIX, "1.2.3.4", 7, ip));
    assert_code(USOCKET_EINVAL, usocket_pton(77, "::", 2, ip));
#if !USOCKET_IPV6
    assert_code(USOCKET_EINVAL, usocket_pton(USOCKET_AF_INET6, "::1", 3, ip));
#endif
}

/* The text has `len` bytes: it needs no NUL, and a NUL inside is an ordinary character. */
static void test_length(void **state) {
    (void)state;
    uint8_t ip[16];
    usocket_addr_t a;
    assert_ok(usocket_aton("1.2.3.4567", 7, ip));
    assert_memory_equal(ip, "\1\2\3\4", 4);
    assert_ok(usocket_pton(USOCKET_AF_INET, "1.2.3.4567", 7, ip));
    assert_code(USOCKET_EINVAL, usocket_aton("1.2.3.4\0", 8, ip));
    assert_code(USOCKET_EINVAL, usocket_pton(USOCKET_AF_INET, "1.2.3.4\0", 8, ip));
    assert_code(USOCKET_EAI_NONAME, usocket_addr_parse(&a, "1.2.3.4\0", 8, USOCKET_AF_UNSPEC));
    assert_code(USOCKET_EAI_NONAME, usocket_addr_parse(&a, "", 0, USOCKET_AF_UNSPEC));
#if USOCKET_IPV6
    assert_ok(usocket_pton(USOCKET_AF_INET6, "::12345", 4, ip));
    assert_int_equal(0x12, ip[15]);
    assert_code(USOCKET_EINVAL, usocket_pton(USOCKET_AF_INET6, "::1\0", 4, ip));
#endif
    char *exact = malloc(4); /* exact size, so that sanitizers see a read beyond the end */
    for (size_t i = 0; i < sizeof v6 / sizeof *v6; i++) {
        for (size_t len = 0; len <= strlen(v6[i]); len++) {
            exact = realloc(exact, len ? len : 1);
            memcpy(exact, v6[i], len);
            int r = usocket_addr_parse(&a, exact, len, USOCKET_AF_UNSPEC);
            assert_true(r == 0 || r == USOCKET_EAI_NONAME || r == USOCKET_ENODEV);
        }
    }
    free(exact);
}

/* The address is unchanged on failure; on success port and flowinfo are 0. */
static void test_parse(void **state) {
    (void)state;
    usocket_addr_t a, poison;
    memset(&poison, 0x5a, sizeof poison);
    a = poison;
    assert_code(USOCKET_EAI_NONAME, usocket_addr_parse(&a, "example.org", 11, USOCKET_AF_UNSPEC));
    assert_memory_equal(&a, &poison, sizeof a);
    assert_code(USOCKET_EAI_ADDRFAMILY, usocket_addr_parse(&a, "127.1", 5, USOCKET_AF_INET6));
    assert_memory_equal(&a, &poison, sizeof a);
    assert_ok(usocket_addr_parse(&a, "127.1", 5, USOCKET_AF_INET));
    assert_int_equal(USOCKET_AF_INET, a.family);
    assert_int_equal(0, a.port);
    assert_int_equal(0, a.flowinfo);
    assert_int_equal(0, a.scope);
    assert_memory_equal(a.u.ip, "\x7f\0\0\1", 4);
#if USOCKET_IPV6
    a = poison;
    assert_code(USOCKET_EAI_ADDRFAMILY, usocket_addr_parse(&a, "::1", 3, USOCKET_AF_INET));
    assert_memory_equal(&a, &poison, sizeof a);
    assert_ok(usocket_addr_parse(&a, "2001:db8::9", 11, USOCKET_AF_UNSPEC));
    assert_int_equal(USOCKET_AF_INET6, a.family);
    assert_int_equal(0, a.port);
    assert_int_equal(0, a.flowinfo);
    assert_int_equal(0, a.scope);
    assert_int_equal(9, a.u.ip[15]);
#endif
}

#if USOCKET_IPV6
static void test_scope(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int code;
        uint32_t scope;
    } rows[] = {
        { "fe80::1%1", 0, 1 }, { "fe80::1%4294967295", 0, 4294967295u }, { "fe80::1%lo", 0, 1 }, { "fe80::1%0", 0, 0 },
        { "fe80::1%no_such_if", USOCKET_ENODEV, 0 }, { "fe80::1%a_name_much_longer_than_any_interface_has", USOCKET_ENODEV, 0 },
        { "fe80::1%4294967296", USOCKET_ENODEV, 0 }, { "fe80::1%99999999999999999999999", USOCKET_ENODEV, 0 },
        { "fe80::1%%1", USOCKET_ENODEV, 0 }, { "fe80::1%1x", USOCKET_ENODEV, 0 }, { "fe80::1%", USOCKET_ENODEV, 0 },
        { "fe80::g%1", USOCKET_EAI_NONAME, 0 }, { "%1", USOCKET_EAI_NONAME, 0 }, { "1.2.3.4%1", USOCKET_EAI_NONAME, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        usocket_addr_t a;
        int r = usocket_addr_parse(&a, rows[i].text, strlen(rows[i].text), USOCKET_AF_UNSPEC);
        if (r != rows[i].code || (r == 0 && a.scope != rows[i].scope)) {
            fail_msg("\"%s\": %s instead of %s", rows[i].text, usocket_errname(r), usocket_errname(rows[i].code));
        }
    }
}

/* RFC 5952, sections 4 and 5, and the text that glibc writes for every pattern of zero groups. */
static void test_ntop6(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        { "2001:0db8::0001", "2001:db8::1" }, { "2001:db8:0:0:0:0:2:1", "2001:db8::2:1" }, { "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
        { "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" }, { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" }, { "2001:DB8::ABCD", "2001:db8::abcd" },
        { "::ffff:192.0.2.1", "::ffff:192.0.2.1" }, { "::", "::" }, { "1::", "1::" }, { "0:0:0:0:0:0:0:1", "::1" },
    };
    char buf[46], expected[46];
    uint8_t ip[16];
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_ok(usocket_pton(USOCKET_AF_INET6, pairs[i][0], strlen(pairs[i][0]), ip));
        assert_int_equal(strlen(pairs[i][1]), usocket_ntop(USOCKET_AF_INET6, ip, buf));
        assert_string_equal(pairs[i][1], buf);
    }
    static const unsigned groups[] = { 0x1, 0x23, 0xffff, 0xabc };
    for (unsigned pattern = 0; pattern < 256 * 4; pattern++) {
        for (unsigned g = 0; g < 8; g++) {
            unsigned v = pattern >> g & 1 ? groups[(g + (pattern >> 8)) % 4] : 0;
            ip[2 * g] = (uint8_t)(v >> 8);
            ip[2 * g + 1] = (uint8_t)v;
        }
        inet_ntop(AF_INET6, ip, expected, sizeof expected);
        assert_int_equal(strlen(expected), usocket_ntop(USOCKET_AF_INET6, ip, buf));
        assert_string_equal(expected, buf);
    }
}
#endif

static void test_ntop4(void **state) {
    (void)state;
    char buf[46], expected[46];
    uint8_t ip[4];
    for (unsigned i = 0; i < 100000; i++) {
        uint32_t v = i * 2654435761u;
        memcpy(ip, &v, 4);
        inet_ntop(AF_INET, ip, expected, sizeof expected);
        assert_int_equal(strlen(expected), usocket_ntop(USOCKET_AF_INET, ip, buf));
        assert_string_equal(expected, buf);
    }
    assert_code(USOCKET_EAFNOSUPPORT, usocket_ntop(USOCKET_AF_UNIX, ip, buf));
    assert_code(USOCKET_EAFNOSUPPORT, usocket_ntop(USOCKET_AF_UNSPEC, ip, buf));
}

static void check_format(const usocket_addr_t *a, const char *expected) {
    char buf[USOCKET_ADDR_TEXT];
    memset(buf, 'x', sizeof buf);
    assert_int_equal(strlen(expected), usocket_addr_format(a, buf));
    assert_string_equal(expected, buf);
}

static void test_format(void **state) {
    (void)state;
    usocket_addr_t a = { .family = USOCKET_AF_INET, .port = 80, .u.ip = { 192, 0, 2, 1 } };
    check_format(&a, "192.0.2.1:80");
    a = (usocket_addr_t){ .family = USOCKET_AF_INET };
    check_format(&a, "0.0.0.0:0");
#if USOCKET_IPV6
    a = (usocket_addr_t){ .family = USOCKET_AF_INET6, .port = 65535, .scope = 4294967295u };
    memset(a.u.ip, 0xff, 16);
    check_format(&a, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
    a.scope = 0;
    a.port = 1;
    check_format(&a, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:1");
#endif
#if USOCKET_UNIX
    a = (usocket_addr_t){ .family = USOCKET_AF_UNIX, .port = 9, .u.path = "/tmp/sock" };
    check_format(&a, "/tmp/sock");
    a = (usocket_addr_t){ .family = USOCKET_AF_UNIX, .port = 5, .u.path = "\0name" };
    check_format(&a, "@name");
    a.port = 0;
    check_format(&a, "");
    char buf[USOCKET_ADDR_TEXT];
    memset(a.u.path, 'p', sizeof a.u.path);
    a.port = USOCKET_UNIX_MAX;
    assert_int_equal(USOCKET_UNIX_MAX, usocket_addr_format(&a, buf));
    a.port = 65535; /* invalid values must not overflow the buffer */
    assert_int_equal(USOCKET_UNIX_MAX, usocket_addr_format(&a, buf));
#endif
    a = (usocket_addr_t){ .family = USOCKET_AF_UNSPEC };
    char text[USOCKET_ADDR_TEXT];
    assert_true(usocket_addr_format(&a, text) == (int)strlen(text));
    a.family = 999;
    assert_true(usocket_addr_format(&a, text) == (int)strlen(text));
}

static void test_equal(void **state) {
    (void)state;
    usocket_addr_t a = { .family = USOCKET_AF_INET, .port = 80, .u.ip = { 192, 0, 2, 1 } }, b = a;
    assert_true(usocket_addr_equal(&a, &b));
    b.u.ip[7] = 1; /* beyond an IPv4 address: ignored */
    assert_true(usocket_addr_equal(&a, &b));
    b = a;
    b.port = 81;
    assert_false(usocket_addr_equal(&a, &b));
    b = a;
    b.u.ip[3] = 2;
    assert_false(usocket_addr_equal(&a, &b));
    b = a;
    b.family = USOCKET_AF_INET6;
    assert_false(usocket_addr_equal(&a, &b));
    a.family = USOCKET_AF_INET6;
    assert_true(usocket_addr_equal(&a, &b));
    b.scope = 2;
    assert_false(usocket_addr_equal(&a, &b));
    b = a;
    b.u.ip[15] = 1;
    assert_false(usocket_addr_equal(&a, &b));
#if USOCKET_UNIX
    a = (usocket_addr_t){ .family = USOCKET_AF_UNIX, .port = 2, .u.path = "/a" };
    b = a;
    b.u.path[5] = 'x';
    assert_true(usocket_addr_equal(&a, &b));
    b.u.path[1] = 'b';
    assert_false(usocket_addr_equal(&a, &b));
    a.port = b.port = 0;
    assert_true(usocket_addr_equal(&a, &b));
#endif
    a = b = (usocket_addr_t){ .family = USOCKET_AF_UNSPEC };
    assert_true(usocket_addr_equal(&a, &b));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_aton), TEST(test_pton), TEST(test_length), TEST(test_parse), TEST(test_ntop4), TEST(test_format), TEST(test_equal),
#if USOCKET_IPV6
        TEST(test_scope), TEST(test_ntop6),
#endif
    };
    return RUN(tests);
}
