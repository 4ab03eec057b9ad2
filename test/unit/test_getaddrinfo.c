/* Numeric lookups compared with glibc's getaddrinfo and getnameinfo: every combination of family, type, protocol and service.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "fixture.h"

static unsigned compared;

static int code_of(int eai) {
    return eai == 0 ? 0 : USOCKET_EAI_BASE + eai;
}

static usocket_addr_t addr_of(const struct addrinfo *ai) {
    usocket_addr_t a = { .family = (uint16_t)ai->ai_family };
    if (ai->ai_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)ai->ai_addr;
        a.port = ntohs(in->sin_port);
        memcpy(a.u.ip, &in->sin_addr, 4);
    } else {
        const struct sockaddr_in6 *in = (const void *)ai->ai_addr;
        a.port = ntohs(in->sin6_port);
        a.scope = in->sin6_scope_id;
        memcpy(a.u.ip, &in->sin6_addr, 16);
    }
    return a;
}

/* Compare with glibc one family at a time: the order within a family must match, that of the families is the library's. */
static void compare(const usocket_query_t *q) {
    struct addrinfo hints = { .ai_family = q->family, .ai_socktype = q->type, .ai_protocol = q->proto, .ai_flags = q->flags }, *list = NULL;
    usocket_lookup_t *l;
    char what[200];
    snprintf(what, sizeof what, "host %s service %s family %d type %d proto %d flags %x", q->host ? q->host : "NULL",
        q->service ? q->service : "NULL", q->family, q->type, q->proto, (unsigned)q->flags);
    int expected = code_of(getaddrinfo(q->host, q->service, &hints, &list));
    int r = usocket_lookup_start(&l, q);
    compared++;
    if (r == 0) {
        r = usocket_lookup_wait(l, USOCKET_NOW); /* numeric: never waits */
    }
    /* With two errors in a query, either of them may be reported. */
    bool two_wrong = (q->flags & AI_NUMERICSERV) && r < 0 && expected < 0;
    if (r != expected && !two_wrong) {
        fail_msg("%s: %s, glibc says %s", what, usocket_errname(r), usocket_errname(expected));
    }
    size_t n = 0;
    usocket_addrinfo_t info;
    for (int pass = 0; pass < 2 && r == 0; pass++) {
        for (struct addrinfo *ai = list; ai; ai = ai->ai_next) {
            if ((ai->ai_family == AF_INET) != (pass == 0)) {
                continue;
            }
            usocket_addr_t a = addr_of(ai);
            if (usocket_lookup_get(l, n, &info) != 0) {
                fail_msg("%s: no entry %zu", what, n);
            }
            if (info.family != ai->ai_family || info.type != ai->ai_socktype || info.proto != ai->ai_protocol || !usocket_addr_equal(&a, &info.addr)) {
                fail_msg("%s: entry %zu is %d %d %d port %d, glibc's %d %d %d port %d", what, n, info.family, info.type, info.proto,
                    info.addr.port, ai->ai_family, ai->ai_socktype, ai->ai_protocol, a.port);
            }
            n++;
        }
    }
    if (r == 0) {
        if (usocket_lookup_get(l, n, &info) == 0) {
            fail_msg("%s: more than glibc's %zu entries", what, n);
        }
        usocket_lookup_free(l);
    }
    if (list) {
        freeaddrinfo(list);
    }
}

