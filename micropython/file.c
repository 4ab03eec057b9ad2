/* makefile(): a file over a socket's connection, buffered for reading, with a life of its own.
 *
 * It shares the connection (usocket_share), so that closing either leaves the other working. What it has read ahead is in
 * its buffer alone: the socket does not see it, as with CPython. Writing is never buffered.
 *
 * Unbuffered (buffering=0) it has nothing of its own and does not keep the connection: MicroPython's programs call
 * makefile("rwb", 0), close the socket alone, and expect that to end the connection.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"

#if USOCKET_PY_EXTRAS

#ifndef USOCKET_PY_FILE_BUFFER
#define USOCKET_PY_FILE_BUFFER (sizeof(void *) > 4 ? 8192 : 512)
#endif

enum { CAN_READ = 1, CAN_WRITE = 2, IS_TEXT = 4, IS_READING = 8 };

typedef struct {
    mp_obj_base_t base;
    usocket_t *sock;     /* `own`, or, unbuffered, the socket's */
    usocket_t own;       /* shares the connection */
    socket_obj_t *owner; /* memory of the connection */
    char *buf;           /* allocated by the first read */
    size_t size, pos, len;
    uint8_t mode;
} file_obj_t;

static void file_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "<socket file fd=%d>", usocket_fileno(self->sock));
}

mp_obj_t usocket_py_makefile(socket_obj_t *owner, const char *mode, size_t mode_len, mp_int_t buffering) {
    uint8_t flags = IS_TEXT;
    for (size_t i = 0; i < mode_len; i++) {
        switch (mode[i]) {
            case 'r':
                flags |= CAN_READ;
                break;
            case 'w':
                flags |= CAN_WRITE;
                break;
            case 'b':
                flags &= (uint8_t)~IS_TEXT;
                break;
            default:
                mp_raise_ValueError(MP_ERROR_TEXT("invalid mode (only r, w, b allowed)"));
        }
    }
    if (!(flags & CAN_WRITE)) {
        flags |= CAN_READ; /* "" and "b", as CPython has it */
    }
    file_obj_t *self = usocket_new_with_finaliser(sizeof(*self), &mod_usocket_file_type);
    usocket_init(&self->own);
    self->owner = owner;
    self->mode = flags;
    self->sock = &owner->sock;
    usocket_py_check_open(self->sock, MP_QSTR_makefile);
    if (buffering != 0) {
        bool datagrams = owner->sock.type != USOCKET_STREAM; /* whole, or they are cut */
        self->size = datagrams                ? DATAGRAM_MAX(&owner->sock)
            : buffering < 0 || buffering == 1 ? USOCKET_PY_FILE_BUFFER
                                              : (size_t)buffering;
        self->sock = &self->own;
        usocket_py_check(usocket_share(&self->own, &owner->sock), MP_QSTR_makefile);
    }
    return MP_OBJ_FROM_PTR(self);
}

/* ---- Reading ------------------------------------------------------------------------------------------------------ */

/* An open file; can: CAN_READ or CAN_WRITE. */
static file_obj_t *usable(mp_obj_t self_in, uint8_t can) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_py_check_stack();
    if (usocket_fileno(self->sock) < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("I/O operation on closed file"));
    }
    if (can == CAN_READ &&
        (self->mode & IS_READING)) { /* a scheduled function, or another thread, in the middle of a read */
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("another call is reading this file"));
    }
    if (!(self->mode & can)) {
        usocket_py_raise_name(USOCKET_EOPNOTSUPP, can == CAN_READ ? MP_QSTR_read : MP_QSTR_write,
            can == CAN_READ ? "of a file that is only written" : "to a file that is only read");
    }
    return self;
}

/* Move up to n bytes of the buffer into v. */
static void take(file_obj_t *self, vstr_t *v, size_t n) {
    size_t have = self->len - self->pos;
    n = n < have ? n : have;
    vstr_add_strn(v, self->buf + self->pos, n);
    self->pos += n;
}

/* A call that waits, with the file to itself; the exception comes back, so that nothing jumps over the end of it. */
#define ALONE(self, call) \
    do { \
        (self)->mode |= IS_READING; \
        call; \
        (self)->mode &= (uint8_t)~IS_READING; \
    } while (0)

