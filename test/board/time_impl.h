/* Included by extmod/modtime.c: the date.
 *
 * SPDX-License-Identifier: MIT
 */
#include "shared/timeutils/timeutils.h"
#include "board.h"

static mp_obj_t mp_time_time_get(void) {
    return mp_obj_new_int_from_ull(board_wall_us() / 1000000u);
}

static mp_obj_t mp_time_localtime_get(void) {
    timeutils_struct_time_t tm;
    timeutils_seconds_since_epoch_to_struct_time(board_wall_us() / 1000000u, &tm);
    mp_obj_t items[8] = {
        MP_OBJ_NEW_SMALL_INT(tm.tm_year),
        MP_OBJ_NEW_SMALL_INT(tm.tm_mon),
        MP_OBJ_NEW_SMALL_INT(tm.tm_mday),
        MP_OBJ_NEW_SMALL_INT(tm.tm_hour),
        MP_OBJ_NEW_SMALL_INT(tm.tm_min),
        MP_OBJ_NEW_SMALL_INT(tm.tm_sec),
        MP_OBJ_NEW_SMALL_INT(tm.tm_wday),
        MP_OBJ_NEW_SMALL_INT(tm.tm_yday),
    };
    return mp_obj_new_tuple(8, items);
}
