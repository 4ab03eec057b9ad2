/* Time, deadlines, and the wait.
 *
 * Every wait of the library for a socket goes through wait_or, which alone knows about close, the
 * interrupt hook and slices.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base.h"

/* ---- Timeouts ---------------------------------------------------------------------------------------------------- */

usocket_time_t usocket_deadline_in(usocket_time_t timeout) {
    if (timeout <= 0) {
        return timeout < 0 ? USOCKET_NEVER : USOCKET_NOW;
    }
    uint64_t at = (uint64_t)(usocket_port_now() + USOCKET_CLOCK_STEP_US) + (uint64_t)timeout;
    return at <= INT64_MAX ? (usocket_time_t)at : USOCKET_NEVER;
}

usocket_time_t usocket_deadline(const usocket_t *s) {
    return usocket_deadline_in(usocket_gettimeout(s));
}

/* A timeout has 64 bits. A processor of 32 bits loads it in
 * two halves, so it is read and written under the lock there. */
#if USOCKET_THREADS && UINTPTR_MAX <= UINT32_MAX
typedef int32_t __attribute__((may_alias)) half_t;
#define HIGH (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

static usocket_time_t load_time(const usocket_time_t *p) {
#if USOCKET_QUICK
    /* The sign tells a blocking socket, the usual one: that half is read without the lock. */
    if (LOOSE_LOAD((const half_t *)p + HIGH) < 0) {
        return USOCKET_FOREVER;
    }
#endif
    lock_sockets();
    usocket_time_t t = *p;
    unlock_sockets();
    return t;
}

void usocket_store_time(usocket_time_t *p, usocket_time_t t) {
    lock_sockets();
    *p = t;
    unlock_sockets();
}
#else
#define load_time(p) LOOSE_LOAD(p)
#endif

void usocket_settimeout(usocket_t *s, usocket_time_t timeout) {
    usocket_store_time(&base_of(s)->timeout, timeout < 0 ? USOCKET_FOREVER : timeout);
}

usocket_time_t usocket_gettimeout(const usocket_t *s) {
    return load_time(&base_of(s)->timeout);
}

/* ---- Waiting ----------------------------------------------------------------------------------------------------- */

static bool (*interrupt_hook)(void); /* NULL: none; loaded for each use, since another thread may replace it */

void usocket_set_interrupt_hook(bool (*hook)(void)) {
    LOOSE_STORE(&interrupt_hook, hook);
}

/* As usocket_wait_for. It returns 1 if another thread has
 * set *stop, and then woken all waits; stop may be NULL. */
static int wait_or(usocket_t *s, usocket_wait_t *w, size_t n, usocket_time_t deadline, const bool *stop) {
    for (;;) {
        /* Checked on both sides of the port's wait. A close between the two ends that wait, since
         * usocket_close turns the wake-up on after it has set the flag. */
        if (USOCKET_THREADS && s != NULL && is_gone(s)) {
            return USOCKET_EBADF;
        }
        usocket_time_t until = deadline;
        bool (*hook)(void) = LOOSE_LOAD(&interrupt_hook);
        if (hook != NULL && deadline != USOCKET_NOW) {
            if (hook() && usocket_port_now() < deadline) { /* no interruption prolongs a call */
                return USOCKET_EINTR;
            }
#if USOCKET_WAIT_SLICE_MS
            usocket_time_t slice = usocket_port_now() + (usocket_time_t)USOCKET_WAIT_SLICE_MS * 1000;
            until = slice < deadline ? slice : deadline;
#endif
        }
        int r = usocket_port_wait(w, n, until);
        if (USOCKET_THREADS && s != NULL && is_gone(s)) {
            return USOCKET_EBADF;
        }
        /* With a hook a signal ends no wait: the hook decides in the next round. */
        if (r != 0 && (r != USOCKET_EINTR || hook == NULL)) {
            return r;
        }
        if (USOCKET_TLS && stop != NULL && LOOSE_LOAD(stop)) {
            return 1;
        }
        if (deadline == USOCKET_NOW || usocket_port_now() >= deadline) {
            return 0;
        }
    }
}

int usocket_wait_for(usocket_t *s, usocket_wait_t *w, size_t n, usocket_time_t deadline) {
    return wait_or(s, w, n, deadline, NULL);
}

#if USOCKET_TLS

