/* Arguments, calls, exceptions, pending exceptions.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_RUNTIME_H
#define COMPAT_RUNTIME_H

#include <setjmp.h>

#include "py/obj.h"

/* ---- Exceptions --------------------------------------------------------------------------------------------------- */

typedef struct {
    void *ret_val;
    jmp_buf jmpbuf;
} nlr_buf_t;

unsigned nlr_push_tail(nlr_buf_t *nlr);
#define nlr_push(nlr) (nlr_push_tail(nlr), setjmp((nlr)->jmpbuf))
void nlr_pop(void);
void nlr_jump(void *val) NORETURN;
#define nlr_raise(o) nlr_jump(MP_OBJ_TO_PTR(o))

NORETURN void mp_raise_msg(const mp_obj_type_t *type, mp_rom_error_text_t text);
NORETURN void mp_raise_msg_varg(const mp_obj_type_t *type, mp_rom_error_text_t fmt, ...);
NORETURN void mp_raise_ValueError(mp_rom_error_text_t text);
NORETURN void mp_raise_TypeError(mp_rom_error_text_t text);
NORETURN void mp_raise_OSError(int number);

/* ---- Arguments and calls ------------------------------------------------------------------------------------------ */

enum {
    MP_ARG_BOOL = 0x001,
    MP_ARG_INT = 0x002,
    MP_ARG_OBJ = 0x003,
    MP_ARG_REQUIRED = 0x100,
    MP_ARG_KW_ONLY = 0x200,
};

typedef union {
    bool u_bool;
    mp_int_t u_int;
    mp_obj_t u_obj;
    mp_rom_obj_t u_rom_obj;
} mp_arg_val_t;

typedef struct {
    uint16_t qst, flags;
    mp_arg_val_t defval;
} mp_arg_t;

void mp_arg_parse_all(size_t n_pos, const mp_obj_t *pos, mp_map_t *kws, size_t n_allowed, const mp_arg_t *allowed,
    mp_arg_val_t *vals);
void mp_arg_parse_all_kw_array(size_t n_pos, size_t n_kw, const mp_obj_t *args, size_t n_allowed, const mp_arg_t *allowed,
    mp_arg_val_t *vals);

typedef enum {
    MP_BINARY_OP_LESS,
    MP_BINARY_OP_MORE,
    MP_BINARY_OP_FLOOR_DIVIDE,
    MP_BINARY_OP_TRUE_DIVIDE,
} mp_binary_op_t;

mp_obj_t mp_binary_op(mp_binary_op_t op, mp_obj_t left, mp_obj_t right);
mp_obj_t mp_call_function_1(mp_obj_t fun, mp_obj_t arg);
mp_obj_t mp_call_function_n_kw(mp_obj_t fun, size_t n_args, size_t n_kw, const mp_obj_t *args);
void mp_load_method(mp_obj_t base, qstr attr, mp_obj_t *dest);
void mp_load_method_maybe(mp_obj_t base, qstr attr, mp_obj_t *dest);
mp_obj_t mp_call_method_n_kw(size_t n_args, size_t n_kw, const mp_obj_t *args);
void mp_convert_member_lookup(mp_obj_t self, const mp_obj_type_t *type, mp_obj_t member, mp_obj_t *dest);

/* ---- The pending exception, shared by all threads -------------------------------------------------------------------- */

void mp_handle_pending(bool raise_exc);
#if MICROPY_ENABLE_SCHEDULER
#define MP_SCHED_IDLE 1
#define MP_SCHED_PENDING 0
bool mp_sched_schedule(mp_obj_t fun, mp_obj_t arg);
#endif

typedef struct {
    char *stack_top;
    size_t stack_limit;
} mp_state_thread_t;

extern struct compat_state {
    mp_state_thread_t thread;
    struct {
        volatile mp_obj_t mp_pending_exception;
#if MICROPY_ENABLE_SCHEDULER
        volatile int16_t sched_state;
#endif
    } vm;
} mp_state_ctx;
#define MP_STATE_VM(x) (mp_state_ctx.vm.x)
#define MP_STATE_THREAD(x) (mp_state_ctx.thread.x)

NORETURN void mp_raise_recursion_depth(void);

#endif
