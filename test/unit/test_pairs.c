/* Every pair of public functions at once on one socket, under ThreadSanitizer, on each kind of socket, new and connected. A report of the
 * sanitizer fails the program, and so does a public function that is missing from the table.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "fixture.h"
#include "functions.h"
#include "usocket/poller.h"
#include "usocket/port.h"
#include "usocket/private.h"
#if USOCKET_TLS
#include "tls_fixture.h"
#endif

static usocket_t sock, peer, listener;
static usocket_addr_t where;

/* ---- Calls: none of them waits for long ------------------------------------------------------------------------------ */

static usocket_time_t soon(void) {
    return usocket_deadline_in(200);
}

static bool no(void *arg) {
    (void)arg;
    return false;
}

static void f_bind(void) {
    usocket_addr_t a = fx_addr("127.0.0.1", 0);
    usocket_bind(&sock, &a);
}

static void f_accept(void) {
    usocket_t conn = USOCKET_CLOSED;
    usocket_addr_t from;
    if (usocket_accept_by(&sock, &conn, &from, USOCKET_NOW) == 0) {
        usocket_close(&conn);
    }
}

static void f_share(void) {
    usocket_t other = USOCKET_CLOSED;
    if (usocket_share(&other, &sock) == 0) {
        usocket_close(&other);
    }
}

static void f_names(void) {
    usocket_addr_t a;
    usocket_getsockname(&sock, &a);
    usocket_getpeername(&sock, &a);
}

static void get(int level, int name) {
    char value[4096];
    size_t len = sizeof value;
    usocket_getsockopt(&sock, level, name, value, &len);
}

static void f_getsockopt(void) {
    get(SOL_SOCKET, SO_TYPE);
    get(USOCKET_PROTO_TCP, 1);
}

static void f_setsockopt(void) {
    struct timeval tv = { .tv_usec = 1000 };
    int on = 1;
    usocket_setsockopt(&sock, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    usocket_setsockopt(&sock, USOCKET_PROTO_TCP, 1, &on, sizeof on);
}

static void f_recv(void) {
    char b[16];
    usocket_addr_t from;
    usocket_recv_by(&sock, b, sizeof b, 0, &from, soon());
    usocket_recv_by(&sock, b, sizeof b, MSG_PEEK, NULL, USOCKET_NOW);
}

static void f_send(void) {
    usocket_send_by(&sock, "x", 1, 0, NULL, soon());
}

static void f_recv_all(void) {
    char b[16];
    size_t got = 0;
    usocket_recv_all_by(&sock, b, sizeof b, &got, soon());
}

static void f_send_all(void) {
    size_t sent = 0;
    usocket_send_all_by(&sock, "abc", 3, &sent, soon());
}

static void f_recv_line(void) {
    char b[16];
    size_t got = 0;
    usocket_recv_line_by(&sock, b, sizeof b, &got, soon());
}

static void f_unread(void) {
    static char block[8];
    usocket_unread(&sock, block, sizeof block);
}

static void f_unread_take(void) {
    size_t off, len;
    usocket_unread_take(&sock, &off, &len);
}

static void f_poll(void) {
    usocket_poll(&sock, USOCKET_POLL_IN | USOCKET_POLL_OUT, soon());
    usocket_poll(&sock, USOCKET_POLL_IN, soon());
}

static void f_watch(void) {
    usocket_watch_t *w;
    if (usocket_watch(&w, &sock, no, NULL) == 0) {
        usocket_watch_again(w);
        usocket_watch_end(w);
    }
}

static void f_look(void) {
    usocket_look_t look;
    usocket_poller_look(&sock, USOCKET_POLL_IN, &look);
    usocket_poller_stale(&sock, &look);
}

/* ThreadSanitizer treats connect as the creation of the descriptor and reports any concurrent call as an early use; a poller
 * is armed with a number that another thread may close. The kernel owns the descriptors, and these two port functions contain only
 * the system call. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void) {
    return "race:usocket_port_connect\nrace:usocket_port_set_arm\n";
}

static void f_poller(void) {
    int poller = usocket_poller_open();
    usocket_ready_t ready;
    usocket_poller_arm(poller, usocket_fileno(&sock), USOCKET_POLL_IN);
    usocket_poller_wait(poller, &ready, 1, USOCKET_NOW);
    usocket_poller_close(poller);
}

/* Detached descriptors; they are closed when no thread is in a call any more. */
static int given[4];
static int gifts;
static void f_detach(void) {
    int fd = usocket_detach(&sock);
    if (fd >= 0) {
        given[__atomic_fetch_add(&gifts, 1, __ATOMIC_RELAXED)] = fd;
    }
}

#define SIMPLE(name, call) \
    static void f_##name(void) { \
        call; \
    }
