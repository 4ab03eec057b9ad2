/* class socket: sendfile, through a buffer of a fixed size.
 *
 * SPDX-License-Identifier: MIT
 */
#include "methods.h"

#if USOCKET_PY_EXTRAS

#define PART ((size_t)(sizeof(void *) > 4 ? 4096 : 512))

typedef struct {
    socket_obj_t *sock;
    mp_obj_t readinto[3]; /* The file's method, its self, and the buffer. */
    size_t left;          /* Bytes still to send; SIZE_MAX for all until the end of the file. */
    size_t count;         /* Bytes to send in all; 0 for all until the end of the file. */
    size_t sent;          /* Bytes sent before the current buffer. */
    size_t part;          /* Bytes sent of the current buffer. */
    usocket_time_t deadline;
} sending_t;

/* The buffer is read and sent until `left` is 0 or the file ends. A scheduled function may run in between, and read
 * the same file. */
static void send_parts(sending_t *t) {
    size_t room = 0;
    while (t->left != 0) {
        if (room != MIN(t->left, PART)) {
            room = MIN(t->left, PART);
            t->readinto[2] = mp_obj_new_bytearray_by_ref(room, m_new(byte, room));
        }
        mp_obj_t n = mp_call_method_n_kw(1, 0, t->readinto);
        mp_buffer_info_t data;
        usocket_py_data(t->readinto[2], &data);
        size_t len = n == mp_const_none ? 0 : usocket_py_count(n);
        if (len == 0) {
            return; /* The end of the file. */
        }
        if (len > MIN(data.len, room)) {
            mp_raise_ValueError(MP_ERROR_TEXT("readinto() returned more than there is room for"));
        }
        data.len = len;
        int r;
        USOCKET_CALL_ON_RAISE(r, &t->sock->sock, t->readinto[2], data, 0, MP_BUFFER_READ, t->deadline,
            usocket_send_all_by(&t->sock->sock, data.buf, data.len, &t->part, by));
        t->sent += t->part;
        t->part = 0;
        t->left -= t->left != SIZE_MAX ? len : 0;
        mp_obj_t exc = MP_OBJ_NULL;
        if (r == 0 && t->left != 0) {
            r = usocket_py_next_round(0, t->deadline, &exc); /* the peer may take each part at once */
            usocket_py_reraise(exc);
        }
        if (r < 0) {
            usocket_py_raise_sent(&t->sock->sock, r, MP_QSTR_sendfile, t->sent, t->count);
        }
    }
}

/* Call the file's seek, if it has one. */
static void seek_file(mp_obj_t *method, size_t position) {
    if (method[0] != MP_OBJ_NULL) {
        method[2] = mp_obj_new_int_from_uint(position);
        mp_call_method_n_kw(1, 0, method);
    }
}

static mp_obj_t socket_sendfile(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_file, ARG_offset, ARG_count };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_file, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_offset, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(0)}},
        {MP_QSTR_count, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t vals[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, MP_ARRAY_SIZE(allowed), allowed, vals);
    mp_obj_t file = vals[ARG_file].u_obj;
    sending_t t = {.sock = MP_OBJ_TO_PTR(pos_args[0]), .left = SIZE_MAX};
    usocket_t *s = &t.sock->sock;
    usocket_py_check_open(s, MP_QSTR_sendfile);
    if (s->type != USOCKET_STREAM || usocket_gettimeout(s) == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("sendfile needs a blocking stream"));
    }
    size_t offset = usocket_py_count(vals[ARG_offset].u_obj);
    if (vals[ARG_count].u_obj != mp_const_none) {
        t.left = t.count = usocket_py_count(vals[ARG_count].u_obj);
        if (t.count == 0) {
            mp_raise_ValueError(MP_ERROR_TEXT("count must be positive"));
        }
    }
    t.deadline = usocket_deadline(s);
    mp_load_method_maybe(file, MP_QSTR_readinto, t.readinto);
    mp_obj_t method[3];
    mp_load_method_maybe(file, MP_QSTR_seek, method);
    if (t.readinto[0] == MP_OBJ_NULL || (offset != 0 && method[0] == MP_OBJ_NULL)) {
        usocket_py_raise_type(MP_QSTR_file, "a file with readinto, and seek for an offset", file);
    }
    seek_file(method, offset);
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        send_parts(&t);
        seek_file(method, offset + t.sent);
        nlr_pop();
        return mp_obj_new_int_from_uint(t.sent);
    }
    mp_obj_t exc = MP_OBJ_FROM_PTR(nlr.ret_val);
    if (nlr_push(&nlr) == 0) {
        seek_file(method, offset + t.sent + t.part); /* Leave the file's position behind the last byte sent. */
        nlr_pop();
    } /* An exception of seek does not replace the first one. */
    nlr_raise(exc);
}
MP_DEFINE_CONST_FUN_OBJ_KW(usocket_py_sendfile_obj, 1, socket_sendfile);

#endif
