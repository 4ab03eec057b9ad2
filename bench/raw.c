/* The upper bound: each operation in plain C, with blocking calls and nothing else.
 *
 *   raw OPERATION PORT COUNT TIMEOUT     prints nanoseconds for COUNT operations
 *
 * The loops equal those of client.py line by line. A timeout (seconds, 0 = none) is the kernel's own,
 * SO_RCVTIMEO and SO_SNDTIMEO. Lines are read with stdio. PEER in the environment is the peer's address; without it 127.0.0.1.
 * With RAW_LWIP the stack is lwIP, which lacks stdio streams over sockets and MSG_WAITALL.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef RAW_LWIP
#include "lwip/inet.h"
#include "lwip/sockets.h"
#define socket lwip_socket
#define connect lwip_connect
#define close lwip_close
#define send lwip_send
#define sendto lwip_sendto
#define recv lwip_recv
#define recvfrom lwip_recvfrom
#define setsockopt lwip_setsockopt
#define htons lwip_htons
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#endif

#define SMALL 64
#define LARGE 65536
#define WARM_UP 200

static char buffer[LARGE];
static struct sockaddr_in peer;
static FILE *file;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void ping_pong(int fd, long n)
{
    for (long i = 0; i < n; i++) {
        if (send(fd, buffer, SMALL, 0) != SMALL || recv(fd, buffer, SMALL, 0) != SMALL) {
            die("ping-pong");
        }
    }
}

static void udp(int fd, long n)
{
    for (long i = 0; i < n; i++) {
        struct sockaddr_in from;
        socklen_t len = sizeof(from);
        if (sendto(fd, buffer, SMALL, 0, (struct sockaddr *)&peer, sizeof(peer)) != SMALL
            || recvfrom(fd, buffer, SMALL, 0, (struct sockaddr *)&from, &len) != SMALL) {
            die("udp");
        }
    }
}

static void send_large(int fd, long n)
{
    for (int64_t left = (int64_t)n * LARGE; left > 0;) {
        ssize_t sent = send(fd, buffer, LARGE, 0);
        if (sent <= 0) {
            die("send");
        }
        left -= sent;
    }
}

static void sendall(int fd, long n)
{
    for (long i = 0; i < n; i++) {
        for (size_t at = 0; at < LARGE;) {
            ssize_t sent = send(fd, buffer + at, LARGE - at, 0);
            if (sent <= 0) {
                die("send");
            }
            at += (size_t)sent;
        }
    }
}

static void recv_large(int fd, long n)
{
    for (int64_t left = (int64_t)n * LARGE; left > 0;) {
        ssize_t got = recv(fd, buffer, LARGE, 0);
        if (got <= 0) {
            die("recv");
        }
        left -= got;
    }
}

static void readinto(int fd, long n)
{
    for (int64_t left = (int64_t)n * LARGE; left > 0;) {
        ssize_t got = recv(fd, buffer, LARGE, MSG_WAITALL);
        if (got <= 0) {
            die("recv");
        }
        left -= got;
    }
}

static void readline(int fd, long n)
{
    if (file == NULL && (file = fdopen(fd, "rb")) == NULL) {
        die("fdopen");
    }
    for (long i = 0; i < n; i++) {
        if (fgets(buffer, sizeof(buffer), file) == NULL) {
            die("fgets");
        }
    }
}

static void connect_close(int unused, long n)
{
    (void)unused;
    for (long i = 0; i < n; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)) != 0) {
            die("connect");
        }
        close(fd);
    }
}

static const struct {
    const char *name;
    void (*run)(int fd, long n);
} operations[] = {
    {"ping-pong", ping_pong}, {"udp", udp}, {"send", send_large}, {"sendall", sendall},
    {"recv", recv_large}, {"recv_into", recv_large}, {"readinto", readinto},
    {"readline", readline}, {"makefile", readline}, {"connect", connect_close},
};

static int open_socket(int type, double timeout)
{
    int fd = socket(AF_INET, type, 0), one = 1;
    struct timeval limit = {(time_t)timeout, 0};
    if (timeout > 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    }
    if (type == SOCK_STREAM) {
        if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)) != 0) {
            die("connect");
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: raw OPERATION PORT COUNT TIMEOUT\n");
        return 2;
    }
    peer.sin_family = AF_INET;
    peer.sin_port = htons((uint16_t)atoi(argv[2]));
    peer.sin_addr.s_addr = inet_addr(getenv("PEER") != NULL ? getenv("PEER") : "127.0.0.1");
    memset(buffer, 'x', sizeof(buffer));
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (strcmp(argv[1], operations[i].name) == 0) {
            struct timespec from, to;
            int fd = -1;
            if (operations[i].run != connect_close) {
                fd = open_socket(operations[i].run == udp ? SOCK_DGRAM : SOCK_STREAM, atof(argv[4]));
            }
            operations[i].run(fd, WARM_UP);
            clock_gettime(CLOCK_MONOTONIC, &from);
            operations[i].run(fd, atol(argv[3]));
            clock_gettime(CLOCK_MONOTONIC, &to);
            printf("%lld\n", (to.tv_sec - from.tv_sec) * 1000000000LL + to.tv_nsec - from.tv_nsec);
            return 0;
        }
    }
    fprintf(stderr, "raw: no operation %s\n", argv[1]);
    return 2;
}
