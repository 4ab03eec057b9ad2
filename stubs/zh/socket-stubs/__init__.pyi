"""名为 `socket` 的 `usocket` 模块：两种导入得到同一个模块。"""

from usocket import *
from usocket import _GLOBAL_DEFAULT_TIMEOUT as _GLOBAL_DEFAULT_TIMEOUT  # pyright: ignore[reportPrivateUsage]
