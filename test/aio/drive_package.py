# run: net=lo limit=60
# MicroPython's own mip installs aiosocket and lib/ssl from a local server, and what is installed works unfrozen.
# Its URLs are relative, which recent versions of mip support; an older mip gets the same file with absolute URLs.
import functools
import glob
import http.server
import json
import os
import tempfile
import threading

from drive import check, passed_on
from drive import INTERP

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TREES = sorted(glob.glob(os.path.join(ROOT, "build", "micropython-*", "lib", "micropython-lib")))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        folder, name = os.path.split(self.path)
        if name != "whole.json":
            return super().do_GET()
        with open(ROOT + folder + "/package.json") as f:
            package = json.load(f)
        package["urls"] = [[target, "http://127.0.0.1:%d%s/%s" % (self.server.server_address[1], folder, url)] for target, url in package["urls"]]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(package).encode())


def relative():
    with open(os.path.join(MIP, "mip", "__init__.py")) as f:
        return "base_url" in f.read()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=ROOT))
threading.Thread(target=server.serve_forever, daemon=True).start()
INSTALL = """
import mip
for folder in ("aiosocket", "lib/ssl"):
    mip.install("http://127.0.0.1:%d/%%s/%s.json" %% folder, target=%r, mpy=False)
"""
USE = """
import sys
sys.path.insert(0, %r)
import asyncio, aiosocket
from check import *
check("it is the installed one", aiosocket.__file__, %r)

async def echo(r, w):
    async with w:
        async for line in r:
            w.write(line)
            await w.drain()

async def main():
    async with (await aiosocket.start_server(echo, "127.0.0.1", 0)) as server:
        r, w = await aiosocket.open_connection(*server.sockets[0].getsockname(), timeout=5)
        async with w:
            w.write(b"hello\\n")
            await w.drain()
            check("it works", await r.readline(), b"hello\\n")
    async with (await aiosocket.open_datagram(("127.0.0.1", 0))) as d:
        await d.sendto(b"x", d.get_extra_info("sockname"))
        check("datagrams, too", await d.recv(10), b"x")

aiosocket.run(main())

import usocket
if hasattr(usocket, "ETLS_CERTIFICATE"):
    import ssl, ussl, usocket_ssl
    check("ssl is the installed one", usocket_ssl.__file__, %r)
    check("its names", ssl.SSLContext is ussl.SSLContext is usocket_ssl.SSLContext, True)
    check("it works", ssl.create_default_context().verify_mode, ssl.CERT_REQUIRED)
summary()
"""


def installed():
    return sorted(os.path.relpath(path, target) for path in glob.glob(target + "/**/*.*", recursive=True))


with tempfile.TemporaryDirectory() as target:
    if not TREES:
        print("skip mip: no tree of MicroPython under build/")
    else:
        MIP, requests = (glob.glob(os.path.join(TREES[0], "*", name))[0] for name in ("mip", "requests"))
        os.environ["MICROPYPATH"] = ":".join((MIP, requests, os.environ.get("MICROPYPATH", ".frozen")))
        which = "package" if relative() else "whole"
        passed_on("mip", INSTALL % (server.server_address[1], which, target) + "print('end')\n", 30)
        expected = ["aiosocket/" + name for name in os.listdir(os.path.join(ROOT, "aiosocket")) if name.endswith(".py")]
        expected += [name for name in os.listdir(os.path.join(ROOT, "lib", "ssl")) if name.endswith(".py") and name != "manifest.py"]
        expected.sort()
        check("every file of the package is installed", installed() == expected, installed())
        passed_on("unfrozen", USE % (target, target + "/aiosocket/__init__.py", target + "/usocket_ssl.py"), 30)
print("end")
