/* A program of another project: it uses the installed headers and library, and prints what it finds.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "usocket/tls.h"
#include "usocket/usocket.h"

/* A connection over loopback, which sends a line there and back. Returns 0 or a negative code. */
static int talk(void) {
    usocket_t listener = USOCKET_CLOSED, client = USOCKET_CLOSED, server = USOCKET_CLOSED;
    usocket_addr_t address;
    char line[16];
    size_t n = 0;
    int r = usocket_addr_parse(&address, "127.0.0.1", 9, USOCKET_AF_INET);
    if (r == 0) {
        r = usocket_open(&listener, USOCKET_AF_INET, USOCKET_STREAM, 0);
    }
    if (r == 0) {
        r = usocket_bind(&listener, &address);
    }
    if (r == 0) {
        r = usocket_listen(&listener, 1);
    }
    if (r == 0) {
        r = usocket_getsockname(&listener, &address);
    }
    if (r == 0) {
        usocket_query_t query = {.host = "localhost", .port = address.port, .family = USOCKET_AF_INET};
        usocket_dial_t dial;
        r = usocket_dial_start(&dial, &query, NULL);
        if (r == 0) {
            r = usocket_dial_by(&dial, &client, usocket_deadline_in(10 * 1000000));
            usocket_dial_end(&dial, &client);
        }
    }
    if (r == 0) {
        r = usocket_accept(&listener, &server, NULL);
    }
    if (r == 0) {
        r = usocket_send_all(&client, "hello\n", 6, &n);
    }
    if (r == 0) {
        n = 0;
        r = usocket_recv_line_by(&server, line, sizeof line, &n, usocket_deadline_in(10 * 1000000));
        r = r == 1 && n == 6 && memcmp(line, "hello\n", 6) == 0 ? 0 : r < 0 ? r : USOCKET_EPROTO;
    }
    usocket_close(&client);
    usocket_close(&server);
    usocket_close(&listener);
    return r;
}

int main(void) {
    usocket_t s = USOCKET_CLOSED;
    int tls = usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC);
    usocket_close(&s);
    int r = talk();
    printf("version=%s address=%u unix=%d ipv6=%d tls=%s talk=%s\n", USOCKET_VERSION, (unsigned)sizeof(usocket_addr_t),
        USOCKET_UNIX, USOCKET_IPV6, tls == 0 ? "yes" : usocket_errname(tls), r == 0 ? "yes" : usocket_strerror(r));
    return r != 0;
}
