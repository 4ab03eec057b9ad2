/* A command prompt for the samples: reads commands from standard input, one per line.
 *
 * SPDX-License-Identifier: MIT
 */
#include <rtthread.h>

#include <finsh.h>
#include <stdio.h>
#include <string.h>

static struct {
    const char *name, *text;
    command_t command;
} commands[16];
static size_t count;

void samples_add(const char *name, const char *text, command_t command) {
    commands[count].name = name;
    commands[count].text = text;
    commands[count++].command = command;
}

static void obey(int argc, char **argv) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(argv[0], commands[i].name) == 0) {
            commands[i].command(argc, argv);
            return;
        }
        if (strcmp(argv[0], "help") == 0) {
            rt_kprintf("%s: %s\n", commands[i].name, commands[i].text);
        }
    }
    if (strcmp(argv[0], "help") != 0) {
        rt_kprintf("%s: command not found.\n", argv[0]);
    }
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    char line[256];
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *argv[10], *rest = line, *word;
        int argc = 0;
        while (argc < 10 && (word = strsep(&rest, " \n")) != NULL) {
            if (*word != '\0') {
                argv[argc++] = word;
            }
        }
        if (argc > 0) {
            obey(argc, argv);
        }
    }
    return 0;
}
