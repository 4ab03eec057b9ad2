"""Format the results as text and as Markdown."""

import statistics

import heap
from rows import CONTENDERS, NOTES, RAW, RESUMED, RESUMED_OF_RAW, USOCKET


def ratios(cells, other, name=USOCKET):
    """Speed of a contender as a multiple of another one's, for each round."""
    ours, theirs = cells.get(name), cells.get(other)
    if not ours or not theirs:
        return None
    return [b / a for a, b in zip(ours["wall_rounds"], theirs["wall_rounds"])]


def judge(row, cells):
    """Each target of a row: (name, target, result or None if there is nothing to compare, met)."""
    found = []
    for other, wanted in row.targets:
        each = ratios(cells, other)
        if each is None:
            continue
        reached = statistics.median(each)
        found.append({"against": other, "wanted": wanted, "reached": reached, "least": min(each),
                      "most": max(each), "met": reached >= wanted})
    return found


def judge_resumed(results):
    """An additional target for session resumption: its speed compared with the full handshake."""
    cells = {result["row"]: result["cells"] for result in results}
    for result in results:
        full = cells.get(result["row"].replace("-resumed", "-full"), {})
        if not result["row"].endswith("-resumed") or USOCKET not in full or USOCKET not in result["cells"]:
            continue

        def gain(who):
            return [a / b for a, b in zip(full[who]["wall_rounds"], result["cells"][who]["wall_rounds"])]
        wanted = RESUMED
        if RAW in full and RAW in result["cells"]:
            wanted = min(wanted, RESUMED_OF_RAW * statistics.median(gain(RAW)))
        each = gain(USOCKET)
        reached = statistics.median(each)
        result["targets"].append({"against": "its full handshake", "wanted": wanted, "reached": reached, "least": min(each),
                                  "most": max(each), "met": reached >= wanted})


def number(value):
    """Format a time or a count with its significant digits."""
    for limit, digits in ((100, 0), (10, 1), (1, 2), (0.01, 3)):
        if value >= limit:
            return "%.*f" % (digits, value)
    return "%.4f" % max(0, value)


def share(value):
    """Format a ratio."""
    for limit, digits in ((100, 0), (10, 1), (0.1, 2), (0.01, 3)):
        if value >= limit:
            return "%.*f" % (digits, value)
    return "%.4f" % value


def present(results):
    return [name for name in CONTENDERS if any(name in r["cells"] or name in r["failed"] for r in results)]


def cell(result, name, words):
    if name in result["failed"]:
        return "failed"
    return words(result["cells"][name]) if name in result["cells"] else "-"


def wall_table(results):
    names = present(results)
    others = [name for name in names if name != USOCKET] if USOCKET in names else []
    table = [["row", "CPUs"] + [CONTENDERS[n] for n in names]
             + ["of " + CONTENDERS[n] for n in others] + ["target"]]
    for result in results:
        line = [result["title"], result["layout"]]
        line += [cell(result, n, lambda f: "%s (%s - %s)" % tuple(number(f[k]) for k in ("median", "min", "max")))
                 for n in names]
        for other in others:
            each = ratios(result["cells"], other)
            line.append(share(statistics.median(each)) if each else "-")
        missed = [t for t in result["targets"] if not t["met"]]
        line.append("" if not result["targets"] else
                    "pass" if not missed else
                    "MISS " + ", ".join("%s of %s" % (share(t["wanted"]), CONTENDERS.get(t["against"], t["against"])) for t in missed))
        table.append(line)
    return table


def cost_table(results):
    names = present(results)
    table = [["row", "CPUs"] + ["CPU us, " + CONTENDERS[n] for n in names] + ["calls, " + CONTENDERS[n] for n in names]]
    for result in results:
        line = [result["title"], result["layout"]]
        line += [cell(result, n, lambda f: number(f["cpu"])) for n in names]
        line += [cell(result, n, lambda f: "-" if f["syscalls"] is None else number(sum(f["syscalls"].values())))
                 for n in names]
        table.append(line)
    return table


def call_list(results):
    """List the system calls of usocket by name."""
    lines = []
    for row in dict.fromkeys(result["title"] for result in results):
        for result in results:
            figures = result["cells"].get(USOCKET)
            if result["title"] == row and figures and figures["syscalls"] is not None:
                calls = sorted(figures["syscalls"].items(), key=lambda item: -item[1])
                lines.append("%s: %s" % (row, ", ".join("%s %s" % (n, number(v)) for n, v in calls) or "none"))
                break
    return lines


def missed_list(results):
    lines = []
    for result in results:
        for t in result["targets"]:
            if not t["met"]:
                lines.append("%s, %s: %.3f of %s's speed (rounds %s - %s), wanted %s" % (
                    result["title"], result["layout"], t["reached"], CONTENDERS.get(t["against"], t["against"]),
                    share(t["least"]), share(t["most"]), share(t["wanted"])))
        for name, reason in result["failed"].items():
            lines.append("%s, %s: %s failed: %s" % (result["title"], result["layout"], CONTENDERS[name], reason))
    return lines


def heading(about):
    return "%s; %d rounds of %g s each; %d s in all" % (
        ", ".join(about["contenders"]), about["rounds"], about["seconds"], about["took"])


def sections(results):
    missed = missed_list(results)
    judged = sum(len(result["targets"]) for result in results)
    met = sum(t["met"] for result in results for t in result["targets"])
    return [("System calls of usocket for one operation", call_list(results)),
            ("Targets: %d of %d met%s" % (met, judged, "; missed or failed:" if missed else ""), missed),
            ("Notes", list(NOTES))]


def aligned(table):
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    return "\n".join("  ".join(text.ljust(width) if i < 2 else text.rjust(width)
                               for i, (text, width) in enumerate(zip(line, widths))).rstrip() for line in table)


def text(about, results, memory):
    parts = [heading(about), aligned(wall_table(results)), aligned(cost_table(results))]
    if memory:
        parts.append(aligned(heap.table(memory)))
    for title, lines in sections(results):
        parts.append("\n".join([title] + ["  " + line for line in lines]))
    return "\n\n".join(parts)


def pipes(table):
    lines = [table[0], ["---", "---"] + ["--:"] * (len(table[0]) - 2)] + table[1:]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def markdown(about, results, memory):
    parts = ["# Benchmark", heading(about), "![chart](results.svg)", "## Time of one operation",
             pipes(wall_table(results)), "## CPU time and system calls of one operation", pipes(cost_table(results))]
    if memory:
        parts += ["## Heap of a TLS connection", pipes(heap.table(memory))]
    for title, lines in sections(results):
        parts += ["## " + title, "\n".join("- " + line for line in lines)]
    return "\n\n".join(part for part in parts if part)
