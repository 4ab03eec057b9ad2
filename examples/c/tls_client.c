/* Connects to a host by its name over TLS, verifies its certificate, sends a line and prints the answer.
 *
 *     tls_client HOST PORT LINE
 *
 * The trusted authorities are the system's, or those of the file that the environment variable SSL_CERT_FILE names. A program that
 * has its own sets USOCKET_TLS_CA_CERT.
 */
#include <stdio.h>
#include <string.h>

#include "usocket/tls.h"

#if !USOCKET_TLS
#error "this example needs a library with TLS: make lib TLS=1"
#endif

/* Send `line`, then print everything that the server sends until it ends the session. Returns 0 or a negative code. */
static int talk(usocket_t *s, const char *line) {
    char buf[512];
    size_t n;
    int r = usocket_send_all(s, line, strlen(line), &n);
    if (r == 0) {
        r = usocket_send_all(s, "\n", 1, &n);
    }
    if (r == 0) {
        r = usocket_shutdown(s, USOCKET_SHUT_WR); /* sends close_notify: the server can still answer */
    }
    while (r == 0) {
        n = 0;
        r = usocket_recv_all(s, buf, sizeof buf, &n); /* returns when buf is full or the stream ends */
        fwrite(buf, 1, n, stdout);
        if (n < sizeof buf) {
            break; /* close_notify of the server; a connection that is cut off is USOCKET_ETLS_TRUNCATED */
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
    usocket_query_t query = {.host = argv[1], .service = argv[2], .type = USOCKET_STREAM, .proto = USOCKET_PROTO_SEC};
    char why[USOCKET_TLS_WORDS] = "";
    int r = usocket_dial_start(&dial, &query, NULL);
    if (r == 0) {
        /* One deadline of 10 seconds, in microseconds, covers the lookup, every address of the name, and the handshake. */
        r = usocket_dial_by(&dial, &s, usocket_deadline_in(10 * 1000000));
        usocket_tls_why(&s, NULL, why); /* before the end of the dial, which closes a socket that has failed */
        usocket_dial_end(&dial, &s);
    }
    if (r == 0) {
        usocket_settimeout(&s, 10 * 1000000); /* for each later call */
        r = talk(&s, argv[3]);
        usocket_tls_why(&s, NULL, why);
    }
    usocket_close(&s);
    if (r < 0) {
        fprintf(stderr, "%s port %s: %s (%s)\n", argv[1], argv[2], usocket_is_tls(r) ? why : usocket_strerror(r),
            usocket_errname(r));
    }
    return r < 0;
}
