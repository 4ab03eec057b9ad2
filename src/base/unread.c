/* Bytes put back: a block that the next receives return before the stack's bytes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base.h"

#include <string.h>

/* Loaded without the lock: a receive asks it first, and most sockets have no bytes put back. */
size_t usocket_unread_len(const usocket_t *s) {
    return base_unread(base_of(s));
}

#if USOCKET_UNREAD

/* Make `fd` poll readable, under the lock: the connection moves to a duplicate, and `fd` becomes a
 * descriptor that is always readable. Without a free descriptor nothing changes, and usocket_poll
 * alone knows of the bytes, as with USOCKET_UNREAD 1. */
static void show_readable(usocket_t *base) {
#if USOCKET_UNREAD > 1
    if (base->io == base->fd) {
        int io = usocket_port_dup(base->fd);
        if (io < 0) {
            return;
        }
        /* Store it before `fd` is no socket any more: a call
         * that fails on `fd` then finds `io` (has_moved). */
        ATOMIC_STORE(&base->io, io);
    }
    usocket_port_show_readable(base->fd, base->io);
#else
    (void)base;
#endif
}

/* Drop the block, under the lock. The descriptor is the socket again. The caller of usocket_unread
 * owns the memory and frees it. */
static void drop_block(usocket_t *base) {
    base->unread = NULL;
    ATOMIC_STORE(&base->unread_len, 0);
    if (USOCKET_UNREAD > 1 && base->io != base->fd) {
        usocket_port_show_socket(base->fd, base->io);
    }
}

int usocket_put_back(usocket_t *base, void *block, size_t len) {
    int r = 0;
    lock_sockets();
    if (base->unread_len != 0) {
        r = USOCKET_EEXIST;
    } else if (len != 0) {
        base->unread = block;
        base->unread_off = 0;
        ATOMIC_STORE(&base->unread_len, len);
        show_readable(base);
    }
    unlock_sockets();
    return r;
}

/* The block is checked again under the lock: another thread may have received the rest of it. */
void *usocket_take_back(usocket_t *base, size_t *off, size_t *len) {
    void *block = NULL;
    lock_sockets();
    if (base->unread_len != 0) {
        block = base->unread;
        *off = base->unread_off;
        *len = base->unread_len;
        drop_block(base);
    }
    unlock_sockets();
    return block;
}

size_t usocket_read_back(usocket_t *base, void *buf, size_t len, bool peek) {
    lock_sockets();
    size_t n = base->unread_len < len ? base->unread_len : len;
    if (n != 0) {
        memcpy(buf, base->unread + base->unread_off, n);
        if (!peek) {
            if (n == base->unread_len) {
                drop_block(base);
            } else {
                base->unread_off += n;
                ATOMIC_STORE(&base->unread_len, base->unread_len - n);
            }
        }
    }
    unlock_sockets();
    return n;
}

#endif
