/* Conversion of codes to exceptions: OSError and its subclasses timeout, gaierror, TLSError.
 *
 * Their args are (errno, words). A `timeout` of a call that sends has a third, the number of bytes sent. A TLSError's
 * errno is the kind of failure, and its third argument is the TLS library's own number.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"
#include "usocket/tls.h"

#if USOCKET_PY_EXTRAS

/* Print in the form of OSError: "[Errno 110] ETIMEDOUT: words". */
static void error_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    mp_obj_exception_t *self = MP_OBJ_TO_PTR(self_in);
    mp_print_kind_t k = kind & ~PRINT_EXC_SUBCLASS;
    if ((k != PRINT_STR && k != PRINT_EXC) || self->args->len < 2 || !mp_obj_is_small_int(self->args->items[0])) {
        mp_obj_exception_print(print, self_in, kind);
        return;
    }
    if (k == PRINT_EXC && !(kind & PRINT_EXC_SUBCLASS)) {
        mp_print_str(print, qstr_str(self->base.type->name));
    }
    if (k == PRINT_EXC) {
        mp_print_str(print, ": ");
    }
    mp_printf(print, "[Errno %d] ", (int)MP_OBJ_SMALL_INT_VALUE(self->args->items[0]));
    mp_obj_print_helper(print, self->args->items[1], PRINT_STR);
}

/* e.sent is the number of bytes sent, 0 of other failures; e.strerror is the words. */
static void error_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    mp_obj_exception_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] == MP_OBJ_NULL && attr == MP_QSTR_sent) {
        bool tells = self->args->len > 2 && self->args->items[0] == MP_OBJ_NEW_SMALL_INT(-USOCKET_ETIMEDOUT);
        dest[0] = tells ? self->args->items[2] : MP_OBJ_NEW_SMALL_INT(0);
    } else if (dest[0] == MP_OBJ_NULL && attr == MP_QSTR_strerror) {
        dest[0] = self->args->len > 1 ? self->args->items[1] : mp_const_none;
    } else {
        mp_obj_exception_attr(self_in, attr, dest);
    }
}

#else
#define error_print mp_obj_exception_print
#define error_attr mp_obj_exception_attr
#endif

USOCKET_EXCEPTION_TYPE(mod_usocket_timeout_type, MP_QSTR_timeout, error_print, error_attr, &mp_type_OSError);
USOCKET_EXCEPTION_TYPE(mod_usocket_gaierror_type, MP_QSTR_gaierror, error_print, error_attr, &mp_type_OSError);
USOCKET_EXCEPTION_TYPE(mod_usocket_tlserror_type, MP_QSTR_TLSError, error_print, error_attr, &mp_type_OSError);

/* The class of a code that is not of TLS. */
static const mp_obj_type_t *type_of(int code) {
    return usocket_is_eai(code)     ? &mod_usocket_gaierror_type
        : code == USOCKET_ETIMEDOUT ? &mod_usocket_timeout_type
                                    : &mp_type_OSError;
}

/* Raise without words for the two codes that a non-blocking program meets all the time. */
static void raise_bare(int code) {
    if (code == USOCKET_EAGAIN || code == USOCKET_EINPROGRESS) {
        mp_raise_OSError(-code);
    }
}

#if USOCKET_PY_ERRORCODE

