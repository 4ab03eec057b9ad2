/* The stream calls: read, readinto, readline, write, and MicroPython's stream protocol.
 *
 * No short counts while blocking or within the timeout, and nothing lost: what a call has taken from the stack and cannot
 * return, because its time is up or somebody pressed Ctrl-C, is put back and comes first in the next call.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"
#include "usocket/tls.h"

#define GROW_MIN 256
#define SPARE 64          /* bytes that a result may waste: giving them back costs a walk along all of it */
#define READ_AT_ONCE 4096 /* allocated as asked up to this, then as the bytes come */
#define LINE_AT_ONCE (sizeof(void *) > 4 ? 1024 : 128) /* a line up to this costs two system calls */

/* ---- Reading into a vstr ------------------------------------------------------------------------------------------ */

mp_obj_str_t *usocket_py_new_bytes(void) {
    usocket_py_check_stack();
    mp_obj_str_t *o = m_new_obj(mp_obj_str_t);
    o->base.type = &mp_type_bytes;
    o->hash = 0; /* not computed: nobody looks 64 KiB up in a dict */
    o->len = 0;
    o->data = (const byte *)"";
    return o;
}

mp_obj_t usocket_py_bytes(mp_obj_str_t *o, vstr_t *v) {
    if (v->len != 0) {
        char *buf = v->buf;
        if (v->alloc - v->len - 1 > SPARE) {                   /* wraps where not even the NUL has room */
            buf = m_renew(char, v->buf, v->alloc, v->len + 1); /* smaller, it stays in place and cannot fail */
        }
        buf[v->len] = '\0';
        o->data = (const byte *)buf;
        o->len = v->len;
    }
    return MP_OBJ_FROM_PTR(o);
}

size_t usocket_py_room(usocket_t *s, vstr_t *v, size_t n) {
    if (s->type != USOCKET_STREAM && n > READ_AT_ONCE) {
        n = MIN(n, DATAGRAM_MAX(s));
        char *buf = m_new_maybe(char, n + 1);
        if (buf != NULL) {
            *v = (vstr_t){.alloc = n + 1, .buf = buf};
            return n;
        }
        int32_t pending = usocket_pending(s); /* a small heap: as large as the one that has arrived */
        n = pending > READ_AT_ONCE ? (size_t)pending : READ_AT_ONCE;
    }
    vstr_init(v, n + 1);
    return n;
}

/* Make room for more, between 1 and max bytes: what is there to be read, or twice what has been. */
static size_t make_room(usocket_t *s, vstr_t *v, size_t max) {
    int32_t pending = usocket_pending(s);
    size_t room = pending > (int32_t)v->len ? (size_t)pending : v->len;
    room = room < GROW_MIN ? GROW_MIN : room;
    room = room < max ? room : max;
    vstr_hint_size(v, room + 1);
    return room;
}

/* The same; a MemoryError comes back, so that what has been read can be put back. */
static size_t try_room(usocket_t *s, vstr_t *v, size_t max, mp_obj_t *exc) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        size_t room = make_room(s, v, max);
        nlr_pop();
        return room;
    }
    *exc = MP_OBJ_FROM_PTR(nlr.ret_val);
    return 0;
}

typedef int (*receive_t)(usocket_t *s, void *buf, size_t len, size_t *got, usocket_time_t deadline);

static int fill(usocket_t *s, vstr_t *v, size_t n, receive_t receive, usocket_time_t deadline, mp_obj_t *exc) {
    int r = 0;
    for (unsigned round = 0; v->len < n; round++) {
        if (v->len != 0 && (r = usocket_py_go_on(round, deadline, exc)) < 0) {
            break;
        }
        size_t room = v->alloc > v->len + 1 ? v->alloc - v->len - 1 : 0;
        if (room == 0 && (room = try_room(s, v, n - v->len, exc)) == 0) {
            return USOCKET_ENOMEM;
        }
        room = room < n - v->len ? room : n - v->len;
        size_t got = 0;
        USOCKET_CALL(r, exc, receive(s, v->buf + v->len, room, &got, deadline));
        v->len += got;
        if (r != 0 || got < room || s->type != USOCKET_STREAM) {
            break; /* a code, a whole line, the end, a datagram */
        }
    }
    return r;
}

