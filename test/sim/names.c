/* The simulator's resolver, services and interfaces.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "usocket/names.h"

#define NAMES 16

static struct {
    char name[64], addresses[1024];
    int family; /* 0: any */
    usocket_time_t delay;
    int code;
} names[NAMES];
static size_t name_count;
static usocket_time_t busy_until;
#define BUSY_PAUSE 100000

void sim_names_begin(void) {
    name_count = 0;
    busy_until = 0;
    sim_name("localhost", "127.0.0.1 ::1", 0, 0);
}

void sim_name(const char *name, const char *addresses, usocket_time_t delay, int code) {
    sim_name_family(name, USOCKET_AF_UNSPEC, addresses, delay, code);
}

void sim_name_family(const char *name, int family, const char *addresses, usocket_time_t delay, int code) {
    if (name_count == NAMES) {
        abort();
    }
    snprintf(names[name_count].name, sizeof names[0].name, "%s", name);
    snprintf(names[name_count].addresses, sizeof names[0].addresses, "%s", addresses);
    names[name_count].family = family;
    names[name_count].delay = delay;
    names[name_count++].code = code;
}

void sim_busy(usocket_time_t until) {
    busy_until = until;
}

int sim_resolving(void) {
    int asked = 0;
    for (int h = 0; h < HANDLES; h++) {
        asked += world.handles[h].kind == QUESTION && world.handles[h].at > world.now;
    }
    return world.resolving + asked;
}

int sim_resolved(void) {
    return world.resolved;
}

static void take_time(usocket_time_t delay) {
    world.resolving++;
    world.resolved++;
    if (delay) {
        sim_sleep(delay);
    }
    world.resolving--;
}

static size_t find(const char *host, int family) {
    size_t i = 0;
    while (i < name_count && (strcmp(names[i].name, host) || (names[i].family && names[i].family != family))) {
        i++;
    }
    return i;
}

/* The answer of row i; name_count: no such name. */
static int answer(size_t i, const char *host, int family, int flags, usocket_addr_t *out, size_t *n, char *canon) {
    size_t room = *n;
    *n = 0;
    canon[0] = 0;
    if (i == name_count) {
        return USOCKET_EAI_NONAME;
    }
    if (names[i].code) {
        return names[i].code;
    }
    for (const char *p = names[i].addresses; *p; p += *p == ' ') {
        size_t len = strcspn(p, " ");
        usocket_addr_t a;
        if (usocket_addr_parse(&a, p, len, USOCKET_AF_UNSPEC) != 0) {
            abort();
        }
        p += len;
        if (*n < room && (family == USOCKET_AF_UNSPEC || family == a.family)) {
            out[(*n)++] = a;
        }
    }
    if (flags & USOCKET_AI_CANONNAME) {
        snprintf(canon, USOCKET_HOST_MAX, "canon.%s", host);
    }
    return *n ? 0 : USOCKET_EAI_NODATA;
}

#if USOCKET_ASKS

/* A name with the delay 0 is answered at once. */
int usocket_port_ask(const char *host, int family, int flags) {
    int code = sim_inject(SIM_ASK);
    int h = code ? code : sim_handle_new(QUESTION, NULL);
    if (h >= 0) {
        size_t i = find(host, family);
        usocket_time_t delay = i < name_count ? names[i].delay : 0;
        usocket_time_t begin = busy_until > world.now ? busy_until : world.now;
        world.handles[h].at = delay == USOCKET_NEVER ? USOCKET_NEVER : begin + delay;
        world.handles[h].host = host;
        world.handles[h].family = family;
        world.handles[h].flags = flags;
        world.resolved++;
    }
    return h;
}

static struct handle *question_of(int h) {
    static struct handle nowhere;
    if (h < 0 || h >= HANDLES || world.handles[h].kind != QUESTION) {
        sim_misuse("a call with a handle that is no question");
        return &nowhere;
    }
    return &world.handles[h];
}

int usocket_port_answer(int question, usocket_addr_t *out, size_t *n, char *canon) {
    struct handle *h = question_of(question);
    if (h->kind != QUESTION) {
        return USOCKET_EAI_FAIL;
    }
    if (h->set) {
        sim_misuse("an answer taken twice");
    }
    if (h->at > world.now) {
        return USOCKET_EAGAIN;
    }
    h->set = true;
    int code = sim_inject(SIM_ANSWER);
    return code ? code : answer(find(h->host, h->family), h->host, h->family, h->flags, out, n, canon);
}

