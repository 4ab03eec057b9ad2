/* Data: the calls of port.h that receive and send, with what streams do; datagrams are in datagram.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#include <string.h>

/* ---- Streams ------------------------------------------------------------------------------------------------------ */

/* The result of a receive that finds nothing, or wants nothing. Not inlined, so that the usual case has few registers. */
__attribute__((noinline)) static int32_t receive_nothing(slot_t *s, size_t len) {
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

static int32_t stream_recv(slot_t *s, void *buf, size_t len, int flags) {
    struct pbuf *p = s->in;
    if (p == NULL || len == 0) {
        return receive_nothing(s, len);
    }
    size_t n = len < p->tot_len ? len : p->tot_len;
    if (!(flags & MSG_TRUNC)) {
        if (n <= p->len) { /* the usual case needs no walk */
            memcpy(buf, p->payload, n);
        } else {
            pbuf_copy_partial(p, buf, (u16_t)n, 0);
        }
    }
    if (!(flags & MSG_PEEK)) {
        if (n == p->tot_len) {
            pbuf_free(p);
            p = NULL;
        } else {
            p = pbuf_free_header(p, (u16_t)n);
        }
        s->in = p;
        if (s->pcb.tcp != NULL) {
            tcp_recved(s->pcb.tcp, (u16_t)n);
        }
    }
    return (int32_t)n;
}

/* Bytes that are worth a segment when memory is short. */
#define LEAST 64

static int32_t stream_send(slot_t *s, const void *buf, size_t len, int flags) {
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

/* ---- All sockets -------------------------------------------------------------------------------------------------- */

static int32_t receive(int handle, void *buf, size_t len, int flags, usocket_addr_t *from) {
    slot_t *s = stream_of(handle);
    if (s != NULL) {
        return stream_recv(s, buf, len, flags);
    }
    s = socket_of(handle);
    if (s == NULL) {
        return USOCKET_EBADF;
    }
    if (s->kind == LISTENER) {
        return USOCKET_ENOTCONN;
    }
#if USOCKET_DATAGRAMS
    return datagram_recv(s, buf, len, flags, from);
#else
    (void)from;
    return USOCKET_EOPNOTSUPP;
#endif
}

int32_t usocket_port_recv(int handle, void *buf, size_t len, int flags, usocket_addr_t *from) {
    int32_t r;
    UNDER_LWIP_OR_PUMP(r, receive(handle, buf, len, flags, from));
    return r;
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

static size_t stream_line(const slot_t *s, size_t most) {
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

static size_t line_of(const slot_t *s, size_t most) {
    return s != NULL ? stream_line(s, most) : 0;
}

size_t usocket_port_line(int handle, size_t most) {
    size_t n;
    UNDER_LWIP(n, line_of(stream_of(handle), most));
    return n;
}

#endif

static int32_t send_to(int handle, const void *buf, size_t len, int flags, const usocket_addr_t *to) {
    slot_t *s = stream_of(handle);
    if (s != NULL) {
        return stream_send(s, buf, len, flags);
    }
    s = socket_of(handle);
    if (s == NULL) {
        return USOCKET_EBADF;
    }
    if (s->kind == LISTENER) {
        return USOCKET_EPIPE;
    }
#if USOCKET_DATAGRAMS
    if (to != NULL) {
        ip_addr_t ip;
        int r = to_lwip(s, to, &ip);
        if (r < 0) {
            return r;
        }
        replace_any(&ip);
        return datagram_send(s, buf, len, &ip, to->port);
    }
    return datagram_send(s, buf, len, NULL, 0);
#else
    (void)to;
    return USOCKET_EOPNOTSUPP;
#endif
}

int32_t usocket_port_send(int handle, const void *buf, size_t len, int flags, const usocket_addr_t *to) {
    int32_t r;
    UNDER_LWIP_OR_PUMP(r, send_to(handle, buf, len, flags, to));
    return r;
}

int usocket_port_flags(int flags) {
    return (flags & MSG_PEEK ? USOCKET_PORT_PEEK : 0) | (flags & MSG_DONTWAIT ? USOCKET_PORT_DONTWAIT : 0) |
        (flags & MSG_WAITALL ? USOCKET_PORT_WAITALL : 0);
}

int usocket_port_msg_peek(void) {
    return MSG_PEEK;
}

static int32_t pending_of(const slot_t *s) {
    if (s == NULL) {
        return USOCKET_EBADF;
    }
#if USOCKET_DATAGRAMS
    if (is_datagram(s)) {
        return (int32_t)datagram_pending(s);
    }
#endif
    return s->in != NULL ? s->in->tot_len : 0;
}

int32_t usocket_port_pending(int handle) {
    int32_t r;
    UNDER_LWIP(r, pending_of(socket_of(handle)));
    return r;
}
