# Mounts the file system, and makes one on a new chip.
import vfs
import board

try:
    disk = vfs.VfsLfs2(board.Flash())
except OSError:
    vfs.VfsLfs2.mkfs(board.Flash())
    disk = vfs.VfsLfs2(board.Flash())
vfs.mount(disk, "/")
del vfs, board, disk
