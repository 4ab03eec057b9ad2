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

/* Leave the pcb to lwIP. */
static void let_go(slot_t *s) {
    struct tcp_pcb *pcb = s->pcb.tcp;
    s->pcb.tcp = NULL;
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    tcp_setprio(pcb, TCP_PRIO_MIN);
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
    tcp_arg(pcb, s);
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_poll(pcb, on_poll, 1);
    options_apply(s);
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

/* ---- Data --------------------------------------------------------------------------------------------------------- */

int32_t stream_recv(slot_t *s, void *buf, size_t len, int flags) {
    if (s->in != NULL && len != 0) {
        u16_t n = len < s->in->tot_len ? (u16_t)len : s->in->tot_len;
        if (!(flags & MSG_TRUNC)) {
            if (n <= s->in->len) { /* the usual case needs no walk */
                memcpy(buf, s->in->payload, n);
            } else {
                pbuf_copy_partial(s->in, buf, n, 0);
            }
        }
        if (!(flags & MSG_PEEK)) {
            if (n == s->in->tot_len) {
                pbuf_free(s->in);
                s->in = NULL;
            } else {
                s->in = pbuf_free_header(s->in, n);
            }
            if (s->pcb.tcp != NULL) {
                tcp_recved(s->pcb.tcp, n);
            }
        }
        return n;
    }
    switch (s->stage) {
        case FRESH:
            return USOCKET_ENOTCONN;
        case CONNECTING:
            return USOCKET_EAGAIN;
        case CONNECTED:
            return len == 0 || (s->flags & (ENDED | HALF_IN)) ? 0 : USOCKET_EAGAIN;
        default:
            return slot_take_error(s);
    }
}

#if USOCKET_QUICK

/* True if one of four bytes is '\n'. */
static inline bool has_newline(const uint8_t *p) {
    uint32_t w;
    memcpy(&w, p, sizeof(w));
    w ^= UINT32_C(0x0a0a0a0a); /* now one of them is 0 */
    return ((w - UINT32_C(0x01010101)) & ~w & UINT32_C(0x80808080)) != 0;
}

/* The index of the first '\n', or n. A board's memchr often takes six instructions a byte. */
static size_t find_newline(const uint8_t *p, size_t n) {
    const uint8_t *at = p;
    if (n >= 4) {
        const uint8_t *last = p + n - 4;
        do {
            if (has_newline(at)) {
                break;
            }
            at += 4;
        } while (at <= last);
    }
    while (at != p + n && *at != '\n') {
        at++;
    }
    return (size_t)(at - p);
}

size_t stream_line(const slot_t *s, size_t most) {
    size_t n = 0;
    for (const struct pbuf *p = s->in; p != NULL; p = p->next) {
        size_t part = p->len < most - n ? p->len : most - n;
        size_t at = find_newline(p->payload, part);
        n += at;
        if (at < part) {
            return n + 1;
        }
        if (n == most) {
            return n;
        }
    }
    return 0;
}

#endif

/* Bytes that are worth a segment when memory is short. */
#define LEAST 64

int32_t stream_send(slot_t *s, const void *buf, size_t len, int flags) {
    int error;
    switch (s->stage) {
        case CONNECTED:
            break;
        case CONNECTING:
            return USOCKET_EAGAIN;
        default:
            error = slot_take_error(s);
            return error != 0 ? error : USOCKET_EPIPE;
    }
    struct tcp_pcb *pcb = s->pcb.tcp;
    if ((s->flags & HALF_OUT) || pcb == NULL) {
        return USOCKET_EPIPE;
    }
    size_t n = tcp_sndbuf(pcb);
    n = n < UINT16_MAX ? n : UINT16_MAX;
    n = len < n ? len : n;
    if (n == 0) {
        return len == 0 ? 0 : USOCKET_EAGAIN;
    }
    u8_t how = (u8_t)(TCP_WRITE_FLAG_COPY | (flags & MSG_MORE ? TCP_WRITE_FLAG_MORE : 0));
    err_t err = tcp_write(pcb, buf, (u16_t)n, how);
    while (err == ERR_MEM && n > LEAST) {
        n /= 2;
        err = tcp_write(pcb, buf, (u16_t)n, how);
    }
    if (err != ERR_OK) {
        slot_full(s);
    }
    tcp_output(pcb);
    return err == ERR_OK ? (int32_t)n : err == ERR_MEM ? USOCKET_EAGAIN : code_of(err);
}

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
