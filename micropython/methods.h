/* The methods of class socket that are defined in other files than socket_type.c, for the table of the type.
 *
 * MicroPython calls them with the GIL, and with the native object as args[0], also of an instance of a subclass. Each
 * may raise, and leaves the socket usable, or closed, when it does.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PY_METHODS_H
#define USOCKET_PY_METHODS_H

#include "py_usocket.h"

MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_read_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_readinto_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_readline_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_write_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_send_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_sendall_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_sendto_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_recv_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_recvfrom_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_recv_into_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_recvfrom_into_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(usocket_py_makefile_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(usocket_py_sendfile_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_getsockopt_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_setsockopt_obj);
MP_DECLARE_CONST_FUN_OBJ_2(usocket_py_settimeout_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_gettimeout_obj);
MP_DECLARE_CONST_FUN_OBJ_2(usocket_py_setblocking_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_getblocking_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_detach_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_fileno_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_dup_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_get_inheritable_obj);
MP_DECLARE_CONST_FUN_OBJ_2(usocket_py_set_inheritable_obj);

#if USOCKET_TLS
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_do_handshake_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_version_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_cipher_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_selected_alpn_protocol_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(usocket_py_getpeercert_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_pending_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_unwrap_obj);
#endif

#endif
