/* The upper bound of TLS: each operation in plain C with mbedTLS and blocking sockets.
 *
 *   raw_tls OPERATION PORT COUNT TIMEOUT     prints nanoseconds for COUNT operations
 *   raw_tls none 0 0 0                       only checks that it runs
 *   raw_tls tlsNN-heap PORT FRAGMENT 0       prints bytes of the heap; see heap.py
 *
 * The loops equal those of client_tls.py. BENCH_TLS in the environment is the directory with ca.der. The name of an operation
 * contains the TLS version: tls12-... or tls13-...
 */
#define _GNU_SOURCE
#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include <mbedtls/ssl.h>
#include <psa/crypto.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SMALL 64
#define LARGE 65536

static unsigned char buffer[LARGE];
static struct sockaddr_in peer;
static mbedtls_ssl_config conf;
static mbedtls_x509_crt ca;
static mbedtls_ssl_session session;
static int have_session, resume;

struct connection {
    mbedtls_ssl_context ssl;
    int fd;
};

static void die(const char *what, int code)
{
    fprintf(stderr, "%s: -0x%04x\n", what, (unsigned)-code);
    exit(1);
}

static int randomness(void *context, unsigned char *buf, size_t len)
{
    (void)context;
    return getrandom(buf, len, 0) == (ssize_t)len ? 0 : -1;
}

/* Callbacks that the library in build/mbedtls requires; see port/posix/mbedtls_user.h. */
psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context, uint8_t *out, size_t size, size_t *length)
{
    *length = size;
    return randomness(context, out, size) == 0 ? PSA_SUCCESS : PSA_ERROR_INSUFFICIENT_ENTROPY;
}
int usocket_tls_peer_cert(mbedtls_ssl_context *ssl, mbedtls_x509_crt *chain, const unsigned char *der, size_t len)
{
    (void)ssl;
    return mbedtls_x509_crt_parse_der(chain, der, len);
}
void *usocket_tls_calloc(size_t n, size_t size);
void *usocket_tls_calloc(size_t n, size_t size)
{
    return calloc(n, size);
}
void usocket_tls_cfree(void *p);
void usocket_tls_cfree(void *p)
{
    free(p);
}

static int take(void *context, unsigned char *buf, size_t len)
{
    ssize_t n = recv(*(int *)context, buf, len, 0);
    return n < 0 ? -1 : (int)n;
}

static int give(void *context, const unsigned char *buf, size_t len)
{
    ssize_t n = send(*(int *)context, buf, len, MSG_NOSIGNAL);
    return n < 0 ? -1 : (int)n;
}

static size_t get(struct connection *c, size_t len)
{
    for (;;) {
        int ret = mbedtls_ssl_read(&c->ssl, buffer, len);
        if (ret > 0) {
            return (size_t)ret;
        }
        if (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
            if (resume) {
                mbedtls_ssl_session_free(&session);
                have_session = mbedtls_ssl_get_session(&c->ssl, &session) == 0;
            }
        } else if (ret != MBEDTLS_ERR_SSL_WANT_READ) { /* a post-handshake message such as a session ticket */
            die("read", ret);
        }
    }
}

static void put(struct connection *c, size_t len)
{
    for (size_t at = 0; at < len;) {
        int ret = mbedtls_ssl_write(&c->ssl, buffer + at, len - at);
        if (ret <= 0) {
            die("write", ret);
        }
        at += (size_t)ret;
    }
}

static void begin(struct connection *c)
{
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (struct sockaddr *)&peer, sizeof(peer)) != 0) {
        die("connect", 0);
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    mbedtls_ssl_init(&c->ssl);
    int ret = mbedtls_ssl_setup(&c->ssl, &conf);
    if (ret == 0) {
        ret = mbedtls_ssl_set_hostname(&c->ssl, "localhost");
    }
    if (ret == 0 && have_session) {
        ret = mbedtls_ssl_set_session(&c->ssl, &session);
    }
    mbedtls_ssl_set_bio(&c->ssl, &c->fd, give, take, NULL);
    if (ret == 0) {
        ret = mbedtls_ssl_handshake(&c->ssl);
    }
    if (ret != 0) {
        die("handshake", ret);
    }
    if (resume && strcmp(mbedtls_ssl_get_version(&c->ssl), "TLSv1.2") == 0) {
        mbedtls_ssl_session_free(&session);
        have_session = mbedtls_ssl_get_session(&c->ssl, &session) == 0;
    }
}

