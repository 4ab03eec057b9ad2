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

#ifdef plat_getrandom

#include <stdlib.h>
#include <time.h>

int usocket_port_random(void *buf, size_t len) {
    uint8_t *p = buf;
    while (len != 0) {
        ssize_t r = plat_getrandom(p, len);
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

const char *usocket_port_trust(uint64_t *version) {
    const char *file = getenv("SSL_CERT_FILE");
    file = file != NULL && file[0] != '\0' ? file : "/etc/ssl/certs/ca-certificates.crt";
    struct stat st;
    *version = 0;
    if (stat(file, &st) == 0) {
        const uint64_t parts[] = {(uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_size,
            (uint64_t)st.st_ino, (uint64_t)st.st_dev};
        uint64_t n = 1;
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
            n = (n ^ parts[i]) * UINT64_C(0x9e3779b97f4a7c15);
            n ^= n >> 32;
        }
        *version = n | 1;
    }
    return file;
}

#endif

#endif
