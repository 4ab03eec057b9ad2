/* network.LAN, as MicroPython's boards with a cable have it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "extmod/modnetwork.h"
#include "lwip/dhcp.h"
#include "lwip/netif.h"
#include "board.h"

/* Values of status(): as MicroPython's other boards have them. */
enum { STATUS_DOWN, STATUS_LINK, STATUS_NO_ADDRESS, STATUS_UP };

typedef struct {
    mp_obj_base_t base;
} network_lan_obj_t;

static const network_lan_obj_t network_lan_obj = {{&network_lan_type}};

static int lan_status(void) {
    struct netif *netif = board_lan_netif();
    if (!netif_is_up(netif)) {
        return STATUS_DOWN;
    }
    return ip4_addr_isany(netif_ip4_addr(netif)) ? STATUS_NO_ADDRESS : STATUS_UP;
}

static mp_obj_t network_lan_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    return MP_OBJ_FROM_PTR(&network_lan_obj);
}

static void network_lan_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind) {
    (void)self;
    (void)kind;
    const ip4_addr_t *a = netif_ip4_addr(board_lan_netif());
    mp_printf(print, "<LAN %d %u.%u.%u.%u>", lan_status(), ip4_addr1(a), ip4_addr2(a), ip4_addr3(a), ip4_addr4(a));
}

static mp_obj_t network_lan_active(size_t n_args, const mp_obj_t *args) {
    if (n_args == 1) {
        return mp_obj_new_bool(lan_status() != STATUS_DOWN);
    }
    if (!mp_obj_is_true(args[1])) {
        board_lan_stop();
    } else if (!board_lan_start()) {
        mp_raise_OSError(MP_ENODEV);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(network_lan_active_obj, 1, 2, network_lan_active);

static mp_obj_t network_lan_isconnected(mp_obj_t self) {
    (void)self;
    return mp_obj_new_bool(lan_status() == STATUS_UP);
}
static MP_DEFINE_CONST_FUN_OBJ_1(network_lan_isconnected_obj, network_lan_isconnected);

static mp_obj_t network_lan_get_status(size_t n_args, const mp_obj_t *args) {
    (void)args;
    if (n_args > 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("unknown status param"));
    }
    return MP_OBJ_NEW_SMALL_INT(lan_status());
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(network_lan_status_obj, 1, 2, network_lan_get_status);

/* MicroPython's own functions call lwIP without a lock. Those that only read it do no harm; while one writes, PendSV is kept out. */
static mp_obj_t network_lan_ifconfig(size_t n_args, const mp_obj_t *args) {
    return mod_network_nic_ifconfig(board_lan_netif(), n_args - 1, args + 1);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(network_lan_ifconfig_obj, 1, 2, network_lan_ifconfig);

static mp_obj_t network_lan_ipconfig(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    return mod_network_nic_ipconfig(board_lan_netif(), n_args - 1, args + 1, kwargs);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(network_lan_ipconfig_obj, 1, network_lan_ipconfig);

static mp_obj_t network_lan_config(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    if (mp_obj_str_get_qstr(args[1]) != MP_QSTR_mac) {
        mp_raise_ValueError(MP_ERROR_TEXT("unknown config param"));
    }
    return mp_obj_new_bytes(board_lan_netif()->hwaddr, 6);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(network_lan_config_obj, 2, 2, network_lan_config);

static const mp_rom_map_elem_t network_lan_locals_dict_table[] = {
    {MP_ROM_QSTR(MP_QSTR_active), MP_ROM_PTR(&network_lan_active_obj)},
    {MP_ROM_QSTR(MP_QSTR_isconnected), MP_ROM_PTR(&network_lan_isconnected_obj)},
    {MP_ROM_QSTR(MP_QSTR_status), MP_ROM_PTR(&network_lan_status_obj)},
    {MP_ROM_QSTR(MP_QSTR_ifconfig), MP_ROM_PTR(&network_lan_ifconfig_obj)},
    {MP_ROM_QSTR(MP_QSTR_ipconfig), MP_ROM_PTR(&network_lan_ipconfig_obj)},
    {MP_ROM_QSTR(MP_QSTR_config), MP_ROM_PTR(&network_lan_config_obj)},
};
static MP_DEFINE_CONST_DICT(network_lan_locals_dict, network_lan_locals_dict_table);

MP_DEFINE_CONST_OBJ_TYPE(network_lan_type, MP_QSTR_LAN, MP_TYPE_FLAG_NONE, make_new, network_lan_make_new, print,
    network_lan_print, locals_dict, &network_lan_locals_dict);
