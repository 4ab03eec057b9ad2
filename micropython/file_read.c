/* Reading from a file of makefile(): read, readline, readlines, readinto, iteration.
 *
 * SPDX-License-Identifier: MIT
 */
#include "file.h"

#if USOCKET_PY_EXTRAS

/* The state of one reading call. */
typedef struct {
    file_obj_t *file;
    qstr what;               /* The name of the call, for messages. */
    mp_obj_str_t *o;         /* The result, allocated before the first byte is taken. */
    vstr_t v;                /* The bytes read so far. */
    size_t max;              /* Bytes to read in all; of text, characters to read beyond v's first `seen` bytes. */
    size_t seen;             /* Bytes of v that bytes_wanted has counted as characters. */
    usocket_time_t deadline; /* Of the whole call. */
    unsigned rounds;         /* The number of refills of the buffer. */
    mp_obj_t exc;            /* The exception that ended the call, or MP_OBJ_NULL. */
} file_reading_t;

file_obj_t *usocket_py_check_file(mp_obj_t self_in, uint8_t can, qstr what) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_py_check_stack();
    if (!usocket_is_open(self->sock)) {
        mp_raise_ValueError(MP_ERROR_TEXT("I/O operation on closed file"));
    }
    /* A scheduled function, or another thread, may call this during a read. */
    if (can == CAN_READ && (self->mode & IS_READING)) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("another call is reading this file"));
    }
    if (!(self->mode & can)) {
        usocket_py_raise_cause(
            USOCKET_EOPNOTSUPP, what, NULL, can == CAN_READ ? "the file is only written" : "the file is only read");
    }
    return self;
}

/* ---- The buffer -------------------------------------------------------------------------------------------------- */

size_t usocket_py_file_buffered(file_obj_t *self) {
    if (self->pos == self->len && (self->mode & IS_KEPT)) {
        self->mode &= (uint8_t)~IS_KEPT;
        self->buf = self->next;
        self->next = NULL;
        self->pos = 0;
        self->len = self->next_len;
    }
    return self->buf != NULL ? self->len - self->pos : 0;
}

/* Move up to n bytes of the buffer into v. */
static void take_from_buffer(file_obj_t *self, vstr_t *v, size_t n) {
    size_t have = self->len - self->pos;
    n = n < have ? n : have;
    if (v->alloc <= v->len + n) { /* With room for a NUL, because making the result must not allocate. */
        size_t more = v->len + v->len / 2 + n + 1;
        char *grown = m_renew_maybe(char, v->buf, v->alloc, more, true);
        if (grown != NULL) {
            v->buf = grown;
            v->alloc = more;
        } else {
            vstr_hint_size(v, n + 1);
        }
    }
    vstr_add_strn(v, self->buf + self->pos, n);
    self->pos += n;
}

/* Make the bytes of v unread again. If v has more than the buffer's first pos bytes, the call has emptied another
 * buffer before, and v itself becomes the buffer. */
static void put_back_in_buffer(file_obj_t *self, const vstr_t *v) {
    if (v->len <= self->pos) {
        self->pos -= v->len;
        return;
    }
    self->next_len = self->len - self->pos;
    if (self->next_len != 0) {
        memmove(self->buf, self->buf + self->pos, self->next_len);
    }
    self->next = self->buf;
    self->buf = v->buf;
    self->pos = 0;
    self->len = v->len;
    self->mode |= IS_KEPT;
}

/* Account for n bytes received into the buffer, and translate their line ends. */
static void add_received(file_obj_t *self, size_t n) {
    self->len = n;
    if (self->mode & NEWLINES) {
        char *to = self->buf;
        bool after_cr = (self->mode & AFTER_CR) != 0;
        for (size_t i = 0; i < n; i++) {
            char c = self->buf[i];
            if (c != '\n' || !after_cr) {
                *to++ = c == '\r' ? '\n' : c;
            }
            after_cr = c == '\r';
        }
        self->len = (size_t)(to - self->buf);
        self->mode = (uint8_t)((self->mode & ~AFTER_CR) | (after_cr ? AFTER_CR : 0));
    }
}

