/* Connecting to a name, USOCKET_RACE above 0: its addresses race as RFC 8305 ("Happy Eyeballs")
 * says.
 *
 * An attempt is a handle of the port; the first that connects becomes the caller's socket, and the
 * others are closed. A step does what is due and sets d->wake to the time of the next one;
 * usocket_dial_by waits between steps, an event loop waits for usocket_dial_handle. The other
 * dialer, dial_in_turn.c, has one attempt at a time, on the caller's socket, and no steps.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lookup.h"

#if USOCKET_NAMES && USOCKET_RACE

#include <string.h>

#define RESOLUTION_DELAY 50000 /* Microseconds: IPv4 waits so long for IPv6's addresses (RFC 8305, section 3). */
#define DELAY_MIN 10000        /* The least time between two attempts (section 5). */
#define REARM_DELAY 50000      /* The next step comes so late where the set had no memory. */
#define LOOKUPS 2

#if USOCKET_RACE > USOCKET_WAIT_MAX - LOOKUPS
#error "USOCKET_RACE is more than one wait can hold"
#endif

/* The families are looked up apart, so that IPv6's addresses need not wait for IPv4's. One worker
 * would do them in turn. */
#define APART (USOCKET_IPV6 && (USOCKET_ASKS || USOCKET_RESOLVER_WORKERS >= LOOKUPS))

/* ---- Addresses --------------------------------------------------------------------------------------------------- */

/* Start the lookups of a dial: two, IPv6's first, for
 * a name of any family; else one, in d->lookup[0]. */
static int look_up(usocket_dial_t *d, const usocket_query_t *q) {
    usocket_query_t query = *q;
    usocket_addr_t numeric;
    bool apart = APART && q->family == USOCKET_AF_UNSPEC && q->host != NULL &&
        usocket_addr_parse(&numeric, q->host, strlen(q->host), USOCKET_AF_UNSPEC) == USOCKET_EAI_NONAME;
    if (apart) {
        query.family = USOCKET_AF_INET6;
    }
    int r = usocket_lookup_start(&d->lookup[0], &query);
    if (r == 0 && apart) {
        query.family = USOCKET_AF_INET;
        r = usocket_lookup_start(&d->lookup[1], &query);
    }
    if (r < 0) {
        usocket_lookup_free(d->lookup[0]);
        d->lookup[0] = NULL;
    }
    return r;
}

static bool is_secure(const usocket_dial_t *d) {
    return d->proto == USOCKET_PROTO_SEC;
}

int usocket_dial_start(usocket_dial_t *d, const usocket_query_t *q, const usocket_addr_t *source) {
    memset(d, 0, sizeof(*d));
    d->source = source;
    d->delay = (usocket_time_t)USOCKET_RACE_DELAY_MS * 1000;
    d->most = source != NULL && source->port != 0 ? 1 : USOCKET_RACE;
    d->set = d->alarm = -1;
    d->proto = q->proto;
    usocket_query_t query = *q;
    if (is_secure(d)) {
#if USOCKET_TLS
        query.proto = 0;
        if (q->host != NULL) {
            strncpy(d->host, q->host, sizeof(d->host) - 1);
        }
#else
        return USOCKET_EPROTONOSUPPORT; /* never plain text instead */
#endif
    }
    if (query.type == 0) {
        query.type = USOCKET_STREAM;
    }
    return look_up(d, &query);
}

void usocket_dial_delay(usocket_dial_t *d, usocket_time_t delay) {
    d->delay = delay < DELAY_MIN ? DELAY_MIN : delay;
}

/* Update d->looked. True: a lookup is in progress. */
static bool poll_lookups(usocket_dial_t *d) {
    bool more = false;
    for (size_t i = 0; i < LOOKUPS && d->lookup[i] != NULL; i++) {
        d->looked[i] = usocket_lookup_wait(d->lookup[i], USOCKET_NOW);
        more = more || d->looked[i] == USOCKET_EAGAIN;
    }
    return more;
}

