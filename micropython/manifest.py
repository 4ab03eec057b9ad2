# What is frozen into the interpreters that this project builds.
include("$(MPY_DIR)/extmod/asyncio")
package("aiosocket", base_path="..")
include("../lib/ssl")
