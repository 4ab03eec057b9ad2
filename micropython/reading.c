/* Reading from the core into a bytes object.
 *
 * The object is allocated before the first byte is taken from the stack, and its memory grows in steps that keep the
 * bytes read so far when one of them fails.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"

#define SPARE 64 /* Bytes that a result may waste: shrinking it costs time in proportion to its length. */

mp_obj_str_t *usocket_py_new_bytes(void) {
    usocket_py_check_stack();
    mp_obj_str_t *o = m_new_obj(mp_obj_str_t);
    o->base.type = &mp_type_bytes;
    o->hash = 0; /* Computed on demand. */
    o->len = 0;
    o->data = (const byte *)"";
    return o;
}

/* The memory of v becomes that of the object; only a larger waste than SPARE is given back. */
mp_obj_t usocket_py_bytes(mp_obj_str_t *o, vstr_t *v) {
    if (v->len != 0) {
        char *buf = v->buf;
        if (v->alloc - v->len - 1 > SPARE) {                   /* Wraps if not even the NUL has room. */
            buf = m_renew(char, v->buf, v->alloc, v->len + 1); /* Shrinking works in place and cannot fail. */
        }
        buf[v->len] = '\0';
        o->data = (const byte *)buf;
        o->len = v->len;
    }
    return MP_OBJ_FROM_PTR(o);
}

/* A datagram that does not fit would be cut, so its room is the largest one's where the heap allows it. */
size_t usocket_py_init_room(usocket_t *s, vstr_t *v, size_t n) {
    if (s->type != USOCKET_STREAM && n > USOCKET_PY_AT_ONCE) {
        n = MIN(n, DATAGRAM_MAX(s));
        char *buf = m_new_maybe(char, n + 1);
        if (buf != NULL) {
            *v = (vstr_t){.alloc = n + 1, .buf = buf};
            return n;
        }
        int32_t pending = usocket_pending(s); /* On a small heap, the size of the datagram that has arrived. */
        n = pending > USOCKET_PY_AT_ONCE ? (size_t)pending : USOCKET_PY_AT_ONCE;
    }
    vstr_init(v, n + 1);
    return n;
}

/* Grow v by what has arrived or by its own length, whichever is more, within 1 and max. Without memory for that by less,
 * which the heap may have in place, while a move needs room for both. Returns the room. */
static size_t grow_room(usocket_t *s, vstr_t *v, size_t max) {
    int32_t pending = usocket_pending(s);
    size_t room = pending > (int32_t)v->len ? (size_t)pending : v->len;
    for (;; room /= 2) {
        bool last = room <= USOCKET_PY_GROW;
        room = last ? USOCKET_PY_GROW : room;
        room = MIN(room, max);
        size_t size = v->len + room + 1;
        char *buf = m_renew_maybe(char, v->buf, v->alloc, size, true);
        if (buf != NULL) {
            v->buf = buf;
            v->alloc = size;
            return room;
        }
        if (last) {
            m_malloc_fail(size);
        }
    }
}

/* The same; returns 0 with a MemoryError in *exc, so that the bytes in v can be put back. */
static size_t try_grow_room(usocket_t *s, vstr_t *v, size_t max, mp_obj_t *exc) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        size_t room = grow_room(s, v, max);
        nlr_pop();
        return room;
    }
    *exc = MP_OBJ_FROM_PTR(nlr.ret_val);
    return 0;
}

/* usocket_recv_all_by or usocket_recv_line_by. */
typedef int (*receive_t)(usocket_t *s, void *buf, size_t len, size_t *got, usocket_time_t deadline);

/* Call `receive` until v has n bytes. Each part is as large as v's room, and v grows with what arrives, not with
 * what was asked. */
