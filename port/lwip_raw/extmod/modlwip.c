/* This file takes the place of MicroPython's extmod/modlwip.c where this port is in the build:
 * micropython.mk puts it first in make's search path, for objects and for strings. The name `socket`
 * is then free, and nothing else in MicroPython calls modlwip.c.
 *
 * SPDX-License-Identifier: MIT
 */
