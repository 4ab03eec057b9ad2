/* The module's functions, for its dictionary in module_table.c, and the helpers that several of them share.
 *
 * MicroPython calls the functions with the GIL. They may raise, and leave no descriptor, lookup or dial behind when
 * they do. They may wait, in lookups and connects, except for resolver, dialer and poller.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PY_FUNCTIONS_H
#define USOCKET_PY_FUNCTIONS_H

#include "py_usocket.h"

MP_DECLARE_CONST_FUN_OBJ_0(mod_usocket_init_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(mod_usocket_getaddrinfo_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(mod_usocket_create_connection_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(mod_usocket_create_server_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(mod_usocket_socketpair_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(mod_usocket_fromfd_obj);
MP_DECLARE_CONST_FUN_OBJ_2(mod_usocket_getnameinfo_obj);
MP_DECLARE_CONST_FUN_OBJ_1(mod_usocket_gethostbyname_obj);
MP_DECLARE_CONST_FUN_OBJ_1(mod_usocket_gethostbyname_ex_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(mod_usocket_getfqdn_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(mod_usocket_getservbyname_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(mod_usocket_getservbyport_obj);
MP_DECLARE_CONST_FUN_OBJ_0(mod_usocket_gethostname_obj);
MP_DECLARE_CONST_FUN_OBJ_2(mod_usocket_inet_pton_obj);
MP_DECLARE_CONST_FUN_OBJ_2(mod_usocket_inet_ntop_obj);
MP_DECLARE_CONST_FUN_OBJ_1(mod_usocket_inet_aton_obj);
MP_DECLARE_CONST_FUN_OBJ_1(mod_usocket_inet_ntoa_obj);
MP_DECLARE_CONST_FUN_OBJ_1(mod_usocket_swap16_obj);
MP_DECLARE_CONST_FUN_OBJ_1(mod_usocket_swap32_obj);
MP_DECLARE_CONST_FUN_OBJ_1(mod_usocket_if_nametoindex_obj);
MP_DECLARE_CONST_FUN_OBJ_1(mod_usocket_if_indextoname_obj);
MP_DECLARE_CONST_FUN_OBJ_0(mod_usocket_if_nameindex_obj);
MP_DECLARE_CONST_FUN_OBJ_0(mod_usocket_getdefaulttimeout_obj);
MP_DECLARE_CONST_FUN_OBJ_1(mod_usocket_setdefaulttimeout_obj);

MP_DECLARE_CONST_FUN_OBJ_KW(mod_usocket_resolver_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(mod_usocket_dialer_obj);
MP_DECLARE_CONST_FUN_OBJ_0(mod_usocket_poller_obj);

#if USOCKET_PY_EXTRAS
#define FOR_EXTRAS /* static in smaller builds, as FOR_EVENT_LOOPS */
/* A host and a port argument of a lookup as text, or NULL for None. The text is copied into `buf`, of
 * USOCKET_HOST_MAX or USOCKET_SERVICE_MAX bytes. */
const char *usocket_py_host_text(mp_obj_t arg, char *buf, qstr what);
const char *usocket_py_service_text(mp_obj_t arg, char *buf, qstr what);
#if USOCKET_NAMES
/* Return make(l), and free l, also if make raises. */
mp_obj_t usocket_py_make_and_free(usocket_lookup_t *l, mp_obj_t (*make)(usocket_lookup_t *l));
#endif
#else
#define FOR_EXTRAS static
#endif

#if USOCKET_NAMES && (USOCKET_ASYNC || USOCKET_POLLER)

/* Parse getaddrinfo's arguments into q, which refers to the buffers `host` and `service`. Returns the host argument. */
mp_obj_t usocket_py_query_args(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args, usocket_query_t *q,
    char *host, char *service, qstr what);

/* The list that getaddrinfo returns. */
mp_obj_t usocket_py_answers(usocket_lookup_t *l);
#endif

/* The default value of `timeout` arguments, which tells a missing argument from None. */
extern const mp_obj_base_t mod_usocket_global_default_timeout;

#endif
