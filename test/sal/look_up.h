/* A lookup with a timeout, for the tests.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_LOOK_UP_H
#define SAL_LOOK_UP_H

#include "usocket/usocket.h"

static int look_up(const char *name, usocket_time_t timeout) {
    usocket_lookup_t *l;
    usocket_query_t q = {.host = name, .port = 80};
    int r = usocket_lookup_start(&l, &q);
    if (r == 0) {
        r = usocket_lookup_wait(l, usocket_deadline_in(timeout));
        usocket_lookup_free(l);
    }
    return r;
}

#endif
