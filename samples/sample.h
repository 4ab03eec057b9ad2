/* Code shared by all samples.
 *
 * Each sample is an msh command. It runs in a thread of its own, so the prompt stays free; `COMMAND stop` ends it by closing its
 * sockets, which makes every waiting call return.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_SAMPLE_H
#define USOCKET_SAMPLE_H

#include <rtthread.h>

#include <finsh.h>

#include "usocket/usocket.h"

#define SAMPLE_MAX_ARGS 3
#define SAMPLE_ARG_SIZE 64            /* bytes of one argument, with its final zero */
#define SAMPLE_TIMEOUT (10 * 1000000) /* microseconds; the limit of one call */

typedef struct sample {
    const char *name, *usage;
    int min_args;                  /* arguments that the command needs */
    int (*run)(struct sample *me); /* the sample itself; returns 0 or a negative code of usocket/errors.h */
    usocket_t listener, sock;      /* all sockets of the sample; `stop` closes them from another thread */
    volatile bool running;         /* the thread has not finished */
    volatile bool stopped;         /* `stop` was given */
    char arg[SAMPLE_MAX_ARGS][SAMPLE_ARG_SIZE]; /* arguments of the command line; "" for a missing one */
} sample_t;

/* Define the msh command `command`, which runs `function` with at least `least` arguments; `arguments` is their usage text. */
#define SAMPLE(command, function, least, arguments) \
    static sample_t command##_sample = {.name = #command, \
        .usage = arguments, \
        .min_args = least, \
        .run = function, \
        .listener = USOCKET_CLOSED, \
        .sock = USOCKET_CLOSED}; \
    static int command(int argc, char **argv) { \
        return sample_command(&command##_sample, argc, argv); \
    }

/* Start the sample in a new thread, or stop it if the only argument is `stop`. Returns at once. */
int sample_command(sample_t *me, int argc, char **argv);

/* True if a call that returned this code must be repeated with the same deadline. USOCKET_EINTR reports Ctrl-C to a MicroPython
 * interpreter that runs at the same time; a sample ignores it, waits 20 ms and tries again. */
bool sample_again(sample_t *me, int code);

/* Connect me->sock to a host, given by name or address. SAMPLE_TIMEOUT covers the lookup and every address of the name. */
int sample_connect(sample_t *me, const char *host, const char *port);

/* Send all `len` bytes. @return 0 or a code */
int sample_send(sample_t *me, const char *text, size_t len);

/* Receive one line with its newline, or the first `len` bytes of a longer one. No final zero is added.
 * @return the number of bytes, 0 at the end of the stream, or a code */
int sample_line(sample_t *me, char *line, size_t len);

/* The port number in an argument; `otherwise` if the argument is empty. */
uint16_t sample_port(const char *arg, uint16_t otherwise);

#endif