/* Fill the empty buffer with what is there. Returns as usocket_recv_by. */
static int32_t refill(file_obj_t *self, usocket_time_t deadline, mp_obj_t *exc) {
    if (self->buf == NULL) {
        self->buf = m_new(char, self->size);
    }
    self->pos = self->len = 0;
    int32_t r;
    ALONE(self, USOCKET_CALL(r, exc, usocket_recv_by(self->sock, self->buf, self->size, 0, NULL, deadline)));
    if (r > 0) {
        self->len = (size_t)r;
    }
    return r;
}

/* How many bytes the last character of v lacks. */
static size_t lacking(const vstr_t *v) {
    for (size_t i = 1; i <= 3 && i <= v->len; i++) {
        byte c = (byte)v->buf[v->len - i];
        if ((c & 0xc0) != 0x80) {
            size_t all = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
            return all > i ? all - i : 0;
        }
    }
    return 0;
}

/* How many bytes a read wants, at least, until v has *max; of text, *max is characters, those from v's byte *seen on not yet taken off. */
static size_t wanted(const file_obj_t *self, const vstr_t *v, size_t *seen, size_t *max) {
    if (!(self->mode & IS_TEXT) || *max == SIZE_MAX) {
        return *max - v->len;
    }
    for (; *seen < v->len; ++*seen) {
        *max -= *max != 0 && (v->buf[*seen] & 0xc0) != 0x80;
    }
    return *max + lacking(v);
}

/* What has come of a character stays for the next read. */
static void keep_part(file_obj_t *self, vstr_t *v) {
    if (lacking(v) == 0) {
        return;
    }
    size_t part = 1;
    while ((v->buf[v->len - part] & 0xc0) == 0x80) {
        part++;
    }
    char *buf = self->buf != NULL && self->size >= 4 ? self->buf : m_new_maybe(char, MAX(self->size, 4));
    if (buf != NULL) {
        v->len -= part;
        memcpy(buf, v->buf + v->len, part);
        self->buf = buf;
        self->pos = 0;
        self->len = part;
    }
}

/* The end of every read: what has been read, or an exception that leaves it in the buffer. */
static mp_obj_t file_result(file_obj_t *self, mp_obj_str_t *o, vstr_t *v, int code, mp_obj_t exc) {
    if (code == USOCKET_EAGAIN && (self->mode & IS_TEXT)) {
        keep_part(self, v);
    }
    if (code < 0 && (code != USOCKET_EAGAIN || v->len == 0)) {
        if (v->len != 0) {
            /* Nothing is left in the buffer, or the read would not have gone on: v takes its place. */
            self->buf = v->buf;
            self->pos = 0;
            self->len = v->len;
            char *grown = v->alloc < self->size ? m_renew_maybe(char, v->buf, v->alloc, self->size, true) : NULL;
            if (grown != NULL) {
                self->buf = grown;
            } else if (self->size != 0) {
                self->size = v->alloc;
            }
        }
        usocket_py_reraise(exc);
        if (code == USOCKET_EAGAIN) {
            return mp_const_none;
        }
        usocket_py_check_socket(self->sock, code, MP_QSTR_read, NULL);
        usocket_py_raise(code, MP_QSTR_read, NULL);
    }
    return self->mode & IS_TEXT ? usocket_str_from_vstr(v) : usocket_py_bytes(o, v);
}

