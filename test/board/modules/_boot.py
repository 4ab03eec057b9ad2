# Runs the program that the runner has left in memory. Mounts the file system, and makes one on a new chip.
import board

script = board.script()
if script:
    exec(script)

import vfs

try:
    disk = vfs.VfsLfs2(board.Flash())
except OSError:
    vfs.VfsLfs2.mkfs(board.Flash())
    disk = vfs.VfsLfs2(board.Flash())
vfs.mount(disk, "/")
del vfs, board, disk, script
