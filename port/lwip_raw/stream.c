/* Streams: a slot and its tcp_pcb.
 *
 * lwIP frees a pcb on a reset, on a timeout, and, without a report, after TIME_WAIT. A slot therefore
 * lets go of its pcb once both ends have sent their FIN: what has arrived is in the slot by then. A
 * pcb without a slot has the lowest priority, so that lwIP's own search for a pcb, by tcp_new or for
 * a SYN, takes the oldest of them before it fails.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>

#include <string.h>

/* ---- Callbacks of lwIP -------------------------------------------------------------------------------------------- */

/* Leave the pcb to lwIP. The members are those that tcp_arg and its relatives set, a call for each. */
static void let_go(slot_t *s) {
    struct tcp_pcb *pcb = s->pcb.tcp;
    s->pcb.tcp = NULL;
    pcb->callback_arg = NULL;
    pcb->recv = NULL;
    pcb->sent = NULL;
    pcb->errf = NULL;
    pcb->poll = NULL;
    pcb->prio = TCP_PRIO_MIN;
}

/* lwIP has freed the pcb. It gives up with one code: what has not been answered has timed out. */
static void on_error(void *arg, err_t err) {
    slot_t *s = arg;
    s->pcb.tcp = NULL;
    if (err == ERR_CLSD) {
        s->flags |= ENDED;
    } else {
        bool connecting = s->stage == CONNECTING;
        s->stage = connecting ? FAILED : BROKEN;
        slot_fail(s, err != ERR_RST ? USOCKET_ETIMEDOUT : connecting ? USOCKET_ECONNREFUSED : USOCKET_ECONNRESET);
    }
    slot_changed(s);
    slot_memory_freed();
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err) {
    slot_t *s = arg;
    (void)err;
    s->stage = CONNECTED;
    ip_addr_copy(s->own, pcb->local_ip);
    slot_changed(s);
    return ERR_OK;
}

/* A pbuf counts its bytes in 16 bits: lwIP keeps what would be more, and offers it again. */
static err_t on_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err) {
    slot_t *s = arg;
    (void)pcb, (void)err;
    if (p == NULL) {
        s->flags |= ENDED;
        if (s->flags & HALF_OUT) {
            let_go(s);
        }
    } else if (s->in == NULL) {
        s->in = p;
    } else if (s->in->tot_len + p->tot_len > UINT16_MAX) {
        return ERR_MEM;
    } else {
        pbuf_cat(s->in, p);
    }
    slot_changed(s);
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len) {
    (void)pcb, (void)len;
    slot_changed(arg);
    slot_memory_freed();
    return ERR_OK;
}

/* Twice a second: memory may have become free elsewhere. */
static err_t on_poll(void *arg, struct tcp_pcb *pcb) {
    (void)arg, (void)pcb;
    slot_memory_freed();
    return ERR_OK;
}

/* ---- The pcb ------------------------------------------------------------------------------------------------------ */

void stream_attach(slot_t *s, struct tcp_pcb *pcb) {
    s->pcb.tcp = pcb;
    pcb->callback_arg = s;
    pcb->recv = on_received;
    pcb->sent = on_sent;
    pcb->errf = on_error;
    pcb->poll = on_poll;
    pcb->pollinterval = 1;
    pcb->ttl = s->set.ttl;
    if (s->set.options & OPT_OTHERS) {
        options_apply(s);
    }
}

int stream_make_pcb(slot_t *s) {
    struct tcp_pcb *pcb = tcp_new_ip_type(version_of(s));
    if (pcb == NULL) {
        return USOCKET_ENOBUFS;
    }
    stream_attach(s, pcb);
    return 0;
}

/* The pcb of a socket that is not connected; a connect that has failed left none. The address that
 * the program has chosen is that of the new one, too. */
static int have_pcb(slot_t *s) {
    int r = s->pcb.tcp != NULL ? 0 : stream_make_pcb(s);
    if (r == 0 && (s->flags & CHOSEN) && s->pcb.tcp->local_port == 0) {
        r = code_of(tcp_bind(s->pcb.tcp, &s->own, s->port));
    }
    return r;
}

int stream_bind(slot_t *s, const ip_addr_t *ip, uint16_t port) {
    int r = have_pcb(s);
    if (r < 0) {
        return r;
    }
    err_t err = tcp_bind(s->pcb.tcp, ip, port);
    if (err != ERR_OK) {
        return err == ERR_BUF ? USOCKET_EADDRINUSE : code_of(err);
    }
    ip_addr_copy(s->own, *ip);
    s->port = s->pcb.tcp->local_port;
    s->flags |= BOUND | CHOSEN;
    return 0;
}

/* ---- Connecting --------------------------------------------------------------------------------------------------- */