/* Fill the empty buffer by one receive. Returns as usocket_recv_by. */
static int32_t refill_buffer(file_reading_t *r) {
    file_obj_t *self = r->file;
    self->pos = self->len = 0;
    if (self->buf == NULL) {
        self->buf = m_new(char, self->size);
    }
    int32_t n;
    do {
        if (r->rounds++ != 0 && (n = usocket_py_next_round(r->rounds, r->deadline, &r->exc)) < 0) {
            return n;
        }
        USOCKET_CALL(n, &r->exc, usocket_recv_by(self->sock, self->buf, self->size, 0, NULL, r->deadline));
        add_received(self, n > 0 ? (size_t)n : 0);
    } while (n > 0 && self->len == 0); /* The only byte was the "\n" of a "\r\n". */
    return n;
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

/* The number of bytes missing from the last character of v. */
static size_t bytes_lacking(const vstr_t *v) {
    for (size_t i = 1; i <= 3 && i <= v->len; i++) {
        byte c = (byte)v->buf[v->len - i];
        if ((c & 0xc0) != 0x80) {
            size_t all = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
            return all > i ? all - i : 0;
        }
    }
    return 0;
}

/* The least number of bytes that are still to be read. Of text, `seen` moves over the bytes of v, and `max` counts down
 * by one for each character that begins there; a character that is not complete needs its missing bytes, too. */
static size_t bytes_wanted(file_reading_t *r) {
    if (!IS_TEXT(r->file->mode) || r->max == SIZE_MAX) {
        return r->max - r->v.len;
    }
    for (; r->seen < r->v.len; ++r->seen) {
        r->max -= r->max != 0 && (r->v.buf[r->seen] & 0xc0) != 0x80;
    }
    return r->max + bytes_lacking(&r->v);
}

/* Move an incomplete last character of v back to the buffer. Returns false if there is no memory for the buffer. */
static bool keep_partial_char(file_obj_t *self, vstr_t *v) {
    if (bytes_lacking(v) == 0) {
        return true;
    }
    size_t part = 1;
    while ((v->buf[v->len - part] & 0xc0) == 0x80) {
        part++;
    }
    if (self->buf == NULL || self->size < 4) {
        self->buf = m_new_maybe(char, MAX(self->size, 4));
    }
    if (self->buf == NULL) {
        return false;
    }
    v->len -= part;
    memcpy(self->buf, v->buf + v->len, part);
    self->pos = 0;
    self->len = part;
    return true;
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

/* The file is checked, and the result allocated, before anything is read. */
static file_obj_t *begin_reading(file_reading_t *r, mp_obj_t self_in, qstr what) {
    memset(r, 0, sizeof(*r));
    r->file = usocket_py_check_file(self_in, CAN_READ, what);
    r->what = what;
    r->exc = MP_OBJ_NULL;
    r->o = usocket_py_new_bytes();
    if (IS_TEXT(r->file->mode)) {
        r->o->base.type = &mp_type_str;
    }
    return r->file;
}

/* Return the bytes read, or put them back and raise. */
static mp_obj_t reading_result(file_reading_t *r, int code) {
    file_obj_t *self = r->file;
    bool text = IS_TEXT(self->mode);
    bool would_block = usocket_py_would_block(code, r->deadline);
    bool failed = code < 0 && (!would_block || (text && !keep_partial_char(self, &r->v)) || r->v.len == 0);
    if (!failed && (!text || usocket_is_utf8(r->v.buf, r->v.len))) {
        return usocket_py_bytes(r->o, &r->v);
    }
    put_back_in_buffer(self, &r->v);
    usocket_py_reraise(r->exc);
#if MICROPY_PY_BUILTINS_STR_UNICODE
    if (!failed) {
        mp_raise_msg_varg(&mp_type_UnicodeError, MP_ERROR_TEXT("%q: the bytes are not UTF-8"), r->what);
    }
#endif
    if (would_block) {
        return mp_const_none;
    }
    usocket_py_raise_socket(self->sock, code, r->what, NULL);
}

/* Run read(r), which returns 0 or more, or a code, with IS_READING set. */
static mp_obj_t run_reading(file_reading_t *r, int32_t (*read)(file_reading_t *r)) {
    volatile int32_t code = USOCKET_ENOMEM;
    nlr_buf_t nlr;
    r->file->mode |= IS_READING;
    if (nlr_push(&nlr) == 0) {
        code = read(r);
        nlr_pop();
    } else {
        r->exc = MP_OBJ_FROM_PTR(nlr.ret_val);
    }
    r->file->mode &= (uint8_t)~IS_READING;
    return reading_result(r, code);
}

/* Make the call under the file's lock, or raise RuntimeError if another thread is reading. */
static mp_obj_t call_exclusively(usocket_py_method_t call, size_t n_args, const mp_obj_t *args) {
    file_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    if (!usocket_py_trylock(&self->reading)) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("another call is reading this file"));
    }
    return usocket_py_call_and_unlock(&self->reading, call, n_args, args);
}

