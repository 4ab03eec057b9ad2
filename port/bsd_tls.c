/* What TLS needs of a BSD-like stack besides sockets.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#if USOCKET_TLS

int usocket_port_share_address(int handle) {
    int on = 1;
    return usocket_port_setopt(handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

#endif
