/* class socket: send, sendto, sendall, recv, recvfrom and the *_into methods.
 *
 * SPDX-License-Identifier: MIT
 */
#include "methods.h"

/* ---- Sending ----------------------------------------------------------------------------------------------------- */

/* Returns the object to send from. A call with flags may have an end of its own, as with MSG_DONTWAIT: where memory
 * moves, it sends from a copy. */
static mp_obj_t data_to_send(mp_obj_t obj, mp_buffer_info_t *data, int flags) {
#if USOCKET_PY_MOVES
    if (flags != 0 && usocket_py_can_move(obj)) {
        obj = mp_obj_new_bytes(data->buf, data->len);
        usocket_py_data(obj, data);
    }
#else
    (void)data, (void)flags;
#endif
    return obj;
}

/* One send. flags_in and addr_in are MP_OBJ_NULL if the call has none. */
static mp_obj_t send_message(const mp_obj_t *args, mp_obj_t flags_in, mp_obj_t addr_in, qstr what) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t data;
    usocket_py_data(args[1], &data); /* A wrong type is refused before any lookup. */
    int flags = flags_in != MP_OBJ_NULL ? usocket_py_int(flags_in, MP_QSTR_flags) : 0;
    usocket_time_t deadline = usocket_py_begin(&self->sock);
    usocket_addr_t addr;
    const usocket_addr_t *to = NULL;
    if (addr_in != MP_OBJ_NULL) {
        usocket_py_addr(self, addr_in, &addr, &deadline, what);
        usocket_py_data(args[1], &data); /* A scheduled function may have resized it during the lookup. */
        to = &addr;
    }
    mp_obj_t obj = data_to_send(args[1], &data, flags);
    int32_t r = usocket_py_tries(flags) ? usocket_try_send(&self->sock, data.buf, data.len, to) : USOCKET_EAGAIN;
    if (r == USOCKET_EAGAIN) {
        usocket_py_settle(&deadline, &self->sock);
        USOCKET_CALL_ON_RAISE(r, &self->sock, obj, data, 0, MP_BUFFER_READ, deadline,
            usocket_send_by(&self->sock, data.buf, data.len, flags, to, by));
    }
    usocket_py_check_socket(&self->sock, r, what, to);
    return MP_OBJ_NEW_SMALL_INT(r);
}

static mp_obj_t socket_send(size_t n_args, const mp_obj_t *args) {
#if USOCKET_QUICK /* The shortest way of the most frequent call. */
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t data;
    if (n_args == 2 && mp_get_buffer(args[1], &data, MP_BUFFER_READ)) {
        usocket_py_check_try();
        int32_t r = usocket_try_send(&self->sock, data.buf, data.len, NULL);
        if (r >= 0) {
            return MP_OBJ_NEW_SMALL_INT(r);
        }
        if (r != USOCKET_EAGAIN) {
            usocket_py_raise_socket(&self->sock, r, MP_QSTR_send, NULL);
        }
    }
#endif
    return send_message(args, n_args > 2 ? args[2] : MP_OBJ_NULL, MP_OBJ_NULL, MP_QSTR_send);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_send_obj, 2, 3, socket_send);

/* The address is the last of two or three arguments; the flags stand before it. */
#if USOCKET_DATAGRAMS
static mp_obj_t socket_sendto(size_t n_args, const mp_obj_t *args) {
    return send_message(args, n_args > 3 ? args[2] : MP_OBJ_NULL, args[n_args - 1], MP_QSTR_sendto);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_sendto_obj, 3, 4, socket_sendto);
#endif