static void end(struct connection *c)
{
    mbedtls_ssl_close_notify(&c->ssl);
    close(c->fd);
    mbedtls_ssl_free(&c->ssl);
}

static struct connection main_connection;

static void handshakes(long n)
{
    for (long i = 0; i < n; i++) {
        struct connection c;
        begin(&c);
        get(&c, 1);
        end(&c);
    }
}

static void ping_pong(long n)
{
    for (long i = 0; i < n; i++) {
        put(&main_connection, SMALL);
        get(&main_connection, SMALL);
    }
}

static void send_large(long n)
{
    for (long i = 0; i < n; i++) {
        put(&main_connection, LARGE);
    }
}

static void recv_large(long n)
{
    for (int64_t left = (int64_t)n * LARGE; left > 0;) {
        left -= (int64_t)get(&main_connection, LARGE);
    }
}

static const struct {
    const char *name;
    void (*run)(long n);
    long warm_up;
} operations[] = {
    {"full", handshakes, 3}, {"resumed", handshakes, 3}, {"ping-pong", ping_pong, 200}, {"send", send_large, 50}, {"recv", recv_large, 50},
};

static void set_up(const char *version)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/ca.der", getenv("BENCH_TLS"));
    psa_crypto_init();
    mbedtls_ssl_config_init(&conf);
    mbedtls_x509_crt_init(&ca);
    mbedtls_ssl_session_init(&session);
    int ret = mbedtls_ssl_config_defaults(&conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (ret != 0 || (ret = mbedtls_x509_crt_parse_file(&ca, path)) != 0) {
        die(path, ret);
    }
    mbedtls_ssl_conf_ca_chain(&conf, &ca, NULL);
    mbedtls_ssl_conf_authmode(&conf, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_rng(&conf, randomness, NULL);
    mbedtls_ssl_protocol_version v = strncmp(version, "tls12", 5) == 0 ? MBEDTLS_SSL_VERSION_TLS1_2 : MBEDTLS_SSL_VERSION_TLS1_3;
    mbedtls_ssl_conf_min_tls_version(&conf, v);
    mbedtls_ssl_conf_max_tls_version(&conf, v);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(&conf, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
}

/* From bench/heap.c, if it was preloaded. */
__attribute__((weak)) unsigned long heap_now(void);
__attribute__((weak)) unsigned long heap_peak(void);

static void ping_pong(long n);

static int heap(void)
{
    unsigned long before = 0, handshake = 0, idle = 0;
    if (heap_now == NULL) {
        return 1;
    }
    for (int i = 0; i < 2; i++) { /* the first connection allocates what all connections share */
        before = heap_now();
        heap_peak();
        begin(&main_connection);
        ping_pong(1);
        handshake = heap_peak() - before;
        idle = heap_now() - before;
        put(&main_connection, LARGE);
        for (size_t at = 0; at < LARGE;) {
            at += get(&main_connection, LARGE);
        }
        if (i == 0) {
            end(&main_connection);
        }
    }
    printf("%lu %lu %lu\n", handshake, idle, heap_peak() - before);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: raw_tls OPERATION PORT COUNT TIMEOUT\n");
        return 2;
    }
    if (strcmp(argv[1], "none") == 0) {
        return 0;
    }
    peer.sin_family = AF_INET;
    peer.sin_port = htons((uint16_t)atoi(argv[2]));
    peer.sin_addr.s_addr = inet_addr("127.0.0.1");
    memset(buffer, 'x', sizeof(buffer));
    set_up(argv[1]);
    const char *name = argv[1] + 6;
    if (strcmp(name, "heap") == 0) {
        mbedtls_ssl_conf_max_frag_len(&conf, atoi(argv[3]) == 2048 ? MBEDTLS_SSL_MAX_FRAG_LEN_2048 : MBEDTLS_SSL_MAX_FRAG_LEN_NONE);
        return heap();
    }
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (strcmp(name, operations[i].name) == 0) {
            struct timespec from, to;
            resume = strcmp(name, "resumed") == 0;
            if (operations[i].run != handshakes) {
                begin(&main_connection);
            }
            operations[i].run(operations[i].warm_up);
            clock_gettime(CLOCK_MONOTONIC, &from);
            operations[i].run(atol(argv[3]));
            clock_gettime(CLOCK_MONOTONIC, &to);
            printf("%lld\n", (to.tv_sec - from.tv_sec) * 1000000000LL + to.tv_nsec - from.tv_nsec);
            return 0;
        }
    }
    fprintf(stderr, "raw_tls: no operation %s\n", argv[1]);
    return 2;
}
