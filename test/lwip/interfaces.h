/* lwIP's interfaces in a test program; interfaces.c describes the environment variables.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_LWIP_INTERFACES_H
#define TEST_LWIP_INTERFACES_H

#include "lwip/opt.h"

#include "lwip/netif.h"

#include <stdbool.h>

/* Descriptor of the tap interface; -1: there is none. */
extern int test_lwip_tap;

/* Open the tap interface that the environment names, if it names one. */
void test_lwip_open_tap(void);

/* Add the interface beside lo0. Called once, where lwIP may be called. */
void test_lwip_interfaces(netif_input_fn input);

/* Read one frame of the tap interface and hand it to lwIP. @return false: there was none */
bool test_lwip_frame(void);

#endif