static void test_combinations(void **state) {
    (void)state;
    static const char *const hosts[] = { "127.0.0.1", "10.1", NULL, "256.1.1.1",
#if USOCKET_IPV6
        "::1", "2001:db8::7",
#if !FX_STACK
        "fe80::1%lo", /* its index differs on other stacks */
#endif
#endif
    };
    static const char *const services[] = { "80", "0", "65535", "http", "domain", "ntp", "no-such-service", "80x" };
    static const int families[] = { AF_INET,
#if USOCKET_IPV6
        AF_UNSPEC, AF_INET6,
#endif
    };
    static const int types[] = { 0, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, 77 };
    static const int protos[] = { 0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, 132, 136, 250 };
    static const int flags[] = { AI_NUMERICHOST, AI_NUMERICHOST | AI_PASSIVE, AI_NUMERICHOST | AI_NUMERICSERV };
    compared = 0;
    for (size_t h = 0; h < sizeof hosts / sizeof *hosts; h++) {
        for (size_t s = 0; s < sizeof services / sizeof *services; s++) {
            for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
                for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
                    for (size_t p = 0; p < sizeof protos / sizeof *protos; p++) {
                        bool named = services[s][0] > '9';
                        if (named && FX_STACK) {
                            continue; /* no table of services */
                        }
                        if (named && (protos[p] >= 132 || types[t] == SOCK_SEQPACKET)) {
                            continue; /* the library knows TCP's and UDP's services; glibc has separate ones for SCTP */
                        }
                        for (size_t x = 0; x < sizeof flags / sizeof *flags; x++) {
                            compare(&(usocket_query_t){ .host = hosts[h], .service = services[s], .family = families[f], .type = types[t],
                                .proto = protos[p], .flags = flags[x] });
                        }
                    }
                }
            }
        }
    }
    assert_true(compared > 1000);
}

static void test_flags(void **state) {
    (void)state;
    usocket_query_t q = { .host = "127.0.0.1", .service = "80", .type = SOCK_STREAM };
    q.flags = AI_CANONNAME;
    compare(&q);
    q.host = NULL;
#if USOCKET_IPV6
    compare(&q);
#endif
    q.flags = 0x100000;
    compare(&q);
    q.flags = 0;
    q.family = 99;
    compare(&q);
#if USOCKET_IPV6
    q = (usocket_query_t){ .host = "127.0.0.1", .service = "80", .type = SOCK_STREAM, .family = AF_INET6, .flags = AI_V4MAPPED };
    compare(&q);
    q.flags = AI_V4MAPPED | AI_ALL | AI_NUMERICHOST;
    compare(&q);
#endif
    usocket_lookup_t *l;
    q = (usocket_query_t){ .host = "127.1", .port = 1, .flags = USOCKET_AI_CANONNAME };
    struct addrinfo hints = { .ai_flags = AI_CANONNAME }, *list;
    assert_int_equal(0, getaddrinfo("127.1", "1", &hints, &list));
    assert_ok(usocket_lookup_start(&l, &q));
    assert_string_equal(list->ai_canonname, usocket_lookup_name(l));
    freeaddrinfo(list);
    usocket_lookup_free(l);
}

static void expect_local(const char *host, int family, int flags, const char *first, const char *second) {
    usocket_lookup_t *l;
    usocket_addrinfo_t info;
    usocket_query_t q = { .host = host, .port = 80, .family = family, .type = SOCK_STREAM, .flags = flags | USOCKET_AI_LOCAL };
    const char *texts[] = { first, second };
    assert_ok(usocket_lookup_start(&l, &q));
    assert_ok(usocket_lookup_wait(l, USOCKET_NOW));
    for (size_t i = 0; i < 2 && texts[i] != NULL; i++) {
        usocket_addr_t expected = fx_addr(texts[i], 80);
        assert_ok(usocket_lookup_get(l, i, &info));
        assert_true(usocket_addr_equal(&expected, &info.addr));
    }
    assert_code(USOCKET_ENOENT, usocket_lookup_get(l, texts[1] != NULL ? 2 : 1, &info));
    assert_string_equal(flags & USOCKET_AI_CANONNAME ? host : "", usocket_lookup_name(l));
    usocket_lookup_free(l);
}

