"""Draw speeds relative to raw C, which is 1, as an SVG chart for light and dark pages."""

import statistics
from xml.sax.saxutils import escape

from report import ratios, share
from rows import CONTENDERS, RAW, USOCKET

LEFT, PLOT, RIGHT, TOP = 216, 450, 70, 96
BAR, GAP = 12, 12
END = 1.5  # end of the axis; a longer bar is cut, and has its value beside it

STYLE = """<style>
svg { color-scheme: light dark; } text { font: 12px "DejaVu Sans", Verdana, sans-serif; fill: #1d2530; }
.page { fill: #ffffff; } .head { font-size: 14px; font-weight: bold; } .small { font-size: 10px; stroke: #ffffff; stroke-width: 3; paint-order: stroke; } .ours { font-weight: bold; }
.soft { fill: #5b6472; font-size: 11px; } .grid { stroke: #dde1e7; } .one { stroke: #1d2530; } .range { stroke: #1d2530; }
.target { stroke: #c02020; stroke-width: 2; } .cut { stroke: #ffffff; stroke-width: 3; }
.cpython { fill: #e0a030; } .builtin { fill: #7fb0e0; } .usocket { fill: #1b7f4d; }
@media (prefers-color-scheme: dark) {
text { fill: #e4e9f0; } .page { fill: #0f141b; } .small { stroke: #0f141b; } .soft { fill: #a4afbd; } .grid { stroke: #2b3340; } .one, .range { stroke: #e4e9f0; }
.target { stroke: #ff7b72; } .cut { stroke: #0f141b; } .cpython { fill: #b98524; } .builtin { fill: #5b8fc7; } .usocket { fill: #3fb27f; }
}
</style>"""


def element(name, text=None, **attributes):
    inside = "".join(' %s="%s"' % (k.rstrip("_").replace("_", "-"), escape(str(v))) for k, v in attributes.items())
    return "<%s%s/>" % (name, inside) if text is None else "<%s%s>%s</%s>" % (name, inside, escape(text), name)


def line(kind, path, *numbers):
    return element("path", class_=kind, d=path % numbers)


def position(speed):
    return LEFT + PLOT * min(speed, END) / END


def group(result, names, top):
    """The bars of one row."""
    cells, below = result["cells"], "layout" in result
    names = [name for name in names if name in cells]
    middle = top + BAR * len(names) / 2 + (-1 if below else 4)
    out = [element("text", result["title"], x=LEFT - 10, y=middle, text_anchor="end")]
    if below:
        out.append(element("text", "client and peer " + result["layout"], x=LEFT - 10, y=middle + 13, text_anchor="end", class_="soft"))
    for i, name in enumerate(names):
        y = top + i * BAR
        speeds = ratios(cells, RAW, name)
        speed = statistics.median(speeds)
        x, low, high = position(speed), position(min(speeds)), position(max(speeds))
        out.append(element("rect", class_=name, x=LEFT, y=y, width="%.1f" % max(1, x - LEFT), height=BAR - 2))
        if high - low > 1:
            out.append(line("range", "M%.1f %.1fH%.1f", low, y + BAR / 2 - 1, high))
        if speed > END:
            out.append(line("cut", "M%.1f %.1fl6 -14", x - 18, y + BAR))
        out.append(element("text", share(speed), x="%.1f" % (max(x, high) + 5), y=y + BAR - 3, class_="small ours" if name == USOCKET else "small"))
    for target in result.get("targets", ()):
        if USOCKET in names and target["against"] in cells:
            at = statistics.median(ratios(cells, RAW, target["against"])) * target["wanted"]
            y = top + names.index(USOCKET) * BAR
            out.append(line("target", "M%.1f %.1fV%.1f", position(at), y - 2, y + BAR))
    return out, top + BAR * len(names) + GAP


def svg(rounds, results, names=CONTENDERS):
    """The chart of results with raw C; names: {contender: its name in the legend}."""
    results = [result for result in results if RAW in result["cells"]]
    names = {name: words for name, words in names.items() if name != RAW and any(name in result["cells"] for result in results)}
    body, y = [], TOP
    for result in results:
        lines, y = group(result, names, y)
        body += lines
    bottom, width = y - GAP / 2, LEFT + PLOT + RIGHT
    grid = []
    for quarter in range(int(END * 4) + 1):
        x = position(quarter / 4)
        grid.append(line("one" if quarter == 4 else "grid", "M%.1f %dV%.1f", x, TOP - 8, bottom))
        grid.append(element("text", "raw C = 1" if quarter == 4 else "%g" % (quarter / 4), x="%.1f" % x, y=TOP - 13, text_anchor="middle", class_="soft"))
    legend, x = [], LEFT
    for name, words in names.items():
        legend.append(element("rect", class_=name, x="%.1f" % x, y=52, width=12, height=12))
        legend.append(element("text", words, x="%.1f" % (x + 17), y=62, class_="ours" if name == USOCKET else ""))
        x += 17 + 8 * len(words) + 18
    if any(result.get("targets") for result in results):
        legend += [line("target", "M%d 51V65", x + 6), element("text", "target", x="%.1f" % (x + 17), y=62)]
    return "\n".join(
        ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" role="img">' % (width, bottom + 12, width),
         "<title>Speed relative to raw C</title>", STYLE,
         element("rect", class_="page", width="100%", height="100%", rx=6),
         element("text", "Speed relative to raw C: longer is faster", x=16, y=22, class_="head"),
         element("text", "0.5: takes twice the time of raw C. Bars: medians of %d rounds; thin lines: the slowest and the fastest round" % rounds, x=16, y=40, class_="soft")]
        + grid + legend + body + ["</svg>"])