int usocket_py_fill(usocket_t *s, vstr_t *v, size_t n, usocket_time_t deadline, mp_obj_t *exc) {
    return fill(s, v, n, usocket_recv_all_by, deadline, exc);
}

int usocket_py_fill_line(usocket_t *s, vstr_t *v, size_t max, usocket_time_t deadline, mp_obj_t *exc) {
    return fill(s, v, max, usocket_recv_line_by, deadline, exc);
}

char *usocket_py_copy(const void *from, size_t len, mp_obj_t exc) {
    char *block = m_new_maybe(char, len);
    if (block != NULL) {
        memcpy(block, from, len);
    } else if (exc != MP_OBJ_NULL) {
        usocket_exception_back(exc);
    }
    return block;
}

/* Bytes that the program will want: the block stays where the collector sees it. They come before any that are there. */
static void put_back(usocket_t *s, char *block, size_t len) {
    while (usocket_unread(s, block, len) == USOCKET_EEXIST) {
        size_t off, more;
        const char *other = usocket_unread_take(s, &off, &more);
        if (other != NULL) {
            char *both = m_new(char, len + more);
            memcpy(both, block, len);
            memcpy(both + len, other + off, more);
            block = both;
            len += more;
        }
    }
}

/* What read() and readline() return, from what has arrived and how it ended. */
static mp_obj_t result(
    socket_obj_t *self, mp_obj_str_t *o, vstr_t *v, int code, usocket_time_t deadline, mp_obj_t exc, qstr what) {
    bool is_all = usocket_py_is_all(code, deadline);
    bool failed = code < 0 && (!is_all || v->len == 0);
    if (failed && v->len != 0) {
        put_back(&self->sock, v->buf, v->len);
    }
    usocket_py_took(self); /* last: what has been put back counts as there */
    if (failed) {
        usocket_py_reraise(exc);
        if (is_all) {
            vstr_clear(v);
            return mp_const_none;
        }
        usocket_py_check_socket(&self->sock, code, what, NULL);
        usocket_py_raise(code, what, NULL);
    }
    return usocket_py_bytes(o, v);
}

static mp_obj_t stream_read(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    size_t n = usocket_py_limit(n_args, args, 1);
    usocket_time_t deadline = usocket_deadline(&self->sock);
    usocket_py_check_open(&self->sock, MP_QSTR_read);
    mp_obj_str_t *o = usocket_py_new_bytes();
    vstr_t v;
    usocket_py_room(&self->sock, &v, n < READ_AT_ONCE || self->sock.type != USOCKET_STREAM ? n : GROW_MIN);
    mp_obj_t exc = MP_OBJ_NULL;
    int r = usocket_py_fill(&self->sock, &v, n, deadline, &exc);
    return result(self, o, &v, r, deadline, exc, MP_QSTR_read);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_read_obj, 1, 2, stream_read);

/* A datagram's bytes behind its first line. Returns 0, or a code: all are in v then. */
static int keep_rest(usocket_t *s, vstr_t *v) {
    char *end = memchr(v->buf, '\n', v->len);
    size_t line = end != NULL ? (size_t)(end - v->buf) + 1 : v->len;
    if (line < v->len) {
        char *rest = usocket_py_copy(v->buf + line, v->len - line, MP_OBJ_NULL);
        if (rest == NULL) {
            return USOCKET_ENOMEM;
        }
        put_back(s, rest, v->len - line);
        v->len = line;
    }
    return 0;
}

static mp_obj_t stream_readline(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    size_t max = usocket_py_limit(n_args, args, 1);
    usocket_time_t deadline = usocket_deadline(&self->sock);
    usocket_py_check_open(&self->sock, MP_QSTR_readline);
    bool stream = self->sock.type == USOCKET_STREAM;
    mp_obj_str_t *o = usocket_py_new_bytes();
    vstr_t v;
    usocket_py_room(&self->sock, &v, stream && max > LINE_AT_ONCE ? LINE_AT_ONCE : max);
    mp_obj_t exc = MP_OBJ_NULL;
    int r = usocket_py_fill_line(&self->sock, &v, max, deadline, &exc);
    if (!stream && r >= 0) {
        r = keep_rest(&self->sock, &v);
    }
    return result(self, o, &v, r, deadline, exc, MP_QSTR_readline);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_readline_obj, 1, 2, stream_readline);

