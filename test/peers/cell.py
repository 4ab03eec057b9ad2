"""Runs some tests of the suite in a namespace of their own.

Started by run.py as `unshare -rnmpf --kill-child python3 cell.py`, with a job
in JSON on standard input; writes one JSON object a test to standard output:
{"name", "outcome": pass | FAIL | skip | error, "seconds", "truth", "output",
"log", "on_file"}.  `truth` is the expected output, from the suite's file or from
CPython; `output` is the actual one, None where it is the same.

A fresh network namespace means that the fixed ports of the tests never clash.
With "inet" the cell also gets host names, the servers of standins.py behind a
slow link, and addresses that drop every packet.
"""

import json
import os
import re
import resource
import subprocess
import sys
import time

import standins
import tree


def network(job):
    """Set up the namespace; returns the process of the far end, or None."""
    standins.sh("ip link set lo up")
    # Processes have new numbers here, which the leak checker looks up.  The mount may be
    # forbidden; the rest works without it.
    subprocess.run(["mount", "-t", "proc", "proc", "/proc"], stderr=subprocess.DEVNULL)
    if not job["inet"]:
        return None
    scratch = job["scratch"]
    with open(f"{scratch}/hosts", "w") as f:
        f.write("127.0.0.1 localhost\n::1 ip6-localhost\n")
        f.writelines(f"{standins.FAR} {h}\n" for h in standins.HOSTS)
    with open(f"{scratch}/nsswitch.conf", "w") as f:
        f.write("hosts: files\nservices: files\nprotocols: files\n")
    open(f"{scratch}/resolv.conf", "w").close()
    for name in ("hosts", "nsswitch.conf", "resolv.conf"):
        if os.path.exists(f"/etc/{name}"):
            standins.sh(f"mount --bind {scratch}/{name} /etc/{name}")
    # 192.0.2.1 and 1.1.1.1 have a route but never answer.
    standins.sh("""ip link add v0 type veth peer name v1 &&
        ip addr add 192.0.2.2/24 dev v0 && ip link set v0 up && ip link set v1 up &&
        ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev v0 &&
        ip route add 1.1.1.0/24 via 192.0.2.1""")
    near = standins.open_tun("near", standins.NEAR, standins.FAR)
    far = subprocess.Popen(
        ["unshare", "-n", sys.executable, "-B", standins.__file__, str(near),
         job["tree"] + "/tests", job["certs"]],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(near,), text=True)
    if far.stdout.readline() != "ready\n":
        raise SystemExit("the stand-in servers did not start")
    return far


def environment(job):
    env = dict(os.environ)
    env.update(MICROPY_MICROPYTHON=job["interp"], MICROPY_CPYTHON3=sys.executable,
               MICROPYPATH=tree.search_path(job["tree"]), PYTHONDONTWRITEBYTECODE="1", SSL_CERT_FILE=job["certs"] + "/root.pem")
    return env


def run(command, job):
    """Run one of the suite's own runners; (text, seconds)."""
    start = time.monotonic()
    try:
        done = subprocess.run(command, cwd=job["tree"] + "/tests", env=environment(job),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=job["limit"])
        text = done.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as e:
        text = (e.stdout or b"").decode("utf-8", "replace") + f"\nTIMEOUT of the whole test after {job['limit']:.0f} s; TEST_SLOW=3 in the environment allows more time"
    return text, time.monotonic() - start


def read(path):
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


# Runs one of the suite's own runners, with its limits of time scaled.
SCALED = """
import re, sys
path, factor = sys.argv[1], float(sys.argv[2])
sys.argv[:3] = [path]
with open(path, encoding="utf-8") as file:
    text = file.read()
text = re.sub(r"^(TEST_TIMEOUT|INSTANCE_READ_TIMEOUT_S) = ([0-9]+)$", lambda m: "%s = %g" % (m[1], float(m[2]) * factor), text, flags=re.M)
__file__ = path
exec(compile(text, path, "exec"))
"""


def runner(script, job):
    return [sys.executable, "-B", "-c", SCALED, script, str(job["factor"])]


def single(name, job):
    """A test of one program, by run-tests.py."""
    tests = job["tree"] + "/tests"
    text, seconds = run([*runner("run-tests.py", job), "--keep-path", "-j1", "-r", job["scratch"], name],
                        job)
    found = re.search(r"^(pass|FAIL|skip) +" + re.escape(name) + r" *(.*)$", text, re.M)
    result = {"outcome": found.group(1) if found else "error", "seconds": seconds,
              "truth": None, "output": None, "log": text}
    flat = f"{job['scratch']}/{name.replace('/', '_')}"
    if found and found.group(1) == "FAIL":
        result["truth"], result["output"] = read(flat + ".exp"), read(flat + ".out")
    elif found and found.group(1) == "pass":
        if "unittest" in found.group(2):
            result["truth"] = found.group(2)
        else:
            result["truth"] = read(f"{tests}/{name}.exp")
        if result["truth"] is None:  # asks CPython for the output that run-tests.py compared with
            here, script = os.path.split(f"{tests}/{name}")
            done = subprocess.run([sys.executable, "-BS", f"{here}/{script}"], cwd=here,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  env=environment(job), stdin=subprocess.DEVNULL)
            result["truth"] = done.stdout.decode("utf-8", "replace")
    return result


def multi(name, job):
    """A test in two parts, by run-multitests.py, on the job's instances."""
    command = [*runner("run-multitests.py", job), "-s"]
    for instance in job["instances"]:
        if instance != "cpython":
            instance = f"exec:{instance},MICROPYPATH={tree.search_path(job['tree'])}"
        command += ["-i", instance]
    text, seconds = run(command + [name], job)
    found = re.search(r"^1 tests (skipped|failed)|^1 tests passed$", text, re.M)
    outcome = {None: "pass", "failed": "FAIL", "skipped": "skip"}[found.group(1)] if found else "error"
    parts = re.search(r"### TEST ###\n(.*)### TRUTH ###\n(.*)^(?:pass|FAIL)$", text, re.M | re.S)
    return {"outcome": outcome, "seconds": seconds,
            "output": parts and parts.group(1), "truth": parts and parts.group(2), "log": text}


def main():
    job = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
    os.makedirs(job["scratch"], exist_ok=True)
    far = network(job)
    for name in job["names"]:
        result = (multi if job["instances"] else single)(name, job)
        on_file = os.path.exists(f"{job['tree']}/tests/{name}.exp")
        print(json.dumps(dict(result, name=name, on_file=on_file)), flush=True)
    if far:
        far.stdin.close()
        far.wait()


if __name__ == "__main__":
    main()
