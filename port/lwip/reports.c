/* Reports of a socket that has become readable: lwIP's own callback of a netconn, replaced by one
 * that calls it first.
 *
 * lwIP makes the calls that matter here inside of lwIP: in its thread, or with its core lock. An
 * entry of the table is used, and a function called, inside of lwIP alone, so that none is in
 * progress once it is disarmed.
 *
 * Callers: notify.c, the guard and port/bsd.c, in any thread, without the library's lock. Nothing
 * waits.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#if USOCKET_NOTIFIES

#include <lwip/api.h>
#include <lwip/init.h>
#include <lwip/memp.h>
#include <lwip/priv/sockets_priv.h>
#include <lwip/timeouts.h>

#if LWIP_VERSION_MAJOR == 2 && LWIP_VERSION_MINOR < 2
#define SOCKET_OF(conn) ((conn)->socket)
#else
#define SOCKET_OF(conn) ((conn)->callback_arg.socket)
#endif

#define AGAIN_MS 2 /* A function that has refused is called again so much later. */

typedef struct {
    bool (*ready)(void *arg); /* NULL: not armed */
    void *arg;
    bool refused; /* The function has returned false. */
} entry_t;

static entry_t table[PLAT_HANDLE_COUNT];
static netconn_callback lwips; /* The callback of lwIP's sockets, which is one for all. */
static bool owed;              /* A function is to be called again. */
static bool timing;            /* A timer of lwIP does it. */

static entry_t *entry_of(int handle) {
    int i = handle - PLAT_HANDLE_FIRST;
    return i >= 0 && i < PLAT_HANDLE_COUNT ? &table[i] : NULL;
}

static bool is_armed(const entry_t *e) {
    return __atomic_load_n(&e->ready, __ATOMIC_RELAXED) != NULL;
}

/* ---- Calling ------------------------------------------------------------------------------------------------------- */

static void call_again(void *timer);

/* Have lwIP's timer call again, if there is a timer left. lwIP asserts that there is one, but
 * nothing else takes one meanwhile. Otherwise the next wait or report does it. */
static void begin_timer(void) {
#if LWIP_TIMERS && !LWIP_TIMERS_CUSTOM
    void *place = timing ? NULL : memp_malloc(MEMP_SYS_TIMEOUT);
    if (place != NULL) {
        memp_free(MEMP_SYS_TIMEOUT, place);
        timing = true;
        sys_timeout(AGAIN_MS, call_again, &timing);
    }
#endif
}

static void call_ready(entry_t *e) {
    if (e->ready != NULL) {
        e->refused = !e->ready(e->arg);
        if (e->refused) {
            owed = true;
            lwip_later(LATER_REPORT, call_again);
            begin_timer();
        } else {
            __atomic_store_n(&e->ready, NULL, __ATOMIC_RELAXED);
        }
    }
}

static void call_again(void *timer) {
    if (timer != NULL) {
        timing = false;
    }
    if (owed) {
        owed = false;
        lwip_later(LATER_REPORT, NULL);
        for (entry_t *e = table; e < table + PLAT_HANDLE_COUNT; e++) {
            if (e->refused) {
                call_ready(e);
            }
        }
    }
}

/* lwIP's callback may free the netconn of a socket that is closed. lwIP reports what a receive takes
 * in the thread that receives; it is of no interest. */
static void on_event(struct netconn *conn, enum netconn_evt event, u16_t len) {
    int handle = SOCKET_OF(conn);
    lwips(conn, event, len);
    entry_t *e = event == NETCONN_EVT_RCVPLUS || event == NETCONN_EVT_ERROR ? entry_of(handle) : NULL;
    if (e != NULL) {
        call_ready(e);
    }
}

/* ---- Arming -------------------------------------------------------------------------------------------------------- */

/* The arguments and the result of a call that is made inside of lwIP. */
typedef struct {
    int handle;
    entry_t entry;
    int result;
} request_t;

static void arm(void *arg) {
    request_t *r = arg;
    entry_t *e = entry_of(r->handle);
    struct lwip_sock *sock = lwip_socket_dbg_get_socket(r->handle);
    if (e == NULL || sock == NULL || sock->conn == NULL) {
        r->result = USOCKET_EBADF;
        return;
    }
    if (sock->conn->callback != on_event) {
        lwips = sock->conn->callback;
        sock->conn->callback = on_event;
    }
    *e = r->entry;
}

static void disarm(void *arg) {
    const request_t *r = arg;
    entry_t *e = entry_of(r->handle);
    if (e != NULL && e->arg == r->entry.arg) {
        *e = (entry_t){0};
    }
}

static void call_entry(void *entry) {
    call_ready(entry);
}

static void clear(void *entry) {
    *(entry_t *)entry = (entry_t){0};
}

void lwip_report(int fd) {
    entry_t *e = entry_of(fd);
    if (e != NULL && is_armed(e)) {
        lwip_run(call_entry, e);
    }
}

int lwip_arm(int fd, bool (*ready)(void *arg), void *arg) {
    request_t r = {.handle = fd, .entry = {.ready = ready, .arg = arg}};
    lwip_run(ready != NULL ? arm : disarm, &r);
    return r.result;
}

void lwip_disarm(int fd) {
    entry_t *e = entry_of(fd);
    if (e != NULL && is_armed(e)) {
        lwip_run(clear, e);
    }
}

#endif
