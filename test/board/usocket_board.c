/* The functions that this project's module takes from the board. Without this file an image with TLS does not link.
 *
 * SPDX-License-Identifier: MIT
 */
#include "usocket/port.h"
#include "py/misc.h"
#include "board.h"

#if USOCKET_TLS

/* ---- Memory of TLS and of lookups, counted for the side of a connection that is at work ---- */

#define ACCOUNTS 2u
#define HEAP_BLOCK 16u /* bytes */
#define TRACKED 8u     /* bytes that a tracked allocation takes for itself */

typedef struct {
    uint32_t account;
    uint32_t bytes;
} head_t;

static uint32_t account, now[ACCOUNTS], most[ACCOUNTS];

void *board_alloc(size_t size) {
    head_t *head = m_tracked_calloc(1, sizeof(*head) + size);
    if (head == NULL) {
        return NULL;
    }
    head->account = account;
    head->bytes = (uint32_t)(size + TRACKED + HEAP_BLOCK - 1u) / HEAP_BLOCK * HEAP_BLOCK; /* as without this head */
    now[account] += head->bytes;
    if (now[account] > most[account]) {
        most[account] = now[account];
    }
    return head + 1;
}

void board_free(void *p) {
    if (p != NULL) {
        head_t *head = (head_t *)p - 1;
        now[head->account] -= head->bytes;
        m_tracked_free(head);
    }
}

void board_account(uint32_t number, uint32_t counts[2]) {
    account = number % ACCOUNTS;
    counts[0] = now[account];
    counts[1] = most[account];
    most[account] = now[account];
}

/* ---- Randomness ---- */

int usocket_port_random(void *buf, size_t len) {
    return board_random(buf, len) ? 0 : USOCKET_EIO;
}

#endif
