// The standard variant of MicroPython's unix port, but for Ctrl-C.
#include "variants/standard/mpconfigvariant.h"

// As on every other port, Ctrl-C is a pending exception. The unix port raises it inside the signal handler: a longjmp out of
// whatever is running, which loses what a C function holds (memory, a lock, the bytes that it has just received).
#undef MICROPY_ASYNC_KBD_INTR
#define MICROPY_ASYNC_KBD_INTR (0)
