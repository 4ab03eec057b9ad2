/* Searches each block for secrets before it is freed: keys, their seeds, and plain text of TLS connections.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define SECRETS 512
#define PIECE 12 /* bytes; long enough not to match by chance */
#define KEY 32   /* bytes; shorter random values are nonces, which are public */

static struct {
    const char *what;
    unsigned char piece[PIECE];
} secrets[SECRETS];
static size_t secret_count;
static bool from_random;
static unsigned spilt;
static const char *last;

static void keep(const char *what, const unsigned char *piece, bool backwards) {
    if (secret_count == SECRETS) {
        abort();
    }
    for (size_t i = 0; i < PIECE; i++) {
        secrets[secret_count].piece[i] = piece[backwards ? PIECE - 1 - i : i];
    }
    secrets[secret_count++].what = what;
}

void sim_secret(const char *what, const void *bytes, size_t len) {
    const unsigned char *p = bytes;
    if (len < PIECE) {
        abort();
    }
    size_t at[] = { 0, (len - PIECE) / 2, len - PIECE };
    for (size_t i = 0; i < 3; i++) {
        if (i == 0 || at[i] != at[i - 1]) {
            keep(what, p + at[i], false);
            keep(what, p + at[i], true); /* mbedTLS stores numbers little-endian */
        }
    }
}

void sim_secrets_from_random(bool on) {
    from_random = on;
}

void sim_secrets_begin(void) {
    secret_count = 0;
    from_random = false;
    spilt = 0;
    last = NULL;
}

unsigned sim_secrets_spilt(const char **what) {
    *what = last;
    return spilt;
}

void sim_secrets_random(const void *bytes, size_t len) {
    if (from_random && len >= KEY) {
        sim_secret("random bytes", bytes, len);
    }
}

void sim_secrets_freed(const void *block, size_t size) {
    for (size_t i = 0; i < secret_count; i++) {
        if (memmem(block, size, secrets[i].piece, PIECE) != NULL) {
            spilt++;
            last = secrets[i].what;
        }
    }
}
