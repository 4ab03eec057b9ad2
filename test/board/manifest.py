# What is frozen into the board's images. aiosocket needs our module.
include("$(MPY_DIR)/extmod/asyncio")
freeze("modules", "_boot.py")
