/* What TLS needs besides sockets: a call of the stack; and, where a Unix is underneath, what the system gives.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#if USOCKET_TLS

int usocket_port_share_address(int handle) {
    int on = 1;
    return usocket_port_setopt(handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

#if defined(__unix__) && !defined(__RTTHREAD__)

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

int usocket_port_random(void *buf, size_t len) {
    uint8_t *p = buf;
    while (len != 0) {
        ssize_t r = getrandom(p, len, 0);
        if (r < 0 && plat_errno() != EINTR) {
            return USOCKET_EIO;
        }
        if (r > 0) {
            p += r;
            len -= (size_t)r;
        }
    }
    return 0;
}

int64_t usocket_port_wall_time(void) {
    struct timespec t;
    return clock_gettime(CLOCK_REALTIME, &t) == 0 ? (int64_t)t.tv_sec : 0;
}

const char *usocket_port_trust(void) {
    const char *file = getenv("SSL_CERT_FILE");
    return file != NULL && file[0] != '\0' ? file : "/etc/ssl/certs/ca-certificates.crt";
}

#endif

#endif
