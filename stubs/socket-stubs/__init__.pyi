"""The module `usocket` under the name `socket`: both imports give the same module."""

from usocket import *
from usocket import _GLOBAL_DEFAULT_TIMEOUT as _GLOBAL_DEFAULT_TIMEOUT  # pyright: ignore[reportPrivateUsage]