SIMPLE(close, usocket_close(&sock))
SIMPLE(open, usocket_open(&sock, USOCKET_AF_INET, USOCKET_STREAM, 0)) /* the socket is open or was just closed */
SIMPLE(drop, usocket_drop(&sock))
SIMPLE(close_wait, usocket_close_wait(&sock, soon()))
SIMPLE(hook, usocket_set_interrupt_hook(NULL))
SIMPLE(fileno, usocket_fileno(&sock))
SIMPLE(is_open, (void)usocket_is_open(&sock))
SIMPLE(listen, usocket_listen(&sock, 1))
SIMPLE(connect, usocket_connect_by(&sock, &where, USOCKET_NOW))
SIMPLE(connect_wait, usocket_connect_wait(&sock, soon()))
SIMPLE(shutdown, usocket_shutdown(&sock, USOCKET_SHUT_WR))
SIMPLE(shutdown_rd, usocket_shutdown(&sock, USOCKET_SHUT_RD))
SIMPLE(settimeout, usocket_settimeout(&sock, 100))
SIMPLE(gettimeout, usocket_gettimeout(&sock))
SIMPLE(deadline, usocket_deadline(&sock))
SIMPLE(unread_len, usocket_unread_len(&sock))
SIMPLE(readable, usocket_readable_by(&sock, soon()))
SIMPLE(writable, usocket_writable_by(&sock, soon()))
SIMPLE(pending, usocket_pending(&sock))
SIMPLE(lost, usocket_is_lost(&sock))
#if USOCKET_TLS
static void f_why(void) {
    char words[USOCKET_TLS_WORDS];
    int number;
    usocket_tls_why(&sock, &number, words);
}
SIMPLE(name, usocket_tls_name(&sock, "host.test", 9))
SIMPLE(check, usocket_tls_check(&sock, false))
SIMPLE(handshake, usocket_tls_handshake_by(&sock, soon()))
SIMPLE(unwrap, usocket_tls_unwrap_by(&sock, soon()))
SIMPLE(forget, usocket_tls_forget())
SIMPLE(set_psk, set_text(&sock, USOCKET_TLS_PSK, "0123456789abcdef"))
SIMPLE(set_identity, set_text(&sock, USOCKET_TLS_PSK_IDENTITY, "me"))
SIMPLE(set_host, set_text(&sock, USOCKET_TLS_HOSTNAME, "host.test"))
SIMPLE(set_alpn, set_text(&sock, USOCKET_TLS_ALPN_LIST, "a,b"))
SIMPLE(set_suites, set_text(&sock, USOCKET_TLS_CIPHERSUITE_LIST, ""))
SIMPLE(set_ca, set_text(&sock, USOCKET_TLS_CA_CERT, pem_root))
SIMPLE(set_cert, set_text(&sock, USOCKET_TLS_OWN_CERT, pem_server))
SIMPLE(set_verify, set_number(&sock, USOCKET_TLS_PEER_VERIFY, 0))
SIMPLE(set_wrong, set_number(&sock, USOCKET_TLS_PEER_VERIFY, 9))
SIMPLE(get_host, get(USOCKET_SOL_TLS, USOCKET_TLS_HOSTNAME))
SIMPLE(get_ca, get(USOCKET_SOL_TLS, USOCKET_TLS_CA_CERT))
SIMPLE(get_alpn, get(USOCKET_SOL_TLS, USOCKET_TLS_ALPN_LIST))
SIMPLE(get_version, get(USOCKET_SOL_TLS, USOCKET_TLS_VERSION_USED))
SIMPLE(get_identity, get(USOCKET_SOL_TLS, USOCKET_TLS_PSK_IDENTITY))
#endif

