/* Random bytes: ChaCha20 with a key that the runner takes from its system. Each call ends with a new key, so that what the memory
 * holds says nothing about earlier output.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "board.h"

static uint32_t key[8];
static bool seeded;

static uint32_t rotate(uint32_t x, unsigned n) {
    return (x << n) | (x >> (32u - n));
}

static void quarter(uint32_t *x, unsigned a, unsigned b, unsigned c, unsigned d) {
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 7);
}

static void block(uint32_t out[16], uint32_t counter) {
    uint32_t in[16] = {0x61707865u, 0x3320646eu, 0x79622d32u, 0x6b206574u};
    memcpy(in + 4, key, sizeof key);
    in[12] = counter;
    memcpy(out, in, sizeof in);
    for (int round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 4; i++) {
            quarter(out, i, i + 4, i + 8, i + 12);
        }
        for (unsigned i = 0; i < 4; i++) {
            quarter(out, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
        }
    }
    for (int i = 0; i < 16; i++) {
        out[i] += in[i];
    }
}

void board_random_init(void) {
    if (BOARD_OUTSIDE->magic == BOARD_OUTSIDE_MAGIC) {
        for (int i = 0; i < 8; i++) {
            key[i] = BOARD_OUTSIDE->seed[i];
            BOARD_OUTSIDE->seed[i] = 0;
            seeded = seeded || key[i] != 0;
        }
    }
}

bool board_random(void *buf, size_t len) {
    if (!seeded) {
        return false;
    }
    uint32_t out[16];
    uint8_t *to = buf;
    const uint32_t state = board_mask_pendsv();
    for (uint32_t counter = 1; len > 0; counter++) {
        size_t n = len < sizeof out ? len : sizeof out;
        block(out, counter);
        memcpy(to, out, n);
        to += n;
        len -= n;
    }
    block(out, 0);
    memcpy(key, out, sizeof key);
    board_unmask_pendsv(state);
    memset(out, 0, sizeof out);
    return true;
}

/* For ports and identifiers of lwIP and for the seed of the random module. Without a seed it is a plain sequence. */
uint32_t board_random_u32(void) {
    static uint32_t plain = 0x2545f491u;
    uint32_t value;
    if (board_random(&value, sizeof value)) {
        return value;
    }
    plain ^= plain << 13;
    plain ^= plain >> 17;
    plain ^= plain << 5;
    return plain;
}
