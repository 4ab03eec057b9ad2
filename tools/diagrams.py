#!/usr/bin/env python3
"""Draw docs/pictures/*.svg from the text files beside them.

usage: tools/diagrams.py [--check] [FILE.txt...]

The first line of a file is `picture graph` or `picture sequence`. ` | ` separates the lines of a text.

A graph:
  pitch X Y                               pixels from one column, one row, to the next (210 90)
  box NAME COLUMN ROW [soft] : TEXT       its first line is bold; `soft` boxes are dashed
  arrow A -> B [bend N] [at F] : TEXT     bent N pixels to its left; the text is at the fraction F of the line
  text COLUMN ROW : TEXT                  left-aligned
A sequence:
  pitch X 0                               pixels from one lane to the next (230)
  lane NAME : TEXT                        the lanes are placed from left to right
  A -> B : TEXT                           a message; each step is below the previous one
  note A [B] : TEXT                       a box on the lane, or across all lanes from A to B
Both:
  title TEXT                              the text for screen readers

Texts are set in a monospaced font, so their width is known. A picture in which a box, a text or an arrow covers another
box or text is refused. --check writes nothing and fails if a file on disk differs from the drawing of its text, or if a
text names a file or folder that does not exist.
"""

import argparse
import glob
import html
import os
import re
import sys

FOLDER = "docs/pictures"
SIZE, LINE, CHARACTER = 12, 16, 7.3  # pixels: the font, from line to line, the width of a character
MARGIN = 16
PATH = re.compile(r"\b(?:src|port|include|micropython|docs|tools|test)/[\w./*]*")

STYLE = """<style>
svg { color-scheme: light dark; }
.page { fill: #ffffff; } .box { fill: #eef3fa; stroke: #4a6c9b; } .soft { stroke-dasharray: 4 3; fill: #f7f7f4; }
.line { fill: none; stroke: #5b6472; stroke-width: 1.3; } .lane { stroke: #b9c0ca; stroke-dasharray: 2 4; } .tip { fill: #5b6472; }
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1d2530; white-space: pre; }
.head { font-weight: bold; }
@media (prefers-color-scheme: dark) {
.page { fill: #0f141b; } .box { fill: #1b2635; stroke: #7fa3d4; } .soft { fill: #191d22; }
.line { stroke: #a4afbd; } .lane { stroke: #4b5563; } .tip { fill: #a4afbd; } text { fill: #e4e9f0; }
}
</style>"""


class Wrong(Exception):
    """Raised for a text that cannot be drawn."""


def lines_of(text):
    return [line.strip() for line in text.split(" | ")] if text else []


class Rect:
    """A box or a text, placed by its centre."""

    def __init__(self, name, lines, x, y, pad=(0, 0)):
        self.name, self.lines = name, lines
        self.w = max(map(len, lines)) * CHARACTER + 2 * pad[0]
        self.h = len(lines) * LINE + 2 * pad[1]
        self.x, self.y = x, y

    def holds(self, x, y, slack=0.0):
        return abs(x - self.x) < self.w / 2 + slack and abs(y - self.y) < self.h / 2 + slack

    def covers(self, other):
        return abs(self.x - other.x) < (self.w + other.w) / 2 + 1 and abs(self.y - other.y) < (self.h + other.h) / 2 + 1

    def corners(self):
        return [(self.x - self.w / 2, self.y - self.h / 2), (self.x + self.w / 2, self.y + self.h / 2)]