#if USOCKET_THREADS

/* Wake the sleepers. The wake-up begins before `waking`
 * is set, because the last sleeper to see that ends it. */
static void wake_sleepers(usocket_news_t *news) {
    usocket_port_wake(true);
    lock_sockets();
    bool wakes = news->sleepers != 0 && !news->waking;
    if (wakes) {
        LOOSE_STORE(&news->waking, true);
    }
    unlock_sockets();
    if (!wakes) {
        usocket_port_wake(false);
    }
}

/* The caller holds the session's lock, so it alone writes
 * `value`, and may read it without the library's lock. */
void usocket_news_set(usocket_news_t *news, uint32_t value) {
    bool wakes = false;
    if (value != news->value) {
        lock_sockets();
        news->value = value;
        wakes = news->sleepers != 0;
        unlock_sockets();
    }
    if (wakes) {
        wake_sleepers(news);
    }
}

/* Wait as a sleeper of the session. News that came between the attempt and this call are found
 * under the lock, so no wake-up is missed. The last sleeper ends the wake-up of wake_sleepers. */
static int wait_news(usocket_t *s, usocket_wait_t *w, size_t n, usocket_time_t deadline, const usocket_want_t *want) {
    usocket_news_t *news = want->news;
    lock_sockets();
    bool old = news->value != want->seen;
    news->sleepers = (uint16_t)(news->sleepers + !old);
    unlock_sockets();
    if (old) {
        return 1;
    }
    int r = wait_or(s, w, n, deadline, &news->waking);
    lock_sockets();
    bool last = --news->sleepers == 0 && news->waking;
    if (last) {
        LOOSE_STORE(&news->waking, false);
    }
    unlock_sockets();
    if (last) {
        usocket_port_wake(false);
    }
    return r;
}

#else

void usocket_news_set(usocket_news_t *news, uint32_t value) {
    news->value = value;
}

static int wait_news(usocket_t *s, usocket_wait_t *w, size_t n, usocket_time_t deadline, const usocket_want_t *want) {
    (void)want;
    return usocket_wait_for(s, w, n, deadline);
}

#endif

#endif

#if USOCKET_TLS
int usocket_wait_want(usocket_t *s, usocket_wait_t *w, size_t n, const usocket_want_t *want, usocket_time_t deadline) {
    usocket_time_t until = want->at < deadline ? want->at : deadline;
    int r = want->in_session ? wait_news(s, w, n, until, want) : wait_or(s, w, n, until, NULL);
    return r == 0 && until != deadline ? 1 : r;
}
#endif

/* SO_RCVTIMEO and SO_SNDTIMEO count where the socket itself has no timeout: the handle is
 * non-blocking, so the stack ignores them. */
wait_limit_t usocket_limit(usocket_t *s, bool output, usocket_time_t deadline) {
    wait_limit_t limit = {deadline, deadline == USOCKET_NOW ? USOCKET_EAGAIN : USOCKET_ETIMEDOUT, false};
    if (USOCKET_SO_TIMEO && deadline == USOCKET_NEVER && (LOOSE_LOAD(&base_of(s)->flags) & FLAG_TIMEO)) {
        usocket_time_t timeo = usocket_port_timeo(io_of(s), output);
        if (timeo > 0) {
            limit.deadline = usocket_deadline_in(timeo);
            limit.timeout_code = USOCKET_EAGAIN; /* the code of the stack's own timeout */
        }
    }
    return limit;
}

int usocket_await(usocket_t *s, const usocket_want_t *want, wait_limit_t *limit) {
    /* The deadline holds even if the stack's poll reports ready for ever, each time in vain. */
    if (limit->deadline == USOCKET_NOW || (limit->retried && usocket_port_now() >= limit->deadline)) {
        return limit->timeout_code;
    }
    limit->retried = true;
    usocket_wait_t w = {base_io(base_of(s)), want->events, 0};
    /* The same wait in three builds: with TLS an attempt may
     * wait for the session, with TLS or AF_UNIX for a time. */
#if USOCKET_TLS || USOCKET_UNIX
    size_t n = want->events != 0;
    bool early = want->at < limit->deadline;
    usocket_time_t until = early ? want->at : limit->deadline;
#if USOCKET_TLS
    int r = want->in_session ? wait_news(s, &w, n, until, want) : wait_or(s, &w, n, until, NULL);
#else
    int r = usocket_wait_for(s, &w, n, until);
#endif
#else
    const bool early = false;
    int r = usocket_wait_for(s, &w, 1, limit->deadline);
#endif
    return r < 0 ? r : r > 0 || early ? 0 : limit->timeout_code;
}

