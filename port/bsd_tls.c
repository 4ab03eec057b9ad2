/* The part of port.h that TLS needs: a second socket on an address, for every stack; randomness,
 * the time and the trusted authorities, where a Unix is underneath.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#if USOCKET_TLS

/* Set a flag. @return its value before, or a code */
static int set_flag(int handle, int name, int on) {
    int before = 0;
    size_t len = sizeof(before);
    int r = usocket_port_getopt(handle, SOL_SOCKET, name, &before, &len);
    if (r == 0 && (before != 0) != on) {
        r = usocket_port_setopt(handle, SOL_SOCKET, name, &on, sizeof(on));
    }
    return r < 0 ? r : before != 0;
}

/* Bind with the option on for both sockets. The listener has it only for this moment, so that no
 * other program can share the address later. */
static int bind_with(int name, int handle, int listener, const usocket_addr_t *own) {
    int r = set_flag(handle, name, 1);
    int before = r < 0 ? r : set_flag(listener, name, 1);
    if (before < 0) {
        return before;
    }
    r = usocket_port_bind(handle, own);
    if (before == 0) {
        set_flag(listener, name, 0);
    }
    return r;
}

/* On Linux sockets with SO_REUSEPORT share an address if one user owns them all; those with
 * SO_REUSEADDR may have several owners. The second option serves programs that have changed their
 * user since the listener was opened, and stacks without users. */
int usocket_port_bind_beside(int handle, int listener, const usocket_addr_t *own) {
    int r = USOCKET_EADDRINUSE;
#ifdef SO_REUSEPORT
    r = bind_with(SO_REUSEPORT, handle, listener, own);
#endif
    return r < 0 ? bind_with(SO_REUSEADDR, handle, listener, own) : r;
}

#ifdef plat_getrandom

#include <stdlib.h>
#include <time.h>

/* getrandom waits until the generator is seeded, early in the life of a system, and never again. */
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

/* The version is a hash of the time, size and place of the file; 0 if there is none. */
const char *usocket_port_trust(uint64_t *version) {
    const char *file = getenv("SSL_CERT_FILE");
    /* With an empty name no authority is trusted, as by OpenSSL. */
    file = file != NULL ? file : "/etc/ssl/certs/ca-certificates.crt";
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
