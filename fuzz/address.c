/* Fuzz target: parses text and bytes as addresses and compares the results with the C library's parsers.
 *
 * Built as a libFuzzer target by `make fuzz`, and replayed with its corpus by the C tests.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "usocket/usocket.h"

#define MUST(what)                                              \
    do {                                                        \
        if (!(what)) {                                          \
            fprintf(stderr, "\"%s\": not so: %s\n", text, #what); \
            abort();                                            \
        }                                                       \
    } while (0)

static bool plain(const char *text) {
    for (; *text; text++) {
        if (*text <= ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

static void check_text(const char *text, size_t len) {
    uint8_t ours[16] = { 0 }, theirs[16] = { 0 };
    int r = usocket_pton(USOCKET_AF_INET, text, len, ours);
    MUST((r == 0) == (inet_pton(AF_INET, text, theirs) == 1));
    MUST(r != 0 || memcmp(ours, theirs, 4) == 0);
    if (plain(text)) { /* inet_aton also accepts any text after a blank */
        r = usocket_aton(text, len, ours);
        MUST((r == 0) == (inet_aton(text, (void *)theirs) == 1));
        MUST(r != 0 || memcmp(ours, theirs, 4) == 0);
    }
#if USOCKET_IPV6
    r = usocket_pton(USOCKET_AF_INET6, text, len, ours);
    MUST((r == 0) == (inet_pton(AF_INET6, text, theirs) == 1));
    if (r == 0) {
        char back[64], expected[64];
        MUST(memcmp(ours, theirs, 16) == 0);
        MUST(usocket_ntop(USOCKET_AF_INET6, ours, back) == (int)strlen(back));
        MUST(strcmp(back, inet_ntop(AF_INET6, theirs, expected, sizeof expected)) == 0);
    }
#endif
    usocket_addr_t a;
    r = usocket_addr_parse(&a, text, len, USOCKET_AF_UNSPEC);
    MUST(r == 0 || r == USOCKET_EAI_NONAME || r == USOCKET_ENODEV);
    if (r == 0) {
        char shown[USOCKET_ADDR_TEXT];
        MUST(usocket_addr_format(&a, shown) == (int)strlen(shown));
    }
    if (plain(text) && !strchr(text, '%') && strcmp(text, "*") != 0) { /* glibc reads "*" as no host */
        struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM,
            .ai_family = USOCKET_IPV6 ? AF_UNSPEC : AF_INET }, *list;
        int eai = *text ? getaddrinfo(text, "1", &hints, &list) : EAI_NONAME;
        if (USOCKET_IPV6 || !strchr(text, ':')) {
            MUST((r == 0) == (eai == 0));
        }
        if (eai == 0) {
            freeaddrinfo(list);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    uint8_t *exact = malloc(size ? size : 1); /* exact size without a final NUL, so that a sanitizer sees a read beyond the end */
    usocket_addr_t a = { 0 };
    memcpy(exact, data, size);
    memcpy(text, data, size);
    text[size] = 0;
    usocket_addr_parse(&a, (const char *)exact, size, USOCKET_AF_UNSPEC);
    if (strlen(text) == size && size < 200) {
        check_text(text, size);
    }
    if (usocket_addr_raw(&a, exact, size) == 0) {
        MUST(a.family == USOCKET_AF_INET || a.family == USOCKET_AF_INET6 || a.family == USOCKET_AF_UNIX);
        char shown[USOCKET_ADDR_TEXT];
        usocket_addr_format(&a, shown);
    }
    free(exact);
    free(text);
    return 0;
}