/* Some resolvers return an address twice: glibc
 * translates ::1 of /etc/hosts into 127.0.0.1, too. */
static bool is_repeated(const usocket_lookup_t *l, size_t i, const usocket_addr_t *a) {
    usocket_addrinfo_t other;
    for (size_t k = 0; k < i && usocket_lookup_get(l, k, &other) == 0; k++) {
        if (usocket_addr_equal(&other.addr, a)) {
            return true;
        }
    }
    return false;
}

/* Find the n-th address of a family. */
static bool get_address(const usocket_dial_t *d, bool v4, size_t n, usocket_addrinfo_t *info) {
    const usocket_lookup_t *l = d->lookup[v4 && d->lookup[1] != NULL];
    for (size_t i = 0; usocket_lookup_get(l, i, info) == 0; i++) {
        if ((info->family == USOCKET_AF_INET) == v4 && !is_repeated(l, i, &info->addr) && n-- == 0) {
            return true;
        }
    }
    return false;
}

/* Choose the next address; the families take turns. */
static bool choose_address(const usocket_dial_t *d, bool *v4, usocket_addrinfo_t *info) {
    if (d->tried == USOCKET_RESOLVER_RESULTS) {
        return false;
    }
    *v4 = d->turn;
    if (!get_address(d, *v4, d->next[*v4], info)) {
        *v4 = !*v4;
        return get_address(d, *v4, d->next[*v4], info);
    }
    return true;
}

/* Count the addresses that are not tried yet. */
static unsigned addresses_left(const usocket_dial_t *d) {
    usocket_addrinfo_t info;
    unsigned n = 0;
    for (size_t v4 = 0; v4 < 2; v4++) {
        for (size_t i = d->next[v4]; get_address(d, v4 != 0, i, &info); i++) {
            n++;
        }
    }
    return n;
}

/* ---- Attempts ---------------------------------------------------------------------------------------------------- */

/* List the attempts under way, as entries to wait for and by their numbers. */
static size_t under_way(const usocket_dial_t *d, usocket_wait_t *w, uint8_t *which) {
    size_t n = 0;
    for (uint8_t i = 0; i < d->tried; i++) {
        if (d->attempt[i].handle >= 0) {
            w[n] = (usocket_wait_t){d->attempt[i].handle, USOCKET_POLL_OUT, 0};
            which[n++] = i;
        }
    }
    return n;
}

/* End an attempt, so that the next one may begin. */
static void end_attempt(usocket_dial_t *d, size_t i, int code) {
    if (d->attempt[i].handle >= 0) {
        usocket_port_close(d->attempt[i].handle);
        d->attempt[i].handle = -1;
    }
    d->attempt[i].code = (int16_t)code;
    d->due = d->yield = 0;
    d->held = false;
}

/* Bind to the source address, if there is one, and begin to connect. */
static int connect_from(int handle, const usocket_addr_t *source, const usocket_addr_t *to) {
    int r = 0;
    if (source != NULL) {
        usocket_addr_t from = *source;
        usocket_dial_source(&from, to->family);
        r = usocket_port_bind(handle, &from);
    }
    return r < 0 ? r : usocket_port_connect(handle, to);
}

/* Begin an attempt. 0: it is connected; USOCKET_EINPROGRESS; a code: it has failed, or, where
 * *counted is false, not begun. Some stacks need memory for a connection only when it is opened. */
static int begin_attempt(usocket_dial_t *d, const usocket_addrinfo_t *info, bool v4, bool *counted) {
    int handle = usocket_port_open(info->family, info->type, info->proto);
    int r = handle < 0 ? handle : connect_from(handle, d->source, &info->addr);
    *counted = r != USOCKET_EMFILE && r != USOCKET_ENFILE && r != USOCKET_ENOBUFS && r != USOCKET_ENOMEM;
    if (!*counted) {
        if (handle >= 0) {
            usocket_port_close(handle);
        }
        return r;
    }
    size_t i = d->tried++;
    d->attempt[i].handle = handle < 0 ? -1 : handle;
    d->attempt[i].v4 = v4;
    d->attempt[i].nth = d->next[v4]++;
    d->attempt[i].code = (int16_t)r;
    d->turn = !v4;
    d->to = info->addr;
    if (r < 0 && r != USOCKET_EINPROGRESS) {
        end_attempt(d, i, r);
    }
    return r;
}