/* A rest of at least the buffer's size is read into v directly, unless line ends are translated. */
static int32_t read_bytes(file_reading_t *r) {
    file_obj_t *self = r->file;
    int32_t code = 1;
    size_t more;
    while (code > 0 && (more = bytes_wanted(r)) != 0) {
        if (usocket_py_file_buffered(self) != 0) {
            take_from_buffer(self, &r->v, more);
        } else if (more < self->size || (self->mode & NEWLINES)) { /* For a rest smaller than the buffer, read ahead. */
            code = refill_buffer(r);
        } else {
            size_t whole = r->v.len + more;
            self->pos = self->len = 0;
            code = usocket_py_fill(self->sock, &r->v, whole, r->deadline, &r->exc);
            code = code < 0 ? code : r->v.len == whole;
        }
    }
    return code;
}

/* n is SIZE_MAX to read to the end of the stream. */
static mp_obj_t read_all(mp_obj_t self_in, size_t n, qstr what) {
    file_reading_t r;
    file_obj_t *self = begin_reading(&r, self_in, what);
    size_t have = usocket_py_file_buffered(self);
    r.max = n;
    r.deadline = usocket_deadline(self->sock);
    usocket_py_init_room(self->sock, &r.v, self->sock->type != USOCKET_STREAM ? n : MIN(n, MAX(have, 256)));
    return run_reading(&r, read_bytes);
}

/* The functions named ..._locked run under the file's lock, through call_exclusively. */
static mp_obj_t read_locked(size_t n_args, const mp_obj_t *args) {
    return read_all(args[0], usocket_py_limit(n_args, args, 1), MP_QSTR_read);
}

static mp_obj_t file_read(size_t n_args, const mp_obj_t *args) {
    return call_exclusively(read_locked, n_args, args);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_file_read_obj, 1, 2, file_read);

/* The position of "\n" in the first `have` bytes of the buffer, or NULL. */
static const char *line_end(const file_obj_t *self, size_t have) {
    return have != 0 ? memchr(self->buf + self->pos, '\n', have) : NULL;
}

/* Returns as read_bytes; the line is complete once code is 0. */
static int32_t read_line(file_reading_t *r) {
    file_obj_t *self = r->file;
    int32_t code = 1;
    size_t more;
    while (code > 0 && (more = bytes_wanted(r)) != 0) {
        size_t have = usocket_py_file_buffered(self);
        if (have != 0) {
            have = have < more ? have : more;
            const char *end = line_end(self, have);
            code = end == NULL;
            take_from_buffer(self, &r->v, end != NULL ? (size_t)(end - self->buf) + 1 - self->pos : have);
        } else if (self->size != 0) {
            code = refill_buffer(r);
        } else { /* An unbuffered file, all bytes put back are taken. */
            size_t most = r->v.len + more;
            self->pos = self->len = 0;
            code = usocket_py_fill_line(self->sock, &r->v, most, r->deadline, &r->exc);
            code = code < 0 ? code : r->v.len == most && r->v.buf[most - 1] != '\n';
        }
    }
    return code;
}

/* Without a call of the core nothing runs in between, and what may fail comes before the first change. */
static mp_obj_t copy_line(file_obj_t *self, size_t len) {
    mp_obj_str_t *o = usocket_py_new_bytes();
    vstr_t v;
    vstr_init(&v, len + 1);
    v.len = len;
    memcpy(v.buf, self->buf + self->pos, len);
    self->pos += len;
    return usocket_py_bytes(o, &v);
}

