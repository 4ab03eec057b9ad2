/* usocket_tcp_client HOST PORT TEXT: connect, send the text as a line, print the line that comes back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sample.h"

#include <string.h>

static int tcp_client(sample_t *me) {
    int r = sample_connect(me, me->word[0], me->word[1]);
    usocket_addr_t peer;
    char line[100];
    if (r == 0) {
        r = usocket_getpeername(&me->sock, &peer);
    }
    if (r == 0) {
        char text[USOCKET_ADDR_TEXT];
        usocket_addr_format(&peer, text);
        rt_kprintf("connected to %s\n", text);
        r = sample_send(me, me->word[2], strlen(me->word[2]));
    }
    if (r == 0) {
        r = sample_send(me, "\n", 1);
    }
    if (r == 0) {
        r = sample_line(me, line, sizeof(line));
    }
    if (r >= 0) {
        rt_kprintf("received %.*s%s", r, line, r > 0 && line[r - 1] == '\n' ? "" : "\n");
    }
    return r < 0 ? r : 0;
}

SAMPLE(usocket_tcp_client, tcp_client, 3, "HOST PORT TEXT")
MSH_CMD_EXPORT(usocket_tcp_client, connect and send a line and print the answer);
