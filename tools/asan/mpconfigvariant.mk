# The settings and sources of the variant for MicroPython's unix port; see mpconfigvariant.h.
