/* Serves one client after another: each line comes back with its number.
 *
 *     tcp_server ADDRESS PORT [CLIENTS]
 *
 * The server ends after CLIENTS clients; without a number it runs for ever. With port 0 the stack chooses a free port. The first
 * line printed is the address in use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "usocket/usocket.h"

/* Answer one client until it closes the connection. Returns 0 at the end of the stream, else a negative code. */
static int serve(usocket_t *client) {
    char line[256], answer[300];
    int r;
    for (int number = 1;; number++) {
        size_t n = 0, sent;
        r = usocket_recv_line_by(client, line, sizeof line, &n, usocket_deadline(client));
        if (n == 0) {
            return r; /* end of the stream, or an error */
        }
        int len = snprintf(answer, sizeof answer, "%d: %.*s", number, (int)n, line);
        r = usocket_send_all(client, answer, (size_t)len, &sent);
        if (r < 0) {
            return r;
        }
    }
}

int main(int argc, char **argv) {
    usocket_t listener = USOCKET_CLOSED, client = USOCKET_CLOSED;
    usocket_addr_t address;
    char text[USOCKET_ADDR_TEXT];
    if (argc < 3) {
        fprintf(stderr, "usage: %s ADDRESS PORT [CLIENTS]\n", argv[0]);
        return 2;
    }
    int r = usocket_addr_parse(&address, argv[1], strlen(argv[1]), USOCKET_AF_UNSPEC);
    if (r == 0) {
        address.port = (uint16_t)atoi(argv[2]);
        r = usocket_open(&listener, address.family, USOCKET_STREAM, 0);
    }
    if (r == 0) {
        r = usocket_bind(&listener, &address);
    }
    if (r == 0) {
        r = usocket_listen(&listener, usocket_backlog());
    }
    if (r == 0) {
        r = usocket_getsockname(&listener, &address);
    }
    if (r == 0) {
        usocket_addr_format(&address, text);
        printf("listening on %s\n", text);
        fflush(stdout);
    }
    for (int left = argc > 3 ? atoi(argv[3]) : -1; r == 0 && left != 0; left--) {
        r = usocket_accept(&listener, &client, &address);
        if (r == 0) {
            usocket_settimeout(&client, 30 * 1000000); /* disconnects a client that stalls */
            int end = serve(&client);
            usocket_addr_format(&address, text);
            printf("%s: %s\n", text, end < 0 ? usocket_strerror(end) : "done");
            fflush(stdout);
            usocket_close(&client);
        }
    }
    usocket_close(&listener);
    if (r < 0) {
        fprintf(stderr, "%s port %s: %s (%s)\n", argv[1], argv[2], usocket_strerror(r), usocket_errname(r));
    }
    return r < 0;
}
