/* Counts of lwIP's pools, and a check of its lists.
 *
 * SPDX-License-Identifier: MIT
 */
#include "start.h"

#include "lwip/opt.h"

#include "lwip/priv/memp_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "lwip/tcpip.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int used(memp_t pool) {
    return lwip_stats.memp[pool]->used;
}

lwip_census_t lwip_census(void) {
    lwip_census_t c;
    memset(&c, 0, sizeof(c));
    TEST_LWIP_LOCK();
    int waiting = 0;
    for (struct tcp_pcb *pcb = tcp_tw_pcbs; pcb != NULL; pcb = pcb->next) {
        waiting++;
    }
#if LWIP_NETCONN
    c.netconns = used(MEMP_NETCONN);
    c.netbufs = used(MEMP_NETBUF);
    c.netdb = used(MEMP_NETDB);
#endif
    c.tcp = used(MEMP_TCP_PCB) - waiting;
    c.tcp_listen = used(MEMP_TCP_PCB_LISTEN);
    c.udp = used(MEMP_UDP_PCB);
    c.raw = used(MEMP_RAW_PCB);
    c.segments = used(MEMP_TCP_SEG);
    c.pbufs = used(MEMP_PBUF);
    c.pool_pbufs = used(MEMP_PBUF_POOL);
    c.heap = (int)lwip_stats.mem.used;
    TEST_LWIP_UNLOCK();
    return c;
}

static int list_is_sane(const struct tcp_pcb *pcb, int most, bool (*belongs)(enum tcp_state)) {
    for (int n = 0; pcb != NULL; pcb = pcb->next, n++) {
        if (n > most || !belongs(pcb->state)) {
            fprintf(stderr, "entry %d of a list of connections is in state %d\n", n, (int)pcb->state);
            return 0;
        }
    }
    return 1;
}

static bool is_closed(enum tcp_state state) {
    return state == CLOSED;
}

static bool is_listening(enum tcp_state state) {
    return state == LISTEN;
}

static bool is_waiting(enum tcp_state state) {
    return state == TIME_WAIT;
}

static bool is_active(enum tcp_state state) {
    return state != CLOSED && state != LISTEN && state != TIME_WAIT;
}

int lwip_sane(void) {
    TEST_LWIP_LOCK();
    int sane = list_is_sane(tcp_active_pcbs, MEMP_NUM_TCP_PCB, is_active) &&
        list_is_sane(tcp_tw_pcbs, MEMP_NUM_TCP_PCB, is_waiting) &&
        list_is_sane(tcp_bound_pcbs, MEMP_NUM_TCP_PCB, is_closed) &&
        list_is_sane((struct tcp_pcb *)tcp_listen_pcbs.listen_pcbs, MEMP_NUM_TCP_PCB_LISTEN, is_listening);
    TEST_LWIP_UNLOCK();
    return sane;
}

void lwip_show(void) {
    TEST_LWIP_LOCK();
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        char peer[IPADDR_STRLEN_MAX];
        ipaddr_ntoa_r(&pcb->remote_ip, peer, sizeof(peer));
        fprintf(stderr,
            "%s: port %u to %s port %u, flags %x, unsent %d, unacked %d, tries %d, window %u, interface %d\n",
            tcp_debug_state_str(pcb->state), pcb->local_port, peer, pcb->remote_port, pcb->flags, pcb->unsent != NULL,
            pcb->unacked != NULL, pcb->nrtx, (unsigned)pcb->snd_wnd, pcb->netif_idx);
    }
    TEST_LWIP_UNLOCK();
}

static struct tcp_pcb *closing_alone(void) {
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        if (pcb->state >= FIN_WAIT_1 && pcb->state != CLOSE_WAIT && pcb->callback_arg == NULL) {
            return pcb;
        }
    }
    return NULL;
}

void lwip_end_closing(void) {
    TEST_LWIP_LOCK();
    for (struct tcp_pcb *pcb = closing_alone(); pcb != NULL; pcb = closing_alone()) {
        tcp_abort(pcb);
    }
    TEST_LWIP_UNLOCK();
}