static mp_obj_t readline_locked(size_t n_args, const mp_obj_t *args) {
    file_obj_t *self = usocket_py_check_file(args[0], CAN_READ, MP_QSTR_readline);
    size_t max = usocket_py_limit(n_args, args, 1);
    size_t have = usocket_py_file_buffered(self);
    const char *end = line_end(self, have);
    size_t len = end != NULL ? (size_t)(end - self->buf) + 1 - self->pos : have + 64;
    if (end != NULL && !IS_TEXT(self->mode)) {
        return copy_line(self, MIN(len, max));
    }
    file_reading_t r;
    begin_reading(&r, args[0], MP_QSTR_readline);
    r.max = max;
    r.deadline = usocket_deadline(self->sock);
    vstr_init(&r.v, len + 1);
    return run_reading(&r, read_line);
}

static mp_obj_t file_readline(size_t n_args, const mp_obj_t *args) {
    return call_exclusively(readline_locked, n_args, args);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_file_readline_obj, 1, 2, file_readline);

/* The empty line at the end of the stream ends the iteration; None of a non-blocking file ends it, too. */
mp_obj_t usocket_py_file_next(mp_obj_t self_in) {
    mp_obj_t line = file_readline(1, &self_in);
    return mp_obj_is_true(line) ? line : MP_OBJ_STOP_ITERATION;
}

/* Read everything, then split it: a failure has only one string to put back. */
static mp_obj_t readlines_locked(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    mp_obj_t self_in = args[0];
    mp_obj_t all = read_all(self_in, SIZE_MAX, MP_QSTR_readlines);
    mp_obj_t lines = mp_const_none;
    vstr_t v = {0};
    if (all != mp_const_none) {
        v.buf = (char *)mp_obj_str_get_data(all, &v.len);
    }
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        lines = mp_obj_new_list(0, NULL);
        for (size_t done = 0, len; done < v.len; done += len) {
            const char *end = memchr(v.buf + done, '\n', v.len - done);
            len = end != NULL ? (size_t)(end - v.buf) + 1 - done : v.len - done;
            mp_obj_list_append(lines, mp_obj_new_str_copy(mp_obj_get_type(all), (const byte *)v.buf + done, len));
        }
        nlr_pop();
        return lines;
    }
    put_back_in_buffer(MP_OBJ_TO_PTR(self_in), &v);
    nlr_jump(nlr.ret_val);
}

static mp_obj_t file_readlines(mp_obj_t self_in) {
    return call_exclusively(readlines_locked, 1, &self_in);
}
MP_DEFINE_CONST_FUN_OBJ_1(usocket_py_file_readlines_obj, file_readlines);

/* The buffer first, then the socket, directly into the program's memory. */
static mp_obj_t readinto_locked(size_t n_args, const mp_obj_t *args) {
    file_obj_t *self = usocket_py_check_file(args[0], CAN_READ, MP_QSTR_readinto);
    usocket_py_filling_t f = {.obj = args[1]};
    usocket_py_writable(f.obj, &f.buf);
    f.buf.len = MIN(usocket_py_limit(n_args, args, 2), f.buf.len);
    f.deadline = usocket_deadline(self->sock);
    size_t have;
    while (f.got < f.buf.len && (have = usocket_py_file_buffered(self)) != 0) {
        have = MIN(have, f.buf.len - f.got);
        memcpy((char *)f.buf.buf + f.got, self->buf + self->pos, have);
        self->pos += have;
        f.got += have;
    }
    if (f.got == f.buf.len) {
        return MP_OBJ_NEW_SMALL_INT(f.got);
    }
    size_t buffered = f.got;
    self->mode |= IS_READING;
    int r = usocket_py_fill_buffer(self->sock, &f);
    self->mode &= (uint8_t) ~(f.got != buffered ? IS_READING | AFTER_CR : IS_READING);
    if (f.copy != NULL) {
        vstr_t v = {.len = f.got, .buf = f.copy};
        self->pos = self->len = 0;
        put_back_in_buffer(self, &v);
    }
    usocket_py_reraise(f.exc);
    if (usocket_py_would_block(r, f.deadline)) {
        return f.got != 0 ? MP_OBJ_NEW_SMALL_INT(f.got) : mp_const_none;
    }
    usocket_py_check_socket(self->sock, r, MP_QSTR_readinto, NULL);
    return MP_OBJ_NEW_SMALL_INT(f.got);
}

static mp_obj_t file_readinto(size_t n_args, const mp_obj_t *args) {
    return call_exclusively(readinto_locked, n_args, args);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_file_readinto_obj, 2, 3, file_readinto);

#endif
