# run: net=lo limit=120 long
# A browser loads examples/http_server.py, the page of which makes five requests at once over persistent connections.
import os
import re
import shutil
import subprocess
import sys
import tempfile

from drive import INTERP, SLOW, check

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --virtual-time-budget=10000""".split()

browser = shutil.which("chromium")
if not browser:
    print("skip a browser: chromium is not installed")
    print("ok nothing else to see")
    print("end")
    sys.exit(0)

server = subprocess.Popen([INTERP, os.path.join(ROOT, "examples", "http_server.py"), "127.0.0.1", "0"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
try:
    url = server.stdout.readline().split()[-1]
    check("the server prints its URL", re.fullmatch(r"http://127\.0\.0\.1:\d+/", url), url)
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run([browser, *FLAGS, "--user-data-dir=" + profile, "--dump-dom", url], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=100 * SLOW)
    page = done.stdout
    check("the browser ends well", done.returncode == 0, done.stderr[-500:])
    check("it has the page", "<h1>It works</h1>" in page, page[:500])
    check("its script has asked five times", "hello, browser1 and browser2 and browser3 and browser4 and browser5" in page, page[:800])
finally:
    server.terminate()
    lines = server.communicate()[0].splitlines()
check("the server saw each request once", all(sum("name=browser%d " % n in line for line in lines) == 1 for n in range(1, 6)), lines)
print("end")
