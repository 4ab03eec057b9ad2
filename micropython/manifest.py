# What is frozen into the interpreters that this project builds. With include() the version of lib/ssl would be in every frozen file.
include("$(MPY_DIR)/extmod/asyncio")
package("aiosocket", base_path="..")
for name in ("usocket_ssl", "ssl", "ussl", "tls"):
    module(name + ".py", base_path="../lib/ssl")