void usocket_port_forget(int question) {
    *question_of(question) = (struct handle){ 0 };
    sim_sets_forget(question);
}

#else

int usocket_port_resolve(const char *host, int family, int flags, usocket_addr_t *out, size_t *n, char *canon, const bool *unwanted) {
    int code = sim_inject(SIM_RESOLVE);
    size_t i = find(host, family);
    while (usocket_port_now() < busy_until && !*unwanted) {
        sim_sleep(BUSY_PAUSE);
    }
    take_time(i < name_count ? names[i].delay : 0);
    return code ? code : answer(i, host, family, flags, out, n, canon);
}

#endif

int usocket_port_reverse(const usocket_addr_t *a, int flags, char *host) {
    int code = sim_inject(SIM_REVERSE);
    for (size_t i = 0; i < name_count; i++) {
        usocket_addr_t b;
        size_t len = strcspn(names[i].addresses, " ");
        if (usocket_addr_parse(&b, names[i].addresses, len, a->family) == 0 && memcmp(a->u.ip, b.u.ip, 16) == 0) {
            take_time(names[i].delay);
            snprintf(host, USOCKET_HOST_MAX, "%s", names[i].name);
            return code;
        }
    }
    take_time(0);
    if (code || flags & USOCKET_NI_NAMEREQD) {
        return code ? code : USOCKET_EAI_NONAME;
    }
    char text[USOCKET_ADDR_TEXT];
    usocket_ntop(a->family, a->u.ip, text);
    snprintf(host, USOCKET_HOST_MAX, "%s", text);
    return 0;
}

static const struct {
    const char *name;
    uint16_t port;
    bool stream, dgram;
} services[] = { { "http", 80, true, false }, { "ntp", 123, false, true }, { "domain", 53, true, true } };

#define SERVICES (sizeof services / sizeof *services)

int usocket_port_service(const char *name, bool dgram) {
    int code = sim_inject(SIM_SERVICE);
    for (size_t i = 0; i < SERVICES && !code; i++) {
        if (strcmp(services[i].name, name) == 0 && (dgram ? services[i].dgram : services[i].stream)) {
            return services[i].port;
        }
    }
    return code ? code : USOCKET_EAI_SERVICE;
}

int usocket_port_service_name(uint16_t port, bool dgram, char *name) {
    int code = sim_inject(SIM_SERVICE_NAME);
    for (size_t i = 0; i < SERVICES && !code; i++) {
        if (services[i].port == port && (dgram ? services[i].dgram : services[i].stream)) {
            snprintf(name, USOCKET_SERVICE_MAX, "%s", services[i].name);
            return 0;
        }
    }
    return code ? code : USOCKET_EAI_SERVICE;
}

int usocket_port_if_index(const char *name, size_t len) {
    int code = sim_inject(SIM_IF_INDEX);
    if (code) {
        return code;
    }
    return len == 2 && memcmp(name, "lo", 2) == 0 ? 1 : len == 4 && memcmp(name, "eth0", 4) == 0 ? 2 : USOCKET_ENODEV;
}

int usocket_port_if_name(unsigned index, char *name) {
    int code = sim_inject(SIM_IF_NAME);
    if (code) {
        return code;
    }
    if (index != 1 && index != 2) {
        return USOCKET_ENXIO;
    }
    strcpy(name, index == 1 ? "lo" : "eth0");
    return 0;
}

int usocket_port_if_next(unsigned *index, char *name) {
    int code = sim_inject(SIM_IF_NEXT);
    if (code || *index >= 2) {
        return code ? code : USOCKET_ENXIO;
    }
    ++*index;
    strcpy(name, *index == 1 ? "lo" : "eth0");
    return 0;
}

int usocket_port_hostname(char *buf, size_t len) {
    int code = sim_inject(SIM_HOSTNAME);
    if (code) {
        return code;
    }
    if (buf == NULL && len != 0) {
        return USOCKET_EFAULT;
    }
    if (len < sizeof "sim") {
        return USOCKET_ENAMETOOLONG;
    }
    strcpy(buf, "sim");
    return 0;
}