static mp_obj_t stream_readinto(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t buf;
    usocket_py_writable(args[1], &buf);
    size_t len = MIN(usocket_py_limit(n_args, args, 2), buf.len);
    usocket_time_t deadline = usocket_deadline(&self->sock);
    usocket_py_check_open(&self->sock, MP_QSTR_readinto);
    size_t got = 0;
    mp_obj_t exc = MP_OBJ_NULL;
    int r;
    buf.len = len;
    USOCKET_CALL_ON(
        r, &exc, args[1], buf, 0, MP_BUFFER_WRITE, usocket_recv_all_by(&self->sock, buf.buf, buf.len, &got, deadline));
    got = MIN(got, buf.len);
    bool is_all = usocket_py_is_all(r, deadline);
    if (r < 0 && got != 0 && !is_all) {
        char *block = usocket_py_copy(buf.buf, got, exc);
        if (block != NULL) {
            put_back(&self->sock, block, got);
        } else {
            exc = MP_OBJ_NULL;
            r = 0; /* a short count loses nothing */
        }
    }
    usocket_py_took(self);
    usocket_py_reraise(exc);
    if (is_all && got == 0) {
        return mp_const_none;
    }
    usocket_py_check_socket(&self->sock, r, MP_QSTR_readinto, NULL);
    usocket_py_check(is_all ? 0 : r, MP_QSTR_readinto);
    return MP_OBJ_NEW_SMALL_INT(got);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_readinto_obj, 2, 3, stream_readinto);

/* ---- Writing ------------------------------------------------------------------------------------------------------ */

/* What write(data[, [offset,] length]) is to send; its offset. */
static size_t write_args(size_t n_args, const mp_obj_t *args, mp_buffer_info_t *data) {
    usocket_py_data(args[1], data);
    size_t off = n_args > 3 ? usocket_py_count(args[2]) : 0;
    off = off < data->len ? off : data->len;
    size_t max = usocket_py_limit(n_args, args, n_args > 3 ? 3 : 2);
    data->buf = (byte *)data->buf + off;
    data->len = MIN(data->len - off, max);
    return off;
}

mp_obj_t usocket_py_write(usocket_t *s, size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t data;
    size_t off = write_args(n_args, args, &data);
    usocket_time_t deadline = usocket_deadline(s);
    size_t sent = 0;
    int r;
    USOCKET_CALL_ON_RAISE(
        r, args[1], data, off, MP_BUFFER_READ, usocket_send_all_by(s, data.buf, data.len, &sent, deadline));
    if (usocket_py_is_all(r, deadline)) {
        return sent != 0 ? MP_OBJ_NEW_SMALL_INT(sent) : mp_const_none;
    }
    if (r < 0) {
        usocket_py_raise_sent(s, r, MP_QSTR_write, sent, data.len);
    }
    return MP_OBJ_NEW_SMALL_INT(sent);
}

static mp_obj_t stream_write(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    return usocket_py_write(&self->sock, n_args, args);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_write_obj, 2, 4, stream_write);

/* ---- The stream protocol, for select, tls and the other modules in C ------------------------------------------------- */

/* An exception waits to be raised. It must not be raised here: frames of mbedTLS may be above. */
static bool exception_waits(void) {
    if (usocket_exception_waits()) {
        return true;
    }
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_handle_pending(true); /* scheduled functions, and an exception of this very moment */
        nlr_pop();
        return false;
    }
    usocket_exception_back(MP_OBJ_FROM_PTR(nlr.ret_val));
    return true;
}

static mp_uint_t protocol_result(int32_t r, int *errcode) {
    if (r >= 0) {
        return (mp_uint_t)r;
    }
#if USOCKET_TLS
    r = usocket_is_tls(r) ? USOCKET_EIO : r;
#endif
    *errcode = r == USOCKET_EINTR ? MP_EAGAIN : -r;
    return MP_STREAM_ERROR;
}

