/* Fault injection: the port call that fails, and its code. port.h and the manual pages of the system calls allow these codes.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define E(name) USOCKET_E##name

static const int32_t c_open[] = { E(MFILE), E(NFILE), E(NOBUFS), E(NOMEM), E(ACCES), E(PERM), E(AFNOSUPPORT), E(PROTONOSUPPORT),
    E(SOCKTNOSUPPORT), E(PROTOTYPE), E(INVAL), E(IO), 0 };
static const int32_t c_pair[] = { E(MFILE), E(NFILE), E(NOBUFS), E(NOMEM), E(OPNOTSUPP), E(AFNOSUPPORT), E(PROTONOSUPPORT), E(IO), 0 };
static const int32_t c_adopt[] = { E(BADF), E(NOTSOCK), 0 };
static const int32_t c_dup[] = { E(BADF), E(MFILE), E(OPNOTSUPP), 0 };
static const int32_t c_close[] = { E(IO), E(CONNRESET), 0 };
static const int32_t c_bind[] = { E(ADDRINUSE), E(ADDRNOTAVAIL), E(ACCES), E(AFNOSUPPORT), E(INVAL), E(NOENT), E(NOTDIR), E(ROFS),
    E(LOOP), E(NAMETOOLONG), E(NOSPC), E(PERM), E(NODEV), E(NOMEM), E(NOBUFS), E(IO), 0 };
static const int32_t c_listen[] = { E(ADDRINUSE), E(OPNOTSUPP), E(INVAL), E(NOBUFS), E(IO), 0 };
static const int32_t c_accept[] = { E(AGAIN), E(CONNABORTED), E(MFILE), E(NFILE), E(NOBUFS), E(NOMEM), E(PERM), E(PROTO), E(INVAL),
    E(NETDOWN), E(HOSTUNREACH), E(NETUNREACH), E(NOPROTOOPT), E(OPNOTSUPP), E(IO), 0 };
static const int32_t c_connect[] = { E(CONNREFUSED), E(ADDRNOTAVAIL), E(AGAIN), E(ALREADY), E(ISCONN), E(NETUNREACH), E(HOSTUNREACH),
    E(NETDOWN), E(ADDRINUSE), E(AFNOSUPPORT), E(ACCES), E(PERM), E(TIMEDOUT), E(CONNABORTED), E(NOENT), E(NOBUFS), E(IO), 0 };
static const int32_t c_error[] = { E(CONNREFUSED), E(CONNRESET), E(TIMEDOUT), E(HOSTUNREACH), E(NETUNREACH), E(HOSTDOWN), E(NETDOWN),
    E(CONNABORTED), E(PROTO), E(NOPROTOOPT), E(ACCES), E(PERM), E(NOBUFS), E(IO), 0 };
static const int32_t c_shutdown[] = { E(NOTCONN), E(INVAL), E(NOBUFS), E(IO), 0 };
static const int32_t c_recv[] = { E(AGAIN), E(CONNRESET), E(CONNREFUSED), E(CONNABORTED), E(NOTCONN), E(TIMEDOUT), E(HOSTUNREACH),
    E(NETUNREACH), E(NETDOWN), E(PIPE), E(MSGSIZE), E(PROTO), E(NOPROTOOPT), E(NOMEM), E(NOBUFS), E(INVAL), E(OPNOTSUPP), E(IO), 0 };
static const int32_t c_send[] = { E(AGAIN), E(PIPE), E(CONNRESET), E(CONNREFUSED), E(CONNABORTED), E(NOTCONN), E(DESTADDRREQ),
    E(ISCONN), E(MSGSIZE), E(TIMEDOUT), E(HOSTUNREACH), E(NETUNREACH), E(NETDOWN), E(HOSTDOWN), E(ACCES), E(PERM), E(AFNOSUPPORT),
    E(ADDRNOTAVAIL), E(NOENT), E(PROTOTYPE), E(PROTO), E(NODEV), E(NOBUFS), E(NOMEM), E(INVAL), E(OPNOTSUPP), E(IO), 0 };
static const int32_t c_pending[] = { E(INVAL), E(OPNOTSUPP), E(IO), 0 };
static const int32_t c_peer[] = { E(NOTCONN), E(NOBUFS), E(INVAL), E(OPNOTSUPP), E(IO), 0 };
static const int32_t c_name[] = { E(NOBUFS), E(INVAL), E(OPNOTSUPP), E(IO), 0 };
static const int32_t c_getopt[] = { E(NOPROTOOPT), E(INVAL), E(FAULT), E(PERM), E(ACCES), E(NOTCONN), E(OPNOTSUPP), E(NOMEM), E(IO), 0 };
static const int32_t c_setopt[] = { E(NOPROTOOPT), E(INVAL), E(FAULT), E(PERM), E(ACCES), E(DOM), E(NODEV), E(ADDRINUSE),
    E(ADDRNOTAVAIL), E(BUSY), E(ISCONN), E(NOENT), E(NXIO), E(NOTCONN), E(OPNOTSUPP), E(NOBUFS), E(NOMEM), E(IO), 0 };
static const int32_t c_sockaddr[] = { E(INVAL), E(AFNOSUPPORT), 0 };
static const int32_t c_wait[] = { E(INTR), E(NOMEM), 0 };
static const int32_t c_show[] = { E(OPNOTSUPP), E(MFILE), 0 };
static const int32_t c_resolve[] = { E(AI_NONAME), E(AI_AGAIN), E(AI_FAIL), E(AI_NODATA), E(AI_FAMILY), E(AI_MEMORY), E(AI_SYSTEM),
    E(AI_ADDRFAMILY), E(AI_OVERFLOW), 0 };
static const int32_t c_ask[] = { E(MFILE), E(NFILE), E(NOMEM), E(AI_NONAME), E(AI_AGAIN), E(AI_FAIL), E(AI_FAMILY), E(AI_MEMORY), 0 };
static const int32_t c_notify[] = { E(BADF), 0 };
static const int32_t c_service[] = { E(AI_SERVICE), 0 };
static const int32_t c_if_index[] = { E(NODEV), E(OPNOTSUPP), 0 };
static const int32_t c_if_name[] = { E(NXIO), E(OPNOTSUPP), 0 };
static const int32_t c_hostname[] = { E(NAMETOOLONG), E(OPNOTSUPP), 0 };
static const int32_t c_spawn[] = { E(AGAIN), E(NOMEM), 0 };
static const int32_t c_random[] = { E(IO), 0 };
static const int32_t c_event[] = { E(MFILE), E(NFILE), E(NOMEM), 0 };

static const int32_t c_set_open[] = { E(OPNOTSUPP), E(MFILE), E(NFILE), E(NOMEM), 0 };
static const int32_t c_set_arm[] = { E(NOMEM), E(NOSPC), 0 };

static const struct {
    const char *name;
    const int32_t *codes;
} calls[SIM_CALLS] = {
    [SIM_OPEN] = { "open", c_open }, [SIM_PAIR] = { "pair", c_pair }, [SIM_ADOPT] = { "adopt", c_adopt }, [SIM_DUP] = { "dup", c_dup },
    [SIM_CLOSE] = { "close", c_close }, [SIM_BIND] = { "bind", c_bind }, [SIM_LISTEN] = { "listen", c_listen },
    [SIM_ACCEPT] = { "accept", c_accept }, [SIM_CONNECT] = { "connect", c_connect }, [SIM_ERROR] = { "error", c_error },
    [SIM_SHUTDOWN] = { "shutdown", c_shutdown }, [SIM_RECV] = { "recv", c_recv }, [SIM_SEND] = { "send", c_send },
    [SIM_PENDING] = { "pending", c_pending }, [SIM_NAME] = { "name", c_name }, [SIM_PEER] = { "name of the peer", c_peer }, [SIM_GETOPT] = { "getopt", c_getopt },
    [SIM_SETOPT] = { "setopt", c_setopt }, [SIM_SOCKADDR] = { "sockaddr", c_sockaddr }, [SIM_WAIT] = { "wait", c_wait },
    [SIM_SHOW] = { "show_readable", c_show }, [SIM_RESOLVE] = { "resolve", c_resolve }, [SIM_REVERSE] = { "reverse", c_resolve },
    [SIM_SERVICE] = { "service", c_service }, [SIM_SERVICE_NAME] = { "service_name", c_service },
    [SIM_IF_INDEX] = { "if_index", c_if_index }, [SIM_IF_NAME] = { "if_name", c_if_name }, [SIM_IF_NEXT] = { "if_next", c_if_name },
    [SIM_HOSTNAME] = { "hostname", c_hostname },
    [SIM_SET_OPEN] = { "set_open", c_set_open }, [SIM_SET_ARM] = { "set_arm", c_set_arm },
    [SIM_ASK] = { "ask", c_ask }, [SIM_ANSWER] = { "answer", c_resolve }, [SIM_NOTIFY] = { "notify", c_notify },
    [SIM_RANDOM] = { "random", c_random },
    [SIM_SPAWN] = { "spawn", c_spawn }, [SIM_EVENT_OPEN] = { "event_open", c_event },
};

struct plan {
    unsigned n, count, pick;
    bool for_good, happened;
    enum sim_call call;
};
static struct plan plan, alloc_plan;

static unsigned codes_of(enum sim_call call) {
    unsigned n = 0;
    while (calls[call].codes[n]) {
        n++;
    }
    return n;
}

void sim_faults_begin(void) {
    plan = alloc_plan = (struct plan){ 0 };
}

void sim_fault(unsigned n, unsigned pick, bool for_good) {
    plan = (struct plan){ .n = n, .pick = pick, .for_good = for_good };
}

void sim_fault_alloc(unsigned n, bool for_good) {
    alloc_plan = (struct plan){ .n = n, .for_good = for_good };
}

static bool hit(struct plan *p) {
    p->count++;
    if (!p->n || p->count < p->n || (p->count > p->n && !p->for_good)) {
        return false;
    }
    return true;
}

int sim_inject(enum sim_call call) {
    sim_spend();
    if (!hit(&plan)) {
        return 0;
    }
    if (!plan.happened) {
        plan.happened = true;
        plan.call = call;
    }
    return calls[call].codes[plan.pick % codes_of(call)];
}

bool sim_inject_alloc(void) {
    if (!hit(&alloc_plan)) {
        return false;
    }
    alloc_plan.happened = true;
    return true;
}

bool sim_faulted(enum sim_call *call, unsigned *codes) {
    *call = plan.call;
    *codes = plan.happened ? codes_of(plan.call) : 0;
    return plan.happened;
}

bool sim_faulted_alloc(void) {
    return alloc_plan.happened;
}

const char *sim_call_name(enum sim_call call) {
    return calls[call].name;
}
