/* Serves one client after another over TLS: each line comes back with its number.
 *
 *     tls_server ADDRESS PORT CERTIFICATE KEY [CLIENTS]
 *
 * CERTIFICATE and KEY are files in PEM or DER; the certificate is followed by those that lead to an authority. The server ends after
 * CLIENTS clients; without a number it runs for ever. With port 0 the stack chooses a free port. The first line printed is the
 * address in use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "usocket/tls.h"

#if !USOCKET_TLS
#error "this example needs a library with TLS: make lib TLS=1"
#endif

/* Set an option of the listener to the contents of a file. Returns 0 or a negative code. */
static int set_file(usocket_t *s, int option, const char *path) {
    static char text[16384];
    FILE *file = fopen(path, "rb");
    if (!file) {
        return USOCKET_ENOENT;
    }
    size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    /* A file that does not fit into `text` is truncated, and refused for that. */
    return usocket_setsockopt(s, USOCKET_SOL_TLS, option, text, len);
}

/* Answer one client until it ends the session. Returns 0 at the end of the stream, else a negative code. */
static int serve(usocket_t *client) {
    char line[256], answer[300];
    int r;
    for (int number = 1;; number++) {
        size_t n = 0, sent;
        /* The first call makes the handshake: accept does not wait for it. */
        r = usocket_recv_line_by(client, line, sizeof line, &n, usocket_deadline(client));
        if (n == 0) {
            return r; /* close_notify, or an error */
        }
        int len = snprintf(answer, sizeof answer, "%d: %.*s", number, (int)n, line);
        r = usocket_send_all(client, answer, (size_t)len, &sent);
        if (r < 0) {
            return r;
        }
    }
}

static void report(usocket_t *s, const char *name, int code) {
    char why[USOCKET_TLS_WORDS] = "";
    usocket_tls_why(s, NULL, why);
    printf("%s: %s\n", name, code == 0 ? "done" : usocket_is_tls(code) ? why : usocket_strerror(code));
    fflush(stdout);
}

int main(int argc, char **argv) {
    usocket_t listener = USOCKET_CLOSED, client = USOCKET_CLOSED;
    usocket_addr_t address;
    char text[USOCKET_ADDR_TEXT];
    if (argc < 5) {
        fprintf(stderr, "usage: %s ADDRESS PORT CERTIFICATE KEY [CLIENTS]\n", argv[0]);
        return 2;
    }
    int r = usocket_addr_parse(&address, argv[1], strlen(argv[1]), USOCKET_AF_UNSPEC);
    if (r == 0) {
        address.port = (uint16_t)atoi(argv[2]);
        r = usocket_open(&listener, address.family, USOCKET_STREAM, USOCKET_PROTO_SEC);
    }
    if (r == 0) {
        r = set_file(&listener, USOCKET_TLS_OWN_CERT, argv[3]);
    }
    if (r == 0) {
        r = set_file(&listener, USOCKET_TLS_OWN_KEY, argv[4]);
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
    for (int left = argc > 5 ? atoi(argv[5]) : -1; r == 0 && left != 0; left--) {
        r = usocket_accept(&listener, &client, &address);
        if (r == 0) {
            usocket_settimeout(&client, 30 * 1000000); /* disconnects a client that stalls */
            int end = serve(&client);
            usocket_addr_format(&address, text);
            report(&client, text, end);
            usocket_close(&client);
        }
    }
    if (r < 0) {
        report(&listener, argv[1], r);
    }
    usocket_close(&listener);
    return r < 0;
}
