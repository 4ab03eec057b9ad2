/* MicroPython's configuration of this board: that of a board with a network card, ROM level "extra features".
 *
 * SPDX-License-Identifier: MIT
 */
#include <alloca.h>
#include <stdint.h>

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

#ifndef BOARD_HEAP
#define BOARD_HEAP (128 * 1024)
#endif

#define MICROPY_HW_BOARD_NAME "mps2-an386 (QEMU)"
#define MICROPY_HW_MCU_NAME "Cortex-M4"
#define MICROPY_PY_SYS_PLATFORM "mps2"

#define MICROPY_EMIT_THUMB (1)
#define MICROPY_EMIT_INLINE_THUMB (1)
#define MICROPY_MAKE_POINTER_CALLABLE(p) ((void *)((mp_uint_t)(p) | 1))
#define MICROPY_PERSISTENT_CODE_LOAD (1)
#if USOCKET_TLS
#define MICROPY_TRACKED_ALLOC (1) /* mbedTLS's memory is found from static memory */
#define PLAT_MALLOC(size) board_alloc(size)
#define PLAT_FREE(p) board_free(p)
void *board_alloc(__SIZE_TYPE__ size);
void board_free(void *p);
#endif
#define MICROPY_MEM_STATS (0)
#define MICROPY_READER_VFS (1)
#define MICROPY_ENABLE_GC (1)
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_FLOAT)
#define MICROPY_USE_INTERNAL_ERRNO (1)
#define MICROPY_SCHEDULER_DEPTH (8)
#define MICROPY_SCHED_HOOK_SCHEDULED board_wake()
#define MICROPY_EPOCH_IS_1970 (1)

/* ---- Modules ---- */

#define MICROPY_VFS (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS (1)
#define MICROPY_PY_TIME_INCLUDEFILE "time_impl.h"
#define MICROPY_PY_OS_INCLUDEFILE "os_impl.h"
#define MICROPY_PY_OS_UNAME (1)
#define MICROPY_PY_OS_URANDOM (1)
#define MICROPY_PY_OS_DUPTERM (1)
#define MICROPY_PY_OS_DUPTERM_NOTIFY (1)
#define MICROPY_PY_RANDOM_SEED_INIT_FUNC (board_random_u32())
#define MICROPY_PY_MACHINE (1)
#define MICROPY_PY_MACHINE_INCLUDEFILE "machine_impl.h"
#define MICROPY_PY_MACHINE_RESET (1)
#define MICROPY_PY_MACHINE_SIGNAL (0)
#define MICROPY_PY_MACHINE_DISABLE_IRQ_ENABLE_IRQ (1)
#define MICROPY_PY_WEBSOCKET (1)
#define MICROPY_PY_WEBREPL (1)

/* ---- The network ---- */

#define MICROPY_PY_NETWORK (1)
#define MICROPY_PY_NETWORK_HOSTNAME_DEFAULT "mpy-mps2"
#define MICROPY_PORT_NETWORK_INTERFACES {MP_ROM_QSTR(MP_QSTR_LAN), MP_ROM_PTR(&network_lan_type)},
#define MICROPY_PY_LWIP (1)
#define MICROPY_PY_LWIP_SOCK_RAW (1)
/* The module usocket registers itself as socket, too, where this is 0. With extmod/modlwip.c that file does. */
#define MICROPY_PY_SOCKET (0)

#define MP_SSIZE_MAX (0x7fffffff)
#define MP_STATE_PORT MP_STATE_VM
#define MP_NEED_LOG2 (1)

typedef int32_t mp_int_t;
typedef uint32_t mp_uint_t;
typedef long mp_off_t;

void board_wake(void);
uint32_t board_random_u32(void);
extern const struct _mp_obj_type_t network_lan_type;
