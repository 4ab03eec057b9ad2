# MicroPython's unix port takes the variant's settings and sources from here; see mpconfigvariant.h.
