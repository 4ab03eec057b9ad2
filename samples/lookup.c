/* The command `usocket_lookup NAME` prints the addresses of a host name.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sample.h"

static int look_up(sample_t *me) {
    usocket_query_t query = {.host = me->arg[0], .type = USOCKET_STREAM};
    usocket_lookup_t *lookup;
    usocket_time_t deadline = usocket_deadline_in(SAMPLE_TIMEOUT);
    /* The lookup runs in the background. A wait that was interrupted is repeated with the same deadline. */
    int r = usocket_lookup_start(&lookup, &query);
    if (r == 0) {
        do {
            r = usocket_lookup_wait(lookup, deadline);
        } while (sample_again(me, r));
    }
    usocket_addrinfo_t info;
    for (size_t i = 0; r == 0 && usocket_lookup_get(lookup, i, &info) == 0; i++) {
        char text[46]; /* the longest IPv6 address as text, with its final zero */
        usocket_ntop(info.addr.family, info.addr.u.ip, text);
        rt_kprintf("%s is %s\n", me->arg[0], text);
    }
    usocket_lookup_free(lookup); /* accepts NULL, which a failed start leaves in `lookup` */
    return r;
}

SAMPLE(usocket_lookup, look_up, 1, "NAME")
MSH_CMD_EXPORT(usocket_lookup, print the addresses of a name);
