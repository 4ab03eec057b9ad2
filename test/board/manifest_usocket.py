# As manifest.py, with aiosocket.
include("manifest.py")
package("aiosocket", base_path="../..")
