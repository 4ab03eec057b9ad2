/* SPDX-License-Identifier: MIT */
#include "inject.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static enum inject_call failing;
static int times, error, injected_errno, poll_times, eai, pending_error;
static bool use_injected;
static size_t piece;
static short poll_revents;

void inject_reset(void) {
    times = poll_times = eai = pending_error = 0;
    piece = 0;
    use_injected = false;
}

void inject_fail(enum inject_call call, int n, int number) {
    failing = call;
    times = n;
    error = number;
}

int inject_left(void) {
    return times + poll_times;
}

void inject_pieces(size_t most) {
    piece = most;
}

void inject_poll_says(short revents, int n) {
    poll_revents = revents;
    poll_times = n;
}

void inject_eai(int code) {
    eai = code;
}

void inject_pending_error(int number) {
    pending_error = number;
}

bool inject(enum inject_call call) {
    use_injected = false;
    if (call != failing || times == 0) {
        return false;
    }
    times--;
    injected_errno = error;
    use_injected = true;
    errno = ENOTTY; /* exposes code that reads errno other than through plat_errno */
    return true;
}

int inject_errno(void) {
    return use_injected ? injected_errno : errno;
}

size_t inject_short(size_t len) {
    return piece && len > piece ? piece : len;
}

int inject_close(int fd) {
    bool fails = inject(INJECT_CLOSE);
    int r = close(fd);
    return fails ? -1 : r;
}

int inject_poll(struct pollfd *fds, unsigned n, int32_t left) {
    if (inject(INJECT_POLL)) {
        return -1;
    }
    if (poll_times > 0) {
        poll_times--;
        int ready = 0;
        for (unsigned i = 0; i < n; i++) {
            fds[i].revents = i == 0 ? poll_revents : 0;
            ready += fds[i].revents != 0;
        }
        return ready;
    }
    struct timespec t = { .tv_sec = (time_t)(left / 1000000), .tv_nsec = (long)(left % 1000000) * 1000 };
    return ppoll(fds, n, left < 0 ? NULL : &t, NULL);
}

int inject_getsockopt(int fd, int level, int name, void *value, unsigned *len) {
    if (pending_error && level == SOL_SOCKET && name == SO_ERROR) {
        memcpy(value, &pending_error, sizeof pending_error);
        return 0;
    }
    return getsockopt(fd, level, name, value, len);
}

int inject_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
    return eai ? eai : getaddrinfo(host, service, hints, out);
}

int inject_getnameinfo(const void *addr, unsigned len, char *host, unsigned hlen, char *serv, unsigned slen, int flags) {
    return eai ? eai : getnameinfo(addr, len, host, hlen, serv, slen, flags);
}