class Arrow:
    """A quadratic curve from the border of one box to that of another, or a straight line between two points."""

    def __init__(self, start, middle, end, ends=()):
        self.start, self.middle, self.end, self.ends = start, middle, end, ends

    def point(self, t):
        return tuple((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c for a, b, c in zip(self.start, self.middle, self.end))

    def samples(self):
        return [self.point(i / 60) for i in range(61)]


def between(a, b, bend):
    """The curve from box a to box b; straight up or across where the boxes face each other."""
    low, high = max(a.x - a.w / 2, b.x - b.w / 2), min(a.x + a.w / 2, b.x + b.w / 2)
    left, right = max(a.y - a.h / 2, b.y - b.h / 2), min(a.y + a.h / 2, b.y + b.h / 2)
    start, end = (a.x, a.y), (b.x, b.y)
    if high - low > 16:
        start, end = ((low + high) / 2, a.y), ((low + high) / 2, b.y)
    elif right - left > 8:
        start, end = (a.x, (left + right) / 2), (b.x, (left + right) / 2)
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1)
    middle = ((start[0] + end[0]) / 2 + bend * dy / length, (start[1] + end[1]) / 2 - bend * dx / length)
    whole = Arrow(start, middle, end)
    out = [p for p in (whole.point(i / 400) for i in range(401)) if not a.holds(*p) and not b.holds(*p, slack=2)]
    if len(out) < 2:
        raise Wrong(f"there is no room for an arrow from {a.name} to {b.name}")
    # The middle that makes the shortened curve pass through the same point half-way.
    half = out[len(out) // 2]
    control = tuple(2 * h - (s + e) / 2 for h, s, e in zip(half, out[0], out[-1]))
    return Arrow(out[0], control, out[-1], (a, b))


class Picture:
    def __init__(self):
        self.title, self.boxes, self.soft, self.texts, self.arrows, self.lanes = "", {}, set(), [], [], []

    def collisions(self):
        rects = list(self.boxes.values()) + self.texts
        for i, one in enumerate(rects):
            for other in rects[i + 1 :]:
                if one.covers(other):
                    yield f"{one.name} and {other.name} overlap"
        for arrow in self.arrows:
            for rect in rects:
                own = rect in arrow.ends or rect is getattr(arrow, "label", None)
                if not own and any(rect.holds(*p) for p in arrow.samples()):
                    yield f"an arrow{' from ' + arrow.ends[0].name if arrow.ends else ''} crosses {rect.name}"

    def svg(self):
        problems = list(self.collisions())
        if problems:
            raise Wrong("; ".join(problems))
        points = [p for rect in list(self.boxes.values()) + self.texts for p in rect.corners()]
        points += [p for arrow in self.arrows for p in arrow.samples()]
        x0, y0 = min(p[0] for p in points) - MARGIN, min(p[1] for p in points) - MARGIN
        x1, y1 = max(p[0] for p in points) + MARGIN, max(p[1] for p in points) + MARGIN
        size = f'{x1 - x0:.0f} {y1 - y0:.0f}'
        out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x0:.0f} {y0:.0f} {size}" width="{x1 - x0:.0f}" role="img">',
               f"<title>{html.escape(self.title)}</title>", STYLE,
               f'<rect class="page" x="{x0:.0f}" y="{y0:.0f}" width="{x1 - x0:.0f}" height="{y1 - y0:.0f}" rx="6"/>']
        out += [f'<line class="lane" x1="{x:.1f}" y1="{a:.1f}" x2="{x:.1f}" y2="{b:.1f}"/>' for x, a, b in self.lanes]
        for arrow in self.arrows:
            out += draw_arrow(arrow)
        for name, box in self.boxes.items():
            kind = "box soft" if name in self.soft else "box"
            left, top = box.corners()[0]
            out.append(f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="{box.w:.1f}" height="{box.h:.1f}" rx="5"/>')
            out += draw_text(box, "middle", name not in self.soft)
        for text in self.texts:
            left, top = text.corners()[0]
            out.append(f'<rect class="page" x="{left:.1f}" y="{top:.1f}" width="{text.w:.1f}" height="{text.h:.1f}"/>')
            out += draw_text(text, "middle" if getattr(text, "centred", True) else "start", False)
        return "\n".join(out + ["</svg>"]) + "\n"


def draw_text(rect, anchor, bold):
    x = rect.x if anchor == "middle" else rect.x - rect.w / 2
    top = rect.y - len(rect.lines) * LINE / 2 + SIZE
    return [f'<text x="{x:.1f}" y="{top + i * LINE:.1f}" text-anchor="{anchor}"{" class=" + chr(34) + "head" + chr(34) if bold and i == 0 else ""}>'
            f"{html.escape(line)}</text>" for i, line in enumerate(rect.lines)]


def draw_arrow(arrow):
    (x0, y0), (mx, my), (x, y) = arrow.start, arrow.middle, arrow.end
    dx, dy = x - mx, y - my
    length = max((dx * dx + dy * dy) ** 0.5, 0.001)
    dx, dy = dx / length, dy / length
    tip = [(x, y), (x - 8 * dx + 4 * dy, y - 8 * dy - 4 * dx), (x - 8 * dx - 4 * dy, y - 8 * dy + 4 * dx)]
    return [f'<path class="line" d="M{x0:.1f} {y0:.1f}Q{mx:.1f} {my:.1f} {x:.1f} {y:.1f}"/>',
            f'<polygon class="tip" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in tip)}"/>']


def box(picture, name, lines, x, y, soft=False):
    if name in picture.boxes or not lines:
        raise Wrong(f"box {name} has no text, or is there twice")
    picture.boxes[name] = Rect(name, lines, x, y, (11, 7))
    if soft:
        picture.soft.add(name)


def draw_graph(statements):
    picture, pitch = Picture(), (210.0, 90.0)
    for words, text in statements:
        if words[0] == "title":
            picture.title = " ".join(words[1:])
        elif words[0] == "pitch":
            pitch = (float(words[1]), float(words[2]))
        elif words[0] == "box":
            box(picture, words[1], lines_of(text), float(words[2]) * pitch[0], float(words[3]) * pitch[1], "soft" in words[4:])
        elif words[0] == "text":
            rect = Rect(f'"{text}"', lines_of(text), 0, float(words[2]) * pitch[1])
            rect.x, rect.centred = float(words[1]) * pitch[0] + rect.w / 2, False
            picture.texts.append(rect)
        elif words[0] == "arrow":
            options = dict(zip(words[4::2], map(float, words[5::2])))
            arrow = between(picture.boxes[words[1]], picture.boxes[words[3]], options.get("bend", 0))
            picture.arrows.append(arrow)
            if text:
                arrow.label = Rect(f'"{text}"', lines_of(text), *arrow.point(options.get("at", 0.5)), (3, 0))
                picture.texts.append(arrow.label)
        else:
            raise Wrong(f"a graph has no {words[0]}")
    return picture


def draw_sequence(statements):
    picture, pitch, lanes, y = Picture(), 230.0, {}, 0.0
    for words, text in statements:
        if words[0] == "title":
            picture.title = " ".join(words[1:])
        elif words[0] == "pitch":
            pitch = float(words[1])
        elif words[0] == "lane":
            lanes[words[1]] = len(lanes) * pitch
            box(picture, words[1], lines_of(text), lanes[words[1]], 0)
            y = max(y, picture.boxes[words[1]].h / 2)
        elif words[0] == "note":
            first, last = lanes[words[1]], lanes[words[-1]]
            name = f"note {len(picture.boxes)}"
            box(picture, name, lines_of(text), (first + last) / 2, 0, True)
            note = picture.boxes[name]
            note.w = max(note.w, abs(last - first) + 60)
            note.y = y + 12 + note.h / 2
            y = note.y + note.h / 2
        elif len(words) == 3 and words[1] == "->":
            start, end = lanes[words[0]], lanes[words[2]]
            label = Rect(f'"{text}"', lines_of(text), (start + end) / 2, 0, (3, 0))
            label.y = y + 8 + label.h / 2
            y = label.y + label.h / 2 + 5
            if label.w > abs(end - start) - 8:
                raise Wrong(f"{label.name} is wider than the way from {words[0]} to {words[2]}")
            picture.texts.append(label)
            picture.arrows.append(Arrow((start, y), ((start + end) / 2, y), (end, y)))
        else:
            raise Wrong(f"a sequence has no {words[0]}")
    picture.lanes = [(x, picture.boxes[name].h / 2, y + 12) for name, x in lanes.items()]
    return picture


def draw(path):
    """Draw a text; returns the SVG."""
    with open(path, encoding="utf-8") as file:
        rows = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    kind, statements = rows[0], []
    for row in rows[1:]:
        head, _, text = row.partition(" : ")
        statements.append((head.split(), text.strip()))
    try:
        return {"picture graph": draw_graph, "picture sequence": draw_sequence}[kind](statements).svg()
    except KeyError as name:
        raise Wrong(f"{name} is not there") from None


def named_paths(text):
    """List the files and folders of this repository in a text; a `*` matches anything."""
    return sorted({match.rstrip(".") for match in PATH.findall(text)})


def problems(folder=FOLDER):
    """List the findings of --check."""
    found = []
    texts = sorted(glob.glob(folder + "/*.txt"))
    for path in texts:
        with open(path, encoding="utf-8") as file:
            found += [f"{path}: there is no {name}" for name in named_paths(file.read()) if not glob.glob(name)]
        try:
            made = draw(path)
        except (Wrong, ValueError, IndexError) as error:
            found.append(f"{path}: {error}")
            continue
        picture = path[:-4] + ".svg"
        there = open(picture, encoding="utf-8").read() if os.path.exists(picture) else ""
        if there != made:
            found.append(f"{picture} is not what {path} makes: run tools/diagrams.py")
    found += [f"{path} has no text" for path in sorted(glob.glob(folder + "/*.svg")) if path[:-4] + ".txt" not in texts]
    return found if texts else [f"{folder} has no text"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("files", nargs="*", metavar="FILE")
    options = parser.parse_args()
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if options.check:
        found = problems()
        print("\n".join(found) or "every picture is what its text makes")
        return 1 if found else 0
    for path in options.files or sorted(glob.glob(FOLDER + "/*.txt")):
        try:
            picture = draw(path)
        except Wrong as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
        with open(path[:-4] + ".svg", "w", encoding="utf-8") as file:
            file.write(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