static int fill_by(usocket_t *s, vstr_t *v, size_t n, receive_t receive, usocket_time_t deadline, mp_obj_t *exc) {
    int r = 0;
    for (unsigned round = 0; v->len < n; round++) {
        if (v->len != 0 && (r = usocket_py_next_round(round, deadline, exc)) < 0) {
            break;
        }
        size_t room = v->alloc > v->len + 1 ? v->alloc - v->len - 1 : 0;
        if (room == 0 && (room = try_grow_room(s, v, n - v->len, exc)) == 0) {
            return USOCKET_ENOMEM;
        }
        room = room < n - v->len ? room : n - v->len;
        size_t got = 0;
        USOCKET_CALL(r, exc, receive(s, v->buf + v->len, room, &got, deadline));
        v->len += got;
        if (r != 0 || got < room || s->type != USOCKET_STREAM) {
            break; /* A code, a whole line, the end of the stream, or a datagram. */
        }
    }
    return r;
}

int usocket_py_fill(usocket_t *s, vstr_t *v, size_t n, usocket_time_t deadline, mp_obj_t *exc) {
    return fill_by(s, v, n, usocket_recv_all_by, deadline, exc);
}

int usocket_py_fill_line(usocket_t *s, vstr_t *v, size_t max, usocket_time_t deadline, mp_obj_t *exc) {
    return fill_by(s, v, max, usocket_recv_line_by, deadline, exc);
}

/* Extend the copy of the received bytes from *size to all of them. Without memory nothing changes. */
static void extend_copy(usocket_py_filling_t *f, size_t *size) {
    if (f->got > *size) {
        char *copy = m_renew_maybe(char, f->copy, *size, f->got, true);
        if (copy != NULL) {
            memcpy(copy + *size, (byte *)f->buf.buf + *size, f->got - *size);
            f->copy = copy;
            *size = f->got;
        }
    }
}

/* Settle what became of the copy, of which *size bytes are there, after the last result r. */
static int finish_filling(usocket_py_filling_t *f, size_t size, int r) {
    if (f->exc == MP_OBJ_NULL && (r >= 0 || usocket_py_would_block(r, f->deadline))) {
        m_del(char, f->copy, size);
        f->copy = NULL;
    } else if (size < f->got) {
        f->copy = NULL;
        f->got = MIN(f->got, f->buf.len);
        if (f->exc != MP_OBJ_NULL) {
            usocket_exception_back(f->exc);
            f->exc = MP_OBJ_NULL;
        }
        r = 0;
    }
    return r;
}

/* In both functions the copy is made before anything else runs that may change the program's memory, and each byte is
 * copied once. */
#if USOCKET_PY_MOVES
int usocket_py_fill_buffer(usocket_t *s, usocket_py_filling_t *f) {
    size_t size = 0;
    int r = USOCKET_EINTR;
    bool again = !usocket_py_shake_hands(s, f->deadline, &f->exc) ||
        (f->exc == MP_OBJ_NULL && usocket_py_refetch(f->obj, &f->buf, 0, MP_BUFFER_WRITE, &f->exc));
    while (again) {
        r = usocket_recv_all_by(s, f->buf.buf, f->buf.len, &f->got, USOCKET_NOW);
        if (r >= 0 || usocket_py_would_block(r, f->deadline)) {
            break;
        }
        extend_copy(f, &size);
        r = usocket_py_wait_to_use(s, MP_BUFFER_WRITE, f->deadline, r, &f->exc);
        again = f->exc == MP_OBJ_NULL && usocket_py_refetch(f->obj, &f->buf, 0, MP_BUFFER_WRITE, &f->exc) &&
            r == USOCKET_EINTR;
    }
    return finish_filling(f, size, r);
}
#else
int usocket_py_fill_on(usocket_t *s, usocket_py_filling_t *f, int r) {
    size_t size = 0;
    for (;;) {
        MP_THREAD_GIL_ENTER();
        if (r >= 0 || usocket_py_would_block(r, f->deadline)) {
            break;
        }
        extend_copy(f, &size);
        MP_THREAD_GIL_EXIT();
        if (!usocket_py_resume(r, &f->exc) || !usocket_py_refetch(f->obj, &f->buf, 0, MP_BUFFER_WRITE, &f->exc)) {
            break;
        }
        MP_THREAD_GIL_EXIT();
        r = usocket_recv_all_by(s, f->buf.buf, f->buf.len, &f->got, f->deadline);
    }
    return finish_filling(f, size, r);
}
#endif
