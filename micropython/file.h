/* The file objects of makefile(), shared by file.c (makes, writes, closes) and file_read.c (reads). file.c calls
 * file_read.c, not the other way round.
 *
 * Caller: a thread that holds the GIL. Where there is none, `reading` admits one reader at a time; writing needs no
 * lock. A reader sets IS_READING while the core is called, because scheduled functions run in between: another read of
 * the same file then raises RuntimeError.
 *
 * Never: a failure loses no byte. A read moves bytes from the buffer and from the socket into a string of its own. When
 * it fails, put_back_in_buffer makes that string the buffer, and the old buffer what comes `next`. That allocates
 * nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PY_FILE_H
#define USOCKET_PY_FILE_H

#include "py_usocket.h"

enum { /* Flags of `mode`. */
    CAN_READ = 1,
    CAN_WRITE = 2,
    IS_BINARY = 4,
    IS_READING = 8, /* A read is going on. */
    IS_KEPT = 16,   /* `buf` is the string of a failed read, not the block of `size` bytes. */
    /* These are 0 where every file is binary, and the compiler leaves out what depends on them. */
    NEWLINES = USOCKET_PY_TEXT ? 32 : 0, /* "\r\n" and "\r" become "\n" on their way into the buffer. */
    AFTER_CR = USOCKET_PY_TEXT ? 64 : 0, /* The last byte received was "\r": a "\n" that follows it is dropped. */
};

/* True for the flags of a text file. */
#define IS_TEXT(mode) (USOCKET_PY_TEXT && !(IS_BINARY & (mode)))

typedef struct {
    mp_obj_base_t base;
    usocket_t *sock;     /* &own, or the owner's socket if the file is unbuffered. */
    usocket_t own;       /* Shares the owner's connection; closed in an unbuffered file. */
    socket_obj_t *owner; /* Keeps the memory of the connection alive. */
    char *buf;           /* Allocated by the first read; bytes pos to len are still to be read. */
    size_t size, pos, len;
    char *next;                /* With IS_KEPT, the buffer to use after this one. */
    size_t next_len;           /* Bytes of `next` that are still to be read. */
    uint8_t mode;              /* Flags CAN_READ to AFTER_CR. */
    usocket_py_lock_t reading; /* Held by a call that reads, to its end, in builds without a GIL. */
} file_obj_t;

/* An open file, or an exception. can: CAN_READ or CAN_WRITE, or both for a call that any file allows; what: the
 * call. */
file_obj_t *usocket_py_check_file(mp_obj_t self_in, uint8_t can, qstr what);

/* The number of bytes in the buffer; an empty buffer is replaced by `next` first. Never raises. */
size_t usocket_py_file_buffered(file_obj_t *self);

MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_file_read_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_file_readinto_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_file_readline_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_file_readlines_obj);
mp_obj_t usocket_py_file_next(mp_obj_t self_in);

#endif
