/* Names by lwIP's DNS client, which is asked and calls back; interfaces; this host's name.
 *
 * A question is a slot. lwIP cannot cancel one: the slot of a question that was given up stays taken
 * until the callbacks have come.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#include "wait.h"

#include <lwip/dns.h>
#include <lwip/netif.h>

#include <string.h>

#if USOCKET_NAMES

/* slot_t.flags of a question: what is to be asked, what lwIP is about to answer, what it has
 * answered; for IPv4, and shifted by 1 for IPv6. */
enum { ASK = 1, WAITING = 4, HAS = 16, GIVEN_UP = 64, CANON = 128 };
#define BOTH(bit) ((bit) | (bit) << 1)

static void found(slot_t *s, const ip_addr_t *ip, int six) {
    s->flags &= (uint8_t) ~(WAITING << six);
    if (ip != NULL) {
        s->flags |= (uint8_t)(HAS << six);
#if USOCKET_IPV6
        if (six) {
            ip_addr_copy(s->own, *ip);
        }
#endif
        if (!six) {
            s->more.four = ip4_addr_get_u32(ip_2_ip4(ip));
        }
    }
    if (s->flags & BOTH(WAITING)) {
        return;
    }
    if (s->flags & GIVEN_UP) {
        slot_free(s);
    } else {
        slot_changed(s);
    }
}

static void on_found4(const char *name, const ip_addr_t *ip, void *arg) {
    (void)name;
    found(arg, ip, 0);
}

static void ask(slot_t *s, int six, dns_found_callback on_found, u8_t type) {
    if (!(s->flags & (ASK << six))) {
        return;
    }
    ip_addr_t ip;
    err_t err = dns_gethostbyname_addrtype(s->pcb.host, &ip, on_found, s, type);
    if (err == ERR_MEM) {
        return; /* lwIP has no room for another question now */
    }
    s->flags &= (uint8_t) ~(ASK << six);
    if (err == ERR_INPROGRESS) {
        s->flags |= (uint8_t)(WAITING << six);
    } else {
        found(s, err == ERR_OK ? &ip : NULL, six);
    }
}

#if USOCKET_IPV6
static void on_found6(const char *name, const ip_addr_t *ip, void *arg) {
    (void)name;
    found(arg, ip, 1);
}
#endif

void question_go_on(slot_t *s) {
    if (!(s->flags & GIVEN_UP)) {
        ask(s, 0, on_found4, LWIP_DNS_ADDRTYPE_IPV4);
#if USOCKET_IPV6
        ask(s, 1, on_found6, LWIP_DNS_ADDRTYPE_IPV6);
#endif
    }
}

bool question_answered(const slot_t *s) {
    return !(s->flags & (BOTH(ASK) | BOTH(WAITING)));
}

static int ask_question(const char *host, int family, int flags) {
    slot_t *s = slot_take(QUESTION);
    if (s == NULL) {
        return USOCKET_EMFILE;
    }
    s->pcb.host = host;
    s->flags = (uint8_t)((family != USOCKET_AF_INET6 ? ASK : 0) |
        (USOCKET_IPV6 && family != USOCKET_AF_INET ? ASK << 1 : 0) | (flags & USOCKET_AI_CANONNAME ? CANON : 0));
    question_go_on(s);
    return handle_of(s);
}

int usocket_port_ask(const char *host, int family, int flags) {
    int r;
    UNDER_LWIP(r, ask_question(host, family, flags));
    return r;
}

/* lwIP has one answer for a name that does not exist, for a server that is silent, and for none. It
 * follows aliases without a report. */
static int take_answer(slot_t *s, usocket_addr_t *out, size_t *n, char *canon) {
    question_go_on(s);
    if (!question_answered(s)) {
        return USOCKET_EAGAIN;
    }
    size_t room = *n;
    *n = 0;
    canon[0] = '\0';
    if ((s->flags & HAS) && *n < room) {
        usocket_addr_t *a = &out[(*n)++];
        memset(a, 0, sizeof(*a));
        a->family = USOCKET_AF_INET;
        memcpy(a->u.ip, &s->more.four, 4);
    }
#if USOCKET_IPV6
    if ((s->flags & HAS << 1) && *n < room) {
        s->set.family = USOCKET_AF_INET6;
        from_lwip(s, &s->own, 0, &out[(*n)++]);
    }
#endif
    if (*n != 0 && (s->flags & CANON)) {
        strcpy(canon, s->pcb.host); /* the core's own name, which fits */
    }
    return *n != 0 ? 0 : USOCKET_EAI_NONAME;
}

int usocket_port_answer(int question, usocket_addr_t *out, size_t *n, char *canon) {
    int r;
    UNDER_LWIP(r, take_answer(slot_of(question), out, n, canon));
    return r;
}

static void forget(slot_t *s) {
    sets_forget(s);
    s->pcb.host = NULL;
    s->flags |= GIVEN_UP;
    if (!(s->flags & BOTH(WAITING))) {
        slot_free(s);
    }
}

void usocket_port_forget(int question) {
    DO_UNDER_LWIP(forget(slot_of(question)));
}

int usocket_port_hostname(char *buf, size_t len) {
    if (buf == NULL || len == 0) {
        return len != 0 ? USOCKET_EFAULT : USOCKET_ENAMETOOLONG;
    }
    const char *name = NULL;
#if LWIP_NETIF_HOSTNAME
    name = netif_default != NULL ? netif_get_hostname(netif_default) : NULL;
#endif
    name = name != NULL ? name : "lwip";
    size_t size = strlen(name) + 1;
    memcpy(buf, name, size < len ? size : len);
    return size <= len ? 0 : USOCKET_ENAMETOOLONG;
}

#endif

/* ---- Interfaces --------------------------------------------------------------------------------------------------- */

/* lwIP's netif_find would link atoi, which takes 1 KB of RAM in newlib. */
static int index_of(const char *name, size_t len) {
    for (struct netif *n = netif_list; n != NULL; n = n->next) {
        char text[NETIF_NAMESIZE];
        int index = netif_get_index(n);
        if (netif_index_to_name((u8_t)index, text) != NULL && strlen(text) == len && memcmp(text, name, len) == 0) {
            return index;
        }
    }
    return USOCKET_ENODEV;
}

int usocket_port_if_index(const char *name, size_t len) {
    int r;
    UNDER_LWIP(r, index_of(name, len));
    return r;
}

int usocket_port_if_name(unsigned index, char *name) {
    const char *found_name;
    UNDER_LWIP(found_name, index - 1 < 0xff ? netif_index_to_name((u8_t)index, name) : NULL);
    return found_name != NULL ? 0 : USOCKET_ENXIO;
}

#if USOCKET_NAMES
int usocket_port_if_next(unsigned *index, char *name) {
    for (unsigned i = *index + 1; i <= 0xff; i++) {
        if (usocket_port_if_name(i, name) == 0) {
            *index = i;
            return 0;
        }
    }
    return USOCKET_ENXIO;
}
#endif
