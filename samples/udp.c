/* The command `usocket_udp_server [PORT]` sends each datagram back in capitals.
 * The command `usocket_udp_client HOST PORT TEXT` sends a datagram and prints the answer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sample.h"

#include <ctype.h>
#include <string.h>

/* Receive one datagram and print it with its sender. Returns its length or a code. */
static int receive(sample_t *me, char *buf, size_t len, usocket_addr_t *from) {
    usocket_time_t deadline = usocket_deadline(&me->sock);
    int n;
    do {
        n = usocket_recv_by(&me->sock, buf, len, 0, from, deadline);
    } while (sample_again(me, n));
    if (n >= 0) {
        char text[USOCKET_ADDR_TEXT];
        usocket_addr_format(from, text);
        rt_kprintf("received %.*s from %s\n", n, buf, text);
    }
    return n;
}

static int udp_server(sample_t *me) {
    usocket_addr_t address;
    char buf[100];
    memset(&address, 0, sizeof(address)); /* 0.0.0.0: every interface */
    address.family = USOCKET_AF_INET;
    address.port = sample_port(me->arg[0], 6002);
    int r = usocket_open(&me->sock, USOCKET_AF_INET, USOCKET_DGRAM, 0);
    if (r == 0) {
        r = usocket_bind(&me->sock, &address);
    }
    if (r == 0) {
        r = usocket_getsockname(&me->sock, &address);
    }
    if (r == 0) {
        char text[USOCKET_ADDR_TEXT];
        usocket_addr_format(&address, text);
        rt_kprintf("waiting on %s\n", text);
    }
    while (r >= 0 && !me->stopped) {
        int n = r = receive(me, buf, sizeof(buf), &address);
        for (int i = 0; i < n; i++) {
            buf[i] = (char)toupper((unsigned char)buf[i]);
        }
        if (n >= 0) {
            r = usocket_sendto(&me->sock, buf, (size_t)n, &address);
        }
    }
    return r;
}

/* Look up the host and port in the first two arguments; `to` becomes the first address found. */
static int first_address(sample_t *me, usocket_addr_t *to) {
    usocket_query_t query = {.host = me->arg[0], .service = me->arg[1], .type = USOCKET_DGRAM};
    usocket_lookup_t *lookup;
    usocket_addrinfo_t info;
    usocket_time_t deadline = usocket_deadline_in(SAMPLE_TIMEOUT);
    int r = usocket_lookup_start(&lookup, &query);
    if (r == 0) {
        do {
            r = usocket_lookup_wait(lookup, deadline);
        } while (sample_again(me, r));
    }
    if (r == 0) {
        r = usocket_lookup_get(lookup, 0, &info);
    }
    if (r == 0) {
        *to = info.addr;
    }
    usocket_lookup_free(lookup);
    return r;
}

static int udp_client(sample_t *me) {
    usocket_addr_t to;
    char buf[100];
    int r = first_address(me, &to);
    if (r == 0) {
        r = usocket_open(&me->sock, to.family, USOCKET_DGRAM, 0);
    }
    if (r == 0) {
        usocket_settimeout(&me->sock, SAMPLE_TIMEOUT); /* a datagram or its answer may be lost */
        r = usocket_sendto(&me->sock, me->arg[2], strlen(me->arg[2]), &to);
    }
    if (r >= 0) {
        r = receive(me, buf, sizeof(buf), &to);
    }
    return r < 0 ? r : 0;
}

SAMPLE(usocket_udp_server, udp_server, 0, "[PORT]")
MSH_CMD_EXPORT(usocket_udp_server, send every datagram back in capitals);

SAMPLE(usocket_udp_client, udp_client, 3, "HOST PORT TEXT")
MSH_CMD_EXPORT(usocket_udp_client, send a datagram and print the answer);
