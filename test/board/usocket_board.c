/* What this project's module asks of the board. Without this file an image with TLS does not link.
 *
 * SPDX-License-Identifier: MIT
 */
#include "usocket/port.h"
#include "board.h"

#if USOCKET_TLS

int usocket_port_random(void *buf, size_t len) {
    return board_random(buf, len) ? 0 : USOCKET_EIO;
}

#endif
