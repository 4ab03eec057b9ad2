"""The modules requests and mip that are in the interpreter: over https they verify the server's certificate."""

import os
import sys

import usocket_ssl as ssl

from check import CONFIG, HOST, Skip, run, same

HTTPS, REFUSED = CONFIG["https"], CONFIG["refused"]
URL = "https://%s:%d/%s"


def frozen(name):
    sys.path[:] = [".frozen"]
    try:
        return __import__(name)
    except ImportError:
        raise Skip("the tree of MicroPython does not have it")


def refused(words, function, *args, **options):
    try:
        result = function(*args, **options)
    except ssl.SSLCertVerificationError as e:
        assert words in str(e), repr(e)
        return
    raise AssertionError("returned %r, want %s" % (result, words))


def requests_verifies():
    requests = frozen("requests")
    same(requests.get(URL % (HOST, HTTPS, "small.txt"), timeout=20).content, b"the quick brown fox\n")
    r = requests.put(URL % (HOST, HTTPS, "upload/frozen.bin"), data=b"x" * 50000)
    same(r.status_code // 100, 2)
    r.close()
    for one in REFUSED.values():
        refused(one["words"], requests.get, URL % (HOST, one["https"], "small.txt"))


def mip_verifies():
    mip = frozen("mip")
    target = CONFIG["folder"] + "/installed"
    with open(CONFIG["folder"] + "/www/served.py", "w") as f:
        f.write("HERE = 1\n")
    for one in REFUSED.values():
        refused(one["words"], mip.install, URL % (HOST, one["https"], "served.py"), target=target)
    assert "installed" not in os.listdir(CONFIG["folder"])
    mip.install(URL % (HOST, HTTPS, "served.py"), target=target)
    sys.path.append(target)
    same(__import__("served").HERE, 1)


run(requests_verifies, mip_verifies)
