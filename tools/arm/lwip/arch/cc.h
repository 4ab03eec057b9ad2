/* lwIP's compiler settings on bare metal, for tools/size.py: compiled, never linked. */
#ifndef SIZE_LWIP_CC_H
#define SIZE_LWIP_CC_H

#include <errno.h>
#include <stdlib.h>
#include <sys/time.h>

#define LWIP_TIMEVAL_PRIVATE 0

#endif
