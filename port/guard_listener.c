/* Options that accepted sockets inherit from their listener, as on Linux. lwIP passes on
 * SO_KEEPALIVE alone, and keeps no TCP option of a listener. The values are read before the socket
 * becomes a listener, and kept here from then on.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guard_options.h"
#include "guard_state.h"

#if PLAT_GUARD && USOCKET_SERVER

#include <string.h>

#ifndef SO_LINGER /* lwIP has it below SAL, though SAL's headers may lack it */
#define SO_LINGER 0x0080
#endif

static const struct {
    int level, name;
} options[] = {
    {SOL_SOCKET, SO_KEEPALIVE},
    {SOL_SOCKET, SO_LINGER},
#ifdef SO_RCVBUF
    {SOL_SOCKET, SO_RCVBUF},
#endif
#ifdef IP_TTL
    {IPPROTO_IP, IP_TTL},
#endif
#ifdef IP_TOS
    {IPPROTO_IP, IP_TOS},
#endif
    {IPPROTO_TCP, TCP_NODELAY},
#ifdef TCP_KEEPIDLE
    {IPPROTO_TCP, TCP_KEEPIDLE},
#endif
#ifdef TCP_KEEPINTVL
    {IPPROTO_TCP, TCP_KEEPINTVL},
#endif
#ifdef TCP_KEEPCNT
    {IPPROTO_TCP, TCP_KEEPCNT},
#endif
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

typedef struct inherited {
    struct inherited *next;
    int handle;
    struct {
        int value[2];   /* two for SO_LINGER, one for the others */
        socklen_t size; /* in bytes; 0: the stack lacks the option */
    } option[OPTIONS];
} inherited_t;

static inherited_t *all; /* one for each listener; under the library's lock */

/* The place in the list that points to the listener, or to NULL. */
static inherited_t **find(int handle) {
    inherited_t **p = &all;
    while (*p != NULL && (*p)->handle != handle) {
        p = &(*p)->next;
    }
    return p;
}

static void read_option(inherited_t *k, size_t i) {
    socklen_t size = sizeof(k->option[i].value);
    int r = guard_get_option(k->handle, options[i].level, options[i].name, k->option[i].value, &size);
    k->option[i].size = r == 0 ? size : 0;
}

bool guard_listener_begin(int handle) {
    if (!plat_lwip_options(handle)) {
        return true;
    }
    inherited_t *k = usocket_port_alloc(sizeof(*k));
    if (k == NULL) {
        return false;
    }
    memset(k, 0, sizeof(*k));
    k->handle = handle;
    for (size_t i = 0; i < OPTIONS; i++) {
        read_option(k, i);
    }
    k->next = all;
    all = k;
    return true;
}

void guard_listener_end(int handle) {
    inherited_t **p = find(handle);
    inherited_t *k = *p;
    if (k != NULL) {
        *p = k->next;
        usocket_port_free(k);
    }
}

/* Options that have the right value already are not set: a stack may refuse some on a
 * connection. */
void guard_listener_give(int handle, int conn) {
    const inherited_t *k = *find(handle);
    for (size_t i = 0; k != NULL && i < OPTIONS; i++) {
        int now[2];
        socklen_t size = sizeof(now);
        int r = guard_get_option(conn, options[i].level, options[i].name, now, &size);
        if (r == 0 && size == k->option[i].size && memcmp(now, k->option[i].value, size) != 0) {
            guard_set_option(conn, options[i].level, options[i].name, k->option[i].value, size);
        }
    }
}

/* The row of an option; OPTIONS: it is not kept here. */
static size_t index_of(const inherited_t *k, int level, int name) {
    size_t i = 0;
    while (
        k != NULL && i < OPTIONS && (options[i].level != level || options[i].name != name || k->option[i].size == 0)) {
        i++;
    }
    return k != NULL ? i : OPTIONS;
}

int guard_listener_get(int handle, int level, int name, void *value, socklen_t *len) {
    const inherited_t *k = *find(handle);
    size_t i = index_of(k, level, name);
    if (i == OPTIONS && k != NULL && level == IPPROTO_TCP) {
        plat_set_errno(ENOPROTOOPT); /* lwIP would return EINVAL */
        return -1;
    }
    if (i == OPTIONS) {
        return guard_get_option(handle, level, name, value, len);
    }
    *len = *len < k->option[i].size ? *len : k->option[i].size;
    memcpy(value, k->option[i].value, *len);
    return 0;
}

/* TCP options are stored here alone; the others go to the stack, and are read back. */
int guard_listener_set(int handle, int level, int name, const void *value, socklen_t len) {
    inherited_t *k = *find(handle);
    size_t i = index_of(k, level, name);
    int number;
    if (i == OPTIONS && k != NULL && level == IPPROTO_TCP) {
        plat_set_errno(ENOPROTOOPT);
        return -1;
    }
    if (i == OPTIONS || level != IPPROTO_TCP) {
        int r = guard_set_option(handle, level, name, value, len);
        if (r == 0 && i != OPTIONS) {
            read_option(k, i);
        }
        return r;
    }
    if (len < sizeof(number)) {
        plat_set_errno(EINVAL);
        return -1;
    }
    memcpy(&number, value, sizeof(number));
    if (name != TCP_NODELAY && number < 1) {
        plat_set_errno(EINVAL);
        return -1;
    }
    k->option[i].value[0] = name != TCP_NODELAY ? number : number != 0;
    return 0;
}

#endif
