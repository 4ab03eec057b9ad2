/* MicroPython's stream protocol on a socket, for select, tls and other C modules. Nothing here raises.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"
#include "usocket/tls.h"

/* Run scheduled functions, and return true if an exception is pending. It must not be raised here, because frames of
 * mbedTLS may be on the stack. */
static bool exception_waits(void) {
    if (usocket_exception_waits()) {
        return true;
    }
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_handle_pending(true); /* An exception may become pending only now. */
        nlr_pop();
        return false;
    }
    usocket_exception_back(MP_OBJ_FROM_PTR(nlr.ret_val));
    return true;
}

/* Convert a code to the protocol's form: a code of TLS becomes EIO, and EINTR becomes EAGAIN. */
static mp_uint_t protocol_result(int32_t r, int *errcode) {
    if (r >= 0) {
        return (mp_uint_t)r;
    }
#if USOCKET_TLS
    r = usocket_is_tls(r) ? USOCKET_EIO : r;
#endif
    *errcode = r == USOCKET_EINTR ? MP_EAGAIN : -r;
    return MP_STREAM_ERROR;
}

/* One receive or send within the timeout. An interruption that leaves an exception pending ends it with EAGAIN. */
static mp_uint_t transfer_once(usocket_t *s, bool out, void *buf, mp_uint_t size, int *errcode) {
    usocket_time_t deadline = usocket_deadline(s);
    int32_t r;
    do {
        MP_THREAD_GIL_EXIT();
        r = out ? usocket_send_by(s, buf, size, 0, NULL, deadline) : usocket_recv_by(s, buf, size, 0, NULL, deadline);
        MP_THREAD_GIL_ENTER();
    } while (r == USOCKET_EINTR && !exception_waits());
    return protocol_result(r, errcode);
}

mp_uint_t usocket_py_protocol_read(usocket_t *s, void *buf, mp_uint_t size, int *errcode) {
    return transfer_once(s, false, buf, size, errcode);
}

mp_uint_t usocket_py_protocol_write(usocket_t *s, const void *buf, mp_uint_t size, int *errcode) {
    return transfer_once(s, true, (void *)buf, size, errcode);
}

mp_uint_t usocket_py_poll(usocket_t *s, mp_uint_t flags) {
    return usocket_py_mask(usocket_poll(s, usocket_py_events(flags), USOCKET_NOW));
}

/* A TLS socket has no descriptor for pollers, because decrypted bytes do not make it readable. */
mp_uint_t usocket_py_protocol_ioctl(socket_obj_t *self, mp_uint_t request, uintptr_t arg, int *errcode) {
    switch (request) {
        case MP_STREAM_POLL:
            return usocket_py_poll(&self->sock, arg);
        case MP_STREAM_CLOSE:
            return protocol_result(usocket_py_close_socket(self, true), errcode);
        case MP_STREAM_FLUSH:
            return 0;
#ifdef MP_STREAM_GET_FILENO
        case MP_STREAM_GET_FILENO: {
            if (!mod_usocket_numbers.descriptors || (USOCKET_TLS && self->sock.proto == USOCKET_PROTO_SEC)) {
                *errcode = MP_EINVAL; /* Pollers then ask with MP_STREAM_POLL. */
                return MP_STREAM_ERROR;
            }
            int fd = usocket_fileno(&self->sock);
            return protocol_result(fd < 0 ? USOCKET_EBADF : fd, errcode);
        }
#endif
        default:
            *errcode = MP_EINVAL;
            return MP_STREAM_ERROR;
    }
}