/* Make the winner the caller's socket, and close the others. */
static int adopt_winner(usocket_dial_t *d, usocket_t *s, size_t won) {
    usocket_addrinfo_t info;
    get_address(d, d->attempt[won].v4, d->attempt[won].nth, &info);
    int handle = d->attempt[won].handle;
    d->attempt[won].handle = -1;
    for (size_t i = 0; i < d->tried; i++) {
        end_attempt(d, i, i == won ? 0 : d->attempt[i].code);
    }
    d->to = info.addr;
    int r = usocket_adopt(s, handle, info.family, info.type, d->proto != 0 ? d->proto : info.proto);
    if (r < 0) {
        usocket_port_close(handle);
    }
#if USOCKET_TLS
    if (r == 0 && is_secure(d)) {
        r = usocket_tls_name(s, d->host, strlen(d->host));
        if (r < 0) {
            usocket_close(s);
        }
    }
#endif
    d->won = r == 0;
    return r;
}

/* Look for attempts that have ended. 0: one has won, and the
 * socket is open; USOCKET_EINPROGRESS: none has; or a code. */
static int check_attempts(usocket_dial_t *d, usocket_t *s) {
    usocket_wait_t w[USOCKET_RACE];
    uint8_t which[USOCKET_RACE];
    size_t n = under_way(d, w, which);
    int r = n != 0 ? usocket_wait_for(NULL, w, n, USOCKET_NOW) : 0;
    for (size_t i = 0; i < n && r > 0; i++) {
        if (w[i].ready) {
            int code = connect_result(w[i].handle);
            if (code == 0) {
                return adopt_winner(d, s, which[i]);
            }
            end_attempt(d, which[i], code);
        }
    }
    return r < 0 ? r : USOCKET_EINPROGRESS;
}

/* ---- The race ---------------------------------------------------------------------------------------------------- */

/* Begin the attempts that are due. Results as those of check_attempts; d->wake becomes the time of
 * the next attempt. more: a lookup is in progress.
 *
 * An attempt begins at once if none is in progress, and else when d->due has come (RFC 8305,
 * section 5). Two limits hold it back: d->most attempts at a time, of which the oldest ends at
 * d->yield, and d->held, the lack of a descriptor, until an attempt ends. */
static int begin_due(usocket_dial_t *d, usocket_t *s, usocket_time_t deadline, bool more) {
    usocket_time_t now = usocket_port_now();
    usocket_wait_t w[USOCKET_RACE];
    uint8_t which[USOCKET_RACE] = {0};
    usocket_addrinfo_t info;
    bool v4;
    d->wake = deadline;
    while (choose_address(d, &v4, &info)) {
        size_t n = under_way(d, w, which);
        usocket_time_t wait = 0;
        if (d->tried == 0 && v4 && more) { /* IPv6's addresses may come soon */
            d->hold = d->hold != 0 ? d->hold : usocket_deadline_in(RESOLUTION_DELAY);
            wait = d->hold;
        } else if (n != 0 && d->held) {
            return USOCKET_EINPROGRESS;
        } else if (n == d->most) {
            d->yield = d->yield != 0 ? d->yield : part_of_time(now, deadline, addresses_left(d) + 1);
            wait = d->yield;
            if (now >= wait) {
                end_attempt(d, which[0], USOCKET_ETIMEDOUT);
            }
        } else if (n != 0) {
            wait = d->due;
        }
        if (now < wait) {
            d->wake = wait < deadline ? wait : deadline;
            return USOCKET_EINPROGRESS;
        }
        if (n == d->most) {
            continue; /* the oldest has made room */
        }
        bool counted;
        int r = begin_attempt(d, &info, v4, &counted);
        if (r == 0) {
            return adopt_winner(d, s, (size_t)d->tried - 1);
        }
        if (!counted && n == 0) { /* no attempt can end, and so give a descriptor back */
            return r;
        }
        d->held = !counted;
        if (r == USOCKET_EINPROGRESS) {
            d->due = usocket_deadline_in(d->delay);
        }
    }
    return USOCKET_EINPROGRESS;
}

