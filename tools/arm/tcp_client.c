/* A minimal program for tools/size.py: connect, send, receive, close. */

#include "usocket/usocket.h"

static usocket_t s = USOCKET_CLOSED;

int main(void) {
    usocket_addr_t to = {.family = USOCKET_AF_INET, .port = 80, .u.ip = {192, 0, 2, 1}};
    char buf[64] = "GET / HTTP/1.0\r\n\r\n";
    int n = usocket_open(&s, USOCKET_AF_INET, USOCKET_STREAM, 0);
    if (n >= 0) {
        usocket_settimeout(&s, 5000000);
        n = usocket_connect(&s, &to);
    }
    if (n >= 0) {
        n = usocket_send(&s, buf, 18);
    }
    while (n > 0) {
        n = usocket_recv(&s, buf, sizeof(buf));
    }
    usocket_close(&s);
    return n;
}
