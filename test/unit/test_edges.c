/* Every public function with every boundary value in each of its parameters, on sockets of every state: no call crashes or hangs,
 * each code is one that the header lists, and a NULL buffer with a length is USOCKET_EFAULT.
 *
 * A function without a row in `edges` fails the test.
 *
 * Over 500 lines: every public function has its cases, and one table lists all of them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <limits.h>
#include <stdlib.h>

#include "fixture.h"
#include "stack.h"
#include "usocket/port.h"
#include "usocket/private.h"
#include "usocket/tls.h"

#include "allowed.h"
#include "functions.h"

#ifndef SO_LINGER /* SAL's headers may leave it out */
#define SO_LINGER 0x0080
#endif

/* ---- Values ------------------------------------------------------------------------------------------------------- */

static const int ints[] = { INT_MIN, INT_MIN + 1, -65536, -32769, -1, 0, 1, 2, 127, 128, 255, 256, 257, 32767, 32768, 65535, 65536, INT_MAX - 1, INT_MAX };
static const int numbers[] = { INT_MIN, -65536, -1, 100000, INT_MAX - 1, INT_MAX }; /* numbers that are no descriptors */
static const uint64_t sizes[] = { 0, 1, 2, 64, 65, INT32_MAX - 1, INT32_MAX, (uint64_t)1 << 31, UINT32_MAX, (uint64_t)1 << 32, ((uint64_t)1 << 32) + 1,
    INT64_MAX, (uint64_t)1 << 63, UINT64_MAX - 1, UINT64_MAX };
