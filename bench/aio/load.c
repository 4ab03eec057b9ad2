/* SPDX-License-Identifier: MIT
 *
 * Load generator: keeps connections to 127.0.0.1 open and sends lines on some of them.
 *
 *   load PORT                reads commands from standard input and answers each with one line:
 *     open N                 raises the number of connections to N, from several source addresses if one has too few ports; prints the
 *                            seconds that took
 *     pass ACTIVE MS         for MS ms, ACTIVE of them, spread over all, send 64 bytes and wait for the echo; prints the echoes per
 *                            second, and the median and the 99th percentile of their times in us
 *     ask                    prints the server's answer to `?`
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 20000, PER_ADDRESS = 5000, LENGTH = 64, TIMES = 1 << 20 };

static int fds[MOST], count, port;
static int got[MOST];
static double since[MOST];
static float times[TIMES];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int one(int number) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (fd < 0) {
        fail("socket");
    }
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(number / PER_ADDRESS));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (bind(fd, (struct sockaddr *)&from, sizeof(from)) || connect(fd, (struct sockaddr *)&to, sizeof(to))) {
        fail("connect");
    }
    return fd;
}

static void say(int i) {
    char line[LENGTH];
    memset(line, 'x', sizeof(line));
    line[LENGTH - 1] = '\n';
    if (send(fds[i], line, sizeof(line), MSG_NOSIGNAL) != LENGTH) {
        fail("send");
    }
    got[i] = 0;
    since[i] = now();
}

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static void pass(int active, int ms) {
    int poll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[256], event = {.events = EPOLLIN};
    long echoes = 0;
    for (int k = 0; k < active; k++) {
        event.data.u32 = (uint32_t)((long)k * count / active);
        epoll_ctl(poll, EPOLL_CTL_ADD, fds[event.data.u32], &event);
        say((int)event.data.u32);
    }
    double start = now(), end = start + ms / 1e3, last = start;
    int waiting = active;
    while (waiting) {
        int n = epoll_wait(poll, events, 256, 60000);
        if (n <= 0) {
            fail("no echo for a minute");
        }
        for (int k = 0; k < n; k++) {
            int i = (int)events[k].data.u32;
            char line[LENGTH];
            ssize_t r = recv(fds[i], line, (size_t)(LENGTH - got[i]), 0);
            if (r <= 0) {
                fail("recv");
            }
            got[i] += (int)r;
            if (got[i] < LENGTH) {
                continue;
            }
            double t = now();
            if (t < end) {
                times[echoes % TIMES] = (float)(t - since[i]);
                echoes++;
                last = t;
                say(i);
            } else {
                waiting--;
            }
        }
    }
    close(poll);
    long kept = echoes < TIMES ? echoes : TIMES;
    qsort(times, (size_t)kept, sizeof(times[0]), ascending);
    printf("%.1f %.0f %.0f\n", (double)echoes / (last > start ? last - start : 1), kept ? times[kept / 2] * 1e6 : 0,
           kept ? times[kept * 99 / 100] * 1e6 : 0);
}

static void ask(void) {
    char line[100];
    if (send(fds[0], "?\n", 2, MSG_NOSIGNAL) != 2) {
        fail("send");
    }
    ssize_t n = recv(fds[0], line, sizeof(line) - 1, 0);
    if (n <= 0) {
        fail("recv");
    }
    line[n] = 0;
    fputs(line, stdout);
}

int main(int argc, char **argv) {
    char command[100];
    int n, ms;
    if (argc != 2 || (port = atoi(argv[1])) <= 0) {
        return 2;
    }
    while (fgets(command, sizeof(command), stdin)) {
        double start = now();
        if (sscanf(command, "open %d", &n) == 1 && n <= MOST) {
            while (count < n) {
                fds[count] = one(count);
                count++;
            }
            printf("%.2f\n", now() - start);
        } else if (sscanf(command, "pass %d %d", &n, &ms) == 2 && n >= 1 && n <= count) {
            pass(n, ms);
        } else if (!strcmp(command, "ask\n") && count) {
            ask();
        } else {
            return 2;
        }
        fflush(stdout);
    }
    return 0;
}
