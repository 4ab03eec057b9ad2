// The standard variant of MicroPython's unix port; the sanitized interpreter adds only leaks.c.
#include "variants/standard/mpconfigvariant.h"
