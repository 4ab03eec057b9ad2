# Mounts the file system, and makes one on a new chip. Runs the program that the runner has left in memory.
import vfs
import board

try:
    disk = vfs.VfsLfs2(board.Flash())
except OSError:
    vfs.VfsLfs2.mkfs(board.Flash())
    disk = vfs.VfsLfs2(board.Flash())
vfs.mount(disk, "/")
script = board.script()
del vfs, board, disk
if script:
    exec(script)
del script
