// The standard variant of MicroPython's unix port; leaks.c is all that the sanitized interpreter adds.
#include "variants/standard/mpconfigvariant.h"
