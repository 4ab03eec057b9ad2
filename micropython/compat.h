/* The differences in MicroPython's C API from 1.13 (RT-Thread's package) to the newest.
 *
 * Every file of the binding includes MicroPython's headers through this one, and uses no name that differs between
 * versions. The versions are told apart by the macros of their headers, not by version numbers, which packages patch. A
 * macro here evaluates its arguments more than once where the original does. Nothing here takes the GIL or calls the
 * core.
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

#define USOCKET_QUIET_STREAM_TYPE(name, qstr, new_fun, stream, locals) \
    MP_DEFINE_CONST_OBJ_TYPE(name, qstr, MP_TYPE_FLAG_NONE, make_new, new_fun, protocol, stream, locals_dict, locals)

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

#define USOCKET_QUIET_STREAM_TYPE(name_, qstr, new_fun, stream, locals) \
    const mp_obj_type_t name_ = { \
        {&mp_type_type}, \
        .name = qstr, \
        .make_new = new_fun, \
        .protocol = stream, \
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

/* Look up an attribute that the type's attr function does not handle in the type's dict; automatic since 1.18. */
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

/* Allocate a zeroed object with a finaliser; one call since 1.23. The collector may clear what it gives out. */
static inline void *usocket_new_with_finaliser(size_t size, const mp_obj_type_t *type) {
    mp_obj_base_t *o = m_malloc_with_finaliser(size);
#if !MICROPY_ENABLE_GC || !MICROPY_GC_CONSERVATIVE_CLEAR
    memset(o, 0, size);
#endif
    o->type = type;
    return o;
}

/* Two names for each since 1.20. */
#ifdef MP_DEFINE_CONST_OBJ_TYPE
#define usocket_bytes_from_vstr(v) mp_obj_new_bytes_from_vstr(v)
#define usocket_str_from_vstr(v) mp_obj_new_str_from_vstr(v)
#else
#define usocket_bytes_from_vstr(v) mp_obj_new_str_from_vstr(&mp_type_bytes, (v))
#define usocket_str_from_vstr(v) mp_obj_new_str_from_vstr(&mp_type_str, (v))
#endif

/* True for a tuple or namedtuple, which have the same layout; false for an instance of a Python class. */
#ifdef MP_DEFINE_CONST_OBJ_TYPE
#define usocket_is_tuple(o) (MP_OBJ_TYPE_GET_SLOT_OR_NULL(mp_obj_get_type(o), iter) == mp_obj_tuple_getiter)
#else
#define usocket_is_tuple(o) (mp_obj_get_type(o)->getiter == mp_obj_tuple_getiter)
#endif

/* MicroPython may read beyond the end of a str that is not UTF-8. */
#if MICROPY_PY_BUILTINS_STR_UNICODE
#define usocket_is_utf8(p, len) utf8_check((const byte *)(p), (len))
#else
#define usocket_is_utf8(p, len) ((void)(p), (void)(len), true)
#endif

/* The name that OSError prints of the number, or MP_QSTRnull; the module was called uerrno before 1.19. */
#if MICROPY_PY_ERRNO || MICROPY_PY_UERRNO
#define USOCKET_HAS_ERRNO 1
#define usocket_errno_name(number) mp_errno_to_str(MP_OBJ_NEW_SMALL_INT(number))
#else
#define USOCKET_HAS_ERRNO 0
#endif

#ifndef MP_ERROR_TEXT
#define MP_ERROR_TEXT(x) (x)
typedef const char *mp_rom_error_text_t;
#endif

#ifndef MP_NORETURN
#define MP_NORETURN NORETURN
#endif

/* True if an exception is pending that mp_handle_pending would raise. Since 1.17 each thread has its own. Before,
 * all share one, and the scheduler defers it while a scheduled function runs. */
#ifdef MP_STATE_MAIN_THREAD
#define usocket_exception_waits() (MP_STATE_THREAD(mp_pending_exception) != MP_OBJ_NULL)
#elif MICROPY_ENABLE_SCHEDULER
#define usocket_exception_waits() \
    (MP_STATE_VM(mp_pending_exception) != MP_OBJ_NULL && MP_STATE_VM(sched_state) == MP_SCHED_PENDING)
#else
#define usocket_exception_waits() (MP_STATE_VM(mp_pending_exception) != MP_OBJ_NULL)
#endif

/* Make an exception pending again. */
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

/* True with MP_REGISTER_ROOT_POINTER (1.20) and MP_REGISTER_EXTENSIBLE_MODULE (1.21). Their names cannot be tested:
 * the pass that collects them leaves them undefined. */
#ifdef MP_DEFINE_CONST_OBJ_TYPE
#define USOCKET_CAN_REGISTER 1
#else
#define USOCKET_CAN_REGISTER 0
#endif

#endif
