/* Included by extmod/modmachine.c. reset() ends the emulation with status 0.
 *
 * SPDX-License-Identifier: MIT
 */
#include "shared/timeutils/timeutils.h"
#include "board.h"

#define MICROPY_PY_MACHINE_EXTRA_GLOBALS {MP_ROM_QSTR(MP_QSTR_RTC), MP_ROM_PTR(&machine_rtc_type)},

static void mp_machine_idle(void) {
    mp_event_wait_ms(1);
}

NORETURN static void mp_machine_reset(void) {
    board_exit(0);
}

static mp_int_t mp_machine_reset_cause(void) {
    return 1; /* power on */
}

/* ---- machine.RTC ---- */

static const mp_obj_base_t machine_rtc_obj;

static mp_obj_t machine_rtc_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    return MP_OBJ_FROM_PTR(&machine_rtc_obj);
}

/* datetime((year, month, day, weekday, hour, minute, second, microsecond)) */
static mp_obj_t machine_rtc_datetime(size_t n_args, const mp_obj_t *args) {
    if (n_args == 1) {
        timeutils_struct_time_t tm;
        const uint64_t us = board_wall_us();
        timeutils_seconds_since_epoch_to_struct_time(us / 1000000u, &tm);
        mp_obj_t items[8] = {
            MP_OBJ_NEW_SMALL_INT(tm.tm_year),
            MP_OBJ_NEW_SMALL_INT(tm.tm_mon),
            MP_OBJ_NEW_SMALL_INT(tm.tm_mday),
            MP_OBJ_NEW_SMALL_INT(tm.tm_wday),
            MP_OBJ_NEW_SMALL_INT(tm.tm_hour),
            MP_OBJ_NEW_SMALL_INT(tm.tm_min),
            MP_OBJ_NEW_SMALL_INT(tm.tm_sec),
            MP_OBJ_NEW_SMALL_INT(us % 1000000u),
        };
        return mp_obj_new_tuple(8, items);
    }
    mp_obj_t *items;
    mp_obj_get_array_fixed_n(args[1], 8, &items);
    const uint64_t seconds = timeutils_seconds_since_epoch(mp_obj_get_int(items[0]), mp_obj_get_int(items[1]),
        mp_obj_get_int(items[2]), mp_obj_get_int(items[4]), mp_obj_get_int(items[5]), mp_obj_get_int(items[6]));
    board_set_wall_us(seconds * 1000000u + (uint64_t)mp_obj_get_int(items[7]));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(machine_rtc_datetime_obj, 1, 2, machine_rtc_datetime);

static const mp_rom_map_elem_t machine_rtc_locals_dict_table[] = {
    {MP_ROM_QSTR(MP_QSTR_datetime), MP_ROM_PTR(&machine_rtc_datetime_obj)},
};
static MP_DEFINE_CONST_DICT(machine_rtc_locals_dict, machine_rtc_locals_dict_table);

MP_DEFINE_CONST_OBJ_TYPE(machine_rtc_type, MP_QSTR_RTC, MP_TYPE_FLAG_NONE, make_new, machine_rtc_make_new, locals_dict,
    &machine_rtc_locals_dict);

static const mp_obj_base_t machine_rtc_obj = {&machine_rtc_type};
