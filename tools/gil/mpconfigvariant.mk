# The settings of the variant for MicroPython's unix port; see mpconfigvariant.h.