/* The result of a connect by the stage, as on Linux. 0: it goes on; 1: it has succeeded before. */
static int may_connect(slot_t *s) {
    bool untold = (s->flags & UNTOLD) != 0;
    int error;
    switch (s->stage) {
        case FRESH:
            return 0;
        case CONNECTING:
            return USOCKET_EALREADY;
        case FAILED:
            error = slot_take_error(s);
            s->stage = FRESH;
            s->flags &= (uint8_t) ~(UNTOLD | ENDED);
            return error != 0 ? error : untold ? USOCKET_ECONNABORTED : 0;
        default:
            s->flags &= (uint8_t)~UNTOLD;
            return s->stage == CONNECTED && untold ? 1 : USOCKET_EISCONN;
    }
}

int stream_connect(slot_t *s, const ip_addr_t *ip, uint16_t port) {
    int r = may_connect(s);
    if (r != 0) {
        return r < 0 ? r : 0;
    }
    r = have_pcb(s);
    if (r < 0) {
        return r;
    }
    struct tcp_pcb *pcb = s->pcb.tcp;
    err_t err = tcp_connect(pcb, ip, port, on_connected);
    if (err != ERR_OK) {
        /* lwIP may have chosen an address that the next attempt cannot have. */
        let_go(s);
        tcp_close(pcb);
        return err == ERR_BUF ? USOCKET_EADDRNOTAVAIL : code_of(err);
    }
    s->stage = CONNECTING;
    s->flags |= BOUND | UNTOLD;
    s->port = pcb->local_port;
    return USOCKET_EINPROGRESS;
}

/* ---- Readiness ---------------------------------------------------------------------------------------------------- */

/* True if a send would take a fair part. lwIP's own limits are those of its sockets. */
static bool has_room(const slot_t *s) {
    const struct tcp_pcb *pcb = s->pcb.tcp;
    return pcb == NULL || (s->flags & HALF_OUT) ||
        (!(s->flags & FULL) && tcp_sndbuf(pcb) > TCP_SNDLOWAT && tcp_sndqueuelen(pcb) < TCP_SNDQUEUELOWAT);
}

uint8_t stream_ready(const slot_t *s) {
    bool in = s->in != NULL || (s->flags & (ENDED | HALF_IN));
    switch (s->stage) {
        case FRESH:
            return USOCKET_POLL_OUT | USOCKET_POLL_HUP;
        case CONNECTING:
            return 0;
        case CONNECTED:
            return (uint8_t)((in ? USOCKET_POLL_IN : 0) | (has_room(s) ? USOCKET_POLL_OUT : 0) |
                ((s->flags & (ENDED | HALF_IN)) && (s->flags & HALF_OUT) ? USOCKET_POLL_HUP : 0));
        default:
            return (uint8_t)(USOCKET_POLL_IN | USOCKET_POLL_OUT | USOCKET_POLL_HUP |
                (s->error != 0 ? USOCKET_POLL_ERR : 0));
    }
}

/* ---- Ending ------------------------------------------------------------------------------------------------------- */

/* Reading is shut down in the slot alone: lwIP would drop what has arrived. */
int stream_shutdown(slot_t *s, int how) {
    if (s->stage != CONNECTED) {
        return USOCKET_ENOTCONN;
    }
    bool write = how != USOCKET_SHUT_RD && !(s->flags & HALF_OUT);
    s->flags |= (uint8_t)((how != USOCKET_SHUT_WR ? HALF_IN : 0) | (how != USOCKET_SHUT_RD ? HALF_OUT : 0));
    int r = 0;
    if (write && s->pcb.tcp != NULL) {
        r = code_of(tcp_shutdown(s->pcb.tcp, 0, 1));
        if (r == 0 && (s->flags & ENDED)) {
            let_go(s);
        }
    }
    slot_changed(s);
    return r;
}

bool stream_unfinished(const slot_t *s) {
    const struct tcp_pcb *pcb = s->pcb.tcp;
    return s->kind == STREAM && s->stage == CONNECTED && pcb != NULL && (pcb->unsent != NULL || pcb->unacked != NULL);
}

/* Unread data makes it a reset (RFC 2525, 2.17). */
void stream_close(slot_t *s, bool reset) {
    struct tcp_pcb *pcb = s->pcb.tcp;
    struct pbuf *in = s->in;
    s->in = NULL;
    if (in != NULL) {
        pbuf_free(in);
    }
    if (pcb == NULL) {
        return;
    }
    let_go(s);
    if (s->stage == CONNECTED && (reset || in != NULL)) {
        tcp_abort(pcb);
    } else if (tcp_close(pcb) != ERR_OK) {
        tcp_abort(pcb);
    }
}
