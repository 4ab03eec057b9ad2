# A link that drops, duplicates and delays frames: proxy.py between the two ends.
import os
import subprocess
import sys

import link


def start():
    """Returns treat(fate), which sets the link's behaviour and returns the number of frames dropped in each direction."""
    seed = os.environ.get("TAP_SEED", "1")
    proxy = subprocess.Popen([sys.executable, os.path.join(link.HERE, "proxy.py"), seed], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True, bufsize=1)
    if proxy.stdout.readline() != "ready\n":
        print("FAIL the proxy starts")
        sys.exit(1)

    def treat(fate):
        proxy.stdin.write(fate + "\n")
        return [int(word.split("/")[1]) for word in proxy.stdout.readline().split()]

    return treat