static mp_obj_t file_read(size_t n_args, const mp_obj_t *args) {
    file_obj_t *self = usable(args[0], CAN_READ);
    size_t n = usocket_py_limit(n_args, args, 1);
    usocket_time_t deadline = usocket_deadline(self->sock);
    size_t have = self->len - self->pos;
    mp_obj_str_t *o = usocket_py_new_bytes();
    vstr_t v;
    usocket_py_room(self->sock, &v, n < 256 || self->sock->type != USOCKET_STREAM ? n : have > 256 ? have : 256);
    mp_obj_t exc = MP_OBJ_NULL;
    int32_t r = 1;
    size_t seen = 0;
    size_t more;
    while (r > 0 && (more = wanted(self, &v, &seen, &n)) != 0) {
        if (self->pos != self->len) {
            take(self, &v, more);
        } else if (more < self->size) { /* a small rest: read ahead for the next */
            r = refill(self, deadline, &exc);
        } else {
            size_t whole = v.len + more;
            ALONE(self, r = usocket_py_fill(self->sock, &v, whole, deadline, &exc));
            r = r < 0 ? r : v.len == whole;
        }
    }
    return file_result(self, o, &v, r < 0 ? r : 0, exc);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(file_read_obj, 1, 2, file_read);

/* by: when it is late; NULL: the time that the file has, from now on. */
static mp_obj_t read_line(file_obj_t *self, size_t max, const usocket_time_t *by) {
    mp_obj_t exc = MP_OBJ_NULL;
    mp_obj_str_t *o = usocket_py_new_bytes();
    vstr_t v;
    size_t have = self->len - self->pos;
    /* The usual case in one piece: the line is in the buffer. */
    const char *start = self->buf + self->pos;
    const char *end = have != 0 ? memchr(start, '\n', have) : NULL;
    if (end != NULL && (size_t)(end - start) < max) {
        size_t len = (size_t)(end - start) + 1;
        vstr_init(&v, len + 1);
        take(self, &v, len);
        return file_result(self, o, &v, 0, exc);
    }
    vstr_init(&v, have + 65);
    usocket_time_t deadline = by != NULL ? *by : usocket_deadline(self->sock);
    int32_t r = 1;
    bool whole = false;
    size_t seen = 0;
    size_t more;
    while (r > 0 && !whole && (more = wanted(self, &v, &seen, &max)) != 0) {
        if (self->pos == self->len && self->size == 0) {
            /* unbuffered, but for bytes that were kept */
            size_t most = v.len + more;
            ALONE(self, r = usocket_py_fill_line(self->sock, &v, most, deadline, &exc));
            r = r < 0 ? r : v.len == most && v.buf[most - 1] != '\n';
            continue;
        }
        if (self->pos == self->len && (r = refill(self, deadline, &exc)) <= 0) {
            break;
        }
        start = self->buf + self->pos;
        have = self->len - self->pos;
        have = have < more ? have : more;
        end = memchr(start, '\n', have);
        whole = end != NULL;
        take(self, &v, whole ? (size_t)(end - start) + 1 : have);
    }
    vstr_hint_size(&v, 1);
    return file_result(self, o, &v, r < 0 ? r : 0, exc);
}

static mp_obj_t file_readline(size_t n_args, const mp_obj_t *args) {
    file_obj_t *self = usable(args[0], CAN_READ);
    return read_line(self, usocket_py_limit(n_args, args, 1), NULL);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(file_readline_obj, 1, 2, file_readline);

static mp_obj_t file_readinto(size_t n_args, const mp_obj_t *args) {
    file_obj_t *self = usable(args[0], CAN_READ);
    mp_buffer_info_t buf;
    mp_get_buffer_raise(args[1], &buf, MP_BUFFER_WRITE);
    size_t n = MIN(usocket_py_limit(n_args, args, 2), buf.len);
    usocket_time_t deadline = usocket_deadline(self->sock);
    size_t have = self->len - self->pos;
    size_t got = have < n ? have : n;
    if (got != 0) {
        memcpy(buf.buf, self->buf + self->pos, got);
    }
    mp_obj_t exc = MP_OBJ_NULL;
    int r = 0;
    self->pos += got;
    if (got < n) {
        buf.len = n;
        ALONE(self,
            USOCKET_CALL_ON(r, &exc, args[1], buf, 0, MP_BUFFER_WRITE,
                usocket_recv_all_by(self->sock, buf.buf, buf.len, &got, deadline)));
        got = MIN(got, buf.len);
    }
    if (r < 0 && (r != USOCKET_EAGAIN || got == 0)) {
        vstr_t v;
        vstr_init(&v, got + 1);
        vstr_add_strn(&v, buf.buf, got);
        return file_result(self, NULL, &v, r, exc);
    }
    return MP_OBJ_NEW_SMALL_INT(got);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(file_readinto_obj, 2, 3, file_readinto);

/* Lines that have been read come before what is in the buffer again, if there is memory for it. */
static void put_back(file_obj_t *self, mp_obj_t lines) {
    size_t n, len, more = self->len - self->pos, total = more;
    mp_obj_t *line;
    mp_obj_list_get(lines, &n, &line);
    for (size_t i = 0; i < n; i++) {
        mp_obj_str_get_data(line[i], &len);
        total += len;
    }
    char *buf = m_new_maybe(char, MAX(total, self->size));
    if (buf != NULL) {
        char *end = buf;
        for (size_t i = 0; i < n; i++) {
            const char *text = mp_obj_str_get_data(line[i], &len);
            memcpy(end, text, len);
            end += len;
        }
        if (more != 0) {
            memcpy(end, self->buf + self->pos, more);
        }
        self->buf = buf;
        self->pos = 0;
        self->len = total;
    }
}

static mp_obj_t file_readlines(mp_obj_t self_in) {
    file_obj_t *self = usable(self_in, CAN_READ);
    usocket_time_t deadline = usocket_deadline(self->sock);
    mp_obj_t lines = mp_obj_new_list(0, NULL);
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        for (;;) {
            mp_obj_t line = read_line(usable(self_in, CAN_READ), SIZE_MAX, &deadline);
            if (!mp_obj_is_true(line)) {
                break;
            }
            mp_obj_list_append(lines, line);
        }
        nlr_pop();
        return lines;
    }
    put_back(self, lines);
    nlr_jump(nlr.ret_val);
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_readlines_obj, file_readlines);

static mp_obj_t file_iternext(mp_obj_t self_in) {
    mp_obj_t line = file_readline(1, &self_in);
    return mp_obj_is_true(line) ? line : MP_OBJ_STOP_ITERATION;
}

/* ---- Writing, closing --------------------------------------------------------------------------------------------- */

static mp_obj_t file_write(size_t n_args, const mp_obj_t *args) {
    file_obj_t *self = usable(args[0], CAN_WRITE);
    return usocket_py_write(self->sock, n_args, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(file_write_obj, 2, 4, file_write);

static mp_obj_t file_close(mp_obj_t self_in) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_close(&self->own);
    self->sock = &self->own; /* closed now, whichever it was */
    self->pos = self->len = 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_close_obj, file_close);

static mp_obj_t file_exit(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return file_close(args[0]);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(file_exit_obj, 4, 4, file_exit);

static mp_obj_t file_flush(mp_obj_t self_in) {
    (void)self_in;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_flush_obj, file_flush);

static mp_obj_t file_fileno(mp_obj_t self_in) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return MP_OBJ_NEW_SMALL_INT(usocket_fileno(self->sock));
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_fileno_obj, file_fileno);

static mp_obj_t file_setblocking(mp_obj_t self_in, mp_obj_t flag) {
    file_obj_t *self = usable(self_in, CAN_READ | CAN_WRITE);
    usocket_settimeout(self->sock, mp_obj_is_true(flag) ? USOCKET_FOREVER : 0);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(file_setblocking_obj, file_setblocking);

/* ---- The stream protocol ------------------------------------------------------------------------------------------ */

static mp_uint_t stream_read(mp_obj_t self_in, void *buf, mp_uint_t size, int *errcode) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    size_t have = self->len - self->pos;
    if (have != 0) {
        size_t n = have < size ? have : size;
        memcpy(buf, self->buf + self->pos, n);
        self->pos += n;
        return n;
    }
    return usocket_py_protocol_read(self->sock, buf, size, errcode);
}

static mp_uint_t stream_write(mp_obj_t self_in, const void *buf, mp_uint_t size, int *errcode) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return usocket_py_protocol_write(self->sock, buf, size, errcode);
}

static mp_uint_t stream_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    switch (request) {
        case MP_STREAM_POLL: {
            mp_uint_t mask = usocket_py_poll(self->sock, arg);
            return self->pos != self->len ? mask | (arg & MP_STREAM_POLL_RD) : mask;
        }
        case MP_STREAM_CLOSE:
            file_close(self_in);
            return 0;
        case MP_STREAM_FLUSH:
            return 0;
        default: /* no descriptor to poll: what is in the buffer would not count */
            *errcode = MP_EINVAL;
            return MP_STREAM_ERROR;
    }
}

static const mp_stream_p_t file_stream = {
    .read = stream_read,
    .write = stream_write,
    .ioctl = stream_ioctl,
};

static const mp_rom_map_elem_t file_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&file_close_obj)},
    {MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&file_exit_obj)},
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&file_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&file_readinto_obj)},
    {MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&file_readline_obj)},
    {MP_ROM_QSTR(MP_QSTR_readlines), MP_ROM_PTR(&file_readlines_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&file_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_flush), MP_ROM_PTR(&file_flush_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&file_close_obj)},
    {MP_ROM_QSTR(MP_QSTR_fileno), MP_ROM_PTR(&file_fileno_obj)},
    {MP_ROM_QSTR(MP_QSTR_setblocking), MP_ROM_PTR(&file_setblocking_obj)},
};
static MP_DEFINE_CONST_DICT(file_locals, file_locals_table);

USOCKET_ITER_STREAM_TYPE(
    mod_usocket_file_type, MP_QSTR_SocketFile, file_print, file_iternext, &file_stream, &file_locals);

#endif