/* localhost and the names under it are this host, without a lookup (RFC 6761); names like it are others. */
static void test_names_of_this_host(void **state) {
    (void)state;
    static const char *const names[] = { "localhost", "localhost.", "LOCALHOST", "LocalHost.", "a.localhost", "a.b.LOCALHOST.", "x-1.localhost" };
    static const char *const others[] = { "host", "calhost", "ocalhost", "localhos", "mylocalhost", "localhost.a", "localhost.localdomain", "t", "st." };
    usocket_lookup_t *l;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        expect_local(names[i], USOCKET_AF_UNSPEC, 0, "127.0.0.1", USOCKET_IPV6 ? "::1" : NULL);
        expect_local(names[i], USOCKET_AF_INET, USOCKET_AI_CANONNAME | USOCKET_AI_PASSIVE, "127.0.0.1", NULL);
#if USOCKET_IPV6
        expect_local(names[i], USOCKET_AF_INET6, USOCKET_AI_ADDRCONFIG, "::1", NULL);
#endif
        usocket_query_t q = { .host = names[i], .port = 80, .flags = USOCKET_AI_NUMERICHOST };
        assert_code(USOCKET_EAI_NONAME, usocket_lookup_start(&l, &q));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        usocket_query_t q = { .host = others[i], .port = 80, .flags = USOCKET_AI_LOCAL };
        assert_code(USOCKET_EAGAIN, usocket_lookup_start(&l, &q));
    }
}

/* An invalid name never reaches the resolver. */
static void test_no_names(void **state) {
    (void)state;
    static const char *const names[] = { "127.0.0.1\n", "127.0.0.1 ", " 127.0.0.1", "::1\n", "::1 ", "a b", "a\tb", "\x01", "a\x7f", "b\303\274cher.example",
        "\xff", "localhost\n", " localhost", "b\xc3\xbc.localhost", ".", "..", ".a", "a..b", "a..", ".localhost", "a..localhost", "localhost.." };
    usocket_lookup_t *l;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        usocket_query_t q = { .host = names[i], .port = 80 };
        assert_code(USOCKET_EAI_NONAME, usocket_lookup_start(&l, &q));
        assert_null(l);
    }
    /* A label has at most 63 characters, a name 253. */
    char name[USOCKET_HOST_MAX + 8];
    for (size_t len = 240; len < USOCKET_HOST_MAX + 4; len++) {
        for (size_t i = 0; i < len; i++) {
            name[i] = i % 50 == 49 && i != len - 1 ? '.' : 'a';
        }
        name[len] = '\0';
        usocket_query_t q = { .host = name, .port = 80, .flags = USOCKET_AI_LOCAL };
        assert_code(len <= 253 ? USOCKET_EAGAIN : USOCKET_EAI_NONAME, usocket_lookup_start(&l, &q));
        name[len - 1] = '.'; /* a final dot does not count */
        bool good = len <= 254 && name[len - 2] != '.';
        assert_code(good ? USOCKET_EAGAIN : USOCKET_EAI_NONAME, usocket_lookup_start(&l, &q));
    }
    memset(name, 'a', 64);
    strcpy(name + 63, ".a");
    usocket_query_t q = { .host = name, .port = 80, .flags = USOCKET_AI_LOCAL };
    assert_code(USOCKET_EAGAIN, usocket_lookup_start(&l, &q));
    memset(name, 'a', 64);
    strcpy(name + 64, ".a");
    assert_code(USOCKET_EAI_NONAME, usocket_lookup_start(&l, &q));
}

static void test_localhost(void **state) {
    (void)state;
    usocket_lookup_t *l;
    usocket_addrinfo_t info;
    usocket_query_t q = { .host = "localhost", .service = FX_STACK ? "80" : "http", .type = SOCK_STREAM, .flags = USOCKET_AI_CANONNAME };
    assert_ok(usocket_lookup_start(&l, &q));
    assert_ok(usocket_lookup_wait(l, usocket_deadline_in(30 * SECOND)));
    assert_ok(usocket_lookup_get(l, 0, &info));
    assert_int_equal(USOCKET_STREAM, info.type);
    assert_int_equal(80, info.addr.port);
    assert_int_not_equal(0, strlen(usocket_lookup_name(l)));
    usocket_lookup_free(l);
    q.host = "no-such-name.invalid"; /* answered by a worker */
    assert_ok(usocket_lookup_start(&l, &q));
    int r = usocket_lookup_wait(l, usocket_deadline_in(60 * SECOND));
    assert_true(usocket_is_eai(r) || r == USOCKET_ETIMEDOUT);
    assert_code(USOCKET_ENOENT, usocket_lookup_get(l, 0, &info));
    usocket_lookup_free(l);
}

