/* usocket_lookup NAME: print the addresses of a name.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sample.h"

static int look_up(sample_t *me) {
    usocket_query_t query = {.host = me->word[0], .type = USOCKET_STREAM};
    usocket_lookup_t *lookup;
    usocket_time_t deadline = usocket_deadline_in(SAMPLE_PATIENCE);
    int r = usocket_lookup_start(&lookup, &query);
    if (r == 0) {
        do {
            r = usocket_lookup_wait(lookup, deadline);
        } while (sample_again(me, r));
    }
    usocket_addrinfo_t info;
    for (size_t i = 0; r == 0 && usocket_lookup_get(lookup, i, &info) == 0; i++) {
        char text[46];
        usocket_ntop(info.addr.family, info.addr.u.ip, text);
        rt_kprintf("%s is %s\n", me->word[0], text);
    }
    usocket_lookup_free(lookup);
    return r;
}

SAMPLE(usocket_lookup, look_up, 1, "NAME")
MSH_CMD_EXPORT(usocket_lookup, print the addresses of a name);