/* Each part is one send, so that a deadline and Ctrl-C are noticed even when no send has to wait. */
static mp_obj_t socket_sendall(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t data;
    usocket_py_data(args[1], &data);
    int flags = n_args > 2 ? usocket_py_int(args[2], MP_QSTR_flags) : 0;
    bool stream = self->sock.type == USOCKET_STREAM;
    int32_t r = usocket_py_tries(flags) ? usocket_try_send(&self->sock, data.buf, data.len, NULL) : USOCKET_EAGAIN;
    size_t sent = r > 0 ? (size_t)r : 0;
    if (r == USOCKET_EAGAIN || (r >= 0 && sent < data.len && stream)) {
        mp_obj_t obj = data_to_send(args[1], &data, flags);
        usocket_time_t deadline = usocket_deadline(&self->sock);
        do {
            if (sent != 0 && usocket_py_is_late(deadline)) {
                r = USOCKET_ETIMEDOUT;
            } else {
                USOCKET_CALL_ON_RAISE(r, &self->sock, obj, data, 0, MP_BUFFER_READ, deadline,
                    usocket_send_by(&self->sock, (const byte *)data.buf + sent, data.len - sent, flags, NULL, by));
            }
            sent += r > 0 ? (size_t)r : 0;
        } while (r >= 0 && sent < data.len && stream);
    }
    if (r < 0) {
        usocket_py_raise_sent(&self->sock, r, MP_QSTR_sendall, sent, data.len);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_sendall_obj, 2, 3, socket_sendall);

/* ---- Receiving --------------------------------------------------------------------------------------------------- */

#define RECV_AT_ONCE 4096 /* A larger request allocates only as much as has arrived. */

/* Raise for a code, or notify the watchers that data were taken. */
static void finish_receive(socket_obj_t *self, int32_t r, qstr what) {
    usocket_py_check_socket(&self->sock, r, what, NULL);
    usocket_py_consumed(self);
}

/* Receive into memory that nothing else refers to, so that it cannot move during the wait. The caller has checked the C
 * stack, when it made that memory. */
static int32_t receive_into_memory(
    socket_obj_t *self, void *buf, size_t len, int flags, usocket_addr_t *from, usocket_time_t deadline, qstr what) {
    int32_t r = USOCKET_QUICK && flags == 0 ? usocket_try_recv(&self->sock, buf, len, from) : USOCKET_EAGAIN;
    if (r == USOCKET_EAGAIN) {
        usocket_py_settle(&deadline, &self->sock);
        USOCKET_CALL(r, NULL, usocket_recv_by(&self->sock, buf, len, flags, from, deadline));
    }
    finish_receive(self, r, what);
    return r;
}

/* Wait for data, and return how much to allocate for a large request on a stream. */
static size_t size_to_receive(socket_obj_t *self, size_t len, usocket_time_t deadline, qstr what) {
    int32_t n = usocket_pending(&self->sock);
    if (n <= 0 && deadline != USOCKET_NOW) {
        int r;
        USOCKET_CALL_RAISE(r, usocket_readable_by(&self->sock, deadline));
        usocket_py_check(r, what);
        n = usocket_pending(&self->sock);
    }
    /* With nothing to read, the receive itself finds the end of the stream or the error. */
    return n <= 0 ? RECV_AT_ONCE : MIN((size_t)n, len);
}

/* recv and recvfrom; from is NULL in the first. The bytes object is complete but for its length before the receive. */
static mp_obj_t receive_bytes(size_t n_args, const mp_obj_t *args, usocket_addr_t *from, qstr what) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    size_t len = usocket_py_count(args[1]);
    int flags = n_args > 2 ? usocket_py_int(args[2], MP_QSTR_flags) : 0;
    usocket_time_t deadline = usocket_py_begin(&self->sock);
    if (len == 0 && from == NULL) { /* CPython returns at once, without a system call. */
        usocket_py_check_open(&self->sock, what);
        return mp_const_empty_bytes;
    }
    if (len > RECV_AT_ONCE && self->sock.type == USOCKET_STREAM && !(flags & mod_usocket_numbers.msg_waitall)) {
        usocket_py_settle(&deadline, &self->sock);
        len = size_to_receive(self, len, flags == 0 ? deadline : USOCKET_NOW, what);
    }
    mp_obj_str_t *o = usocket_py_new_bytes();
    vstr_t v;
    len = usocket_py_init_room(&self->sock, &v, len);
    v.len = len;
    if (flags != 0) {
        memset(v.buf, 0, len); /* MSG_TRUNC may count bytes that it does not write. */
    }
    int32_t r = receive_into_memory(self, v.buf, len, flags, from, deadline, what);
    v.len = (size_t)r < len ? (size_t)r : len;
    return usocket_py_bytes(o, &v);
}

static mp_obj_t socket_recv(size_t n_args, const mp_obj_t *args) {
    return receive_bytes(n_args, args, NULL, MP_QSTR_recv);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_recv_obj, 2, 3, socket_recv);

#if USOCKET_PY_MOVES
/* Receive with flags, which may give the call an end of its own, into a copy. Bytes of MSG_WAITALL that a buffer has
 * become too short for are put back. */
