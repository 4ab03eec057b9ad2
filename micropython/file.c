/* makefile(): a file on a socket's connection, with a buffer for reading.
 *
 * The file shares the connection (usocket_share): it stays open until both are closed. Bytes that the file has read
 * ahead are in its buffer alone, and the socket does not return them, as in CPython. Writing is never buffered.
 *
 * An unbuffered file (buffering=0) uses the socket itself and does not keep the connection open: MicroPython's programs
 * call makefile("rwb", 0), close only the socket, and expect that to end the connection.
 *
 * SPDX-License-Identifier: MIT
 */
#include "file.h"
#include "methods.h"

#if USOCKET_PY_EXTRAS

static void file_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "<socket file fd=%d>", usocket_fileno(self->sock));
}

/* ---- Construction ------------------------------------------------------------------------------------------------ */

#if USOCKET_PY_TEXT
#define DEFAULT_MODE MP_QSTR_r
#else
#define DEFAULT_MODE MP_QSTR_rb
#endif

/* Only the characters r, w and b are known, in any order and number. */
static uint8_t mode_flags(mp_obj_t arg) {
    size_t len;
    const char *mode = usocket_py_text(arg, &len, MP_QSTR_mode);
    uint8_t flags = 0;
    for (size_t i = 0; i < len; i++) {
        switch (mode[i]) {
            case 'r':
                flags |= CAN_READ;
                break;
            case 'w':
                flags |= CAN_WRITE;
                break;
            case 'b':
                flags |= IS_BINARY;
                break;
            default:
                mp_raise_ValueError(MP_ERROR_TEXT("invalid mode (only r, w, b allowed)"));
        }
    }
    if (!USOCKET_PY_TEXT && !(flags & IS_BINARY)) {
        mp_raise_ValueError(MP_ERROR_TEXT("text mode is not in this build: use 'rb' or 'wb'"));
    }
    return flags & CAN_WRITE ? flags : flags | CAN_READ; /* "" and "b" mean reading, as in CPython. */
}

/* Raise ValueError unless arg is None or equals `only`, ignoring case, '-' and '_'. */
static void check_only_choice(mp_obj_t arg, qstr name, const char *only) {
    if (arg == mp_const_none) {
        return;
    }
    size_t len;
    const char *text = usocket_py_text(arg, &len, name);
    const char *rest = only;
    for (; *text != '\0'; text++) {
        if (*text != '-' && *text != '_' && (*text | 0x20) != *rest++) {
            break;
        }
    }
    if (*text != '\0' || *rest != '\0') {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%q must be '%s'"), name, only);
    }
}

/* True if `newline` asks for "\r\n" and "\r" to become "\n"; raises for a value that is not supported. */
static bool translates_newlines(mp_obj_t arg, uint8_t flags) {
    if (arg == mp_const_none) {
        return true;
    }
    size_t len;
    const char *text = usocket_py_text(arg, &len, MP_QSTR_newline);
    if (strcmp(text, "\r\n") == 0 && !(flags & CAN_WRITE)) {
        return false;
    }
    if (text[0] != '\0' && strcmp(text, "\n") != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("newline must be None, '' or '\\n'"));
    }
    return false;
}

/* The file is complete, with a closed socket of its own, before anything can raise. Its buffer is allocated by the
 * first read. */