static void test_reverse(void **state) {
    (void)state;
    static const uint16_t ports[] = { 80, 53, 123, 1, 54321, 0 };
    for (size_t i = FX_STACK ? 4 : 0; /* skips services by name */ i < sizeof ports / sizeof *ports; i++) {
        for (int flags = 0; flags < 4; flags++) {
            int f = USOCKET_NI_NUMERICHOST | (flags & 1 ? USOCKET_NI_NUMERICSERV : 0) | (flags & 2 ? USOCKET_NI_DGRAM : 0);
            struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(ports[i]), .sin_addr.s_addr = htonl(0x7f000001) };
            char host[NI_MAXHOST], service[NI_MAXSERV];
            assert_int_equal(0, getnameinfo((void *)&in, sizeof in, host, sizeof host, service, sizeof service, f));
            usocket_addr_t a = fx_addr("127.0.0.1", ports[i]);
            usocket_lookup_t *l;
            assert_ok(usocket_lookup_reverse(&l, &a, f));
            assert_ok(usocket_lookup_wait(l, USOCKET_NOW));
            assert_string_equal(host, usocket_lookup_name(l));
            assert_string_equal(service, usocket_lookup_service(l));
            usocket_lookup_free(l);
        }
    }
    usocket_addr_t a = fx_addr("127.0.0.1", 80);
    usocket_lookup_t *l;
    assert_ok(usocket_lookup_reverse(&l, &a, USOCKET_NI_NOFQDN));
    assert_ok(usocket_lookup_wait(l, usocket_deadline_in(30 * SECOND)));
    assert_int_not_equal(0, strlen(usocket_lookup_name(l)));
    usocket_lookup_free(l);
}

static void test_dial(void **state) {
    (void)state;
    usocket_t l = USOCKET_CLOSED, s = USOCKET_CLOSED;
    usocket_dial_t d;
    usocket_addr_t at = fx_listen(&l, USOCKET_AF_INET, 1);
    usocket_query_t q = { .host = "localhost", .port = at.port, .family = USOCKET_AF_INET };
    assert_ok(usocket_dial_start(&d, &q, NULL));
    assert_ok(usocket_dial_by(&d, &s, usocket_deadline_in(30 * SECOND)));
    usocket_dial_end(&d, &s);
    assert_true(usocket_fileno(&s) >= 0);
    assert_ok(usocket_close(&s));
    assert_ok(usocket_close(&l));
}

static void test_interfaces(void **state) {
    (void)state;
    char name[USOCKET_IFNAME_MAX], host[256];
    const char *loopback = FX_STACK ? "lo0" : "lo";
    int lo = usocket_if_nametoindex(loopback);
    if (FX_STACK && lo == USOCKET_EOPNOTSUPP) {
        assert_code(USOCKET_EOPNOTSUPP, usocket_if_indextoname(1, name));
        LACKS("no-interfaces", "the stack does not tell the names of interfaces");
    }
    assert_true(lo > 0);
    assert_ok(usocket_if_indextoname((unsigned)lo, name));
    assert_string_equal(loopback, name);
    assert_code(USOCKET_ENODEV, usocket_if_nametoindex("no-such-interface"));
    assert_code(USOCKET_ENODEV, usocket_if_nametoindex("none"));
    assert_code(USOCKET_ENODEV, usocket_if_nametoindex(""));
    assert_code(USOCKET_ENXIO, usocket_if_indextoname(999999, name));
    unsigned index = 0, last = 0, count = 0;
    while (usocket_if_next(&index, name) == 0) {
        assert_true(index > last);
        last = index;
        count += strcmp(name, loopback) == 0;
    }
    assert_int_equal(1, count);
    assert_ok(usocket_gethostname(host, sizeof host));
    assert_true(strlen(host) > 0);
    assert_code(USOCKET_ENAMETOOLONG, usocket_gethostname(host, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_combinations), TEST(test_flags), TEST(test_localhost), TEST(test_names_of_this_host), TEST(test_no_names), TEST(test_reverse), TEST(test_dial), TEST(test_interfaces),
    };
    return RUN(tests);
}
