/* class socket: read, readinto, readline, write.
 *
 * With a timeout, or blocking, counts are never short. Bytes that a call has taken from the stack and cannot return,
 * because of its deadline or Ctrl-C, are put back, and the next call returns them first.
 *
 * SPDX-License-Identifier: MIT
 */
#include "methods.h"

#define LINE_AT_ONCE (sizeof(void *) > 4 ? 1024 : 128) /* A line of up to so many bytes costs two system calls. */

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

void usocket_py_put_back(usocket_t *s, char *block, size_t len) {
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

/* The result of read and readline: the bytes in v, or None, or an exception after v is put back. */
static mp_obj_t stream_result(
    socket_obj_t *self, mp_obj_str_t *o, vstr_t *v, int code, usocket_time_t deadline, mp_obj_t exc, qstr what) {
    bool would_block = usocket_py_would_block(code, deadline);
    bool failed = code < 0 && (!would_block || v->len == 0);
    if (failed && v->len != 0) {
        usocket_py_put_back(&self->sock, v->buf, v->len);
    }
    usocket_py_consumed(self); /* After the bytes are put back, so that watchers find them. */
    if (failed) {
        usocket_py_reraise(exc);
        if (would_block) {
            vstr_clear(v);
            return mp_const_none;
        }
        usocket_py_raise_socket(&self->sock, code, what, NULL);
    }
    return usocket_py_bytes(o, v);
}

static mp_obj_t stream_read(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    size_t n = usocket_py_limit(n_args, args, 1);
    usocket_time_t deadline = usocket_py_begin(&self->sock);
    mp_obj_str_t *o = usocket_py_new_bytes();
    vstr_t v;
    usocket_py_init_room(
        &self->sock, &v, n < USOCKET_PY_AT_ONCE || self->sock.type != USOCKET_STREAM ? n : USOCKET_PY_GROW);
    mp_obj_t exc = MP_OBJ_NULL;
    int r = usocket_py_tries(0) ? usocket_try_recv(&self->sock, v.buf, MIN(n, v.alloc - 1), NULL) : USOCKET_EAGAIN;
    v.len = r > 0 ? (size_t)r : 0;
    if (r == USOCKET_EAGAIN || (r > 0 && v.len < n && self->sock.type == USOCKET_STREAM)) {
        usocket_py_check_open(&self->sock, MP_QSTR_read);
        usocket_py_settle(&deadline, &self->sock);
        r = usocket_py_fill(&self->sock, &v, n, deadline, &exc);
    }
    return stream_result(self, o, &v, r, deadline, exc, MP_QSTR_read);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_read_obj, 1, 2, stream_read);

/* Put back the bytes of a datagram that follow its first line. Returns 0, or USOCKET_ENOMEM with v unchanged. */
static int keep_after_line(usocket_t *s, vstr_t *v) {
    char *end = memchr(v->buf, '\n', v->len);
    size_t line = end != NULL ? (size_t)(end - v->buf) + 1 : v->len;
    if (line < v->len) {
        char *rest = m_new_maybe(char, v->len - line);
        if (rest == NULL) {
            return USOCKET_ENOMEM;
        }
        memcpy(rest, v->buf + line, v->len - line);
        usocket_py_put_back(s, rest, v->len - line);
        v->len = line;
    }
    return 0;
}

/* A line that has arrived needs just its own memory. With several threads another one may take it before. */
static mp_obj_t stream_readline(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    size_t max = usocket_py_limit(n_args, args, 1);
    usocket_time_t deadline = usocket_py_begin(&self->sock);
    bool stream = self->sock.type == USOCKET_STREAM;
    size_t there = usocket_py_tries(0) ? usocket_try_line(&self->sock, max) : 0;
    mp_obj_str_t *o = usocket_py_new_bytes();
    vstr_t v;
    int r = USOCKET_EAGAIN;
    if (there != 0) {
        v = (vstr_t){.alloc = there + 1, .buf = m_new(char, there + 1)};
        r = usocket_try_recv(&self->sock, v.buf, there, NULL);
    } else {
        usocket_py_init_room(&self->sock, &v, stream && max > LINE_AT_ONCE ? LINE_AT_ONCE : max);
    }
    mp_obj_t exc = MP_OBJ_NULL;
    v.len = r > 0 ? (size_t)r : 0;
    if (r > 0 && (v.buf[r - 1] == '\n' || v.len == max)) {
        usocket_py_consumed(self);
        return usocket_py_bytes(o, &v);
    }
    if (r > 0 || r == USOCKET_EAGAIN) {
        usocket_py_check_open(&self->sock, MP_QSTR_readline);
        usocket_py_settle(&deadline, &self->sock);
        r = usocket_py_fill_line(&self->sock, &v, max, deadline, &exc);
    }
    if (!stream && r >= 0) {
        r = keep_after_line(&self->sock, &v);
    }
    return stream_result(self, o, &v, r, deadline, exc, MP_QSTR_readline);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_readline_obj, 1, 2, stream_readline);

/* The count is short at the end of the stream, of a non-blocking socket, and without memory to put bytes back. */
static mp_obj_t stream_readinto(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t buf;
    usocket_py_writable(args[1], &buf);
    buf.len = MIN(usocket_py_limit(n_args, args, 2), buf.len);
    int32_t tried = usocket_py_tries(0) ? usocket_try_recv(&self->sock, buf.buf, buf.len, NULL) : USOCKET_EAGAIN;
    if (tried >= 0 && ((size_t)tried == buf.len || tried == 0 || self->sock.type != USOCKET_STREAM)) {
        usocket_py_consumed(self);
        return MP_OBJ_NEW_SMALL_INT(tried);
    }
    usocket_py_filling_t f = {.obj = args[1], .buf = buf, .got = tried > 0 ? (size_t)tried : 0};
    f.deadline = usocket_deadline(&self->sock);
    usocket_py_check_open(&self->sock, MP_QSTR_readinto);
    int r = tried >= 0 || tried == USOCKET_EAGAIN ? usocket_py_fill_buffer(&self->sock, &f) : tried;
    bool would_block = usocket_py_would_block(r, f.deadline);
    if (f.copy != NULL) {
        usocket_py_put_back(&self->sock, f.copy, f.got);
    }
    usocket_py_consumed(self);
    usocket_py_reraise(f.exc);
    if (would_block && f.got == 0) {
        return mp_const_none;
    }
    usocket_py_check_socket(&self->sock, would_block ? 0 : r, MP_QSTR_readinto, NULL);
    return MP_OBJ_NEW_SMALL_INT(f.got);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_readinto_obj, 2, 3, stream_readinto);

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* Convert the arguments (self, data[, [offset,] length]). Returns the offset. */
static size_t data_of_write(size_t n_args, const mp_obj_t *args, mp_buffer_info_t *data) {
    usocket_py_data(args[1], data);
    size_t off = n_args > 3 ? usocket_py_count(args[2]) : 0;
    off = off < data->len ? off : data->len;
    size_t max = usocket_py_limit(n_args, args, n_args > 3 ? 3 : 2);
    data->buf = (byte *)data->buf + off;
    data->len = MIN(data->len - off, max);
    return off;
}

/* A call that never waits returns a count, or None if it could send nothing; others send everything or raise. */
mp_obj_t usocket_py_write(usocket_t *s, size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t data;
    size_t off = data_of_write(n_args, args, &data);
    int32_t tried = usocket_py_tries(0) ? usocket_try_send(s, data.buf, data.len, NULL) : USOCKET_EAGAIN;
    if (tried >= 0 && (size_t)tried == data.len) {
        return MP_OBJ_NEW_SMALL_INT(tried);
    }
    usocket_time_t deadline = usocket_deadline(s);
    size_t sent = tried > 0 ? (size_t)tried : 0;
    int r = tried < 0 ? tried : USOCKET_EAGAIN;
    if (r == USOCKET_EAGAIN) {
        USOCKET_CALL_ON_RAISE(
            r, s, args[1], data, off, MP_BUFFER_READ, deadline, usocket_send_all_by(s, data.buf, data.len, &sent, by));
    }
    if (usocket_py_would_block(r, deadline)) {
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
