/* usocket - the version of the library. The packages, pkg-config and CMake have the same number;
 * `make lint` compares them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_VERSION_H
#define USOCKET_VERSION_H

#define USOCKET_VERSION_MAJOR 0
#define USOCKET_VERSION_MINOR 2
#define USOCKET_VERSION_PATCH 0

/** The same as text, for messages. */
#define USOCKET_VERSION "0.2.0"

#endif
