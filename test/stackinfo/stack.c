/* `_stack`, a module of test builds: the open sockets and the resources of the stack under the sockets.
 *
 * SIN_LEN    struct sockaddr begins with its length
 * sockets()  number of open sockets
 * pools()    lwIP: {name: (used, most, failed)} of each pool and of its heap; {} elsewhere
 * strikes()  lwIP in a signal handler: (signals, of them deferred); (0, 0) elsewhere
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "py/runtime.h"
#include "usocket/port.h"

#ifndef STACKINFO_HANDLES
#define STACKINFO_HANDLES 1024
#endif

static mp_obj_t stack_sockets(void) {
    mp_int_t open = 0;
    for (int handle = 0; handle < STACKINFO_HANDLES; handle++) {
        int type;
        size_t len = sizeof(type);
        open += usocket_port_getopt(handle, SOL_SOCKET, SO_TYPE, &type, &len) >= 0;
    }
    return MP_OBJ_NEW_SMALL_INT(open);
}
static MP_DEFINE_CONST_FUN_OBJ_0(stack_sockets_obj, stack_sockets);

#if defined(LWIP_HDR_OPT_H) && LWIP_STATS

#include "lwip/memp.h"
#include "lwip/stats.h"

static void add(mp_obj_t dict, const char *name, const struct stats_mem *m) {
    mp_obj_t counts[3] = {MP_OBJ_NEW_SMALL_INT(m->used), MP_OBJ_NEW_SMALL_INT(m->max), MP_OBJ_NEW_SMALL_INT(m->err)};
    mp_obj_dict_store(dict, mp_obj_new_str(name, strlen(name)), mp_obj_new_tuple(3, counts));
}

static mp_obj_t stack_pools(void) {
    mp_obj_t dict = mp_obj_new_dict(0);
#if MEMP_STATS
    static const char *const names[] = {
#define LWIP_MEMPOOL(name, num, size, desc) #name,
#include "lwip/priv/memp_std.h"
    };
    for (size_t i = 0; i < MEMP_MAX; i++) {
        add(dict, names[i], lwip_stats.memp[i]);
    }
#endif
#if MEM_STATS
    add(dict, "HEAP", &lwip_stats.mem);
#endif
    return dict;
}

#else

static mp_obj_t stack_pools(void) {
    return mp_obj_new_dict(0);
}

#endif

static MP_DEFINE_CONST_FUN_OBJ_0(stack_pools_obj, stack_pools);

static mp_obj_t stack_strikes(void) {
    mp_obj_t counts[2] = {MP_OBJ_NEW_SMALL_INT(0), MP_OBJ_NEW_SMALL_INT(0)};
#ifdef TEST_LWIP_BOARD_H
    test_lwip_strikes_t n = test_lwip_strikes();
    counts[0] = mp_obj_new_int_from_uint(n.strikes);
    counts[1] = mp_obj_new_int_from_uint(n.deferred);
#endif
    return mp_obj_new_tuple(2, counts);
}
static MP_DEFINE_CONST_FUN_OBJ_0(stack_strikes_obj, stack_strikes);

static const mp_rom_map_elem_t stack_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__stack)},
    {MP_ROM_QSTR(MP_QSTR_SIN_LEN), PLAT_HAS_SA_LEN ? MP_ROM_TRUE : MP_ROM_FALSE},
    {MP_ROM_QSTR(MP_QSTR_sockets), MP_ROM_PTR(&stack_sockets_obj)},
    {MP_ROM_QSTR(MP_QSTR_pools), MP_ROM_PTR(&stack_pools_obj)},
    {MP_ROM_QSTR(MP_QSTR_strikes), MP_ROM_PTR(&stack_strikes_obj)},
};
static MP_DEFINE_CONST_DICT(stack_globals, stack_globals_table);

const mp_obj_module_t stackinfo_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&stack_globals,
};
MP_REGISTER_MODULE(MP_QSTR__stack, stackinfo_module);