static int32_t receive_by_copy(socket_obj_t *self, mp_obj_t obj, mp_buffer_info_t *buf, int flags, usocket_addr_t *from,
    usocket_time_t deadline, qstr what) {
    usocket_py_check_stack();
    char *copy = m_new0(char, buf->len);
    int32_t r = receive_into_memory(self, copy, buf->len, flags, from, deadline, what);
    size_t n = MIN((size_t)r, buf->len);
    mp_obj_t exc = MP_OBJ_NULL;
    if (usocket_py_refetch(obj, buf, 0, MP_BUFFER_WRITE, &exc)) {
        memcpy(buf->buf, copy, n);
        m_del(char, copy, buf->len);
    } else if (self->sock.type == USOCKET_STREAM && flags == mod_usocket_numbers.msg_waitall && n != 0) {
        usocket_py_put_back(&self->sock, copy, n);
        usocket_py_consumed(self); /* Once more, since there is something to receive. */
    }
    usocket_py_reraise(exc);
    return r;
}
#endif

/* recv_into and recvfrom_into; from is NULL in the first. */
static mp_obj_t receive_into_buffer(size_t n_args, const mp_obj_t *args, usocket_addr_t *from, qstr what) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t buf;
    usocket_py_writable(args[1], &buf);
    size_t len = n_args > 2 ? usocket_py_count(args[2]) : 0;
    int flags = n_args > 3 ? usocket_py_int(args[3], MP_QSTR_flags) : 0;
    if (len > buf.len) {
        mp_raise_ValueError(MP_ERROR_TEXT("nbytes is greater than the length of the buffer"));
    }
    len = len != 0 ? len : buf.len;
    if (len == 0 && from == NULL) {
        usocket_py_check_open(&self->sock, what);
        return MP_OBJ_NEW_SMALL_INT(0);
    }
    buf.len = len;
    usocket_time_t deadline = usocket_py_begin(&self->sock);
#if USOCKET_PY_MOVES
    if (flags != 0) {
        usocket_py_settle(&deadline, &self->sock);
        return MP_OBJ_NEW_SMALL_INT(receive_by_copy(self, args[1], &buf, flags, from, deadline, what));
    }
#endif
    int32_t r = usocket_py_tries(flags) ? usocket_try_recv(&self->sock, buf.buf, len, from) : USOCKET_EAGAIN;
    if (r == USOCKET_EAGAIN) {
        usocket_py_settle(&deadline, &self->sock);
        USOCKET_CALL_ON_RAISE(r, &self->sock, args[1], buf, 0, MP_BUFFER_WRITE, deadline,
            usocket_recv_by(&self->sock, buf.buf, buf.len, flags, from, by));
    }
    finish_receive(self, r, what);
    return MP_OBJ_NEW_SMALL_INT(r);
}

static mp_obj_t socket_recv_into(size_t n_args, const mp_obj_t *args) {
    return receive_into_buffer(n_args, args, NULL, MP_QSTR_recv_into);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_recv_into_obj, 2, 4, socket_recv_into);

#if USOCKET_DATAGRAMS

/* The tuple (data, sender), allocated before a datagram is taken from the stack. */
static mp_obj_tuple_t *new_recvfrom_pair(const mp_obj_t *args) {
    const socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_obj_t items[2] = {mp_const_none, usocket_py_addr_new(self->sock.family)};
    return MP_OBJ_TO_PTR(mp_obj_new_tuple(2, items));
}

/* The datagram is taken from the stack already: nothing here may fail for IPv4. */
static mp_obj_t fill_recvfrom_pair(mp_obj_tuple_t *pair, mp_obj_t received, const usocket_addr_t *from) {
    pair->items[0] = received;
    pair->items[1] = usocket_py_addr_fill(pair->items[1], from);
    return MP_OBJ_FROM_PTR(pair);
}

static mp_obj_t socket_recvfrom(size_t n_args, const mp_obj_t *args) {
    usocket_addr_t from;
    mp_obj_tuple_t *pair = new_recvfrom_pair(args);
    return fill_recvfrom_pair(pair, receive_bytes(n_args, args, &from, MP_QSTR_recvfrom), &from);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_recvfrom_obj, 2, 3, socket_recvfrom);

static mp_obj_t socket_recvfrom_into(size_t n_args, const mp_obj_t *args) {
    usocket_addr_t from;
    mp_obj_tuple_t *pair = new_recvfrom_pair(args);
    return fill_recvfrom_pair(pair, receive_into_buffer(n_args, args, &from, MP_QSTR_recvfrom_into), &from);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_recvfrom_into_obj, 2, 4, socket_recvfrom_into);

#endif
