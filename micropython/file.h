/* What the two files of makefile() share: the object. file.c makes, writes and closes it, file_read.c reads.
 *
 * A read takes bytes from the buffer and from the socket into a string of its own. When it fails, put_back in file_read.c makes
 * that string the buffer, and the buffer what comes `next`. That allocates nothing, so that no failure loses bytes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PY_FILE_H
#define USOCKET_PY_FILE_H

#include "py_usocket.h"

enum {
    CAN_READ = 1,
    CAN_WRITE = 2,
    IS_TEXT = 4,
    IS_READING = 8, /* a call reads */
    IS_KEPT = 16,   /* `buf` is the string of a read that failed, not the block of `size` bytes */
    NEWLINES = 32,  /* "\r\n" and "\r" become "\n" on their way into the buffer */
    AFTER_CR = 64,  /* the last byte received was "\r": a "\n" that follows it is dropped */
};

typedef struct {
    mp_obj_base_t base;
    usocket_t *sock;     /* `own`, or, unbuffered, the socket's */
    usocket_t own;       /* shares the connection */
    socket_obj_t *owner; /* memory of the connection */
    char *buf;           /* allocated by the first read; bytes pos to len are to be read */
    size_t size, pos, len;
    char *next; /* with IS_KEPT: the buffer to go on with; its first next_len bytes are to be read */
    size_t next_len;
    uint8_t mode;
    usocket_py_lock_t reading; /* where there is no GIL: held by the call that reads, to its end */
} file_obj_t;

/* An open file; can: CAN_READ or CAN_WRITE, or both for any file. what: the call. */
file_obj_t *usocket_py_check_file(mp_obj_t self_in, uint8_t can, qstr what);

/* Bytes in the buffer; an empty one gives way to what comes next. */
size_t usocket_py_file_buffered(file_obj_t *self);

MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_file_read_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_file_readinto_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_file_readline_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_file_readlines_obj);
mp_obj_t usocket_py_file_next(mp_obj_t self_in);

#endif
