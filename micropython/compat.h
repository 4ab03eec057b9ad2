/* MicroPython's C API, 1.13 (RT-Thread's package) to the newest, in one place.
 *
 * Told apart by what the headers define, not by version numbers: packages patch those.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_COMPAT_H
#define USOCKET_COMPAT_H

#include <string.h>

#include "py/gc.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/objexcept.h"
#include "py/objstr.h"
#include "py/objtuple.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "py/unicode.h"

#ifdef MP_DEFINE_CONST_OBJ_TYPE /* since 1.20: types in slots, dicts static by themselves */

#define USOCKET_STREAM_TYPE(name, qstr, new_fun, print_fun, attr_fun, stream, locals) \
    MP_DEFINE_CONST_OBJ_TYPE(name, qstr, MP_TYPE_FLAG_NONE, make_new, new_fun, print, print_fun, attr, attr_fun, \
        protocol, stream, locals_dict, locals)

#define USOCKET_ITER_STREAM_TYPE(name, qstr, print_fun, next_fun, stream, locals) \
    MP_DEFINE_CONST_OBJ_TYPE(name, qstr, MP_TYPE_FLAG_ITER_IS_ITERNEXT, print, print_fun, iter, next_fun, protocol, \
        stream, locals_dict, locals)

#define USOCKET_PLAIN_STREAM_TYPE(name, qstr, stream, locals) \
    MP_DEFINE_CONST_OBJ_TYPE(name, qstr, MP_TYPE_FLAG_NONE, protocol, stream, locals_dict, locals)

#define USOCKET_ITER_TYPE(name, qstr, next_fun, locals) \
    MP_DEFINE_CONST_OBJ_TYPE(name, qstr, MP_TYPE_FLAG_ITER_IS_ITERNEXT, iter, next_fun, locals_dict, locals)

#define USOCKET_PLAIN_TYPE(name, qstr, locals) \
    MP_DEFINE_CONST_OBJ_TYPE(name, qstr, MP_TYPE_FLAG_NONE, locals_dict, locals)

#define USOCKET_EXCEPTION_TYPE(name, qstr, print_fun, attr_fun, base) \
    MP_DEFINE_CONST_OBJ_TYPE(name, qstr, MP_TYPE_FLAG_NONE, make_new, mp_obj_exception_make_new, print, print_fun, \
        attr, attr_fun, parent, base)

#else

#define USOCKET_STREAM_TYPE(name_, qstr, new_fun, print_fun, attr_fun, stream, locals) \
    const mp_obj_type_t name_ = { \
        {&mp_type_type}, \
        .name = qstr, \
        .make_new = new_fun, \
        .print = print_fun, \
        .attr = attr_fun, \
        .protocol = stream, \
        .locals_dict = (mp_obj_dict_t *)locals, \
    }

#define USOCKET_ITER_STREAM_TYPE(name_, qstr, print_fun, next_fun, stream, locals) \
    const mp_obj_type_t name_ = { \
        {&mp_type_type}, \
        .name = qstr, \
        .print = print_fun, \
        .getiter = mp_identity_getiter, \
        .iternext = next_fun, \
        .protocol = stream, \
        .locals_dict = (mp_obj_dict_t *)locals, \
    }

#define USOCKET_PLAIN_STREAM_TYPE(name_, qstr, stream, locals) \
    const mp_obj_type_t name_ = { \
        {&mp_type_type}, \
        .name = qstr, \
        .protocol = stream, \
        .locals_dict = (mp_obj_dict_t *)locals, \
    }

#define USOCKET_ITER_TYPE(name_, qstr, next_fun, locals) \
    const mp_obj_type_t name_ = { \
        {&mp_type_type}, \
        .name = qstr, \
        .getiter = mp_identity_getiter, \
        .iternext = next_fun, \
        .locals_dict = (mp_obj_dict_t *)locals, \
    }

#define USOCKET_PLAIN_TYPE(name_, qstr, locals) \
    const mp_obj_type_t name_ = { \
        {&mp_type_type}, \
        .name = qstr, \
        .locals_dict = (mp_obj_dict_t *)locals, \
    }

#define USOCKET_EXCEPTION_TYPE(name_, qstr, print_fun, attr_fun, base) \
    const mp_obj_type_t name_ = { \
        {&mp_type_type}, \
        .name = qstr, \
        .make_new = mp_obj_exception_make_new, \
        .print = print_fun, \
        .attr = attr_fun, \
        .parent = base, \
    }

#endif