#if USOCKET_WAIT_INSIDE

#define SLICE_US ((usocket_time_t)USOCKET_WAIT_SLICE_MS * 1000)

/* A stack's slice may be longer by a step of its clock, hence the second one. */
bool usocket_waits_inside(usocket_t *s, usocket_time_t deadline) {
    usocket_t *base = base_of(s);
    uint8_t flags = LOOSE_LOAD(&base->flags);
    bool (*hook)(void) = LOOSE_LOAD(&interrupt_hook);
    if ((flags & (FLAG_OUTSIDE | FLAG_TIMEO | FLAG_SHUT_RD)) || hook == NULL || is_gone(s) ||
        (deadline != USOCKET_NEVER && usocket_port_now() + 2 * SLICE_US > deadline) || hook()) {
        return false;
    }
    if (!(flags & FLAG_INSIDE)) {
        lock_sockets();
        flags = LOOSE_LOAD(&base->flags);
        if (!(flags & (FLAG_INSIDE | FLAG_OUTSIDE))) {
            flags = usocket_port_inside(base_io(base), true) == 0 ? FLAG_INSIDE : FLAG_OUTSIDE;
            usocket_change_flags(base, 0, flags);
        }
        unlock_sockets();
    }
    return (flags & (FLAG_INSIDE | FLAG_OUTSIDE)) == FLAG_INSIDE;
}

void usocket_wait_outside(usocket_t *base) {
    if (!(LOOSE_LOAD(&base->flags) & FLAG_OUTSIDE)) {
        lock_sockets();
        if (LOOSE_LOAD(&base->flags) & FLAG_INSIDE) {
            usocket_port_inside(base_io(base), false);
        }
        usocket_change_flags(base, FLAG_INSIDE, FLAG_OUTSIDE);
        unlock_sockets();
    }
}

/* A connection with two sockets has left FLAG_INSIDE, under the lock. */
void usocket_end_inside(usocket_t *base) {
    lock_sockets();
    if (LOOSE_LOAD(&base->flags) & FLAG_INSIDE) {
        usocket_port_end_inside(base_io(base));
    }
    unlock_sockets();
}

#endif

int usocket_go_on(usocket_t *s, unsigned *part, usocket_time_t deadline) {
    if (USOCKET_THREADS && is_gone(s)) {
        return USOCKET_EBADF;
    }
    ++*part;
    if (deadline == USOCKET_NOW) {
        return *part > 256 ? USOCKET_EAGAIN : 0; /* the peer sends without end */
    }
    if (*part % 8 != 0) { /* the checks below cost as much as a part does */
        return 0;
    }
    if (usocket_port_now() >= deadline) {
        return USOCKET_ETIMEDOUT;
    }
    bool (*hook)(void) = LOOSE_LOAD(&interrupt_hook);
    return hook != NULL && hook() ? USOCKET_EINTR : 0;
}

void usocket_change_flags(usocket_t *base, uint8_t clear, uint8_t set) {
    LOOSE_AND(&base->flags, (uint8_t)~clear);
    LOOSE_OR(&base->flags, set);
}

int usocket_wait_connected(usocket_t *s, usocket_time_t deadline) {
    usocket_t *base = base_of(s);
    usocket_wait_t w = {base_io(base), USOCKET_POLL_OUT, 0};
    int r = 0;
    /* The stack's answer saves a wait where it can tell that the connection exists
     * (PLAT_PEER_MEANS_CONNECTED). */
    if (!usocket_port_connected(w.handle)) {
        r = usocket_wait_for(s, &w, 1, deadline);
        if (r == 0) {
            return deadline == USOCKET_NOW ? USOCKET_EINPROGRESS : USOCKET_ETIMEDOUT;
        }
        r = r > 0 ? connect_result(w.handle) : r;
    }
    usocket_change_flags(base, FLAG_CONNECTED | FLAG_FAILED, r == 0 ? FLAG_CONNECTED : FLAG_FAILED);
    return r;
}
