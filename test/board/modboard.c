/* The module board: the flash chip of the file system, and the figures that the tests read.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "extmod/vfs.h"
#include "lwip/mem.h"
#include "lwip/memp.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "lwip/udp.h"
#include "board.h"

/* ---- board.Flash ---- */

static const mp_obj_base_t board_flash_obj;

static mp_obj_t board_flash_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    return MP_OBJ_FROM_PTR(&board_flash_obj);
}

static uint8_t *place(size_t n_args, const mp_obj_t *args, size_t len) {
    const uint32_t at =
        (uint32_t)mp_obj_get_int(args[1]) * BOARD_DISK_BLOCK + (n_args > 3 ? (uint32_t)mp_obj_get_int(args[3]) : 0u);
    if (at > BOARD_DISK_BLOCK * BOARD_DISK_BLOCKS || len > BOARD_DISK_BLOCK * BOARD_DISK_BLOCKS - at) {
        mp_raise_OSError(MP_EIO);
    }
    return BOARD_DISK + at;
}

static mp_obj_t board_flash_readblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t to;
    mp_get_buffer_raise(args[2], &to, MP_BUFFER_WRITE);
    memcpy(to.buf, place(n_args, args, to.len), to.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(board_flash_readblocks_obj, 3, 4, board_flash_readblocks);

static mp_obj_t board_flash_writeblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t from;
    mp_get_buffer_raise(args[2], &from, MP_BUFFER_READ);
    memcpy(place(n_args, args, from.len), from.buf, from.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(board_flash_writeblocks_obj, 3, 4, board_flash_writeblocks);

static mp_obj_t board_flash_ioctl(mp_obj_t self, mp_obj_t operation, mp_obj_t argument) {
    (void)self;
    (void)argument;
    switch (mp_obj_get_int(operation)) {
        case MP_BLOCKDEV_IOCTL_BLOCK_COUNT:
            return MP_OBJ_NEW_SMALL_INT(BOARD_DISK_BLOCKS);
        case MP_BLOCKDEV_IOCTL_BLOCK_SIZE:
            return MP_OBJ_NEW_SMALL_INT(BOARD_DISK_BLOCK);
        default:
            return MP_OBJ_NEW_SMALL_INT(0);
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(board_flash_ioctl_obj, board_flash_ioctl);

static const mp_rom_map_elem_t board_flash_locals_dict_table[] = {
    {MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&board_flash_readblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&board_flash_writeblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&board_flash_ioctl_obj)},
};
static MP_DEFINE_CONST_DICT(board_flash_locals_dict, board_flash_locals_dict_table);

static MP_DEFINE_CONST_OBJ_TYPE(board_flash_type, MP_QSTR_Flash, MP_TYPE_FLAG_NONE, make_new, board_flash_make_new,
    locals_dict, &board_flash_locals_dict);

static const mp_obj_base_t board_flash_obj = {&board_flash_type};

/* ---- Figures ---- */

static mp_obj_t mod_board_exit(mp_obj_t status) {
    board_exit(mp_obj_get_int(status));
}
static MP_DEFINE_CONST_FUN_OBJ_1(mod_board_exit_obj, mod_board_exit);

/* script(): the program that the runner has left, or None. */
static mp_obj_t mod_board_script(void) {
    const uint32_t len = BOARD_SCRIPT_LEN;
    return len == 0 || len > BOARD_SCRIPT_MAX ? mp_const_none : mp_obj_new_str(BOARD_SCRIPT, len);
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_board_script_obj, mod_board_script);

/* busy(): ticks outside of sleep, modulo 2 to the 30. */
static mp_obj_t mod_board_busy(void) {
    return MP_OBJ_NEW_SMALL_INT(board_busy() & 0x3fffffffu);
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_board_busy_obj, mod_board_busy);

/* stack(): the most bytes used so far. stack(True): forget that. */
static mp_obj_t mod_board_stack(size_t n_args, const mp_obj_t *args) {
    if (n_args == 1 && mp_obj_is_true(args[0])) {
        board_stack_repaint();
    }
    return MP_OBJ_NEW_SMALL_INT(board_stack_peak());
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mod_board_stack_obj, 0, 1, mod_board_stack);

#if USOCKET_TLS
/* account(n): count memory of TLS for account 0 or 1 from now on. Returns its bytes now, and the most since it was last asked for. */
static mp_obj_t mod_board_account(mp_obj_t number) {
    uint32_t counts[2];
    board_account((uint32_t)mp_obj_get_int(number), counts);
    mp_obj_t items[2] = {mp_obj_new_int_from_uint(counts[0]), mp_obj_new_int_from_uint(counts[1])};
    return mp_obj_new_tuple(2, items);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mod_board_account_obj, mod_board_account);
#endif

/* names(): bytes of the heap that hold names of the program; they are never freed. */
static mp_obj_t mod_board_names(void) {
    size_t pools, names, bytes, total;
    qstr_pool_info(&pools, &names, &bytes, &total);
    return MP_OBJ_NEW_SMALL_INT(total);
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_board_names_obj, mod_board_names);

#define COUNT(type, first) \
    { \
        int n = 0; \
        for (const type *p = (const type *)(first); p != NULL; p = (const type *)p->next) { \
            n++; \
        } \
        *item++ = MP_OBJ_NEW_SMALL_INT(n); \
    }

/* pcbs(): how many are (connected, in TIME_WAIT, listening, bound, UDP). */
static mp_obj_t mod_board_pcbs(void) {
    mp_obj_t items[5], *item = items;
    MICROPY_PY_LWIP_ENTER
    COUNT(struct tcp_pcb, tcp_active_pcbs)
    COUNT(struct tcp_pcb, tcp_tw_pcbs)
    COUNT(struct tcp_pcb_listen, tcp_listen_pcbs.listen_pcbs)
    COUNT(struct tcp_pcb, tcp_bound_pcbs)
    COUNT(struct udp_pcb, udp_pcbs)
    MICROPY_PY_LWIP_EXIT
    return mp_obj_new_tuple(5, items);
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_board_pcbs_obj, mod_board_pcbs);

/* pools(): lwIP's heap and pools in use, and the most that were, by name; empty where lwIP does not count. */
static mp_obj_t mod_board_pools(void) {
    mp_obj_t dict = mp_obj_new_dict(0);
#if MEM_STATS && MEMP_STATS
    mp_obj_t heap[2] = {mp_obj_new_int_from_uint(lwip_stats.mem.used), mp_obj_new_int_from_uint(lwip_stats.mem.max)};
    mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(MP_QSTR_heap), mp_obj_new_tuple(2, heap));
    for (int i = 0; i < MEMP_MAX; i++) {
        const struct stats_mem *s = lwip_stats.memp[i];
        mp_obj_t pool[2] = {mp_obj_new_int_from_uint(s->used), mp_obj_new_int_from_uint(s->max)};
        mp_obj_dict_store(dict, mp_obj_new_str_from_cstr(s->name), mp_obj_new_tuple(2, pool));
    }
#endif
    return dict;
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_board_pools_obj, mod_board_pools);

static const mp_rom_map_elem_t board_module_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_board)},
    {MP_ROM_QSTR(MP_QSTR_Flash), MP_ROM_PTR(&board_flash_type)},
    {MP_ROM_QSTR(MP_QSTR_script), MP_ROM_PTR(&mod_board_script_obj)},
    {MP_ROM_QSTR(MP_QSTR_busy), MP_ROM_PTR(&mod_board_busy_obj)},
    {MP_ROM_QSTR(MP_QSTR_exit), MP_ROM_PTR(&mod_board_exit_obj)},
#if USOCKET_TLS
    {MP_ROM_QSTR(MP_QSTR_account), MP_ROM_PTR(&mod_board_account_obj)},
#endif
    {MP_ROM_QSTR(MP_QSTR_names), MP_ROM_PTR(&mod_board_names_obj)},
    {MP_ROM_QSTR(MP_QSTR_stack), MP_ROM_PTR(&mod_board_stack_obj)},
    {MP_ROM_QSTR(MP_QSTR_pcbs), MP_ROM_PTR(&mod_board_pcbs_obj)},
    {MP_ROM_QSTR(MP_QSTR_pools), MP_ROM_PTR(&mod_board_pools_obj)},
};
static MP_DEFINE_CONST_DICT(board_module_globals, board_module_globals_table);

const mp_obj_module_t board_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&board_module_globals,
};

MP_REGISTER_MODULE(MP_QSTR_board, board_module);
