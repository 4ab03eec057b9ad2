# The modules of this project in the interpreters that it builds; tools/frozen.py adds MicroPython's libraries. include() in place of
# require() would write the version of lib/ into every frozen file.
include("$(MPY_DIR)/extmod/asyncio")
add_library("usocket", "../lib", prepend=True)
require("aiosocket")
require("ssl")
