/* Substitute for RT-Thread's finsh.h: collects the exported msh commands by name for main.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAMPLES_FINSH_H
#define SAMPLES_FINSH_H

int entry(void); /* RT-Thread 5.2 declares it in rtthread.h, for gcc. */

typedef int (*command_t)(int argc, char **argv);
void samples_add(const char *name, const char *text, command_t command);

#define MSH_CMD_EXPORT(command, text) \
    __attribute__((constructor)) static void command##_add(void) { \
        samples_add(#command, #text, command); \
    } \
    extern int samples_semicolon

#endif
