/* The objects of operations that go on between calls, resolver and dialer: how an event loop waits for them, and asks
 * for the result.
 *
 * The functions in usocket_py_calls_t are called with the GIL, under the object's lock where there is none, and while
 * the object is open. They never wait. Only `result` may raise.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PY_OPERATION_H
#define USOCKET_PY_OPERATION_H

#include "py_usocket.h"

#if USOCKET_NAMES && USOCKET_ASYNC && USOCKET_PY_EXTRAS

typedef struct {
    qstr name;                  /* The function that made the object, for messages. */
    int (*advance)(void *self); /* Returns USOCKET_EAGAIN while the operation goes on, else how it ended. */
    int (*handle)(void *self);  /* Returns a descriptor that polls readable at the end, or a code. */
    mp_obj_t (*result)(void *self, int code); /* Returns or raises the result; code: how the operation ended. */
    void (*end)(void *self);                  /* Gives up whatever the operation holds. */
} usocket_py_calls_t;

/* The first member of such an object. */
typedef struct {
    mp_obj_base_t base;
    usocket_py_lock_t lock;
    bool open; /* False until the operation has begun, and once it is closed. */
    const usocket_py_calls_t *calls;
} usocket_py_operation_t;

/* A new object of `size` bytes, zero but for its first member, and not open yet. */
void *usocket_py_new_operation(size_t size, const mp_obj_type_t *type, const usocket_py_calls_t *calls);

/* The methods and the stream protocol of each type of operation. */
extern const mp_obj_dict_t usocket_py_operation_locals;
extern const mp_stream_p_t usocket_py_operation_stream;

#endif

#endif
