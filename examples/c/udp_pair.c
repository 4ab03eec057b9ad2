/* Two datagram sockets in one program: a sends a question to b, and b answers. Each call waits at most 2 seconds. */
#include <stdio.h>

#include "usocket/usocket.h"

/* Open a socket on 127.0.0.1; `address` becomes the address with the port that the stack has chosen. */
static int open_bound(usocket_t *s, usocket_addr_t *address) {
    int r = usocket_addr_parse(address, "127.0.0.1", 9, USOCKET_AF_INET); /* leaves port 0: bind chooses a free one */
    if (r == 0) {
        r = usocket_open(s, USOCKET_AF_INET, USOCKET_DGRAM, 0);
    }
    if (r == 0) {
        r = usocket_bind(s, address);
    }
    if (r == 0) {
        r = usocket_getsockname(s, address);
    }
    usocket_settimeout(s, 2 * 1000000);
    return r;
}

static void report(const char *name, const char *data, int32_t len, const usocket_addr_t *from) {
    char text[USOCKET_ADDR_TEXT];
    usocket_addr_format(from, text);
    printf("%s got \"%.*s\" from %s\n", name, (int)len, data, text);
}

static int32_t converse(usocket_t *a, usocket_t *b, const usocket_addr_t *address_b) {
    usocket_addr_t from;
    char buf[64];
    int32_t n = usocket_sendto(a, "what time is it?", 16, address_b);
    if (n >= 0) {
        n = usocket_recvfrom(b, buf, sizeof buf, &from);
    }
    if (n >= 0) {
        report("b", buf, n, &from);
        n = usocket_sendto(b, "late", 4, &from);
    }
    if (n >= 0) {
        n = usocket_recvfrom(a, buf, sizeof buf, &from);
    }
    if (n >= 0) {
        report("a", buf, n, &from);
    }
    return n;
}

int main(void) {
    usocket_t a = USOCKET_CLOSED, b = USOCKET_CLOSED;
    usocket_addr_t address_a, address_b;
    int32_t r = open_bound(&a, &address_a);
    if (r == 0) {
        r = open_bound(&b, &address_b);
    }
    if (r == 0) {
        r = converse(&a, &b, &address_b);
    }
    usocket_close(&a);
    usocket_close(&b);
    if (r < 0) {
        fprintf(stderr, "%s (%s)\n", usocket_strerror(r), usocket_errname(r));
    }
    return r < 0;
}