static mp_obj_t socket_makefile(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_mode, ARG_buffering, ARG_encoding, ARG_errors, ARG_newline };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_mode, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_QSTR(DEFAULT_MODE)}},
        {MP_QSTR_buffering, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_encoding, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_errors, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_newline, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t vals[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, MP_ARRAY_SIZE(allowed), allowed, vals);
    socket_obj_t *owner = MP_OBJ_TO_PTR(pos_args[0]);
    uint8_t flags = mode_flags(vals[ARG_mode].u_obj);
    mp_int_t buffering = vals[ARG_buffering].u_obj == mp_const_none
        ? -1
        : usocket_py_integer(vals[ARG_buffering].u_obj, MP_QSTR_buffering);
    bool stream = owner->sock.type == USOCKET_STREAM;
    if (IS_TEXT(flags)) { /* A binary file ignores them. */
        check_only_choice(vals[ARG_encoding].u_obj, MP_QSTR_encoding, "utf8");
        check_only_choice(vals[ARG_errors].u_obj, MP_QSTR_errors, "strict");
        if (translates_newlines(vals[ARG_newline].u_obj, flags) && buffering != 0 && stream) {
            flags |= NEWLINES;
        }
    }
    file_obj_t *self = usocket_new_with_finaliser(sizeof(*self), &mod_usocket_file_type);
    usocket_init(&self->own);
    usocket_py_lock_init(&self->reading);
    self->owner = owner;
    self->mode = flags;
    self->sock = &owner->sock;
    usocket_py_check_open(self->sock, MP_QSTR_makefile);
    if (buffering != 0) {
        self->size = !stream                  ? DATAGRAM_MAX(&owner->sock) /* A datagram that does not fit is cut. */
            : buffering < 0 || buffering == 1 ? USOCKET_PY_FILE_BUFFER
                                              : (size_t)buffering;
        self->sock = &self->own;
        usocket_py_check(usocket_share(&self->own, &owner->sock), MP_QSTR_makefile);
    }
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_KW(usocket_py_makefile_obj, 1, socket_makefile);

/* ---- Writing, closing -------------------------------------------------------------------------------------------- */

static mp_obj_t file_write(size_t n_args, const mp_obj_t *args) {
    file_obj_t *self = usocket_py_check_file(args[0], CAN_WRITE, MP_QSTR_write);
    return usocket_py_write(self->sock, n_args, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(file_write_obj, 2, 4, file_write);

/* Closing twice is no error. The buffer is emptied, so that polls do not report bytes of a closed file. */
static mp_obj_t file_close(mp_obj_t self_in) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    int r = usocket_py_close(&self->own);
    self->sock = &self->own;                  /* An unbuffered file is closed, too. */
    if (usocket_py_trylock(&self->reading)) { /* Otherwise a reader in another thread finds the file closed. */
        self->pos = self->len = self->next_len = 0;
        usocket_py_unlock(&self->reading);
    }
    usocket_py_check(r, MP_QSTR_close);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_close_obj, file_close);

static mp_obj_t file_enter(mp_obj_t self_in) {
    usocket_py_check_file(self_in, CAN_READ | CAN_WRITE, MP_QSTR___enter__);
    return self_in;
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_enter_obj, file_enter);

/* The finaliser: it must not wait. */
static mp_obj_t file_del(mp_obj_t self_in) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_drop(&self->own);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_del_obj, file_del);

static mp_obj_t file_exit(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return file_close(args[0]);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(file_exit_obj, 4, 4, file_exit);

static mp_obj_t file_flush(mp_obj_t self_in) {
    usocket_py_check_file(self_in, CAN_READ | CAN_WRITE, MP_QSTR_flush);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_flush_obj, file_flush);

static mp_obj_t file_fileno(mp_obj_t self_in) {
    file_obj_t *self = usocket_py_check_file(self_in, CAN_READ | CAN_WRITE, MP_QSTR_fileno);
    return MP_OBJ_NEW_SMALL_INT(usocket_fileno(self->sock));
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_fileno_obj, file_fileno);

static mp_obj_t file_setblocking(mp_obj_t self_in, mp_obj_t flag) {
    file_obj_t *self = usocket_py_check_file(self_in, CAN_READ | CAN_WRITE, MP_QSTR_setblocking);
    usocket_settimeout(self->sock, mp_obj_is_true(flag) ? USOCKET_FOREVER : 0);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(file_setblocking_obj, file_setblocking);

/* ---- The stream protocol ----------------------------------------------------------------------------------------- */

/* Return bytes of the buffer alone, if there are any; else receive directly, which skips the translation of line
 * ends. */
static mp_uint_t file_stream_read(mp_obj_t self_in, void *buf, mp_uint_t size, int *errcode) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (!usocket_py_trylock(&self->reading)) {
        *errcode = MP_EBUSY; /* Another thread is reading. */
        return MP_STREAM_ERROR;
    }
    size_t have = usocket_py_file_buffered(self);
    size_t n = have < size ? have : size;
    if (n != 0) {
        memcpy(buf, self->buf + self->pos, n);
        self->pos += n;
    } else {
        self->mode &= (uint8_t)~AFTER_CR;
    }
    usocket_py_unlock(&self->reading);
    if (have != 0) {
        return n;
    }
    return usocket_py_protocol_read(self->sock, buf, size, errcode);
}

static mp_uint_t file_stream_write(mp_obj_t self_in, const void *buf, mp_uint_t size, int *errcode) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return usocket_py_protocol_write(self->sock, buf, size, errcode);
}

/* Bytes in the buffer make the file readable; while another thread reads, the socket alone decides. */
static mp_uint_t file_stream_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    switch (request) {
        case MP_STREAM_POLL: {
            mp_uint_t mask = usocket_py_poll(self->sock, arg);
            if (usocket_py_trylock(&self->reading)) {
                mask |= usocket_py_file_buffered(self) != 0 ? arg & MP_STREAM_POLL_RD : 0;
                usocket_py_unlock(&self->reading);
            }
            return mask;
        }
        case MP_STREAM_CLOSE:
            file_close(self_in);
            return 0;
        case MP_STREAM_FLUSH:
            return 0;
        default: /* No GET_FILENO: polling the descriptor would ignore the buffer. */
            *errcode = MP_EINVAL;
            return MP_STREAM_ERROR;
    }
}

static const mp_stream_p_t file_stream = {
    .read = file_stream_read,
    .write = file_stream_write,
    .ioctl = file_stream_ioctl,
};

static const mp_rom_map_elem_t file_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&usocket_py_file_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&usocket_py_file_readline_obj)},
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&usocket_py_file_readinto_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&file_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_flush), MP_ROM_PTR(&file_flush_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&file_close_obj)},
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&file_del_obj)},
    {MP_ROM_QSTR(MP_QSTR_readlines), MP_ROM_PTR(&usocket_py_file_readlines_obj)},
    {MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&file_enter_obj)},
    {MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&file_exit_obj)},
    {MP_ROM_QSTR(MP_QSTR_fileno), MP_ROM_PTR(&file_fileno_obj)},
    {MP_ROM_QSTR(MP_QSTR_setblocking), MP_ROM_PTR(&file_setblocking_obj)},
};
static MP_DEFINE_CONST_DICT(file_locals, file_locals_table);

USOCKET_ITER_STREAM_TYPE(
    mod_usocket_file_type, MP_QSTR_SocketFile, file_print, usocket_py_file_next, &file_stream, &file_locals);

#endif
