/* The command `usocket_tcp_client HOST PORT TEXT` connects, sends the text as a line and prints the line that comes back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sample.h"

#include <string.h>

static int tcp_client(sample_t *me) {
    int r = sample_connect(me, me->arg[0], me->arg[1]);
    usocket_addr_t peer;
    char line[100];
    if (r == 0) {
        r = usocket_getpeername(&me->sock, &peer);
    }
    if (r == 0) {
        char text[USOCKET_ADDR_TEXT];
        usocket_addr_format(&peer, text);
        rt_kprintf("connected to %s\n", text);
        r = sample_send(me, me->arg[2], strlen(me->arg[2]));
    }
    if (r == 0) {
        r = sample_send(me, "\n", 1);
    }
    if (r == 0) {
        r = sample_line(me, line, sizeof(line));
    }
    /* From here on r is the length of the line; 0 if the server closed the connection without an answer. */
    if (r >= 0) {
        rt_kprintf("received %.*s%s", r, line, r > 0 && line[r - 1] == '\n' ? "" : "\n");
    }
    return r < 0 ? r : 0;
}

SAMPLE(usocket_tcp_client, tcp_client, 3, "HOST PORT TEXT")
MSH_CMD_EXPORT(usocket_tcp_client, connect and send a line and print the answer);
