/* Lookups that the stack answers by itself (USOCKET_ASKS).
 *
 * A lookup asks the port, and its handle is the port's question. Whoever looks at the lookup next,
 * after the handle has become readable, takes the answer: a wait, an event loop, or
 * usocket_lookup_get. No thread of the library is involved, so a lookup belongs to its caller alone
 * and needs no lock.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lookup.h"

#if USOCKET_NAMES && USOCKET_ASKS

/* End a lookup with the result r. */
static void finish(usocket_lookup_t *l, int r) {
    l->error = r;
    l->state = DONE;
}

/* A reverse lookup ends here, since the port answers it without a wait. A question that the port
 * refuses ends the lookup, too, and the wait returns its code; only a lack of handles or memory is
 * a failure of the call, which the caller may repeat. */
int usocket_lookup_dispatch(usocket_lookup_t *l) {
    if (l->reverse != NULL) {
        finish(l, l->reverse(l));
        return 0;
    }
    l->handle = usocket_port_ask(l->host, l->family, l->flags);
    if (usocket_is_eai(l->handle)) {
        finish(l, l->handle);
        return 0;
    }
    return l->handle < 0 ? l->handle : 0;
}

bool usocket_lookup_take(usocket_lookup_t *l) {
    if (l->state != DONE && !is_inherited(l)) {
        size_t n = USOCKET_RESOLVER_RESULTS;
        int r = usocket_port_answer(l->handle, l->addr, &n, l->canon);
        if (r != USOCKET_EAGAIN) {
            l->n = n;
            finish(l, r == 0 && n == 0 ? USOCKET_EAI_NONAME : r);
        }
    }
    return l->state == DONE;
}

#endif