/* True if a code tells of the route or the own address, rather than of the peer. */
static bool is_route_failure(int code) {
    return code == USOCKET_ENETUNREACH || code == USOCKET_EHOSTUNREACH || code == USOCKET_ENETDOWN ||
        code == USOCKET_EHOSTDOWN || code == USOCKET_EAFNOSUPPORT || code == USOCKET_EADDRNOTAVAIL;
}

/* The code of a dial that has failed: of the last attempt with another
 * reason than the route, or of the last one. Without an attempt it is a
 * lookup's: IPv4's, unless that one only lacks an address of its family. */
static int code_of_failure(const usocket_dial_t *d) {
    if (d->tried == 0) {
        bool first =
            d->lookup[1] == NULL || d->looked[1] == USOCKET_EAI_NODATA || d->looked[1] == USOCKET_EAI_ADDRFAMILY;
        return d->looked[!first];
    }
    int code = d->attempt[0].code;
    for (size_t i = 1; i < d->tried; i++) {
        code = is_route_failure(d->attempt[i].code) && !is_route_failure(code) ? code : d->attempt[i].code;
    }
    return code;
}

/* Make a step of the race. 0: s is the connected socket;
 * USOCKET_EINPROGRESS; or the code of the whole dial. */
static int race(usocket_dial_t *d, usocket_t *s, usocket_time_t deadline) {
    bool more = poll_lookups(d);
    int r = check_attempts(d, s);
    if (r == USOCKET_EINPROGRESS) {
        if (usocket_port_now() >= deadline) {
            return USOCKET_ETIMEDOUT;
        }
        r = begin_due(d, s, deadline, more);
    }
    if (r == USOCKET_EINPROGRESS && !more) {
        usocket_wait_t w[USOCKET_RACE];
        uint8_t which[USOCKET_RACE];
        r = under_way(d, w, which) == 0 ? code_of_failure(d) : r;
    }
    return r;
}

#if USOCKET_ASYNC

/* Make the set poll readable when a step has something to do. */
static void arm_set(usocket_dial_t *d, bool over) {
    usocket_wait_t w[USOCKET_RACE];
    uint8_t which[USOCKET_RACE];
    size_t n = under_way(d, w, which);
    int r = 0;
    for (size_t i = 0; i < n; i++) {
        r |= usocket_port_set_arm(d->set, w[i].handle, USOCKET_POLL_OUT);
    }
    for (size_t i = 0; i < LOOKUPS; i++) {
        int event = d->lookup[i] != NULL ? usocket_lookup_handle(d->lookup[i]) : -1;
        if (event >= 0) {
            r |= usocket_port_set_arm(d->set, event, d->looked[i] == USOCKET_EAGAIN ? USOCKET_POLL_IN : 0);
        }
    }
    if (r < 0) { /* the set had no memory: the alarm makes up for it */
        usocket_time_t soon = usocket_deadline_in(REARM_DELAY);
        d->wake = soon < d->wake ? soon : d->wake;
    }
    usocket_port_alarm_set(d->alarm, over ? USOCKET_NOW : d->wake);
}

