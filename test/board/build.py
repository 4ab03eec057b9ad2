#!/usr/bin/env python3
"""Build one image of the board's firmware.

usage: test/board/build.py IMAGE OUT TREE

IMAGE  modlwip  `socket` is MicroPython's own extmod/modlwip.c
       usocket  `socket` and `usocket` are this module, on port/lwip_raw; modlwip.c is not in it
       modlwip-roomy, usocket-roomy  the same with larger pools of lwIP, which are counted; 512 KB of RAM
       usocket-tls  like usocket-roomy, with TLS (board_mbedtls.h), poller, resolver and dialer
       usocket-test  for the test suite: IPv6, every part of the module but TLS, lwIP's assertions, a count of the open sockets, 4 MB of RAM
OUT    directory for the objects and firmware.elf; TREE: MicroPython's sources, which are only read.

"small" is what a small board has: 256 KB of RAM, 128 KB of it the interpreter's heap, lwIP with 5 TCP pcbs and 8 KB.
"""

import fcntl
import os
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import build as tools  # noqa: E402

HERE = os.path.join(ROOT, "test", "board")
LWIP_DIR = tools.LWIP_DIR
MBEDTLS_TREE = os.path.abspath(os.environ.get("MBEDTLS_TREE") or os.path.join(ROOT, "build", "mbedtls-3.6.6"))
MBEDTLS_OUT = os.path.join(ROOT, "build", "mbedtls-board")
ROOMY = ["BOARD_RAM=512K"]
TEST_FLAGS = "-DBOARD_TEST -DBOARD_HEAP=3145728 -DUSOCKET_ASYNC=1 -DUSOCKET_POLLER=1 -DUSOCKET_RACE=4 -DSTACKINFO_HANDLES=256"
IMAGES = {
    "modlwip": ["SOCKETS=modlwip"],
    "usocket": ["SOCKETS=usocket"],
    "modlwip-roomy": ["SOCKETS=modlwip", "BOARD_FLAGS=-DBOARD_ROOMY", *ROOMY],
    "usocket-roomy": ["SOCKETS=usocket", "BOARD_FLAGS=-DBOARD_ROOMY", *ROOMY],
    "usocket-tls": ["SOCKETS=usocket", "USOCKET_TLS=1", "MBEDTLS_TREE=" + MBEDTLS_TREE, "MBEDTLS_OUT=" + MBEDTLS_OUT,
                    "BOARD_FLAGS=-DBOARD_ROOMY -DUSOCKET_ASYNC=1 -DUSOCKET_POLLER=1", *ROOMY],
    "usocket-test": ["SOCKETS=usocket", "BOARD_FLAGS=" + TEST_FLAGS, "BOARD_RAM=4M",
                     "USOCKET_EXTRA=" + os.path.join(ROOT, "test", "stackinfo", "stack.c")],
}


def sources():
    """The names of all files that an image is made of; a removed one makes make start over."""
    found = []
    for top in ("test/board", "micropython", "src", "port/lwip_raw"):
        for directory, _, names in os.walk(os.path.join(ROOT, top)):
            found += [os.path.join(directory, name) for name in names if name.endswith((".c", ".h"))]
    return sorted(found)


def build(image, out, tree):
    logs = os.path.join(ROOT, "build", "logs")
    os.makedirs(logs, exist_ok=True)
    os.makedirs(os.path.dirname(out), exist_ok=True)
    cross_out = os.path.join(ROOT, "build", "obj", "mpy-cross-" + os.path.basename(tree).replace("micropython-", ""))
    os.makedirs(os.path.dirname(cross_out), exist_ok=True)
    with open(out + ".lock", "w") as lock, open(os.path.join(os.path.dirname(cross_out), "mpy-cross.lock"), "w") as cross_lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fcntl.flock(cross_lock, fcntl.LOCK_EX)
        cross = tools.mpy_cross(tree, cross_out, logs)
        fcntl.flock(cross_lock, fcntl.LOCK_UN)

        arguments = [f"TREE={tree}", f"LWIP_TREE={LWIP_DIR}", f"BUILD={out}", f"MICROPY_MPYCROSS={cross}", *IMAGES[image]]
        recipe = "\n".join([*arguments, *sources()]) + "\n"
        stamp = os.path.join(out, "recipe")
        log = os.path.join(logs, f"board-{os.path.basename(out)}.log")
        taken = 0
        if not os.path.exists(stamp) or open(stamp).read() != recipe:
            shutil.rmtree(out, ignore_errors=True)
            os.makedirs(out)
            others = [os.path.join(os.path.dirname(out), other) for other in IMAGES if other != image]
            taken = tools.take(others, out, HERE, arguments, log)
            with open(stamp, "w") as file:
                file.write(recipe)
        for stale in ("firmware.elf", "frozen_content.c"):
            if os.path.exists(os.path.join(out, stale)):
                os.unlink(os.path.join(out, stale))

        name = "board/" + os.path.basename(out)
        progress = tools.Progress(name, tools.objects(HERE, arguments) - taken)
        tools.make(f"building {name}", HERE, arguments, progress, log)
        progress.done(f"{taken} taken over, " * bool(taken) + os.path.relpath(os.path.join(out, "firmware.elf"), ROOT))


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in IMAGES:
        sys.exit(__doc__)
    build(sys.argv[1], os.path.abspath(sys.argv[2]), os.path.abspath(sys.argv[3]))
