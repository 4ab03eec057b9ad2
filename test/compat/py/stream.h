/* The stream protocol.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_STREAM_H
#define COMPAT_STREAM_H

#include "py/obj.h"

#define MP_STREAM_ERROR ((mp_uint_t)-1)

#define MP_STREAM_FLUSH 1
#define MP_STREAM_POLL 3
#define MP_STREAM_CLOSE 4
#define MP_STREAM_GET_FILENO 10

#define MP_STREAM_POLL_RD 0x01
#define MP_STREAM_POLL_WR 0x04
#define MP_STREAM_POLL_ERR 0x08
#define MP_STREAM_POLL_HUP 0x10

typedef struct {
    mp_uint_t (*read)(mp_obj_t self, void *buf, mp_uint_t size, int *errcode);
    mp_uint_t (*write)(mp_obj_t self, const void *buf, mp_uint_t size, int *errcode);
    mp_uint_t (*ioctl)(mp_obj_t self, mp_uint_t request, uintptr_t arg, int *errcode);
    mp_uint_t is_text : 1;
} mp_stream_p_t;

#define MP_STREAM_OP_IOCTL 4

const mp_stream_p_t *mp_get_stream_raise(mp_obj_t self, int flags);

#endif
