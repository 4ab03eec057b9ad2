/* What the samples share: each is a command at the prompt that runs in a thread of its own, and `COMMAND stop` ends it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_SAMPLE_H
#define USOCKET_SAMPLE_H

#include <rtthread.h>

#include <finsh.h>

#include "usocket/usocket.h"

#define SAMPLE_WORDS 3
#define SAMPLE_WORD 64
#define SAMPLE_PATIENCE (10 * 1000000) /* microseconds, for one call */

typedef struct sample {
    const char *name, *usage;
    int needs;                     /* words after the command, at least */
    int (*run)(struct sample *me); /* its result: 0, or a code of usocket.h */
    usocket_t listener, sock;      /* closing them ends every wait of run */
    volatile bool running, stopped;
    char word[SAMPLE_WORDS][SAMPLE_WORD]; /* of the command line, "" where there is none */
} sample_t;

#define SAMPLE(command, function, least, words) \
    static sample_t command##_sample = {.name = #command, \
        .usage = words, \
        .needs = least, \
        .run = function, \
        .listener = USOCKET_CLOSED, \
        .sock = USOCKET_CLOSED}; \
    static int command(int argc, char **argv) { \
        return sample_command(&command##_sample, argc, argv); \
    }

/* Start or stop the sample, as the command line says. */
int sample_command(sample_t *me, int argc, char **argv);

/* Whether a call that ended with this code is to be made again, with the same deadline: USOCKET_EINTR is not for us, but for
 * the interpreter, if one runs beside us. */
bool sample_again(sample_t *me, int code);

/* Connect me->sock to a host, by name or address. */
int sample_connect(sample_t *me, const char *host, const char *port);

/* Send all of it. */
int sample_send(sample_t *me, const char *text, size_t len);

/* Receive a line, or the first len bytes of one. @return its length, 0 at the end of the stream, or a code */
int sample_line(sample_t *me, char *line, size_t len);

/* The port of a command line, or another. */
uint16_t sample_port(const char *word, uint16_t otherwise);

#endif
