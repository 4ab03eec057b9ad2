/* Connects to a host by its name, sends a line and prints the answer.
 *
 *     tcp_client HOST PORT LINE
 */
#include <stdio.h>
#include <string.h>

#include "usocket/usocket.h"

/* Send `line`, then print everything that the server sends until it closes the connection. Returns 0 or a negative code. */
static int talk(usocket_t *s, const char *line) {
    char buf[512];
    size_t n;
    int r = usocket_send_all(s, line, strlen(line), &n);
    if (r == 0) {
        r = usocket_send_all(s, "\n", 1, &n);
    }
    if (r == 0) {
        /* Half-close: the server reads the end of the stream, but can still answer. */
        r = usocket_shutdown(s, USOCKET_SHUT_WR);
    }
    while (r == 0) {
        n = 0;
        r = usocket_recv_all(s, buf, sizeof buf, &n); /* returns when buf is full or the stream ends */
        fwrite(buf, 1, n, stdout);
        if (n < sizeof buf) {
            break; /* the stream has ended */
        }
    }
    return r;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: %s HOST PORT LINE\n", argv[0]);
        return 2;
    }
    usocket_t s = USOCKET_CLOSED;
    usocket_dial_t dial;
    usocket_query_t query = {.host = argv[1], .service = argv[2]};
    int r = usocket_dial_start(&dial, &query, NULL);
    if (r == 0) {
        /* One deadline of 10 seconds, in microseconds, covers the lookup and every address of the name. */
        r = usocket_dial_by(&dial, &s, usocket_deadline_in(10 * 1000000));
        usocket_dial_end(&dial, &s);
    }
    if (r == 0) {
        usocket_settimeout(&s, 10 * 1000000); /* for each later call */
        r = talk(&s, argv[3]);
    }
    usocket_close(&s);
    if (r < 0) {
        fprintf(stderr, "%s port %s: %s (%s)\n", argv[1], argv[2], usocket_strerror(r), usocket_errname(r));
    }
    return r < 0;
}
