/* The peer of every measurement: one process, one role, one connection at a time.
 *
 *   peer ROLE [DELAY]   prints the port it listens on and serves until it is killed
 *
 *   echo           returns what arrives, DELAY microseconds later
 *   sink           discards what arrives, without copying it
 *   source         sends without end
 *   lines          sends 64-byte lines without end
 *   accept         accepts and waits for the client to close
 *   udp            returns each datagram to its sender, DELAY microseconds later
 *
 * It needs less CPU time than any client: the sink does not copy, the source sends pages that
 * are already in the kernel. PEER in the environment is its address; without it 127.0.0.1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK (1 << 20)
#define LINE 64

static char buffer[1 << 16];
static useconds_t delay;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void echo(int fd)
{
    ssize_t n;
    while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
        if (delay > 0) {
            usleep(delay);
        }
        if (send(fd, buffer, (size_t)n, 0) != n) {
            return;
        }
    }
}

static void sink(int fd)
{
    while (recv(fd, NULL, BLOCK, MSG_TRUNC) > 0) {
    }
}

static void source(int fd, int pages)
{
    off_t at = 0;
    while (sendfile(fd, pages, &at, (size_t)(BLOCK - at)) > 0) {
        if (at == BLOCK) {
            at = 0;
        }
    }
}

static int make_pages(int line)
{
    static char block[BLOCK];
    int fd = memfd_create("source", 0);
    memset(block, 'x', sizeof(block));
    for (size_t i = LINE - 1; line && i < sizeof(block); i += LINE) {
        block[i] = '\n';
    }
    if (fd < 0 || write(fd, block, sizeof(block)) != (ssize_t)sizeof(block)) {
        die("memfd");
    }
    return fd;
}

static void udp(int fd)
{
    for (;;) {
        struct sockaddr_in from;
        socklen_t len = sizeof(from);
        ssize_t n = recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &len);
        if (delay > 0) {
            usleep(delay);
        }
        if (n >= 0) {
            sendto(fd, buffer, (size_t)n, 0, (struct sockaddr *)&from, len);
        }
    }
}

int main(int argc, char **argv)
{
    const char *role = argc > 1 ? argv[1] : "";
    int is_udp = strcmp(role, "udp") == 0;
    int is_accept = strcmp(role, "accept") == 0;
    int is_echo = strcmp(role, "echo") == 0;
    int is_sink = strcmp(role, "sink") == 0;
    int is_lines = strcmp(role, "lines") == 0;
    if (!is_udp && !is_accept && !is_echo && !is_sink && !is_lines && strcmp(role, "source") != 0) {
        fprintf(stderr, "usage: peer echo|sink|source|lines|accept|udp [DELAY]\n");
        return 2;
    }
    delay = argc > 2 ? (useconds_t)atoi(argv[2]) : 0;
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);

    const char *own = getenv("PEER");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(own != NULL ? own : "127.0.0.1")};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, is_udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (is_accept) {
        /* Answer the client's FIN with a reset, so that no port stays in TIME_WAIT. */
        struct linger reset = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    }
    if (bind(fd, (struct sockaddr *)&address, len) != 0 || (!is_udp && listen(fd, 4096) != 0)
        || getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        die("bind");
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    if (is_udp) {
        udp(fd);
    }
    int pages = is_sink || is_echo || is_accept ? -1 : make_pages(is_lines);
    for (;;) {
        int client = accept(fd, NULL, NULL);
        if (client < 0) {
            continue;
        }
        if (is_accept) {
            recv(client, buffer, 1, 0);
        } else if (is_echo) {
            echo(client);
        } else if (is_sink) {
            sink(client);
        } else {
            source(client, pages);
        }
        close(client);
    }
}
