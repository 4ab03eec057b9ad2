"""Draw the results as an SVG chart: the speed of each contender relative to raw C, which is 1."""

import statistics
from xml.sax.saxutils import escape

from report import number, share
from rows import CONTENDERS, RAW, USOCKET

COLOURS = {"raw": "#8a8f98", "cpython": "#e0a030", "builtin": "#6fa8dc", "usocket": "#1b7f4d"}
LEFT, PLOT, RIGHT, TOP = 250, 520, 190, 84
BAR, GAP = 13, 16
END = 1.25  # end of the axis; a longer bar is cut and labelled with its value


def element(name, text=None, **attributes):
    inside = "".join(' %s="%s"' % (k.replace("_", "-"), escape(str(v))) for k, v in attributes.items())
    return "<%s%s/>" % (name, inside) if text is None else "<%s%s>%s</%s>" % (name, inside, escape(text), name)


def position(speed):
    return LEFT + PLOT * min(speed, END) / END


def group(result, top):
    """The bars of one row."""
    cells = result["cells"]
    names = [name for name in CONTENDERS if name in cells]
    raw = cells.get(RAW)
    # Without raw C the fastest contender is the unit.
    unit = raw["wall_rounds"] if raw else min((cells[n]["wall_rounds"] for n in names), key=statistics.median)
    middle = top + BAR * len(names) / 2
    out = [element("text", result["title"], x=LEFT - 10, y=middle, text_anchor="end", font_weight="bold"),
           element("text", "client and peer " + result["layout"], x=LEFT - 10, y=middle + 14, text_anchor="end",
                   fill="#666666", font_size=11)]
    for i, name in enumerate(names):
        y = top + i * BAR
        speeds = [a / b for a, b in zip(unit, cells[name]["wall_rounds"])]
        speed, x = statistics.median(speeds), position(statistics.median(speeds))
        low, high = position(min(speeds)), position(max(speeds))
        out.append(element("rect", x=LEFT, y=y, width="%.1f" % max(1, x - LEFT), height=BAR - 2, fill=COLOURS[name]))
        if high - low > 1:
            out.append(element("path", d="M%.1f %.1fH%.1f" % (low, y + (BAR - 2) / 2, high), stroke="#222222",
                               stroke_width=1))
        out.append(element("text", "%s us  (%s)" % (number(cells[name]["median"]), share(speed)), font_size=11,
                           x="%.1f" % (max(x, high) + 6), y=y + BAR - 3, fill="#333333",
                           stroke="#ffffff", stroke_width=3, paint_order="stroke"))
    for target in result["targets"]:
        if USOCKET in cells and target["against"] in cells:
            base = cells[target["against"]]["wall_rounds"]
            at = statistics.median(u / b for u, b in zip(unit, base)) * target["wanted"]
            y = top + names.index(USOCKET) * BAR
            out.append(element("path", d="M%.1f %.1fV%.1f" % (position(at), y - 2, y + BAR), stroke="#c02020",
                               stroke_width=2))
    return out, top + BAR * len(names) + GAP


def svg(about, results):
    body, y = [], TOP
    for result in results:
        if result["cells"]:
            lines, y = group(result, y)
            body += lines
    bottom, width = y - GAP / 2, LEFT + PLOT + RIGHT
    grid = []
    for tenth in range(0, int(END * 4) + 1):
        speed = tenth / 4
        x = "%.1f" % position(speed)
        grid.append(element("path", d="M%s %dV%.1f" % (x, TOP - 8, bottom), stroke="#444444" if speed == 1 else "#dddddd"))
        grid.append(element("text", "%g" % speed, x=x, y=TOP - 14, text_anchor="middle", fill="#444444"))
    legend, x = [], LEFT
    for name in CONTENDERS:
        if any(name in result["cells"] for result in results):
            legend.append(element("rect", x=x, y=36, width=12, height=12, fill=COLOURS[name]))
            legend.append(element("text", CONTENDERS[name], x=x + 17, y=46))
            x += 100
    legend.append(element("path", d="M%d 34V50" % (x + 6), stroke="#c02020", stroke_width=2))
    legend.append(element("text", "target", x=x + 17, y=46))
    title = "Speed over loopback, raw C = 1 (median of %d rounds; the thin line is least to most)" % about["rounds"]
    height = bottom + 16
    return "\n".join(
        ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" '
         'font-family="DejaVu Sans, Verdana, sans-serif" font-size="12">' % (width, height, width, height),
         element("rect", width="100%", height="100%", fill="#ffffff"),
         element("text", title, x=16, y=22, font_size=15, font_weight="bold")]
        + legend + grid + body + ["</svg>"])
