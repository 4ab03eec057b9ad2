// Disables the leak check of AddressSanitizer in a traced program (strace), where it would fail with an error.
#if defined(__SANITIZE_ADDRESS__)

#include <stdio.h>

int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void) {
    int tracer = 0;
    char line[128];
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof(line), status) != NULL && sscanf(line, "TracerPid: %d", &tracer) != 1) {
    }
    if (status != NULL) {
        fclose(status);
    }
    return tracer != 0;
}

#else
typedef int usocket_nothing_here_t;
#endif
