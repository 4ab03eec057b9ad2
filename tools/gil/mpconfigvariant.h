// The standard variant of MicroPython's unix port with a GIL, as on boards. Ctrl-C is then left pending by its signal handler.
#include "variants/standard/mpconfigvariant.h"

#undef MICROPY_ASYNC_KBD_INTR
#undef MICROPY_PY_THREAD_GIL
#define MICROPY_PY_THREAD_GIL 1
#define MICROPY_PY_THREAD_RECURSIVE_MUTEX 1 // the port's atomic sections need it