static const struct call {
    void (*run)(void);
    const char *functions; /* names of the functions that it calls */
    bool ends;             /* the socket must be made again after it */
} calls[] = {
    { f_close, "close", true }, { f_drop, "drop", true }, { f_close_wait, "close_wait", true }, { f_detach, "detach close_fd", true }, { f_open, "open", true }, { f_shutdown, "shutdown", true },
    { f_shutdown_rd, "shutdown", true }, { f_bind, "bind", false }, { f_accept, "accept_by accept", false }, { f_share, "share", false },
    { f_names, "getsockname getpeername", false }, { f_getsockopt, "getsockopt", false }, { f_setsockopt, "setsockopt", false },
    { f_recv, "recv_by recv recvfrom", false }, { f_send, "send_by send sendto", false }, { f_recv_all, "recv_all_by recv_all", false },
    { f_send_all, "send_all_by send_all", false }, { f_recv_line, "recv_line_by", false }, { f_unread, "unread", false },
    { f_unread_take, "unread_take", false }, { f_poll, "poll", false }, { f_watch, "watch watch_again watch_end", false },
    { f_look, "poller_look poller_stale", false }, { f_poller, "poller_open poller_arm poller_wait poller_close", false },
    { f_hook, "set_interrupt_hook", false }, { f_fileno, "fileno", false }, { f_is_open, "is_open", false }, { f_listen, "listen", false },
    { f_connect, "connect_by connect", false }, { f_connect_wait, "connect_wait", false }, { f_settimeout, "settimeout", false },
    { f_gettimeout, "gettimeout", false }, { f_deadline, "deadline", false }, { f_unread_len, "unread_len", false },
    { f_readable, "readable_by", false }, { f_writable, "writable_by", false }, { f_pending, "pending", false }, { f_lost, "is_lost", false },
#if USOCKET_TLS
    { f_why, "tls_why", false }, { f_check, "tls_check", false }, { f_name, "tls_name", false }, { f_handshake, "tls_handshake_by", false }, { f_unwrap, "tls_unwrap_by", true }, { f_forget, "tls_forget", false },
    { f_set_psk, "", false }, { f_set_identity, "", false }, { f_set_host, "", false }, { f_set_alpn, "", false }, { f_set_suites, "", false },
    { f_set_ca, "", false }, { f_set_cert, "", false }, { f_set_verify, "", false }, { f_set_wrong, "", false }, { f_get_host, "", false },
    { f_get_ca, "", false }, { f_get_alpn, "", false }, { f_get_version, "", false }, { f_get_identity, "", false },
#endif
};
#define CALLS (sizeof calls / sizeof *calls)

/* Functions without a shared socket or with a closed one, and functions that are not compiled in. */
static const char without[] = "init pair adopt dup addr_parse pton aton ntop addr_format addr_raw addr_equal deadline_in start backlog errname "
                              "strerror is_eai is_tls lookup_start lookup_reverse lookup_wait lookup_wait_for lookup_handle lookup_get lookup_name "
                              "lookup_service lookup_free dial_start dial_by dial_delay dial_step dial_attempt dial_end dial_handle "
                              "if_nametoindex if_indextoname if_next gethostname try_recv try_line try_send try_poll tls_move"
#if !USOCKET_TLS
                              " tls_why tls_check tls_name tls_handshake_by tls_unwrap_by tls_forget"
#endif
    ;

#define FUNCTION(name) #name,
static const char *const functions[] = { ALL_FUNCTIONS };

static bool in(const char *list, const char *name) {
    char all[1024], word[80];
    snprintf(all, sizeof all, " %s ", list);
    snprintf(word, sizeof word, " %s ", name);
    return strstr(all, word) != NULL;
}

static void test_table(void **state) {
    (void)state;
    size_t missing = 0;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        bool known = in(without, functions[i]);
        for (size_t k = 0; k < CALLS; k++) {
            known = known || in(calls[k].functions, functions[i]);
        }
        if (!known) {
            print_error("usocket_%s is not in the table\n", functions[i]);
            missing++;
        }
    }
    assert_int_equal(0, missing);
}

/* ---- Sockets -------------------------------------------------------------------------------------------------------- */

static void k_stream(void) {
    fx_streams(&sock, &peer);
}

static void k_datagram(void) {
    where = fx_udp(&sock, USOCKET_AF_INET);
}

static void k_listener(void) {
    where = fx_listen(&sock, USOCKET_AF_INET, 4);
    assert_ok(usocket_open(&peer, USOCKET_AF_INET, USOCKET_STREAM, 0));
    usocket_connect_by(&peer, &where, USOCKET_NOW);
}

static void k_fresh(void) {
    assert_ok(usocket_open(&sock, USOCKET_AF_INET, USOCKET_STREAM, 0));
    where = fx_listen(&listener, USOCKET_AF_INET, 4);
}

#if USOCKET_TLS

/* Quick, without certificates and key exchange. */
#define QUICK "TLS_PSK_WITH_AES_128_GCM_SHA256"
static void serve(usocket_t *s, int type) {
    const struct end e = { .psk = "0123456789abcdef", .suites = QUICK };
    where = fx_addr("127.0.0.1", 0);
    assert_ok(usocket_open(s, USOCKET_AF_INET, type, USOCKET_PROTO_SEC));
    assert_ok(tls_set(s, &e));
    assert_ok(usocket_bind(s, &where));
    assert_ok(usocket_getsockname(s, &where));
    assert_ok(usocket_listen(s, 4));
}

