/* usocket_http_get HOST [PATH [PORT]]: fetch a page and print it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sample.h"

#include <string.h>

static int http_get(sample_t *me) {
    const char *host = me->word[0];
    const char *path = *me->word[1] != '\0' ? me->word[1] : "/";
    const char *port = *me->word[2] != '\0' ? me->word[2] : "80";
    const char *request[] = {"GET ", path, " HTTP/1.0\r\nHost: ", host, "\r\n\r\n"};
    char line[100]; /* rt_kprintf has a buffer of its own, and not a large one */
    int r = sample_connect(me, host, port);
    for (size_t i = 0; r == 0 && i < sizeof(request) / sizeof(request[0]); i++) {
        r = sample_send(me, request[i], strlen(request[i]));
    }
    int bytes = 0, n = 0;
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
