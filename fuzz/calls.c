/* Fuzz target: runs arbitrary sequences of calls on the simulated network. They must not crash, hang, leak or misuse the port.
 *
 * SPDX-License-Identifier: MIT
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "sim.h"

#define SOCKETS 6

static const uint8_t *input;
static size_t left;
static usocket_t socks[SOCKETS];
static usocket_addr_t known; /* address of the last listener or datagram socket that was bound */
static char blocks[SOCKETS][32];

static unsigned next(void) {
    return left ? (left--, *input++) : 0;
}

static usocket_time_t deadline(void) {
    static const usocket_time_t timeouts[] = { 0, 1, 1000, 300000, 2000000 };
    return usocket_deadline_in(timeouts[next() % 5]);
}

static void step(void) {
    static const int families[] = { USOCKET_AF_INET, USOCKET_AF_INET6, USOCKET_AF_UNIX, 77 };
    static const int flags[] = { 0, MSG_PEEK, MSG_DONTWAIT, MSG_WAITALL, MSG_PEEK | MSG_WAITALL, MSG_TRUNC };
    static char buf[5000];
    unsigned i = next() % SOCKETS, j = next() % SOCKETS;
    usocket_t *s = &socks[i];
    size_t n = 0, len = next() * 19;
    int value = (int)next();
    struct timeval tv = { 0, 1000 };
    usocket_addr_t a = { .family = (uint16_t)families[next() % 3], .u.ip = { 127, 0, 0, 1 } };
    switch (next() % 26) {
        case 0: usocket_open(s, families[next() % 4], (int)(next() % 4), (int)(next() % 3 * 6)); break;
        case 1: usocket_close(s); break;
        case 2: if (i != j) { usocket_pair(s, &socks[j], USOCKET_AF_UNIX, 1 + (int)(next() % 2), 0); } break;
        case 3: a.port = 0; usocket_bind(s, &a); usocket_getsockname(s, &known); break;
        case 4: usocket_listen(s, value % 5 - 1); usocket_getsockname(s, &known); break;
        case 5: usocket_accept_by(s, &socks[j], &a, deadline()); break;
        case 6: usocket_connect_by(s, &known, deadline()); break;
        case 7: usocket_connect_wait(s, deadline()); break;
        case 8: usocket_shutdown(s, value % 4); break;
        case 9: usocket_recv_by(s, buf, len, flags[next() % 6], next() % 2 ? &a : NULL, deadline()); break;
        case 10: usocket_send_by(s, buf, len, flags[next() % 3], next() % 2 ? &known : NULL, deadline()); break;
        case 11: usocket_recv_all_by(s, buf, len, &n, deadline()); break;
        case 12: usocket_send_all_by(s, buf, len, &n, deadline()); break;
        case 13: usocket_recv_line_by(s, buf, len, &n, deadline()); break;
        case 14: usocket_unread(s, blocks[i], next() % sizeof blocks[i]); break;
        case 15: usocket_unread_take(s, &len, &n); break;
        case 16: usocket_pending(s); break;
        case 17: usocket_poll(s, value % 4, deadline()); break;
        case 18: usocket_settimeout(s, value * 1000 - 5000); break;
        case 19: usocket_setsockopt(s, SOL_SOCKET, next() % 2 ? SO_RCVTIMEO : SO_SNDTIMEO, &tv, sizeof tv); break;
        case 20: n = sizeof value; usocket_getsockopt(s, SOL_SOCKET, next() % 2 ? SO_ERROR : SO_TYPE, &value, &n); break;
        case 21: usocket_getpeername(s, &a); break;
        case 22: { /* detach and adopt */
            int fd = usocket_detach(s);
            if (fd >= 0 && usocket_adopt(s, fd, -1, -1, -1) != 0) {
                usocket_port_close(fd);
            }
            break;
        }
        case 23: sim_signal_in(value); break;
        case 24: sim_fault(1 + next() % 8, next(), false); break;
        case 25: sim_sleep(value * 1000); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sim_begin();
    input = data;
    left = size;
    memset(&known, 0, sizeof known);
    sim_buffers(1 + next() * 16, next());
    sim_latency(next() * 10);
    sim_piece(next() % 9);
    for (size_t i = 0; i < SOCKETS; i++) {
        usocket_init(&socks[i]);
    }
    while (left) {
        step();
    }
    for (size_t i = 0; i < SOCKETS; i++) {
        usocket_close(&socks[i]);
        if (usocket_close(&socks[i]) != 0 || usocket_fileno(&socks[i]) != -1) {
            abort();
        }
    }
    bool drained = sim_drain();
    sim_census_t c = sim_census();
    if (!drained || c.handles || c.allocations || c.actors || c.misuses) {
        fprintf(stderr, "left: %d handles, %d allocations, %d actors; %d misuses\n", c.handles, c.allocations, c.actors, c.misuses);
        abort();
    }
    return 0;
}
