/* Lookups by lwIP's DNS client, which is asked and calls back: no thread waits for it.
 *
 * A question is an event, which the callback sets, with a record. lwIP cannot cancel: the record of
 * a question that was given up stays until the callbacks have come. lwIP has one address of a
 * family for a name, and one result for a name that does not exist, for a server that does not
 * answer, and for no server at all.
 *
 * Callers: the core, in any thread, without the library's lock; the callbacks run in lwIP's thread.
 * The list and each record are used inside of lwIP (lwip_run) alone. Nothing waits.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#if USOCKET_NAMES

#include <lwip/dns.h>

#include <string.h>

#define BUSY_US 60000000 /* The longest time that a question waits for room in lwIP's table. */

/* Sets of the families. */
enum { V4 = 1, V6 = 2 };

#define FAMILIES ((LWIP_IPV4 ? V4 : 0) | (LWIP_IPV6 && USOCKET_IPV6 ? V6 : 0))

typedef struct question {
    struct question *next;
    const char *host; /* The core's. */
    int event;        /* The question's handle. */
    uint8_t to_ask;   /* Families that lwIP has not accepted yet, since its table was full. */
    uint8_t waiting;  /* Families with a callback to come. */
    uint8_t found;    /* Families with an address. */
    bool given_up;    /* Not in the list any more. */
    bool refused;     /* A family was not asked for, since lwIP's table was full until then. */
    usocket_time_t until;
    bool canon; /* The answer has the canonical name. */
    uint8_t ip4[4];
    uint8_t ip6[16];
    uint8_t zone; /* Of the IPv6 address. */
} question_t;

static question_t *questions; /* The oldest comes first. */
static int unasked;           /* The number of questions with families to ask. */

static void conclude(question_t *q) {
    if (q->to_ask == 0 && q->waiting == 0) {
        if (q->given_up) {
            usocket_port_free(q);
        } else {
            usocket_port_event_set(q->event);
        }
    }
}

/* Note the address of a family, NULL if there is none. */
static void take_address(question_t *q, const ip_addr_t *ip, uint8_t family) {
    q->waiting &= (uint8_t)~family;
    if (ip == NULL) {
        return;
    }
    q->found |= family;
#if LWIP_IPV4
    if (family == V4) {
        memcpy(q->ip4, &ip_2_ip4(ip)->addr, sizeof(q->ip4));
    }
#endif
#if LWIP_IPV6
    if (family == V6) {
        memcpy(q->ip6, ip_2_ip6(ip)->addr, sizeof(q->ip6));
        q->zone = ip6_addr_zone(ip_2_ip6(ip));
    }
#endif
}

static void on_ip4(const char *name, const ip_addr_t *ip, void *arg) {
    (void)name;
    take_address(arg, ip, V4);
    conclude(arg);
}

static void on_ip6(const char *name, const ip_addr_t *ip, void *arg) {
    (void)name;
    take_address(arg, ip, V6);
    conclude(arg);
}

/* Ask lwIP for the address of a family. With ERR_MEM it has no room for another question now. It may
 * call back from within the call. */
static void ask(question_t *q, uint8_t family, dns_found_callback callback, u8_t type) {
    if (!(q->to_ask & family)) {
        return;
    }
    ip_addr_t ip;
    q->waiting |= family;
    err_t err = dns_gethostbyname_addrtype(q->host, &ip, callback, q, type);
    bool busy = err == ERR_MEM && usocket_port_now() < q->until;
    if (!busy) {
        q->to_ask &= (uint8_t)~family;
        q->refused = q->refused || err == ERR_MEM;
    }
    if (err != ERR_INPROGRESS) {
        take_address(q, err == ERR_OK ? &ip : NULL, family);
    }
}

static void go_on_all(void *unused);

static void count_unasked(int change) {
    unasked += change;
    lwip_later(LATER_ASK, unasked != 0 ? go_on_all : NULL);
}