#define ROW(name) \
    { MP_ROM_INT(-USOCKET_##name), MP_ROM_QSTR(MP_QSTR_##name) }

static const mp_rom_map_elem_t errorcode_table[] = {
    USOCKET_PY_ERRNO_NAMES(ROW), USOCKET_PY_ERROR_NAMES(ROW), USOCKET_PY_OTHER_ERROR_NAMES(ROW)};

const mp_obj_dict_t mod_usocket_errorcode = {
    .base = {&mp_type_dict},
    .map = {.all_keys_are_qstrs = 0,
        .is_fixed = 1,
        .is_ordered = 1,
        .used = MP_ARRAY_SIZE(errorcode_table),
        .alloc = MP_ARRAY_SIZE(errorcode_table),
        .table = (mp_map_elem_t *)errorcode_table},
};

qstr usocket_py_error_name(int code) {
    const mp_map_elem_t *elem =
        mp_map_lookup((mp_map_t *)&mod_usocket_errorcode.map, MP_OBJ_NEW_SMALL_INT(-code), MP_MAP_LOOKUP);
    return elem != NULL ? MP_OBJ_QSTR_VALUE(elem->value) : MP_QSTRnull;
}

#elif USOCKET_HAS_ERRNO && USOCKET_PY_EXTRAS

#define ROW(name) \
    { MP_QSTR_##name, -USOCKET_##name }

qstr usocket_py_error_name(int code) {
    static const struct {
        uint16_t name;
        uint8_t number;
    } rows[] = {USOCKET_PY_ERROR_NAMES(ROW), USOCKET_PY_OTHER_ERROR_NAMES(ROW)};
    for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
        if (rows[i].number == -code) {
            return rows[i].name;
        }
    }
    return MP_QSTRnull;
}

#endif

/* OSError itself prints the names that MicroPython's errno has. */
void usocket_py_name_first(const mp_print_t *print, int code) {
#if USOCKET_HAS_ERRNO && USOCKET_PY_EXTRAS
    if (type_of(code) == &mp_type_OSError && usocket_errno_name(-code) == MP_QSTRnull) {
        qstr name = usocket_py_error_name(code);
        if (name != MP_QSTRnull) {
            mp_printf(print, "%q: ", name);
        }
    }
#elif !USOCKET_HAS_ERRNO
    if (type_of(code) == &mp_type_OSError) {
        mp_printf(print, "%s: ", usocket_errname(code));
    }
#else
    (void)print, (void)code;
#endif
}

#define NOTHING_TO_SEND SIZE_MAX /* The value of len for calls that do not send. */

/* Paths, and the words of TLS, may have any bytes; all other texts have been checked. */
void usocket_py_make_utf8(char *text, size_t len) {
    if ((USOCKET_UNIX || USOCKET_TLS) && !usocket_is_utf8(text, len)) {
        for (size_t i = 0; i < len; i++) {
            text[i] = (byte)text[i] < 0x80 ? text[i] : '?';
        }
    }
}

/* The words as a str. They become its memory. */
static mp_obj_t words_obj(vstr_t *words) {
    usocket_py_make_utf8(words->buf, words->len);
    return usocket_str_from_vstr(words);
}

/* Raise with (errno, words), and with `sent` after a timeout that has sent something. */
static MP_NORETURN void raise_args(int code, vstr_t *words, size_t sent) {
    mp_obj_t args[3] = {
        MP_OBJ_NEW_SMALL_INT(usocket_is_eai(code) ? code - USOCKET_EAI_BASE : -code),
        words_obj(words),
        mp_obj_new_int_from_uint(sent),
    };
    nlr_raise(mp_obj_exception_make_new(type_of(code), code == USOCKET_ETIMEDOUT && sent != 0 ? 3 : 2, 0, args));
}

/* True for a character of host names and numeric addresses. */
static bool is_plain(char c) {
    char lower = (char)(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '-' && c <= ':' && c != '/') ||
        (c != '\0' && strchr("%[]_", c) != NULL);
}

/* Print "call peer", the peer in quotes if it has other characters. peer may be NULL. */
static void print_call(const mp_print_t *print, qstr what, const char *peer) {
    mp_printf(print, "%q", what);
    if (peer != NULL) {
        const char *p = peer;
        while (is_plain(*p)) {
            p++;
        }
        mp_printf(print, *p == '\0' ? " %s" : " \"%s\"", peer);
    }
}

/* Compose "call peer: cause; n of m bytes sent". peer and cause may be NULL. */
static MP_NORETURN void raise_words(int code, qstr what, const char *peer, const char *cause, size_t sent, size_t len) {
    vstr_t words;
    mp_print_t print;
    vstr_init_print(&words, 48, &print);
    usocket_py_name_first(&print, code);
    print_call(&print, what, peer);
    if (USOCKET_WORDS || cause != NULL) {
        mp_printf(&print, ": %s", cause != NULL ? cause : usocket_strerror(code));
    }
    if (len != NOTHING_TO_SEND) {
        mp_printf(&print, len != 0 ? "; %u of %u bytes sent" : "; %u bytes sent", (unsigned)sent, (unsigned)len);
    }
    raise_args(code, &words, sent);
}

#if USOCKET_RACE
void usocket_py_raise_vstr(int code, vstr_t *words) {
    raise_args(code, words, 0);
}
#endif

/* A cause that only the socket knows, or NULL for the code's own. */
static const char *cause_of(usocket_t *s, int code) {
    usocket_addr_t peer;
    return code == USOCKET_ETIMEDOUT && usocket_is_lost(s) ? "connection timed out: the peer no longer answers"
        : USOCKET_WORDS && code == USOCKET_EPIPE && usocket_getpeername(s, &peer) == USOCKET_ENOTCONN
        ? "not connected, or no longer"
        : NULL;
}

/* Write the text of an address, or with a == NULL of the peer of s. Returns NULL if there is none. */
static const char *peer_text(usocket_t *s, const usocket_addr_t *a, char *text) {
    usocket_addr_t peer;
    if (USOCKET_WORDS && a == NULL && s != NULL && usocket_getpeername(s, &peer) == 0) {
        a = &peer;
    }
    return a != NULL && a->family != USOCKET_AF_UNSPEC && usocket_addr_format(a, text) > 0 ? text : NULL;
}

/* Raise TLSError for a code of TLS; return for other codes. The library keeps words and number until the next call
 * on s. */
static void raise_tls(usocket_t *s, int code, qstr what, const usocket_addr_t *peer) {
#if USOCKET_TLS
    if (!usocket_is_tls(code)) {
        return;
    }
    char why[USOCKET_TLS_WORDS];
    int number;
    if (usocket_tls_why(s, &number, why) < 0 || number == 0) {
        /* Another thread has closed s, and may have opened it again since. */
        usocket_py_raise(USOCKET_EBADF, what, peer);
    }
    char text[USOCKET_ADDR_TEXT];
    vstr_t words;
    mp_print_t print;
    vstr_init_print(&words, 64, &print);
    print_call(&print, what, peer_text(s, peer, text));
    mp_printf(&print, ": %s", why);
    mp_obj_t args[3] = {MP_OBJ_NEW_SMALL_INT(code), words_obj(&words), mp_obj_new_int(number)};
    nlr_raise(mp_obj_exception_make_new(&mod_usocket_tlserror_type, 3, 0, args));
#else
    (void)s, (void)code, (void)what, (void)peer;
#endif
}

void usocket_py_check_socket(usocket_t *s, int code, qstr what, const usocket_addr_t *peer) {
    if (code < 0) {
        usocket_py_raise_socket(s, code, what, peer);
    }
}

void usocket_py_raise_socket(usocket_t *s, int code, qstr what, const usocket_addr_t *peer) {
    raise_tls(s, code, what, peer);
    raise_bare(code);
    char text[USOCKET_ADDR_TEXT];
    raise_words(code, what, peer_text(s, peer, text), cause_of(s, code), 0, NOTHING_TO_SEND);
}

void usocket_py_raise(int code, qstr what, const usocket_addr_t *peer) {
    raise_bare(code);
    char text[USOCKET_ADDR_TEXT];
    raise_words(code, what, peer_text(NULL, peer, text), NULL, 0, NOTHING_TO_SEND);
}

/* With bytes sent even EAGAIN and EINPROGRESS get words, which say how many. */
void usocket_py_raise_sent(usocket_t *s, int code, qstr what, size_t sent, size_t len) {
    raise_tls(s, code, what, NULL);
    if (sent == 0) {
        raise_bare(code);
    }
    char text[USOCKET_ADDR_TEXT];
    raise_words(code, what, peer_text(s, NULL, text), cause_of(s, code), sent, len);
}

void usocket_py_raise_name(int code, qstr what, const char *name) {
    raise_words(code, what, name, NULL, 0, NOTHING_TO_SEND);
}

void usocket_py_raise_cause(int code, qstr what, const char *peer, const char *cause) {
    raise_words(code, what, peer, cause, 0, NOTHING_TO_SEND);
}

void usocket_py_raise_values(int code, qstr what, const char *form, int a, int b, int c) {
    vstr_t cause;
    mp_print_t print;
    vstr_init_print(&cause, 64, &print);
    mp_printf(&print, form, a, b, c);
    mp_printf(&print, ": %s", usocket_strerror(code));
    usocket_py_raise_cause(code, what, NULL, vstr_null_terminated_str(&cause));
}

void usocket_py_raise_number(int code, qstr what, int number) {
    vstr_t text;
    mp_print_t print;
    vstr_init_print(&text, 12, &print);
    mp_printf(&print, "%d", number);
    raise_words(code, what, vstr_null_terminated_str(&text), code == USOCKET_EBADF ? USOCKET_PY_NOT_OPEN : NULL, 0,
        NOTHING_TO_SEND);
}

void usocket_py_raise_closed(qstr what) {
    usocket_py_raise_cause(USOCKET_EBADF, what, NULL, "it is closed");
}

#if USOCKET_NAMES
void usocket_py_raise_lookup(int code, qstr what, const char *host, const char *service) {
    const char *name = code == USOCKET_EAI_SERVICE && service != NULL ? service : host != NULL ? host : "None";
    raise_words(code, what, name, code == USOCKET_ETIMEDOUT ? "the lookup timed out" : NULL, 0, NOTHING_TO_SEND);
}
#endif

void usocket_py_check(int code, qstr what) {
    if (code < 0) {
        usocket_py_raise(code, what, NULL);
    }
}

void usocket_py_check_open(const usocket_t *s, qstr what) {
    usocket_py_check_stack();
    if (!usocket_is_open(s)) {
        usocket_py_raise(USOCKET_EBADF, what, NULL);
    }
}