static const usocket_time_t deadlines[] = { INT64_MIN, INT64_MIN + 1, -1, USOCKET_NOW, 1 };

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define EACH(type, name, array) \
    for (size_t name##_i = 0; name##_i < COUNT(array); name##_i++) \
        for (type name = (type)(array)[name##_i], *name##_p = &name; name##_p != NULL; name##_p = NULL)

static char text[64]; /* valid memory */

/* ---- Sockets, one of each state ------------------------------------------------------------------------------------ */

enum { CLOSED, FRESH, LISTENER, CLIENT, SERVER, DATAGRAM, SHARED, SOCKETS };
static usocket_t socks[SOCKETS];
static usocket_addr_t where; /* the listener's address */

static int begin(void **state) {
    int r = fx_begin(state);
    for (size_t i = 0; i < SOCKETS; i++) {
        usocket_init(&socks[i]);
    }
    where = fx_listen(&socks[LISTENER], USOCKET_AF_INET, 1);
    fx_connect(&socks[CLIENT], &socks[SERVER]);
    assert_int_equal(3, usocket_send(&socks[CLIENT], "abc", 3));
    fx_udp(&socks[DATAGRAM], USOCKET_AF_INET);
    assert_ok(usocket_open(&socks[FRESH], USOCKET_AF_INET, USOCKET_STREAM, 0));
    assert_ok(usocket_share(&socks[SHARED], &socks[SERVER]));
    for (size_t i = 0; i < SOCKETS; i++) {
        usocket_settimeout(&socks[i], 0);
    }
    return r;
}

static int end(void **state) {
    for (size_t i = SOCKETS; i-- > 0;) {
        usocket_close(&socks[i]);
    }
    return fx_end(state);
}

#define EACH_SOCKET(s) for (usocket_t *s = socks; s < socks + SOCKETS; s++)

/* ---- Results -------------------------------------------------------------------------------------------------------- */

static int ran(const char *function, int r, int line) {
    if (r < 0 && !lists(function, r)) {
        print_error("line %d: %s returns %s (%d), which it does not list\n", line, function, usocket_errname(r), r);
        fail();
    }
    return r;
}
#define RAN(function, ...) ran("usocket_" #function, (int)usocket_##function(__VA_ARGS__), __LINE__)

/* Check the code of a NULL buffer with a length: USOCKET_EFAULT on an open socket, USOCKET_EBADF on a closed one. */
static void is_fault(const usocket_t *s, int r, const char *what, int line) {
    int expected = usocket_fileno(s) < 0 ? USOCKET_EBADF : USOCKET_EFAULT;
    if (r != expected && !(expected == USOCKET_EBADF && r == USOCKET_EFAULT)) {
        print_error("line %d: %s of NULL with a length, socket %d: %d (%s) instead of %s\n", line, what, (int)(s - socks), r, usocket_errname(r),
            usocket_errname(expected));
        fail();
    }
}
#define FAULT(s, function, ...) is_fault((s), RAN(function, __VA_ARGS__), #function, __LINE__)

static usocket_addr_t strange(int i) {
    usocket_addr_t a = where;
    switch (i) {
        case 0:
            memset(&a, 0xff, sizeof a);
            break;
        case 1:
            memset(&a, 0, sizeof a);
            break;
        case 2:
            a.family = USOCKET_AF_UNIX;
            a.port = 65535;
            break;
        case 3:
            a.family = USOCKET_AF_INET6;
            a.scope = a.flowinfo = UINT32_MAX;
            break;
        case 4:
            a.family = 65535;
            break;
        default:
            a.port = 0;
    }
    return a;
}
#define STRANGE 6

/* ---- Text and addresses ---------------------------------------------------------------------------------------------- */

static void edge_addr_parse(void) {
    usocket_addr_t a;
    EACH(int, family, ints) {
        EACH(size_t, len, sizes) {
            assert_code(USOCKET_EAI_NONAME, RAN(addr_parse, &a, NULL, len, family));
        }
        RAN(addr_parse, &a, "", 0, family);
        RAN(addr_parse, &a, "127.0.0.1", 9, family);
        RAN(addr_parse, &a, "fe80::1%4294967295", 18, family);
        RAN(addr_parse, &a, "::1%", 4, family);
    }
}

static void edge_pton(void) {
    uint8_t ip[16];
    EACH(int, family, ints) {
        EACH(size_t, len, sizes) {
            assert_code(USOCKET_EINVAL, RAN(pton, family, NULL, len, ip));
        }
        RAN(pton, family, "::1", 3, ip);
    }
    EACH(size_t, len, sizes) {
        assert_code(USOCKET_EINVAL, RAN(pton, USOCKET_AF_INET, NULL, len, ip));
        assert_code(USOCKET_EINVAL, RAN(pton, USOCKET_AF_INET6, NULL, len, ip));
    }
}

static void edge_aton(void) {
    uint8_t ip[4];
    EACH(size_t, len, sizes) {
        assert_code(USOCKET_EINVAL, RAN(aton, NULL, len, ip));
    }
    assert_code(USOCKET_EINVAL, RAN(aton, "", 0, ip));
}

static void edge_ntop(void) {
    static const uint8_t ip[16];
    char buf[46];
    EACH(int, family, ints) {
        RAN(ntop, family, ip, buf);
    }
}

static void edge_addr_format(void) {
    char buf[USOCKET_ADDR_TEXT + 1];
    for (int i = 0; i < STRANGE; i++) {
        usocket_addr_t a = strange(i);
        buf[USOCKET_ADDR_TEXT] = 'x';
        int n = usocket_addr_format(&a, buf);
        assert_true(n >= 0 && n < USOCKET_ADDR_TEXT && buf[n] == '\0' && buf[USOCKET_ADDR_TEXT] == 'x');
    }
}

static void edge_addr_raw(void) {
    usocket_addr_t a;
    memset(text, 0xff, sizeof text);
    EACH(size_t, len, sizes) {
        assert_code(USOCKET_EINVAL, RAN(addr_raw, &a, NULL, len));
        if (len <= sizeof text) {
            RAN(addr_raw, &a, text, len);
        }
    }
}

static void edge_addr_equal(void) {
    struct {
        usocket_addr_t a;
        char behind[16];
    } one, other;
    for (int i = 0; i < STRANGE; i++) {
        memset(&one, 0, sizeof one);
        memset(&other, 1, sizeof other);
        one.a = other.a = strange(i);
        assert_true(usocket_addr_equal(&one.a, &other.a)); /* bytes after them are ignored */
    }
}

/* ---- Time ------------------------------------------------------------------------------------------------------------- */

static void edge_deadline_in(void) {
    assert_true(usocket_deadline_in(INT64_MAX) == USOCKET_NEVER && usocket_deadline_in(INT64_MIN) == USOCKET_NEVER);
    assert_true(usocket_deadline_in(INT64_MAX - 1) > 0 && usocket_deadline_in(0) == USOCKET_NOW);
}

static void edge_settimeout(void) {
    static const int64_t times[] = { INT64_MIN, -1, 0, 1, INT32_MAX, (int64_t)1 << 32, INT64_MAX - 1, INT64_MAX };
    EACH_SOCKET(s) {
        EACH(int64_t, time, times) {
            usocket_settimeout(s, time);
            assert_true(usocket_gettimeout(s) == (time < 0 ? USOCKET_FOREVER : time));
            assert_true(time == 0 || usocket_deadline(s) > 0);
        }
        usocket_settimeout(s, 0);
    }
}

/* ---- Life --------------------------------------------------------------------------------------------------------------- */

static void edge_open(void) {
    usocket_t s = USOCKET_CLOSED;
    EACH(int, value, ints) {
        RAN(open, &s, value, USOCKET_STREAM, 0);
        usocket_close(&s);
        RAN(open, &s, USOCKET_AF_INET, value, 0);
        usocket_close(&s);
        if (value != 255) { /* a raw socket needs root */
            RAN(open, &s, USOCKET_AF_INET, USOCKET_STREAM, value);
            usocket_close(&s);
        }
        RAN(open, &s, value, value, value);
        usocket_close(&s);
    }
    EACH_SOCKET(open) {
        RAN(open, open, USOCKET_AF_INET, USOCKET_STREAM, 0);
    }
}

static void edge_pair(void) {
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    EACH(int, value, ints) {
        RAN(pair, &a, &b, value, USOCKET_STREAM, 0);
        usocket_close(&a);
        usocket_close(&b);
        RAN(pair, &a, &b, USOCKET_AF_UNIX, value, 0);
        usocket_close(&a);
        usocket_close(&b);
        RAN(pair, &a, &b, USOCKET_AF_UNIX, USOCKET_STREAM, value);
        usocket_close(&a);
        usocket_close(&b);
    }
}

static void edge_adopt(void) {
    usocket_t s = USOCKET_CLOSED;
    EACH(int, fd, numbers) {
        assert_true(RAN(adopt, &s, fd, -1, -1, -1) < 0);
        assert_true(RAN(adopt, &s, fd, USOCKET_AF_INET, USOCKET_STREAM, 0) < 0);
    }
    EACH(int, value, ints) {
        usocket_t from = USOCKET_CLOSED;
        assert_ok(usocket_open(&from, USOCKET_AF_INET, USOCKET_STREAM, 0));
        int fd = usocket_detach(&from);
        if (RAN(adopt, &s, fd, value, value, value) < 0) {
            usocket_close_fd(fd);
        }
        usocket_close(&s);
    }
}

static void edge_dup(void) {
    EACH(int, fd, numbers) {
        assert_true(RAN(dup, fd) < 0);
    }
}

static void edge_close_fd(void) {
    EACH(int, fd, numbers) {
        if (!FX_SIM || fd < 0) { /* the simulator counts a handle that was never open as a misuse */
            usocket_close_fd(fd);
        }
    }
}

static void edge_share(void) {
    usocket_t s = USOCKET_CLOSED;
    EACH_SOCKET(from) {
        RAN(share, &s, from);
        usocket_close(&s);
    }
}

static void edge_close(void) {
    EACH_SOCKET(s) {
        EACH(usocket_time_t, deadline, deadlines) {
            RAN(close_wait, s, deadline);
        }
        RAN(close_wait, s, USOCKET_NEVER);
        if (s == &socks[FRESH] || s == &socks[SHARED]) {
            RAN(drop, s);
            assert_ok(usocket_drop(s));
        }
        RAN(close, s);
        assert_ok(usocket_close(s));
        assert_int_equal(-1, usocket_fileno(s));
        assert_false(usocket_is_open(s));
        assert_code(USOCKET_EBADF, usocket_detach(s));
        assert_code(USOCKET_EBADF, usocket_close_wait(s, USOCKET_NOW));
        assert_ok(usocket_drop(s));
    }
}

/* ---- Connections ---------------------------------------------------------------------------------------------------------- */

static void edge_bind(void) {
    for (int i = 0; i < STRANGE; i++) {
        EACH_SOCKET(s) {
            usocket_addr_t a = strange(i);
            RAN(bind, s, &a);
        }
    }
}

static void edge_listen(void) {
#if USOCKET_SERVER
    EACH(int, backlog, ints) {
        EACH_SOCKET(s) {
            RAN(listen, s, backlog);
        }
    }
#endif
}

static void edge_accept_by(void) {
#if USOCKET_SERVER
    usocket_t conn = USOCKET_CLOSED;
    EACH(usocket_time_t, deadline, deadlines) {
        EACH_SOCKET(s) {
            assert_true(RAN(accept_by, s, &conn, NULL, deadline) < 0);
        }
    }
#endif
}

static void edge_connect_by(void) {
    EACH(usocket_time_t, deadline, deadlines) {
        for (int i = 0; i < STRANGE; i++) {
            EACH_SOCKET(s) {
                usocket_addr_t a = strange(i);
                RAN(connect_by, s, &a, deadline);
            }
        }
    }
}

static void edge_connect_wait(void) {
    EACH(usocket_time_t, deadline, deadlines) {
        EACH_SOCKET(s) {
            RAN(connect_wait, s, deadline);
        }
    }
}

static void edge_shutdown(void) {
    EACH(int, how, ints) {
        EACH_SOCKET(s) {
            int r = RAN(shutdown, s, how);
            assert_true(r < 0 || (how >= 0 && how <= 2));
        }
    }
}

static void edge_names(void) {
    usocket_addr_t a;
    EACH_SOCKET(s) {
        RAN(getsockname, s, &a);
        RAN(getpeername, s, &a);
    }
}

/* ---- Options ---------------------------------------------------------------------------------------------------------------- */

static const int levels[] = { INT_MIN, -1, 0, 1, 6, 17, 41, 255, 282, 0xfff, 77, INT_MAX };

/* Options that take effect for any value. */
static bool has_no_value(int level, int name, int r) {
    (void)level, (void)name, (void)r;
#ifdef SO_DETACH_FILTER
    return r == 0 && level == SOL_SOCKET && name == SO_DETACH_FILTER;
#else
    return false;
#endif
}

static void set_null(usocket_t *s, int level, int name) {
    EACH(size_t, len, sizes) {
        int r = usocket_setsockopt(s, level, name, NULL, len); /* any code is valid */
        if (len != 0 && r >= 0 && !has_no_value(level, name, r)) {
            print_error("setsockopt(%d, %d, NULL, %zu) of socket %d: %d\n", level, name, len, (int)(s - socks), r);
            fail();
        }
    }
}

static void edge_setsockopt(void) {
    EACH_SOCKET(s) {
        EACH(int, level, levels) {
            for (int name = -1; name < 80; name++) {
                set_null(s, level, name);
            }
            EACH(int, name, ints) {
                set_null(s, level, name);
            }
        }
#ifdef TEST_PLATFORM
        set_null(s, SOL_SOCKET, SO_LINGER); /* above 80 on this stack, as all options of SOL_SOCKET */
        set_null(s, SOL_SOCKET, SO_RCVTIMEO);
        set_null(s, SOL_SOCKET, SO_KEEPALIVE);
#endif
    }
}

/* Uses a new socket each time, because the option may have changed its state. */
static void edge_setsockopt_values(void) {
    EACH(int, level, levels) {
        for (int name = -1; name < 80; name++) {
            usocket_t s = USOCKET_CLOSED;
            assert_ok(usocket_open(&s, USOCKET_AF_INET, name % 2 != 0 ? USOCKET_STREAM : USOCKET_DATAGRAMS ? USOCKET_DGRAM : USOCKET_STREAM, 0));
            EACH(int, value, ints) {
                for (size_t len = 0; len <= 40; len += len < 4 ? 1 : 12) {
                    int many[16];
                    for (size_t i = 0; i < 16; i++) {
                        many[i] = value;
                    }
                    if (level != SOL_SOCKET || name != SO_LINGER) {
                        usocket_setsockopt(&s, level, name, many, len);
                    }
                }
            }
            usocket_close(&s);
        }
    }
}

static void edge_getsockopt(void) {
    EACH_SOCKET(s) {
        EACH(int, level, levels) {
            for (int name = -1; name < 80; name++) {
                EACH(size_t, room, sizes) {
                    size_t len = room;
                    int r = usocket_getsockopt(s, level, name, NULL, &len);
                    assert_true(r < 0 || room == 0 || len == 0 || level == USOCKET_SOL_TLS);
                    char exact[64];
                    memset(exact, 'x', sizeof exact);
                    len = room < 3 ? room : sizeof exact;
                    size_t before = len;
                    r = usocket_getsockopt(s, level, name, exact, &len);
                    assert_true(r < 0 || len <= before);
#ifdef __x86_64__ /* qemu-user writes some options in full, regardless of the buffer's size */
                    assert_true(before == sizeof exact || exact[before] == 'x');
#endif
                }
            }
        }
#ifdef TEST_PLATFORM
        static const int names[] = { SO_ERROR, SO_TYPE, SO_LINGER, SO_RCVTIMEO, SO_KEEPALIVE, SO_RCVBUF };
        EACH(int, name, names) {
            size_t len = 64;
            FAULT(s, getsockopt, s, SOL_SOCKET, name, NULL, &len);
        }
#endif
    }
}

/* ---- Data ------------------------------------------------------------------------------------------------------------------- */

static void edge_recv_by(void) {
    usocket_addr_t from;
    EACH_SOCKET(s) {
        EACH(size_t, len, sizes) {
            EACH(usocket_time_t, deadline, deadlines) {
                if (len != 0) {
                    FAULT(s, recv_by, s, NULL, len, 0, &from, deadline);
                } else {
                    RAN(recv_by, s, NULL, len, 0, &from, deadline);
                }
            }
            /* Three bytes have been received by the stack. */
            int r = RAN(recv_by, s, text, len, usocket_port_msg_peek(), NULL, USOCKET_NOW);
            assert_true(r <= 3);
        }
        EACH(int, flags, ints) {
            usocket_recv_by(s, text, sizeof text, flags, NULL, USOCKET_NOW);
        }
    }
}

static void edge_send_by(void) {
    EACH_SOCKET(s) {
        EACH(size_t, len, sizes) {
            EACH(usocket_time_t, deadline, deadlines) {
                if (len != 0) {
                    FAULT(s, send_by, s, NULL, len, 0, NULL, deadline);
                } else {
                    RAN(send_by, s, NULL, len, 0, NULL, deadline);
                }
            }
        }
        for (int i = 0; i < STRANGE; i++) {
            usocket_addr_t to = strange(i);
            RAN(send_by, s, text, 1, 0, &to, USOCKET_NOW);
            FAULT(s, send_by, s, NULL, 1, 0, &to, USOCKET_NOW);
        }
        EACH(int, flags, ints) {
            usocket_send_by(s, text, 1, flags, NULL, USOCKET_NOW);
        }
    }
}

#define SEVERAL(function) \
    EACH_SOCKET(s) { \
        EACH(size_t, len, sizes) { \
            EACH(size_t, done, sizes) { \
                size_t n = done; \
                int r = RAN(function, s, NULL, len, &n, USOCKET_NOW); \
                assert_true(len <= done || r < 0); \
                n = done; \
                if (len < done && len <= sizeof text) { /* the count exceeds the length */ \
                    assert_true(RAN(function, s, text, len, &n, USOCKET_NOW) <= 0); \
                } \
            } \
        } \
    }

static void edge_recv_all_by(void) {
    SEVERAL(recv_all_by)
}

static void edge_send_all_by(void) {
    SEVERAL(send_all_by)
}

static void edge_recv_line_by(void) {
    SEVERAL(recv_line_by)
}

static void edge_plain(void) {
    size_t n;
    EACH_SOCKET(s) {
        EACH(size_t, len, sizes) {
            if (len != 0) {
                FAULT(s, recv, s, NULL, len);
                FAULT(s, send, s, NULL, len);
                FAULT(s, recv_all, s, NULL, len, &n);
                FAULT(s, send_all, s, NULL, len, &n);
#if USOCKET_DATAGRAMS
                FAULT(s, recvfrom, s, NULL, len, NULL);
                FAULT(s, sendto, s, NULL, len, &where);
#endif
            }
        }
    }
}

static void edge_unread(void) {
    size_t off, n;
    EACH_SOCKET(s) {
        EACH(size_t, len, sizes) {
            if (len != 0) {
                FAULT(s, unread, s, NULL, len);
            } else {
                RAN(unread, s, NULL, len);
            }
            assert_int_equal(0, usocket_unread_len(s));
        }
        if (RAN(unread, s, text, 2) == 0) {
            FAULT(s, recv, s, NULL, 2); /* must not write to NULL either */
            assert_int_equal(2, usocket_unread_len(s));
            assert_ptr_equal(text, usocket_unread_take(s, &off, &n));
        }
        assert_null(usocket_unread_take(s, &off, &n));
    }
}

static void edge_readable_by(void) {
    EACH_SOCKET(s) {
        EACH(usocket_time_t, deadline, deadlines) {
            RAN(readable_by, s, deadline);
            RAN(writable_by, s, deadline);
        }
        RAN(pending, s);
        assert_false(usocket_is_lost(s));
    }
}

static void edge_poll(void) {
    EACH_SOCKET(s) {
        EACH(int, events, ints) {
            EACH(usocket_time_t, deadline, deadlines) {
                RAN(poll, s, events, deadline);
            }
        }
    }
}

static void edge_start(void) {
    usocket_start();
    usocket_set_interrupt_hook(NULL);
}

#if USOCKET_THREADS
static bool told(void *arg) {
    (void)arg;
    return true;
}
#endif

static void edge_watch(void) {
#if USOCKET_THREADS
    EACH_SOCKET(s) {
        usocket_watch_t *w;
        if (RAN(watch, &w, s, told, NULL) == 0) {
            usocket_watch_again(w);
            usocket_watch_end(w);
        } else {
            assert_null(w);
        }
    }
#endif
}

/* ---- Names ---------------------------------------------------------------------------------------------------------------- */

#if USOCKET_NAMES

static void use(usocket_lookup_t *l, int r) {
    usocket_addrinfo_t info;
    if (r < 0) {
        assert_null(l);
        return;
    }
    EACH(usocket_time_t, deadline, deadlines) {
        RAN(lookup_wait, l, deadline);
        RAN(lookup_wait_for, l, NULL, deadline);
        RAN(lookup_wait_for, l, &socks[CLOSED], deadline);
    }
    EACH(size_t, n, sizes) {
        RAN(lookup_get, l, n, &info);
    }
#if USOCKET_ASYNC || USOCKET_RACE
    RAN(lookup_handle, l);
#endif
    assert_non_null(usocket_lookup_name(l));
    assert_non_null(usocket_lookup_service(l));
    usocket_lookup_free(l);
}

static void edge_lookup_start(void) {
    char longest[USOCKET_HOST_MAX + 64];
    memset(longest, '1', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *const hosts[] = { NULL, "", "127.0.0.1", "::1", longest };
    const char *const services[] = { NULL, "", "80", "65536", "99999999999999999999", longest };
    for (size_t h = 0; h < COUNT(hosts); h++) {
        for (size_t v = 0; v < COUNT(services); v++) {
            EACH(int, value, ints) {
                usocket_query_t q = { .host = hosts[h], .service = services[v], .family = value };
                usocket_lookup_t *l;
                int r = RAN(lookup_start, &l, &q);
                use(l, r);
                q = (usocket_query_t){ .host = hosts[h], .service = services[v], .type = value };
                r = RAN(lookup_start, &l, &q);
                use(l, r);
                q = (usocket_query_t){ .host = hosts[h], .service = services[v], .proto = value };
                r = RAN(lookup_start, &l, &q);
                use(l, r);
                q = (usocket_query_t){ .host = hosts[h], .service = services[v], .flags = value };
                r = RAN(lookup_start, &l, &q);
                use(l, r);
            }
        }
    }
    usocket_lookup_free(NULL);
}

static void edge_lookup_reverse(void) {
    EACH(int, flags, ints) {
        for (int i = 0; i < STRANGE; i++) {
            usocket_addr_t a = strange(i);
            usocket_lookup_t *l;
            int r = RAN(lookup_reverse, &l, &a, flags | USOCKET_NI_NUMERICHOST);
            use(l, r);
        }
    }
}

static void edge_dial_start(void) {
    EACH(int, value, ints) {
        usocket_t s = USOCKET_CLOSED;
        usocket_dial_t d;
        usocket_addr_t a = strange(value & 7);
        usocket_query_t q = { .host = "127.0.0.1", .port = where.port, .type = value };
        if (RAN(dial_start, &d, &q, value < 0 ? NULL : &a) == 0) {
#if USOCKET_RACE
            usocket_dial_delay(&d, INT64_MIN);
            usocket_dial_delay(&d, INT64_MAX);
#endif
            EACH(usocket_time_t, deadline, deadlines) {
                RAN(dial_by, &d, &s, deadline);
#if USOCKET_RACE
                RAN(dial_step, &d, &s, deadline);
#endif
                usocket_close(&s);
            }
#if USOCKET_RACE
            EACH(size_t, n, sizes) {
                RAN(dial_attempt, &d, n, &a);
            }
#endif
#if USOCKET_ASYNC && USOCKET_RACE
            RAN(dial_handle, &d);
#endif
            usocket_dial_end(&d, &s);
            usocket_dial_end(&d, &s);
        }
        usocket_close(&s);
        q = (usocket_query_t){ .host = "127.0.0.1", .port = where.port, .proto = value };
        if (RAN(dial_start, &d, &q, NULL) == 0) {
            usocket_dial_end(&d, &s);
        }
    }
}

static void edge_if_next(void) {
    char name[USOCKET_IFNAME_MAX];
    EACH(unsigned, index, ints) {
        RAN(if_indextoname, index, name);
        RAN(if_next, &index, name);
    }
    RAN(if_nametoindex, "");
    RAN(if_nametoindex, "a name that is longer than any interface has it");
}

static void edge_gethostname(void) {
    char name[64];
    EACH(size_t, len, sizes) {
        if (len != 0) {
            assert_code(USOCKET_EFAULT, RAN(gethostname, NULL, len));
        } else {
            assert_true(RAN(gethostname, NULL, 0) < 0);
        }
        memset(name, 'x', sizeof name);
        int r = RAN(gethostname, name, len); /* must not write more than the name */
        assert_true(r < 0 || strlen(name) < sizeof name);
        assert_true(len > 2 || name[len] == 'x');
    }
}

#endif

/* ---- Pollers --------------------------------------------------------------------------------------------------------------- */

#if USOCKET_POLLER

static void edge_poller(void) {
    usocket_ready_t ready[2];
    int p = RAN(poller_open);
    if (p < 0) {
        return;
    }
    EACH(int, fd, numbers) {
        assert_true(FX_SIM || RAN(poller_arm, p, fd, USOCKET_POLL_IN) < 0);
    }
    EACH(int, events, ints) {
        RAN(poller_arm, p, usocket_fileno(&socks[SERVER]), events);
    }
    RAN(poller_arm, p, usocket_fileno(&socks[SERVER]), USOCKET_POLL_IN);
    EACH(usocket_time_t, deadline, deadlines) {
        assert_code(USOCKET_EINVAL, RAN(poller_wait, p, ready, 0, deadline));
        EACH(size_t, n, sizes) {
            if (n != 0) {
                assert_code(USOCKET_EFAULT, RAN(poller_wait, p, NULL, n, deadline));
            }
        }
    }
    assert_code(USOCKET_EINVAL, RAN(poller_wait, p, ready, 0, USOCKET_NEVER));
    EACH(size_t, n, sizes) {
        if (n != 0) {
            RAN(poller_wait, p, ready, n, USOCKET_NOW);
        }
    }
    usocket_look_t look;
    EACH_SOCKET(s) {
        EACH(int, events, ints) {
            usocket_poller_look(s, events, &look);
            usocket_poller_stale(s, &look);
        }
    }
    usocket_poller_close(p);
}

#endif

/* ---- First tries ---------------------------------------------------------------------------------------------------------- */

/* They list the codes of the usual calls. */
static void edge_try(void) {
    char buf[64];
    usocket_addr_t from;
    EACH_SOCKET(s) {
        EACH(size_t, len, sizes) {
            size_t n = len < sizeof buf ? len : sizeof buf;
            ran("usocket_recv_by", usocket_try_recv(s, buf, n, NULL), __LINE__);
            ran("usocket_recv_by", usocket_try_recv(s, buf, n, &from), __LINE__);
            ran("usocket_send_by", usocket_try_send(s, "data", n < 4 ? n : 4, NULL), __LINE__);
            assert_true(usocket_try_line(s, len) <= len);
        }
        for (int i = 0; i < STRANGE; i++) {
            usocket_addr_t a = strange(i);
            ran("usocket_send_by", usocket_try_send(s, "data", 4, &a), __LINE__);
        }
#if USOCKET_QUICK
        EACH(int, events, ints) {
            assert_true(usocket_try_poll(s, events) >= 0);
        }
#endif
    }
}

/* ---- Codes ------------------------------------------------------------------------------------------------------------------ */

static void edge_errname(void) {
    EACH(int, code, ints) {
        assert_non_null(usocket_errname(code));
        assert_non_null(usocket_strerror(code));
        usocket_is_eai(code);
        usocket_is_tls(code);
    }
    for (int code = -3000; code < 300; code++) {
        assert_non_null(usocket_errname(code));
        assert_non_null(usocket_strerror(code));
    }
}

/* ---- TLS ------- ------------------------------------------------------------------------------------------------------------- */

static void edge_tls_name(void) {
#if USOCKET_TLS
    char words[USOCKET_TLS_WORDS];
    usocket_t s = USOCKET_CLOSED;
    assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    EACH(size_t, len, sizes) {
        EACH_SOCKET(plain) {
            assert_true(RAN(tls_name, plain, NULL, len) < 0);
        }
        assert_true(RAN(tls_name, &s, NULL, len) < 0 || len == 0);
    }
    EACH(usocket_time_t, deadline, deadlines) {
        RAN(tls_handshake_by, &s, deadline);
        RAN(tls_unwrap_by, &s, deadline);
    }
    for (int name = 0; name < 80; name++) {
        EACH(size_t, len, sizes) {
            assert_true(RAN(tls_why, &s, NULL, words) == 0);
            if (len != 0) {
                assert_true(usocket_setsockopt(&s, USOCKET_SOL_TLS, name, NULL, len) < 0);
            }
            size_t room = len;
            usocket_getsockopt(&s, USOCKET_SOL_TLS, name, NULL, &room);
        }
    }
    usocket_close(&s);
    usocket_tls_forget();
#endif
}

static void edge_tls_move(void) {
#if USOCKET_TLS
    usocket_t s = USOCKET_CLOSED;
    for (int server = 0; server < 2; server++) {
        EACH_SOCKET(plain) {
            assert_true(RAN(tls_check, plain, server) < 0);
        }
        assert_ok(usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
        RAN(tls_check, &s, server);
        usocket_tls_move(&s, USOCKET_AF_INET, -1);
        usocket_tls_move(&s, USOCKET_AF_INET, -1);
        assert_code(USOCKET_EBADF, RAN(tls_check, &s, server));
        assert_int_equal(-1, usocket_fileno(&s));
        usocket_close(&s);
    }
    usocket_tls_forget();
#endif
}

/* ---- The table ------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *names; /* separated by spaces, with a final one */
    void (*run)(void);
} edges[] = {
    { "addr_parse ", edge_addr_parse },
    { "pton ", edge_pton },
    { "aton ", edge_aton },
    { "ntop ", edge_ntop },
    { "addr_format ", edge_addr_format },
    { "addr_raw ", edge_addr_raw },
    { "addr_equal ", edge_addr_equal },
    { "deadline_in ", edge_deadline_in },
    { "settimeout gettimeout deadline init ", edge_settimeout },
    { "open ", edge_open },
    { "pair ", edge_pair },
    { "adopt ", edge_adopt },
    { "dup ", edge_dup },
    { "close_fd ", edge_close_fd },
    { "share ", edge_share },
    { "bind ", edge_bind },
    { "listen backlog ", edge_listen },
    { "accept_by accept ", edge_accept_by },
    { "connect_by connect ", edge_connect_by },
    { "connect_wait ", edge_connect_wait },
    { "shutdown ", edge_shutdown },
    { "getsockname getpeername ", edge_names },
    { "setsockopt ", edge_setsockopt },
    { "", edge_setsockopt_values },
    { "getsockopt ", edge_getsockopt },
    { "recv_by ", edge_recv_by },
    { "send_by ", edge_send_by },
    { "recv_all_by ", edge_recv_all_by },
    { "send_all_by ", edge_send_all_by },
    { "recv_line_by ", edge_recv_line_by },
    { "recv send recvfrom sendto recv_all send_all ", edge_plain },
    { "unread unread_take unread_len ", edge_unread },
    { "readable_by writable_by pending is_lost ", edge_readable_by },
    { "poll ", edge_poll },
    { "try_recv try_line try_send try_poll ", edge_try },
    { "start set_interrupt_hook ", edge_start },
    { "watch watch_again watch_end ", edge_watch },
    { "errname strerror is_eai is_tls ", edge_errname },
    { "tls_name tls_why tls_handshake_by tls_unwrap_by tls_forget ", edge_tls_name },
    { "tls_check tls_move ", edge_tls_move },
#if USOCKET_NAMES
    { "lookup_start lookup_wait lookup_wait_for lookup_get lookup_handle lookup_name lookup_service lookup_free ", edge_lookup_start },
    { "lookup_reverse ", edge_lookup_reverse },
    { "dial_start dial_by dial_step dial_delay dial_attempt dial_handle dial_end ", edge_dial_start },
    { "if_nametoindex if_indextoname if_next ", edge_if_next },
    { "gethostname ", edge_gethostname },
#endif
#if USOCKET_POLLER
    { "poller_open poller_arm poller_wait poller_look poller_stale poller_close ", edge_poller },
#endif
    { "close drop close_wait detach fileno is_open ", edge_close },
};

#if USOCKET_NAMES && USOCKET_POLLER
static void every_public_function_has_a_row(void **state) {
    (void)state;
#define FUNCTION(name) #name,
    static const char *const functions[] = { ALL_FUNCTIONS };
#undef FUNCTION
    for (size_t i = 0; i < COUNT(functions); i++) {
        char name[64];
        bool found = false;
        snprintf(name, sizeof name, " %s ", functions[i]);
        for (size_t k = 0; k < COUNT(edges); k++) {
            found = found || strstr(edges[k].names, name) != NULL || strncmp(edges[k].names, name + 1, strlen(name + 1)) == 0;
        }
        if (!found) {
            print_error("usocket_%s is in no row of `edges`\n", functions[i]);
        }
        assert_true(found);
    }
}
#endif

static void each_boundary_value_in_each_parameter(void **state) {
    for (size_t i = 0; i < COUNT(edges); i++) {
        void *own = NULL;
        (void)state;
        assert_int_equal(0, begin(&own));
        if (getenv("TEST_TRACE") != NULL) {
            print_message("# %s\n", edges[i].names);
        }
        edges[i].run();
        if (end(&own) != 0) {
            print_error("left by: %s\n", edges[i].names);
            fail();
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#if USOCKET_NAMES && USOCKET_POLLER
        cmocka_unit_test(every_public_function_has_a_row),
#endif
        cmocka_unit_test(each_boundary_value_in_each_parameter),
    };
    return RUN(tests);
}
