/* The port's layer over the hardware: the binding uses nothing of it.
 *
 * SPDX-License-Identifier: MIT
 */
