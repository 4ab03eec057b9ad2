/* The port's hardware layer. The binding uses none of it.
 *
 * SPDX-License-Identifier: MIT
 */
