/* First tries of calls on plain sockets, where a try is no system call: no clock and no limit.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"
#include "usocket/private.h"

#if USOCKET_QUICK

/* True for a socket with none of what the usual calls look for, apart from an error that is kept.
 * A macro, as HOLD_BARE, because -Os makes a call of a function. */
#define IS_OWN(s) (LOOSE_LOAD(&(s)->base) == NULL && base_unread(s) == 0 && !HAS_TLS(s))

#if USOCKET_THREADS

/* Hold a bare socket. */
static bool hold_bare(usocket_t *s) {
    if (usocket_hold(s) < 0) {
        return false;
    }
    if (IS_OWN(s)) {
        return true;
    }
    usocket_release(s);
    return false;
}
#define HOLD_BARE(s) hold_bare(s)

#else

/* The descriptor of a socket that was given away is -1. */
#define HOLD_BARE(s) ((s)->users == 0 && IS_OWN(s))

#endif

/* With USOCKET_QUICK 2 a try that finds nothing turns off the tries of the receives that follow it,
 * as many as GUESS_EARLY says (stream.c counts them). */
#if USOCKET_QUICK > 1
#define COMES_EARLY(s) (LOOSE_LOAD(&(s)->guess) != 0)
#define NOTE_EARLY(s, r) \
    do { \
        if ((r) == USOCKET_EAGAIN) { \
            LOOSE_STORE(&(s)->guess, GUESS_EARLY); \
        } \
    } while (0)
#else
#define COMES_EARLY(s) false
#define NOTE_EARLY(s, r) ((void)0)
#endif

/* An error that is kept is the next result of a receive. A send goes on without it. */
int32_t usocket_try_recv(usocket_t *s, void *buf, size_t len, usocket_addr_t *from) {
    if (len == 0 || (from != NULL && is_stream(s)) || LOOSE_LOAD(&s->error) != 0 || COMES_EARLY(s) || !HOLD_BARE(s)) {
        return USOCKET_EAGAIN;
    }
    int32_t r = usocket_port_recv(base_io(s), buf, len, 0, from);
    note_lost(s, r);
    NOTE_EARLY(s, r);
    usocket_release(s);
    return r;
}

size_t usocket_try_line(usocket_t *s, size_t most) {
    if (!is_stream(s) || LOOSE_LOAD(&s->error) != 0 || !HOLD_BARE(s)) {
        return 0;
    }
    size_t n = usocket_port_line(base_io(s), most);
    usocket_release(s);
    return n;
}

int32_t usocket_try_send(usocket_t *s, const void *buf, size_t len, const usocket_addr_t *to) {
    if (!HOLD_BARE(s)) {
        return USOCKET_EAGAIN;
    }
    int32_t r = usocket_port_send(base_io(s), buf, len, 0, to);
    note_lost(s, r);
    usocket_release(s);
    return r;
}

/* Not inlined, so that the usual case has no frame. */
__attribute__((noinline)) static int poll_others(usocket_t *s, int events) {
    int r = usocket_poll(s, events, USOCKET_NOW);
    return r > 0 ? r : 0;
}

/* A poll does not tell of an error that is kept. */
int usocket_try_poll(usocket_t *s, int events) {
    if (!HOLD_BARE(s)) {
        return poll_others(s, events);
    }
    int r = usocket_port_ready(base_io(s), events);
    usocket_release(s);
    return r;
}

#endif
