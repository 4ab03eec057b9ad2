/* Helpers for lookups on the simulator: start one lookup and compare its results.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOOKUP_FIXTURE_H
#define LOOKUP_FIXTURE_H

#include "fixture.h"

#define WORKERS USOCKET_RESOLVER_WORKERS
#define MOST USOCKET_RESOLVER_WORKERS_MOST

static usocket_lookup_t *l;

static int start(const char *host) {
    usocket_query_t q = { .host = host, .port = 80, .type = USOCKET_STREAM };
    return usocket_lookup_start(&l, &q);
}

#if WORKERS
/* Start a distinct query, i from 0 to 15: the same host with other flags. */
static int start_own(const char *host, int i) {
    usocket_query_t q = { .host = host, .port = 80, .type = USOCKET_STREAM };
    q.flags = (i & 1 ? USOCKET_AI_PASSIVE : 0) | (i & 2 ? USOCKET_AI_V4MAPPED : 0) | (i & 4 ? USOCKET_AI_ALL : 0)
        | (i & 8 ? USOCKET_AI_ADDRCONFIG : 0);
    return usocket_lookup_start(&l, &q);
}
#endif

static void expect(size_t n, int family, int type, const char *text) {
    usocket_addrinfo_t info;
    char buf[USOCKET_ADDR_TEXT];
    assert_ok(usocket_lookup_get(l, n, &info));
    assert_int_equal(family, info.family);
    assert_int_equal(family, info.addr.family);
    assert_int_equal(type, info.type);
    usocket_addr_format(&info.addr, buf);
    assert_string_equal(text, buf);
}

static void expect_no_more(size_t n) {
    usocket_addrinfo_t info;
    assert_code(USOCKET_ENOENT, usocket_lookup_get(l, n, &info));
}

#endif
