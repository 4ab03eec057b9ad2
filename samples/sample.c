/* Code shared by all samples: the command, its thread, and calls that are repeated after an interrupt.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sample.h"

#include <stdlib.h>
#include <string.h>

#define STACK 4096                                /* bytes */
#define PRIORITY (RT_THREAD_PRIORITY_MAX * 3 / 4) /* below most threads: a larger number is a lower priority */

/* The body of the sample's thread. It closes both sockets, whatever `run` returned; closing a closed socket does nothing. */
static void run_sample(void *arg) {
    sample_t *me = arg;
    int r = me->run(me);
    usocket_close(&me->sock);
    usocket_close(&me->listener);
    bool stopped = me->stopped;
    me->running = false; /* from here on the command may be started again */
    if (stopped) {
        rt_kprintf("%s: stopped\n", me->name);
    } else if (r < 0) {
        rt_kprintf("%s: %s (%s)\n", me->name, usocket_strerror(r), usocket_errname(r));
    } else {
        rt_kprintf("%s: done\n", me->name);
    }
}

int sample_command(sample_t *me, int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "stop") == 0) {
        me->stopped = true;
        usocket_close(&me->sock); /* a call that waits on it returns USOCKET_EBADF */
        usocket_close(&me->listener);
        return 0;
    }
    if (argc - 1 < me->min_args || argc - 1 > SAMPLE_MAX_ARGS) {
        rt_kprintf("usage: %s %s\n       %s stop\n", me->name, me->usage, me->name);
        return -1;
    }
    if (me->running) {
        rt_kprintf("%s is running; `%s stop` ends it\n", me->name, me->name);
        return -1;
    }
    memset(me->arg, 0, sizeof(me->arg));
    for (int i = 1; i < argc; i++) {
        strncpy(me->arg[i - 1], argv[i], SAMPLE_ARG_SIZE - 1);
    }
    me->running = true;
    me->stopped = false;
    rt_thread_t thread = rt_thread_create("sample", run_sample, me, STACK, PRIORITY, 10);
    if (thread == RT_NULL || rt_thread_startup(thread) != RT_EOK) {
        me->running = false;
        rt_kprintf("%s: no memory for a thread\n", me->name);
        return -1;
    }
    return 0;
}

bool sample_again(sample_t *me, int code) {
    if (code != USOCKET_EINTR || me->stopped) {
        return false;
    }
    rt_thread_mdelay(20);
    return true;
}

int sample_connect(sample_t *me, const char *host, const char *port) {
    usocket_query_t query = {.host = host, .service = port, .type = USOCKET_STREAM};
    usocket_dial_t dial;
    usocket_time_t deadline = usocket_deadline_in(SAMPLE_TIMEOUT); /* for the lookup and every address of the name */
    /* A dial looks the name up, then tries its addresses until one of them answers. */
    int r = usocket_dial_start(&dial, &query, NULL);
    if (r == 0) {
        do {
            r = usocket_dial_by(&dial, &me->sock, deadline);
        } while (sample_again(me, r));
        usocket_dial_end(&dial, &me->sock);
    }
    usocket_settimeout(&me->sock, SAMPLE_TIMEOUT);
    return r;
}

int sample_send(sample_t *me, const char *text, size_t len) {
    usocket_time_t deadline = usocket_deadline(&me->sock);
    size_t sent = 0;
    int r;
    do {
        r = usocket_send_all_by(&me->sock, text, len, &sent, deadline);
    } while (sample_again(me, r));
    return r;
}

int sample_line(sample_t *me, char *line, size_t len) {
    usocket_time_t deadline = usocket_deadline(&me->sock);
    size_t got = 0;
    int r;
    do {
        r = usocket_recv_line_by(&me->sock, line, len, &got, deadline);
    } while (sample_again(me, r));
    return r < 0 ? r : (int)got;
}

uint16_t sample_port(const char *arg, uint16_t otherwise) {
    return *arg != '\0' ? (uint16_t)atoi(arg) : otherwise;
}
