#!/usr/bin/env python3
"""Imitates the console of a board with RT-Thread and MicroPython, for selftest.py: msh, ifconfig, the prompt and the paste mode with its
echo, Ctrl-C. Python's texts are executed by this CPython; a module `fakeboard` lets a script halt or end the board.

usage: fake_board.py LOG [FAULT...]

LOG gets a line for each boot. FAULT:
  fifo=N     of more than N characters that come at once the rest is lost
  lossy      every fiftieth character is lost
  mute       no shell starts
  offline    the board gets no address
  reset=FILE the board starts once FILE is there
"""

import _thread
import os
import queue
import sys
import threading
import time
import traceback
import types

FAULTS = dict(word.partition("=")[::2] for word in sys.argv[2:])
BANNER = "\n \\ | /\n- RT -     Thread Operating System\n / | \\     9.8.7 build Jan  1 2030\n 2006 - 2030 Copyright by RT-Thread team\n"
IFCONFIG = ("network interface device: e0 (Default)\nMTU: 1500\nMAC: 52 54 00 11 22 33 \nFLAGS: UP LINK_UP\nip address: %s\n"
            "gw address: 10.0.2.2\nnet mask  : 255.255.255.0\nipv6 link-local: FE80::5054:FF:FE11:2233 VALID\ndns server #0: 10.0.2.3\n")

typed, running, halted = queue.Queue(), threading.Event(), threading.Event()
count = 0  # of characters


def put(text):
    os.write(1, text.replace("\n", "\r\n").encode())


def read():
    """The interrupt handler of the console."""
    global count
    while True:
        data = os.read(0, 4096)
        if not data:
            os._exit(0)
        for byte in data[: int(FAULTS.get("fifo", 4096))]:
            count += 1
            if halted.is_set() or "lossy" in FAULTS and count % 50 == 0:
                continue
            if byte == 3 and running.is_set():
                _thread.interrupt_main()
            else:
                typed.put(chr(byte))


def halt():
    halted.set()
    while True:
        time.sleep(1)


def execute(text, names):
    running.set()
    try:
        exec(text, names)
    except BaseException:
        put(traceback.format_exc())
    running.clear()


def python():
    """MicroPython's prompt, as far as the runner uses it."""
    sys.modules["fakeboard"] = types.SimpleNamespace(halt=halt, die=lambda: os._exit(3))
    sys.modules["gc"] = types.SimpleNamespace(collect=lambda: None, mem_free=lambda: 1000, mem_alloc=lambda: 24)
    sys.print_exception = lambda e: put("".join(traceback.format_exception(type(e), e, e.__traceback__)))
    names = {"__name__": "__main__"}
    sys.stdout = types.SimpleNamespace(write=put, flush=lambda: None)
    put("\nMicroPython v1.13 on 2030-01-01; Universal python platform with RT-Thread\nType \"help()\" for more information.\n")
    while True:
        put(">>> ")
        while (c := typed.get()) not in "\x04\x05":
            put("\n>>> " if c == "\x03" else c)
        if c == "\x04":
            return
        put("\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\n=== ")
        text = ""
        while (c := typed.get()) not in "\x03\x04":
            text += c
            os.write(1, b"\r\n=== " if c == "\r" else c.encode())
        put("\n")
        if c == "\x04":
            execute(text, names)


def shell():
    asked = 0
    while True:
        put("msh />")
        line = ""
        while (c := typed.get()) != "\r":
            line += c
            put(c)
        put("\n")
        if line == "ifconfig":
            asked += 1  # the first answer comes before the address
            put(IFCONFIG % ("0.0.0.0" if asked == 1 or "offline" in FAULTS else "10.0.2.15"))
        elif line == "python":
            python()
        elif line:
            put(line + ": command not found.\n")


def main():
    while "reset" in FAULTS and not os.path.exists(FAULTS["reset"]):
        time.sleep(0.01)
    with open(sys.argv[1], "a", encoding="utf-8") as log:
        log.write("boot\n")
    threading.Thread(target=read, daemon=True).start()
    put(BANNER)
    if "mute" in FAULTS:
        halt()
    shell()


if __name__ == "__main__":
    main()