static void meet(usocket_t *client, usocket_t *server, int type, bool whole) {
    const struct end e = { .psk = "0123456789abcdef", .suites = QUICK, .verify = 1, .max = USOCKET_TLS_1_2 };
    serve(&listener, type);
    assert_ok(usocket_open(client, USOCKET_AF_INET, type, USOCKET_PROTO_SEC));
    assert_ok(tls_set(client, &e));
    usocket_connect_by(client, &where, USOCKET_NOW);
    for (int i = 0; i < 1000 && usocket_accept_by(&listener, server, NULL, usocket_deadline_in(10 * MS)) != 0; i++) {
        usocket_tls_handshake_by(client, USOCKET_NOW);
    }
    if (whole) {
        int c, s;
        tls_shake(client, server, &c, &s);
        assert_ok(c);
        assert_ok(s);
        usocket_send_by(&peer, "some\nbytes\nto be read\n", 22, 0, NULL, USOCKET_NOW);
    }
}

static void k_tls_fresh(void) {
    assert_ok(usocket_open(&sock, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    where = fx_listen(&listener, USOCKET_AF_INET, 4);
}

static void k_tls_listener(void) {
    serve(&sock, USOCKET_STREAM);
    assert_ok(usocket_open(&peer, USOCKET_AF_INET, USOCKET_STREAM, 0));
    usocket_connect_by(&peer, &where, USOCKET_NOW);
}

static void k_tls_begun(void) {
    meet(&sock, &peer, USOCKET_STREAM, false);
}

static void k_tls_client(void) {
    meet(&sock, &peer, USOCKET_STREAM, true);
}

static void k_tls_server(void) {
    meet(&peer, &sock, USOCKET_STREAM, true);
}

static void k_dtls_listener(void) {
    serve(&sock, USOCKET_DGRAM);
}

static void k_dtls_client(void) {
    meet(&sock, &peer, USOCKET_DGRAM, true);
}

#endif

static const struct {
    const char *name;
    void (*make)(void);
} kinds[] = {
    { "a stream", k_stream }, { "datagrams", k_datagram }, { "a listener", k_listener }, { "a fresh socket", k_fresh },
#if USOCKET_TLS
    { "fresh TLS", k_tls_fresh }, { "a listener of TLS", k_tls_listener }, { "a handshake", k_tls_begun }, { "a client of TLS", k_tls_client },
    { "a server of TLS", k_tls_server }, { "a listener of DTLS", k_dtls_listener }, { "a client of DTLS", k_dtls_client },
#endif
};

static void close_all(void) {
    while (gifts > 0) {
        usocket_close_fd(given[--gifts]);
    }
    f_unread_take();
    usocket_close(&sock);
    usocket_close(&peer);
    usocket_close(&listener);
}

/* ---- Pairs ---------------------------------------------------------------------------------------------------------- */

static pthread_barrier_t barrier;
static const struct call *second; /* NULL: the end */

static void other(void *arg) {
    (void)arg;
    for (;;) {
        pthread_barrier_wait(&barrier);
        if (second == NULL) {
            return;
        }
        second->run();
        second->run();
        pthread_barrier_wait(&barrier);
    }
}

static void pairs_on(size_t kind) {
    usocket_time_t begun = fx_now();
    int made = 0;
    pthread_barrier_init(&barrier, NULL, 2);
    fx_go(other, NULL);
    for (size_t i = 0; i < CALLS; i++) {
        for (size_t k = i; k < CALLS; k++) {
            if (made == 0 || calls[i].ends || k == i || usocket_fileno(&sock) < 0) {
                close_all();
                kinds[kind].make();
                made++;
            }
            second = &calls[k];
            pthread_barrier_wait(&barrier);
            calls[i].run();
            calls[i].run();
            pthread_barrier_wait(&barrier);
        }
    }
    second = NULL;
    pthread_barrier_wait(&barrier);
    fx_join();
    pthread_barrier_destroy(&barrier);
    close_all();
    print_message("# %s: %d pairs, %d sockets, %lld ms\n", kinds[kind].name, (int)(CALLS * (CALLS + 1) / 2), made,
        (long long)(fx_now() - begun) / 1000);
}

static void test_pairs(void **state) {
    (void)state;
    const char *only = getenv("TEST_KIND");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (only == NULL || strcmp(only, kinds[i].name) == 0) {
            pairs_on(i);
        }
    }
#if USOCKET_TLS
    usocket_tls_forget();
#endif
}

/* Opens ThreadSanitizer's pipes to its symbolizer before the first test counts descriptors. */
void __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t size);

int main(void) {
    char name[64];
    __sanitizer_symbolize_pc((void *)(uintptr_t)main, "%f", name, sizeof name);
    usocket_init(&sock);
    usocket_init(&peer);
    usocket_init(&listener);
    const struct CMUnitTest tests[] = { TEST(test_table), TEST(test_pairs) };
    return RUN(tests);
}
