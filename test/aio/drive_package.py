# run: net=lo limit=60
# The mip in the interpreter installs aiosocket and lib/ssl from a local server, and what is installed works unfrozen.
# Their URLs are relative, which mip supports from 0.4.0 on; an older one gets the same file with absolute URLs.
import functools
import glob
import http.server
import json
import os
import subprocess
import tempfile
import threading

from drive import check, passed_on
from drive import INTERP

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = ("aiosocket", "lib/ssl")


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


def version():
    # Of the interpreter's mip, or None.
    shown = subprocess.run([INTERP, "-c", "import mip; print(mip.__version__)"], capture_output=True, text=True)
    return None if shown.returncode else [int(number) for number in shown.stdout.split(".")]


def urls(folder):
    with open(os.path.join(ROOT, folder, "package.json")) as f:
        return [url for target, url in json.load(f)["urls"]]


def sources(folder):
    return sorted(name for name in os.listdir(os.path.join(ROOT, folder)) if name.endswith(".py") and name != "manifest.py")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=ROOT))
threading.Thread(target=server.serve_forever, daemon=True).start()
INSTALL = """
import mip
for folder in %r:
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
    import _thread
    from tlsdata import CERT, KEY

    check("it verifies", ssl.create_default_context().verify_mode, ssl.CERT_REQUIRED)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(CERT, KEY)
    listener = usocket.create_server(("127.0.0.1", 0))

    def serve():
        conn = own.wrap_socket(listener.accept()[0], server_side=True)
        conn.write(conn.readline().upper())
        conn.close()

    _thread.start_new_thread(serve, ())
    s = usocket.create_connection(listener.getsockname(), 10)
    s = ssl.wrap_socket(s, cert_reqs=ssl.CERT_NONE)  # the certificate has no names
    s.write(b"hello\\n")
    check("it works", s.read(), b"HELLO\\n")
    s.close()
    listener.close()
summary()
"""


def installed():
    return sorted(os.path.relpath(path, target) for path in glob.glob(target + "/**/*.*", recursive=True))


for folder in FOLDERS:
    check("%s: the package has each file, by a relative URL" % folder, sorted(urls(folder)) == sources(folder), urls(folder))

with tempfile.TemporaryDirectory() as target:
    mip = version()
    if mip is None:
        print("skip mip: the tree of MicroPython does not have it")
    else:
        which = "package" if mip >= [0, 4] else "whole"
        passed_on("mip", INSTALL % (FOLDERS, server.server_address[1], which, target) + "print('end')\n", 30)
        expected = sorted(["aiosocket/" + name for name in sources("aiosocket")] + sources("lib/ssl"))
        check("every file of the package is installed", installed() == expected, installed())
        passed_on("unfrozen", USE % (target, target + "/aiosocket/__init__.py", target + "/usocket_ssl.py"), 30)
print("end")
