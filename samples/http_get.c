/* The command `usocket_http_get HOST [PATH [PORT]]` fetches a page over HTTP/1.0 and prints it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sample.h"

#include <string.h>

static int http_get(sample_t *me) {
    const char *host = me->arg[0];
    const char *path = *me->arg[1] != '\0' ? me->arg[1] : "/";
    const char *port = *me->arg[2] != '\0' ? me->arg[2] : "80";
    const char *request[] = {"GET ", path, " HTTP/1.0\r\nHost: ", host, "\r\n\r\n"};
    char line[100]; /* short, because rt_kprintf formats into a small buffer of its own (RT_CONSOLEBUF_SIZE) */
    int r = sample_connect(me, host, port);
    for (size_t i = 0; r == 0 && i < sizeof(request) / sizeof(request[0]); i++) {
        r = sample_send(me, request[i], strlen(request[i]));
    }
    int bytes = 0, n = 0;
    /* The server closes the connection after the page; sample_line then returns 0. */
    while (r == 0 && (n = sample_line(me, line, sizeof(line))) > 0) {
        rt_kprintf("%.*s", n, line);
        bytes += n;
    }
    if (r == 0 && n == 0) {
        rt_kprintf("\n%d bytes\n", bytes);
    }
    return r < 0 ? r : n;
}

SAMPLE(usocket_http_get, http_get, 1, "HOST [PATH [PORT]]")
MSH_CMD_EXPORT(usocket_http_get, fetch a page and print it);
