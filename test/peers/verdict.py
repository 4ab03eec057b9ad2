"""Judge the results of the suite.

The suite compares a test's output with a file, or with CPython's output for
the same script.  In the second case two equal failures count as a pass, and a
test that prints nothing always passes.  Such a pass is `vacuous` here.
"""

import re

PASS, FAIL, SKIP, VACUOUS, BROKEN = "PASS", "FAIL", "SKIP", "vacuous", "ERROR"

# Output that a test must show before a pass is meaningful, where the
# general rules below are not enough: (pattern, least seconds that it takes).
MUST = {
    "net_hosted/connect_timeout.py": (r"\ATrue\nTrue\n\Z", 1.0),
    "net_hosted/accept_timeout.py": (r"\ATrue\n\Z", 1.0),
    "net_hosted/connect_nonblock_xfer.py": (r"4 ran(, 0 skipped)?\)", 0),
    "net_inet/getaddrinfo.py": (r"test_valid: getaddrinfo returned resolutions", 0),
    "net_inet/tls_text_errors.py": (r"\Awrap: True\n\Z", 0),
    "net_inet/test_tls_sites.py": (r"\A(\S+ ok\n){4}\Z", 0),
    "net_inet/test_tls_sites_simple.py": (r"\A(\S+ ok\n){2}\Z", 0),
    "net_inet/test_tls_nonblock.py": (r"\A(\S+\nwrapped\nwrote\nread\n\S+ ok\n){4}DONE\n\Z", 0),
    "net_inet/ssl_errors.py": (r"(?s)connected\nwrap: error.*EINPROGRESS\nwrap: True\nwrite: error"
                               r".*connected\nwrap: error", 0),
    "extmod/select_poll_eintr.py": (r"dt in range", 0.4),
    "multi_net/udp_data.py": (r"(?s)instance0 ---.*pass.*instance1 ---.*pass", 0),
}

CRASH = re.compile(r"Traceback \(most recent call last\)|CPYTHON3 CRASH|\bTIMEOUT\b|^SKIP$", re.M)


def vacuity(name, result):
    """The reason for which a pass proves nothing, or None."""
    truth = result["truth"] or ""
    wanted, least = MUST.get(name, ("", 0))
    body = re.sub(r"^--- instance\d+ ---$", "", truth, flags=re.M).strip()
    if not body:
        return "expected output is empty"
    if not result["on_file"] and CRASH.search(truth):
        return "expected output is itself a failure: " + first_line(CRASH, truth)
    if body and all(line == "False" for line in body.split("\n")):
        return "the expected output is only False"
    ran = re.search(r"unittest: (\d+) ran(?:, (\d+) skipped)?", truth)
    if ran and int(ran.group(1)) <= int(ran.group(2) or 0):
        return "every case in it was skipped"
    if not re.search(wanted, truth):
        return "did not get as far as its subject: " + " / ".join(body.split("\n")[:3])
    if result["seconds"] < least:
        return f"over after {result['seconds']:.2f} s, should have waited {least} s"
    return None


def first_line(pattern, text):
    at = pattern.search(text).start()
    return text[text.rfind("\n", 0, at) + 1:].split("\n")[0][:60]


def difference(result):
    """Describe the first wrong line."""
    want, got = result["truth"], result["output"]
    if want is None or got is None:
        lines = [l for l in (got or result["log"]).strip().split("\n") if l.strip()]
        errors = [l for l in lines if re.match(r"\w*(Error|Exception|CRASH)\b", l)]
        return (errors or lines or ["no output"])[-1][:90]
    told = re.search(r"^.*(?:mbedtls|SSL - ).*$", got, re.M)  # the actual reason, if the output has one
    if told:
        return repr(told.group(0))[:120]
    want, got = want.split("\n"), got.split("\n")
    for i, line in enumerate(got):
        if i >= len(want) or line != want[i]:
            if line.startswith("Traceback"):
                rest = [l for l in got[i:] if re.match(r"\w+(:|$)", l)]
                line = rest[0] if rest else line
            return f"{line[:60]!r} instead of {want[i][:40] if i < len(want) else ''!r}"
    return f"ends before {want[len(got)][:60]!r}" if len(want) > len(got) else "differs"


def judge(name, result):
    """(verdict, reason) of one result of cell.py."""
    outcome = result["outcome"]
    if outcome == "pass":
        reason = vacuity(name, result)
        return (VACUOUS, reason) if reason else (PASS, "")
    if outcome == "skip":
        return SKIP, "the test reports that it does not apply to this interpreter"
    if outcome == "FAIL":
        return FAIL, difference(result)
    lines = result["log"].strip().split("\n")
    return BROKEN, (lines[-1] if lines else "no output")[:90]