static mp_uint_t transfer(usocket_t *s, bool out, void *buf, mp_uint_t size, int *errcode) {
    usocket_time_t deadline = usocket_deadline(s);
    int32_t r;
    do {
        MP_THREAD_GIL_EXIT();
        r = out ? usocket_send_by(s, buf, size, 0, NULL, deadline) : usocket_recv_by(s, buf, size, 0, NULL, deadline);
        MP_THREAD_GIL_ENTER();
    } while (r == USOCKET_EINTR && !exception_waits());
    return protocol_result(r, errcode);
}

mp_uint_t usocket_py_protocol_read(usocket_t *s, void *buf, mp_uint_t size, int *errcode) {
    return transfer(s, false, buf, size, errcode);
}

mp_uint_t usocket_py_protocol_write(usocket_t *s, const void *buf, mp_uint_t size, int *errcode) {
    return transfer(s, true, (void *)buf, size, errcode);
}

static mp_uint_t protocol_read(mp_obj_t self_in, void *buf, mp_uint_t size, int *errcode) {
    socket_obj_t *self = usocket_py_self(self_in);
    mp_uint_t r = usocket_py_protocol_read(&self->sock, buf, size, errcode);
    usocket_py_took(self);
    return r;
}

static mp_uint_t protocol_write(mp_obj_t self_in, const void *buf, mp_uint_t size, int *errcode) {
    return usocket_py_protocol_write(&usocket_py_self(self_in)->sock, buf, size, errcode);
}

static const struct {
    uint8_t ours;
    uint8_t stream;
} poll_bits[] = {
    {USOCKET_POLL_IN, MP_STREAM_POLL_RD}, {USOCKET_POLL_OUT, MP_STREAM_POLL_WR}, {USOCKET_POLL_ERR, MP_STREAM_POLL_ERR},
    {USOCKET_POLL_HUP, MP_STREAM_POLL_HUP}, {USOCKET_POLL_NVAL, 0x20}, /* MP_STREAM_POLL_NVAL, since 1.12 */
};

FOR_EVENT_LOOPS int usocket_py_events(mp_uint_t flags) {
    int events = 0;
    for (size_t i = 0; i < 2; i++) {
        events |= flags & poll_bits[i].stream ? poll_bits[i].ours : 0;
    }
    return events;
}

FOR_EVENT_LOOPS mp_uint_t usocket_py_mask(int ready) {
    mp_uint_t mask = 0;
    for (size_t i = 0; ready > 0 && i < MP_ARRAY_SIZE(poll_bits); i++) {
        mask |= ready & poll_bits[i].ours ? poll_bits[i].stream : 0;
    }
    return mask;
}

mp_uint_t usocket_py_poll(usocket_t *s, mp_uint_t flags) {
    return usocket_py_mask(usocket_poll(s, usocket_py_events(flags), USOCKET_NOW));
}

static mp_uint_t protocol_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    socket_obj_t *self = usocket_py_self(self_in);
    switch (request) {
        case MP_STREAM_POLL:
            return usocket_py_poll(&self->sock, arg);
        case MP_STREAM_CLOSE: {
            usocket_py_handler(self, MP_OBJ_NULL);
            int r = usocket_py_close(&self->sock);
            usocket_py_changed(self);
            return protocol_result(r, errcode);
        }
        case MP_STREAM_FLUSH:
            return 0;
#ifdef MP_STREAM_GET_FILENO
        case MP_STREAM_GET_FILENO: {
            if (!mod_usocket_numbers.descriptors || (USOCKET_TLS && self->sock.proto == USOCKET_PROTO_SEC)) {
                *errcode = MP_EINVAL; /* who polls asks us then, with MP_STREAM_POLL */
                return MP_STREAM_ERROR;
            }
            int fd = usocket_fileno(&self->sock);
            return protocol_result(fd < 0 ? USOCKET_EBADF : fd, errcode);
        }
#endif
        default:
            *errcode = MP_EINVAL;
            return MP_STREAM_ERROR;
    }
}

const mp_stream_p_t usocket_py_stream = {
    .read = protocol_read,
    .write = protocol_write,
    .ioctl = protocol_ioctl,
};
