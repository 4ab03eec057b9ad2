/* The garbage collector.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_GC_H
#define COMPAT_GC_H

void gc_collect(void);

#endif
