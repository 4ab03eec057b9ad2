/* Differences between qemu-user and the kernel, shown in plain C: the evidence for test/foreign/arm.txt.
 *
 * Prints a line for each, and exits with 0 if all are as listed: natively with the argument "kernel", under the emulator without it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool kernel;
static int wrong;

static void expect(const char *what, int result, int of_kernel, int of_emulator) {
    int got = result < 0 ? errno : 0;
    int expected = kernel ? of_kernel : of_emulator;
    printf("%s %s: %s\n", got == expected ? "ok" : "FAIL", what, got != 0 ? strerror(got) : "done");
    wrong += got != expected;
}

int main(int argc, char **argv) {
    kernel = argc > 1 && strcmp(argv[1], "kernel") == 0;
    int four = socket(AF_INET, SOCK_DGRAM, 0);
    int six = socket(AF_INET6, SOCK_DGRAM, 0);
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    struct in_addr lo = {htonl(INADDR_LOOPBACK)};
    int zero = 0;
    char name[16] = "lo";
    socklen_t len = sizeof(name);
    setsockopt(four, SOL_SOCKET, SO_BINDTODEVICE, name, 3);
    expect("set IP_MULTICAST_IF", setsockopt(four, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof(lo)), 0, ENOPROTOOPT);
    expect("set IPV6_MULTICAST_IF", setsockopt(six, IPPROTO_IPV6, IPV6_MULTICAST_IF, &zero, sizeof(zero)), 0, ENOPROTOOPT);
    expect("get SO_BINDTODEVICE", getsockopt(four, SOL_SOCKET, SO_BINDTODEVICE, name, &len), 0, EINVAL);
    expect("IP_ADD_MEMBERSHIP on a stream, 4 bytes", setsockopt(stream, IPPROTO_IP, IP_ADD_MEMBERSHIP, &lo, 4), EPROTO,
        EINVAL);
    close(stream);
    close(four);
    close(six);
    return wrong != 0;
}
