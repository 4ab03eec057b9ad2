/* Included by extmod/modos.c: os.urandom.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py/mperrno.h"
#include "py/mphal.h"
#include "board.h"

static mp_obj_t mp_os_urandom(mp_obj_t count) {
    vstr_t bytes;
    vstr_init_len(&bytes, (size_t)mp_obj_get_int(count));
    if (!board_random(bytes.buf, bytes.len)) {
        mp_raise_OSError(MP_EIO);
    }
    return mp_obj_new_bytes_from_vstr(&bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);

bool mp_os_dupterm_is_builtin_stream(mp_const_obj_t stream) {
    (void)stream;
    return false;
}