static void go_on(question_t *q) {
    if (q->to_ask != 0) {
        ask(q, V4, on_ip4, LWIP_DNS_ADDRTYPE_IPV4);
        ask(q, V6, on_ip6, LWIP_DNS_ADDRTYPE_IPV6);
        if (q->to_ask == 0) {
            count_unasked(-1);
        }
        conclude(q);
    }
}

static void begin(void *arg) {
    question_t *q = arg;
    question_t **end = &questions;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = q;
    count_unasked(1);
    go_on(q);
}

int usocket_port_ask(const char *host, int family, int flags) {
    uint8_t families = FAMILIES & (family == USOCKET_AF_INET ? V4 : family == USOCKET_AF_INET6 ? V6 : V4 | V6);
    if (families == 0) {
        return USOCKET_EAI_NONAME;
    }
    question_t *q = usocket_port_alloc(sizeof(*q));
    if (q == NULL) {
        return USOCKET_ENOMEM;
    }
    memset(q, 0, sizeof(*q));
    q->event = usocket_port_event_open();
    if (q->event < 0) {
        int r = q->event;
        usocket_port_free(q);
        return r;
    }
    q->host = host;
    q->until = usocket_port_now() + BUSY_US;
    q->to_ask = families;
    q->canon = (flags & USOCKET_AI_CANONNAME) != 0;
    int event = q->event;
    lwip_run(begin, q);
    return event;
}

static void go_on_all(void *unused) {
    (void)unused;
    for (question_t *q = questions; q != NULL; q = q->next) {
        go_on(q);
    }
}

/* ---- The answer --------------------------------------------------------------------------------------------------- */

/* The arguments and the result of a call that is made inside of lwIP. */
typedef struct {
    int question;
    usocket_addr_t *out;
    size_t n;
    char *canon;
    int result;
} answer_t;

static question_t **find(int question) {
    question_t **p = &questions;
    while ((*p)->event != question) {
        p = &(*p)->next;
    }
    return p;
}

static void add_address(answer_t *a, uint16_t family, const uint8_t *ip, size_t len, uint8_t zone) {
    if (a->n != 0) {
        memset(a->out, 0, sizeof(*a->out));
        a->out->family = family;
        a->out->scope = zone;
        memcpy(a->out->u.ip, ip, len);
        a->out++;
        a->n--;
    }
}

/* lwIP follows aliases without a report, so the canonical name is the one that was asked for. */
static void take_answer(void *arg) {
    answer_t *a = arg;
    question_t *q = *find(a->question);
    go_on(q);
    if (q->to_ask != 0 || q->waiting != 0) {
        a->result = USOCKET_EAGAIN;
        return;
    }
    if (q->found & V4) {
        add_address(a, USOCKET_AF_INET, q->ip4, sizeof(q->ip4), 0);
    }
    if (q->found & V6) {
        add_address(a, USOCKET_AF_INET6, q->ip6, sizeof(q->ip6), q->zone);
    }
    a->canon[0] = '\0';
    if (q->canon && q->found != 0) {
        memcpy(a->canon, q->host, strlen(q->host) + 1);
    }
    a->result = q->found != 0 ? 0 : q->refused ? USOCKET_EAI_MEMORY : USOCKET_EAI_NONAME;
}

int usocket_port_answer(int question, usocket_addr_t *out, size_t *n, char *canon) {
    answer_t a = {question, out, *n, canon, 0};
    lwip_run(take_answer, &a);
    *n -= a.n;
    return a.result;
}

static void forget(void *arg) {
    question_t **p = find(*(const int *)arg);
    question_t *q = *p;
    *p = q->next;
    if (q->to_ask != 0) {
        q->to_ask = 0;
        count_unasked(-1);
    }
    q->given_up = true;
    conclude(q);
}

void usocket_port_forget(int question) {
    lwip_run(forget, &question);
    usocket_port_event_close(question);
}

#endif