/* An attribute that the attr function does not know: the type's dict has it, perhaps. Automatic since 1.18. */
#ifdef MP_DEFINE_CONST_OBJ_TYPE
#define usocket_attr_in_dict(self, attr, dest, locals) ((dest)[1] = MP_OBJ_SENTINEL)
#else
static inline void usocket_attr_in_dict(mp_obj_t self, qstr attr, mp_obj_t *dest, const mp_obj_dict_t *locals) {
    mp_map_elem_t *elem = mp_map_lookup((mp_map_t *)&locals->map, MP_OBJ_NEW_QSTR(attr), MP_MAP_LOOKUP);
    if (elem != NULL) {
        mp_convert_member_lookup(self, mp_obj_get_type(self), elem->value, dest);
    }
}
#endif

/* Since 1.23 in one call. */
static inline void *usocket_new_with_finaliser(size_t size, const mp_obj_type_t *type) {
    mp_obj_base_t *o = m_malloc_with_finaliser(size);
    memset(o, 0, size);
    o->type = type;
    return o;
}

/* Since 1.20. */
#ifdef MP_DEFINE_CONST_OBJ_TYPE
#define usocket_bytes_from_vstr(v) mp_obj_new_bytes_from_vstr(v)
#define usocket_str_from_vstr(v) mp_obj_new_str_from_vstr(v)
#else
#define usocket_bytes_from_vstr(v) mp_obj_new_str_from_vstr(&mp_type_bytes, (v))
#define usocket_str_from_vstr(v) mp_obj_new_str_from_vstr(&mp_type_str, (v))
#endif

/* True for a tuple and for what has its layout, a namedtuple; not for an instance of a class of Python. */
#ifdef MP_DEFINE_CONST_OBJ_TYPE
#define usocket_is_tuple(o) (MP_OBJ_TYPE_GET_SLOT_OR_NULL(mp_obj_get_type(o), iter) == mp_obj_tuple_getiter)
#else
#define usocket_is_tuple(o) (mp_obj_get_type(o)->getiter == mp_obj_tuple_getiter)
#endif

/* Operations on a str of other bytes may read beyond its end. */
#if MICROPY_PY_BUILTINS_STR_UNICODE
#define usocket_is_utf8(p, len) utf8_check((const byte *)(p), (len))
#else
#define usocket_is_utf8(p, len) ((void)(p), (void)(len), true)
#endif

/* Whether OSError prints the name of a number; the module was called uerrno before 1.19. */
#if MICROPY_PY_ERRNO || MICROPY_PY_UERRNO
#define usocket_errno_known(number) (mp_errno_to_str(MP_OBJ_NEW_SMALL_INT(number)) != MP_QSTRnull)
#else
#define usocket_errno_known(number) false
#endif

#ifndef MP_ERROR_TEXT
#define MP_ERROR_TEXT(x) (x)
typedef const char *mp_rom_error_text_t;
#endif

#ifndef MP_NORETURN
#define MP_NORETURN NORETURN
#endif

/* An exception waits, and mp_handle_pending will raise it: this thread's since 1.17, anybody's before. There the scheduler
 * holds it back while it runs a scheduled function. */
#ifdef MP_STATE_MAIN_THREAD
#define usocket_exception_waits() (MP_STATE_THREAD(mp_pending_exception) != MP_OBJ_NULL)
#elif MICROPY_ENABLE_SCHEDULER
#define usocket_exception_waits() \
    (MP_STATE_VM(mp_pending_exception) != MP_OBJ_NULL && MP_STATE_VM(sched_state) == MP_SCHED_PENDING)
#else
#define usocket_exception_waits() (MP_STATE_VM(mp_pending_exception) != MP_OBJ_NULL)
#endif

/* Make an exception wait again. */
#ifdef MP_STATE_MAIN_THREAD
#define usocket_exception_back(e) mp_sched_exception(e)
#else
static inline void usocket_exception_back(mp_obj_t e) {
    mp_uint_t state = MICROPY_BEGIN_ATOMIC_SECTION();
    MP_STATE_VM(mp_pending_exception) = e;
#if MICROPY_ENABLE_SCHEDULER
    if (MP_STATE_VM(sched_state) == MP_SCHED_IDLE) {
        MP_STATE_VM(sched_state) = MP_SCHED_PENDING;
    }
#endif
    MICROPY_END_ATOMIC_SECTION(state);
}
#endif

/* MP_REGISTER_ROOT_POINTER and MP_REGISTER_EXTENSIBLE_MODULE, since 1.20 and 1.21. Not asked for by name: the pass that
 * collects them leaves them undefined. */
#ifdef MP_DEFINE_CONST_OBJ_TYPE
#define USOCKET_CAN_REGISTER 1
#else
#define USOCKET_CAN_REGISTER 0
#endif

#endif
