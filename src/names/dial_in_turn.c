/* Connecting to a name: each of its addresses in turn, one deadline for all. Where there is room for it, they race instead:
 * race.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lookup.h"

#if USOCKET_NAMES && !USOCKET_RACE

#include <string.h>

int usocket_dial_start(usocket_dial_t *d, const usocket_query_t *q, const usocket_addr_t *source) {
    memset(d, 0, sizeof(*d));
    d->source = source;
#if USOCKET_TLS
    d->host[0] = '\0';
    if (q->proto == USOCKET_PROTO_SEC && q->host != NULL) {
        strncpy(d->host, q->host, sizeof(d->host) - 1);
    }
#endif
    usocket_query_t query = *q;
    query.proto = q->proto == USOCKET_PROTO_SEC ? 0 : q->proto;
    d->proto = q->proto;
    if (query.type == 0) {
        query.type = USOCKET_STREAM;
    }
    return usocket_lookup_start(&d->lookup, &query);
}

/* Open a socket for the next address. 0; USOCKET_ENOENT: there is none. */
static int next_attempt(usocket_dial_t *d, usocket_t *s) {
    usocket_addrinfo_t info;
    int r = usocket_lookup_get(d->lookup, d->next, &info);
    if (r < 0) {
        return r;
    }
    d->next++;
    d->to = info.addr;
    r = usocket_open(s, info.family, info.type, d->proto != 0 ? d->proto : info.proto);
    if (r == 0 && d->source != NULL) {
        usocket_addr_t source = *d->source;
        usocket_dial_source(&source, d->to.family);
        r = usocket_bind(s, &source);
    }
#if USOCKET_TLS
    if (r == 0 && d->proto == USOCKET_PROTO_SEC) {
        r = usocket_tls_name(s, d->host, strlen(d->host));
    }
#endif
    d->error = r;
    return 0;
}

/* The deadline of one attempt: the time left, divided by the addresses left, this one included. */
static usocket_time_t share(const usocket_dial_t *d, usocket_time_t deadline) {
    usocket_time_t left = deadline - usocket_port_now();
    if (deadline == USOCKET_NEVER || left <= 0) {
        return deadline;
    }
    usocket_addrinfo_t info;
    size_t next = d->next;
    while (usocket_lookup_get(d->lookup, next, &info) == 0) {
        next++;
    }
    return deadline - left + left / (usocket_time_t)(next - d->next + 1);
}

int usocket_dial_by(usocket_dial_t *d, usocket_t *s, usocket_time_t deadline) {
    int r = usocket_lookup_wait(d->lookup, deadline);
    if (r < 0) {
        return r;
    }
    for (;;) {
        if (d->trying) {
            d->error = usocket_connect_wait(s, d->deadline);
        } else {
            if (next_attempt(d, s) < 0) {
                return d->error; /* the last address's */
            }
            d->deadline = share(d, deadline);
            if (d->error == 0) {
                d->error = usocket_connect_by(s, &d->to, d->deadline);
            }
        }
        d->trying = d->error == USOCKET_EINTR;
        if (d->trying || d->error == 0 || d->error == USOCKET_EBADF) {
            return d->error; /* EBADF: somebody has closed it, and means it */
        }
        usocket_close(s);
    }
}

void usocket_dial_end(usocket_dial_t *d, usocket_t *s) {
    usocket_lookup_free(d->lookup);
    d->lookup = NULL;
    if (d->trying) {
        usocket_close(s);
        d->trying = false;
    }
}

#endif
