# run: limit=100
# The call shapes of MicroPython's libraries (test/libs): clients on the stack under test, nginx and mosquitto on the kernel's.
import json
import os
import re
import sys
import tempfile

import link
import names

LIBS = os.path.join(os.path.dirname(link.HERE), "libs")
sys.path[:0] = [LIBS, os.path.join(os.path.dirname(os.path.dirname(link.HERE)), "tools")]
import services  # noqa: E402

CASES = ("http.py", "http_client.py", "mqtt.py", "streams.py", "datagrams.py", "servers.py")


def one(script, config):
    env = dict(MICROPYPATH=".frozen:" + os.path.join(LIBS, "cases"))
    far = link.Far(os.path.join(LIBS, "cases", script), {}, ("-X", "heapsize=32m"), env, (config,))
    text = far.text(60)
    name = script[:-3]
    for case in re.findall(r"^PASS (\w+)$", text, re.M):
        link.say("ok %s: %s" % (name, case))
    for case, trace in re.findall(r"^FAIL (\w+)\n(.*?)(?=^(?:PASS|FAIL|END) |\Z)", text, re.M | re.S):
        link.say("FAIL %s: %s: %s" % (name, case, trace.strip().split("\n")[-1][:200]))
    if not re.search(r"^END \d+$", text, re.M):
        link.say("FAIL %s: did not come to its end: %s" % (name, text.strip().split("\n")[-3:]))


server = names.start()
with tempfile.TemporaryDirectory(prefix="usocket-tap-") as folder:
    running = services.Services(folder, link.KERNEL4, link.KERNEL6, "server.test", link.STACK4)
    try:
        path = folder + "/config.json"
        with open(path, "w") as f:
            json.dump(running.start(), f)
        for script in CASES:
            one(script, path)
    except services.Broken as e:
        print("FAIL servers: %s" % e)
    finally:
        running.stop()
        server.kill()
link.say("end")
os._exit(0)
