/* The command `usocket_tcp_server [PORT]` serves one client after another and answers each line with a greeting.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sample.h"

#include <string.h>
#include <sys/socket.h> /* SOL_SOCKET and SO_REUSEADDR have the stack's own numbers */

/* Answer one client until it closes the connection. Returns 0 at the end of the stream, else a code. */
static int serve(sample_t *me) {
    static const char greeting[] = "hello, ";
    char line[100];
    for (;;) {
        int n = sample_line(me, line, sizeof(line));
        if (n <= 0) {
            return n; /* end of the stream, or an error */
        }
        rt_kprintf("received %.*s%s", n, line, line[n - 1] == '\n' ? "" : "\n");
        int r = sample_send(me, greeting, sizeof(greeting) - 1);
        if (r == 0) {
            r = sample_send(me, line, (size_t)n);
        }
        if (r < 0) {
            return r;
        }
    }
}

static int tcp_server(sample_t *me) {
    usocket_addr_t address;
    char text[USOCKET_ADDR_TEXT];
    memset(&address, 0, sizeof(address)); /* 0.0.0.0: every interface */
    address.family = USOCKET_AF_INET;
    address.port = sample_port(me->arg[0], 6001);
    int r = usocket_open(&me->listener, USOCKET_AF_INET, USOCKET_STREAM, 0);
    if (r == 0) {
        int on = 1; /* allows bind while connections of an earlier server are in TIME_WAIT */
        r = usocket_setsockopt(&me->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    if (r == 0) {
        r = usocket_bind(&me->listener, &address);
    }
    if (r == 0) {
        r = usocket_listen(&me->listener, usocket_backlog());
    }
    if (r == 0) {
        r = usocket_getsockname(&me->listener, &address);
    }
    if (r == 0) {
        usocket_addr_format(&address, text);
        rt_kprintf("listening on %s\n", text);
    }
    while (r == 0 && !me->stopped) {
        do {
            r = usocket_accept(&me->listener, &me->sock, &address);
        } while (sample_again(me, r));
        if (r == 0) {
            usocket_addr_format(&address, text);
            rt_kprintf("connection from %s\n", text);
            usocket_settimeout(&me->sock, 3 * SAMPLE_TIMEOUT); /* disconnects a client that stalls */
            int end = serve(me);
            rt_kprintf("%s: %s\n", text, end < 0 ? usocket_strerror(end) : "closed");
            usocket_close(&me->sock);
        }
    }
    return r;
}

SAMPLE(usocket_tcp_server, tcp_server, 0, "[PORT]")
MSH_CMD_EXPORT(usocket_tcp_server, answer every line of every client);