int usocket_dial_handle(usocket_dial_t *d) {
    if (d->set < 0) {
        int set = usocket_port_set_open();
        int alarm = set < 0 ? set : usocket_port_alarm_open();
        int r = alarm < 0 ? alarm : usocket_port_set_arm(set, alarm, USOCKET_POLL_IN);
        if (r < 0) {
            if (alarm >= 0) {
                usocket_port_event_close(alarm);
            }
            if (set >= 0) {
                usocket_port_event_close(set);
            }
            return r;
        }
        /* Both are complete before a step sees them. The alarm
         * is in the set: it makes the set readable at d->wake. */
        d->set = set;
        d->alarm = alarm;
        arm_set(d, d->wake == 0); /* 0: no step has been made */
    }
    return d->set;
}

#endif

/* Finish the winner's connect, as usocket_connect_wait
 * of the program would: flags, and the handshake of TLS. */
static int finish_winner(usocket_dial_t *d, usocket_t *s, usocket_time_t deadline) {
    int r = usocket_connect_wait(s, deadline);
    d->won = r != 0;
    return r;
}

int usocket_dial_step(usocket_dial_t *d, usocket_t *s, usocket_time_t deadline) {
    int r = d->won ? 0 : race(d, s, deadline);
    if (r == 0 && is_secure(d)) {
        d->won = false; /* the socket's next call does the handshake */
    } else if (r == 0) {
        r = finish_winner(d, s, USOCKET_NOW);
    }
#if USOCKET_ASYNC
    if (d->set >= 0) {
        arm_set(d, r != USOCKET_EINPROGRESS);
    }
#endif
    return r;
}

/* Wait until a step has something to do. */
static int wait_for_news(const usocket_dial_t *d) {
    usocket_wait_t w[USOCKET_WAIT_MAX];
    uint8_t which[USOCKET_RACE];
    size_t n = under_way(d, w, which);
    for (size_t i = 0; i < LOOKUPS; i++) {
        if (d->lookup[i] != NULL && d->looked[i] == USOCKET_EAGAIN) {
            w[n++] = (usocket_wait_t){usocket_lookup_handle(d->lookup[i]), USOCKET_POLL_IN, 0};
        }
    }
    return usocket_wait_for(NULL, w, n, d->wake);
}

/* With the deadline USOCKET_NOW one step is made, without a deadline of its own. */
int usocket_dial_by(usocket_dial_t *d, usocket_t *s, usocket_time_t deadline) {
    while (!d->won) {
        int r = usocket_dial_step(d, s, deadline == USOCKET_NOW ? USOCKET_NEVER : deadline);
        if (r == 0 && is_secure(d)) {
            break;
        }
        if (r != USOCKET_EINPROGRESS || deadline == USOCKET_NOW) {
            return r == USOCKET_EINPROGRESS && d->tried == 0 ? USOCKET_EAGAIN : r;
        }
        if (!d->won) {
            r = wait_for_news(d);
            if (r < 0) {
                return r;
            }
        }
    }
    return finish_winner(d, s, deadline);
}

int usocket_dial_attempt(const usocket_dial_t *d, size_t n, usocket_addr_t *a) {
    usocket_addrinfo_t info;
    if (n >= d->tried) {
        return USOCKET_ENOENT;
    }
    get_address(d, d->attempt[n].v4, d->attempt[n].nth, &info);
    *a = info.addr;
    return d->attempt[n].code;
}

void usocket_dial_end(usocket_dial_t *d, usocket_t *s) {
    if (d->won) { /* adopted, but the call that would have returned it has not ended with 0 */
        usocket_close(s);
        d->won = false;
    }
    for (size_t i = 0; i < d->tried; i++) {
        end_attempt(d, i, d->attempt[i].code);
    }
    for (size_t i = 0; i < LOOKUPS; i++) {
        usocket_lookup_free(d->lookup[i]);
        d->lookup[i] = NULL;
    }
    d->tried = 0;
#if USOCKET_ASYNC
    if (d->set >= 0) {
        usocket_port_event_close(d->alarm);
        usocket_port_event_close(d->set);
        d->set = d->alarm = -1;
    }
#endif
}

#endif
