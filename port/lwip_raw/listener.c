/* Listeners. A connection takes a slot as soon as lwIP has it, so that data which arrives before
 * accept() has a place. It waits in the listener's queue, a list of slots.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#if USOCKET_SERVER

#include <lwip/priv/tcp_priv.h>

/* A connection is complete. lwIP resets it after a failure. */
static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err) {
    slot_t *l = arg;
    if (err != ERR_OK || pcb == NULL) {
        return ERR_VAL;
    }
    slot_t *s = slot_take(STREAM);
    if (s == NULL) {
        return ERR_MEM;
    }
    s->stage = CONNECTED;
    s->flags = (uint8_t)(BOUND | (l->flags & LINGERS));
    s->set = l->set;
    s->set.options |= OPT_IN_QUEUE;
    s->port = pcb->local_port;
    ip_addr_copy(s->own, pcb->local_ip);
    stream_attach(s, pcb);
    tcp_backlog_delayed(pcb);
    slot_t *end = l;
    while (end->next >= 0) {
        end = &slots[end->next];
    }
    end->next = (int16_t)handle_of(s);
    slot_changed(l);
    return ERR_OK;
}

int listener_begin(slot_t *s, int backlog) {
    u8_t limit = (u8_t)(backlog < 1 ? 1 : backlog > SOMAXCONN ? SOMAXCONN : backlog);
    if (s->kind == LISTENER) {
        tcp_backlog_set(s->pcb.tcp, limit);
        return 0;
    }
    if (s->stage != FRESH) {
        return USOCKET_EINVAL;
    }
    if (!(s->flags & BOUND)) { /* to a port that lwIP chooses */
        usocket_addr_t any = {.family = s->set.family};
        ip_addr_t ip;
        to_lwip(s, &any, &ip);
        int r = stream_bind(s, &ip, 0);
        if (r < 0) {
            return r;
        }
    }
    err_t err = ERR_OK;
    struct tcp_pcb *pcb = s->pcb.tcp != NULL ? tcp_listen_with_backlog_and_err(s->pcb.tcp, limit, &err) : NULL;
    if (err != ERR_OK || pcb == NULL) {
        return err != ERR_OK ? code_of(err) : USOCKET_ENOBUFS;
    }
    s->kind = LISTENER;
    s->pcb.tcp = pcb;
    tcp_arg(pcb, s);
    tcp_accept(pcb, on_accept);
    return 0;
}

/* Take the first connection out of the queue. */
static slot_t *first_of(slot_t *s) {
    slot_t *c = &slots[s->next];
    s->next = c->next;
    c->next = -1;
    c->set.options &= (uint8_t)~OPT_IN_QUEUE;
    return c;
}

/* A connection that was reset while it waited is skipped. */
int listener_accept(slot_t *s, usocket_addr_t *peer) {
    while (s->next >= 0) {
        slot_t *c = first_of(s);
        if (c->pcb.tcp != NULL) {
            tcp_backlog_accepted(c->pcb.tcp);
            from_lwip(c, &c->pcb.tcp->remote_ip, c->pcb.tcp->remote_port, peer);
            return handle_of(c);
        }
        stream_close(c, true);
        slot_free(c);
    }
    return USOCKET_EAGAIN;
}

/* Connections that were not accepted are reset. */
void listener_close(slot_t *s) {
    tcp_close(s->pcb.tcp);
    s->pcb.tcp = NULL;
    while (s->next >= 0) {
        slot_t *c = first_of(s);
        stream_close(c, true);
        slot_free(c);
    }
}

uint8_t listener_ready(const slot_t *s) {
    return s->next >= 0 ? USOCKET_POLL_IN : 0;
}

#endif
