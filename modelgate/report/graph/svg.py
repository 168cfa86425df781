"""A drawing that needs nothing else: no font, no style sheet, no script, no network.

Each text carries its length, so that it fits its box whatever font a viewer has.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from modelgate.findings import Verdict
from modelgate.report.graph.colours import BOX, INK, LINE, LOOKS, PAPER, QUIET, Look
from modelgate.report.graph.geometry import CHAR, LINE_HEIGHT, PAD, SIZE, Box, shortened
from modelgate.report.graph.geometry import Line as Connection
from modelgate.report.graph.layout import HEADINGS, Layout, layout
from modelgate.report.graph.picture import SYMBOLS, Picture
from modelgate.report.safe import html, plain

MARGIN: Final = 20
TOP: Final = 96
_MIDDLE: Final = 4
_FONT: Final = "ui-monospace,'DejaVu Sans Mono','Liberation Mono',Consolas,monospace"
_TITLE: Final = 90


def text(picture: Picture, title: str, *, links: bool = False) -> str:
    """The whole drawing; with `links` each door leads to `#door-N` of the page around it."""
    return "\n".join(_svg(picture, title, links=links))


def _svg(picture: Picture, title: str, *, links: bool) -> Iterator[str]:
    drawn = layout(picture, MARGIN, TOP)
    wide = max(drawn.width, len(shortened(title, _TITLE)) * CHAR) + MARGIN
    tall = drawn.height + MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.1f} {tall:.1f}" '
        f'width="{wide:.0f}" height="{tall:.0f}" font-family="{_FONT}" font-size="{SIZE}" '
        'role="img">'
    )
    yield f"<title>{html(title)}</title>"
    yield f'<rect width="100%" height="100%" fill="{PAPER}"/>'
    yield _words(MARGIN, 28, shortened(plain(title), _TITLE), INK, bold=True)
    yield from _legend(picture)
    for (x, _), heading in zip(drawn.columns, HEADINGS, strict=True):
        yield _words(x, TOP - 12, heading, QUIET)
    yield from _lines(drawn)
    for box in drawn.boxes:
        yield from _box(box, links=links)
    yield "</svg>"


def _legend(picture: Picture) -> Iterator[str]:
    """Each verdict with its sign, its colour, its line, and how many doors have it."""
    counted = Counter(way.door.verdict for way in picture.ways)
    x: float = MARGIN
    for verdict, look in LOOKS.items():
        said = f"{SYMBOLS[verdict]} {verdict} {counted[verdict]}"
        yield f'<path d="M{x:.1f} 52 h26" fill="none" {_stroke(look)}/>'
        yield _words(x + 34, 52 + _MIDDLE, said, INK)
        x += 34 + len(said) * CHAR + 28


def _lines(drawn: Layout) -> Iterator[str]:
    """Closed doors first, so that an open one is on top."""
    order = [*(str(verdict).lower() for verdict in reversed(Verdict))]
    for line in sorted(
        drawn.lines, key=lambda one: order.index(one.style) + 1 if one.style in order else 0
    ):
        look = _look(line.style)
        stroke = _stroke(look) if look else f'stroke="{LINE}" stroke-width="1"'
        arrow = f'stroke-dasharray="3 3" {stroke}' if line.style == "asks" else stroke
        door = "" if line.door is None else f' data-door="{line.door}"'
        yield f'<path class="line"{door} d="{path(line)}" fill="none" {arrow}/>'


def path(line: Connection) -> str:
    """Level at both ends of each piece, so that a bend stays between its two points."""
    (x, y), *rest = line.points
    parts = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in rest:
        if x == to_x or y == to_y:
            parts.append(f"L{to_x:.1f} {to_y:.1f}")
        else:
            middle = (x + to_x) / 2
            parts.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return " ".join(parts)


def _box(box: Box, *, links: bool) -> Iterator[str]:
    look = _look(box.style)
    frame, paint = _frame(box.style, look)
    linked = links and box.door is not None
    if linked:
        yield f'<a href="#door-{box.door}" aria-label="{html(box.title)}">'
    yield f'<g class="{"door" if look else "part"}">'
    if box.title:
        yield f"<title>{html(box.title)}</title>"
    yield (
        f'<rect class="box" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="4" fill="{paint}" {frame}/>'
    )
    for index, line in enumerate(box.lines):
        y = box.y + PAD / 2 + (index + 0.5) * LINE_HEIGHT + _MIDDLE
        above = index % 2 == 0 and len(box.lines) % 2 == 0  # kind and namespace of what follows
        colour = QUIET if above and not look else INK
        yield _words(box.x + PAD, y, line, colour, bold=above and look is not None)
    yield "</g>"
    if linked:
        yield "</a>"


def _frame(style: str, look: Look | None) -> tuple[str, str]:
    """The line around a box, and what it is filled with."""
    if look:
        return _stroke(look), look.fill
    if style == "none":
        return f'stroke="{LOOKS[Verdict.EXPOSED].line}" stroke-dasharray="4 3"', PAPER
    if style in ("idle", "picker"):
        return f'stroke="{LINE}" stroke-dasharray="4 3"', PAPER
    return f'stroke="{LINE}"', BOX


def _look(style: str) -> Look | None:
    return next((look for verdict, look in LOOKS.items() if str(verdict).lower() == style), None)


def _stroke(look: Look) -> str:
    dash = f' stroke-dasharray="{look.dash}"' if look.dash else ""
    return f'stroke="{look.line}" stroke-width="{look.width}"{dash}'


def _words(x: float, y: float, said: str, colour: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" textLength="{len(said) * CHAR:.1f}" '
        f'lengthAdjust="spacingAndGlyphs"{weight}>{html(said)}</text>'
    )
