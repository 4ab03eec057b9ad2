/* Connecting to a name, USOCKET_RACE 0: one address after another.
 *
 * The attempt is a usocket_connect_by on the caller's socket, which is closed and opened anew for
 * each address. An attempt's deadline is its share of the time left, so that an address that does
 * not answer leaves some to the next. The other dialer, dial_race.c, has several attempts under way
 * at once, and serves event loops; config.h has its cost.
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

/* Open a socket for the next address; d->error has
 * the result. 0; USOCKET_ENOENT: no address is left. */
static int open_next(usocket_dial_t *d, usocket_t *s) {
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

/* The deadline of the current attempt: the time left is
 * divided by the number of addresses left, this one included. */
static usocket_time_t attempt_deadline(const usocket_dial_t *d, usocket_time_t deadline) {
    usocket_addrinfo_t info;
    unsigned n = 1;
    while (usocket_lookup_get(d->lookup, d->next + n - 1, &info) == 0) {
        n++;
    }
    return part_of_time(usocket_port_now(), deadline, n);
}

/* d->trying: s is open, and its connect is in progress.
 * Otherwise s is closed between two addresses. */
int usocket_dial_by(usocket_dial_t *d, usocket_t *s, usocket_time_t deadline) {
    int r = usocket_lookup_wait(d->lookup, deadline);
    if (r < 0) {
        return r;
    }
    for (;;) {
        if (d->trying) {
            d->error = usocket_connect_wait(s, d->deadline);
        } else {
            if (open_next(d, s) < 0) {
                return d->error; /* the result of the last address */
            }
            d->deadline = attempt_deadline(d, deadline);
            if (d->error == 0) {
                d->error = usocket_connect_by(s, &d->to, d->deadline);
            }
        }
        /* After USOCKET_EINTR the stack goes on with the connect, and the next call of this
         * function waits for it. */
        d->trying = d->error == USOCKET_EINTR;
        if (d->trying || d->error == 0 || d->error == USOCKET_EBADF) {
            return d->error; /* USOCKET_EBADF: another thread has closed the socket, which ends the dial */
        }
        usocket_close(s);
    }
}

/* A socket that is connected stays open; the lookup, in progress or ended, is freed. */
void usocket_dial_end(usocket_dial_t *d, usocket_t *s) {
    usocket_lookup_free(d->lookup);
    d->lookup = NULL;
    if (d->trying) {
        usocket_close(s);
        d->trying = false;
    }
}

#endif
