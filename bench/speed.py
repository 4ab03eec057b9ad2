"""The figures of the READMEs: bench/speed.json, which bench/run.py --write makes, and the charts and tables made from it.

The file has the time of one operation in microseconds, for each row, placement of client and peer, contender and round.
"""

import datetime
import json
import os
import platform
import ssl
import statistics

import chart
from report import number, ratios, share
from rows import BUILTIN, CONTENDERS, CPYTHON, RAW, ROWS, TOGETHER, USOCKET

HERE = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(HERE, "speed.json")
# {chart: (rows of TLS, names in its legend)}
CHARTS = {
    "speed.svg": (False, {**CONTENDERS, BUILTIN: "MicroPython's socket"}),
    "speed-tls.svg": (True, {**CONTENDERS, CPYTHON: "CPython's ssl (OpenSSL)", BUILTIN: "MicroPython's tls"}),
}


def machine():
    release = platform.freedesktop_os_release()
    return "%s, %d CPUs, %s %s, Linux %s" % (platform.machine(), len(os.sched_getaffinity(0)), release["NAME"].split()[0], release.get("VERSION_ID", ""),
                                             ".".join(platform.release().split(".")[:2]))


def about(rounds, seconds):
    """The day, the machine and the method of a run."""
    return {"date": str(datetime.date.today()), "machine": machine(), "CPython": platform.python_version(), "OpenSSL": ssl.OPENSSL_VERSION.split()[1],
            "method": "make bench: loopback; in each round each contender measures each row for %g s, in turns" % seconds, "rounds": rounds,
            "unit": "microseconds of one operation, one number for each round"}


def dump(head, results):
    """The text of the file: a line for each row."""
    rows = [json.dumps({"row": result["row"], "layout": result["layout"],
                        **{name: [float("%.5g" % value) for value in cell["wall_rounds"]] for name, cell in result["cells"].items()}}) for result in results]
    return json.dumps(head, indent=1)[:-2] + ',\n "rows": [\n  ' + ",\n  ".join(rows) + "\n ]\n}\n"


def read():
    with open(FILE, encoding="utf-8") as file:
        return json.load(file)


def results(data, tls):
    """The rows of a README, each with its title and cells as bench/run.py has them: on one CPU where that was measured."""
    found = {}
    for row in ROWS:
        for line in data["rows"]:
            if line["row"] == row.name and row.tls == tls and (row.name not in found or line["layout"] == TOGETHER):
                cells = {name: {"wall_rounds": line[name], "median": statistics.median(line[name])} for name in CONTENDERS if name in line}
                found[row.name] = {"title": row.title, "cells": cells}
    return list(found.values())


def shown(text):
    """The least and the greatest number that is shown as this text."""
    half = 0.5 * 10.0 ** -len(text.partition(".")[2])
    return float(text) - half, float(text) + half


def speed(result, other):
    """usocket's speed as a multiple of another contender's, with an asterisk if it is not the quotient of the times shown."""
    if other not in result["cells"]:
        return "-"
    text = share(statistics.median(ratios(result["cells"], other)))
    (theirs, theirs_most), (ours, ours_most), (least, most) = (shown(t) for t in (
        number(result["cells"][other]["median"]), number(result["cells"][USOCKET]["median"]), text))
    return text if theirs / ours_most <= most and theirs_most / ours >= least else text + r"\*"


def table(data, tls):
    """The cells of a README's table: the title, the times, the speeds."""
    return [[result["title"], *(number(result["cells"][name]["median"]) if name in result["cells"] else "-" for name in CONTENDERS),
             *(speed(result, other) for other in (RAW, CPYTHON, BUILTIN))] for result in results(data, tls)]


def charts(data):
    """{file: its text}"""
    return {name: chart.svg(data["rounds"], results(data, tls), names) + "\n" for name, (tls, names) in CHARTS.items()}


def write_charts():
    for name, text in charts(read()).items():
        with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
            file.write(text)


def write(head, measured):
    """Record a run; its rows must be all."""
    with open(FILE, "w", encoding="utf-8") as file:
        file.write(dump(head, measured))
    write_charts()
