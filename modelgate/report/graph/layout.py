"""Nothing overlaps: a row for each door, and columns that everything else keeps to.

On the left a box spans the rows that it leads to, so lines there never cross. On the right backends
are placed once each, beside the first door that leads there, and a line that passes a column has a
lane of its own in it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from modelgate.report.graph.geometry import LINE_HEIGHT, PAD, Box, Line, height, shortened, width
from modelgate.report.graph.picture import NO_LISTENER, NO_POLICY, SYMBOLS, Backend, Picture, Way
from modelgate.report.safe import plain

HEADINGS: Final = ("Gateway", "Listener", "Policies", "Route", "Door", "Pool and picker", "Service")
GUTTER: Final = 38
ROW_GAP: Final = 8
BAND: Final = 14
LANE: Final = 14
LEFT: Final = 5
POOL, SERVICE = 5, 6
_MATCH: Final = 48
_DEPTHS: Final[tuple[Callable[[Way], object], ...]] = (
    lambda way: way.gateway,
    lambda way: way.listener,
    lambda way: way.policies,
    lambda way: way.route,
)


@dataclass(slots=True)
class Layout:
    """Everything that is drawn; `columns` are the left edge and the width of each."""

    columns: list[tuple[float, float]]
    top: float
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    @property
    def width(self) -> float:
        return self.columns[-1][0] + self.columns[-1][1]

    @property
    def height(self) -> float:
        return max((box.bottom for box in self.boxes), default=self.top)

    def add(self, column: int, y: float, tall: float, lines: Sequence[str], style: str) -> Box:
        """A box in a column."""
        x, wide = self.columns[column]
        box = Box(x, y, wide, tall, tuple(lines), style)
        self.boxes.append(box)
        return box

    def join(self, start: Box, end: Box, y: float, style: str) -> None:
        """A straight line from one box to the next column's."""
        self.lines.append(Line(((start.right, y), (end.x, y)), style))


def layout(picture: Picture, left: float, top: float) -> Layout:
    """The places of everything, right of `left` and below `top`."""
    drawn = Layout(_columns(picture, left), top)
    doors = _tree(drawn, picture)
    _backends(drawn, picture, doors)
    y = drawn.height + (BAND if drawn.boxes else 0)
    for key in picture.idle:
        box = drawn.add(0, y, height(idle(key)), idle(key), "idle")
        y = box.bottom + ROW_GAP
    return drawn


def named(reference: str) -> tuple[str, ...]:
    """`Kind ns/name` on two lines: kind and namespace, then the name."""
    kind, _, path = plain(reference).partition(" ")
    namespace, _, name = path.rpartition("/")
    lines = (f"{kind} {namespace}".strip(), name or kind)
    return tuple(shortened(line) for line in lines)


def picker(reference: str) -> tuple[str, ...]:
    """As a pool's picker, the kind of which is nearly always Service."""
    return named(reference.replace("Service ", "picker ", 1)) if reference else ()


def idle(key: str) -> tuple[str, ...]:
    """A gateway that leads to no model."""
    return (*named(f"Gateway {key}"), "no door to a model")


def texts(way: Way) -> tuple[tuple[str, ...], ...]:
    """The lines of a way's box in each of the left columns."""
    kind, asked = _asked(plain(way.match))
    policies = tuple(line for name in way.policies for line in named(name)) or (NO_POLICY,)
    return (
        named(f"Gateway {way.gateway}") if way.door.gateway else (way.gateway,),
        tuple(shortened(plain(line)) for line in way.listener) or (NO_LISTENER,),
        policies,
        named(way.route),
        (
            f"{SYMBOLS[way.door.verdict]} {way.door.verdict} {kind}".rstrip(),
            shortened(asked, _MATCH),
        ),
    )


def _asked(match: str) -> tuple[str, str]:
    """The kind of a match, and what it asks for."""
    kind, _, rest = match.partition(" ")
    return (kind, rest) if rest.startswith("/") else ("", match)


def _columns(picture: Picture, left: float) -> list[tuple[float, float]]:
    """Each as wide as its widest text."""
    cells: list[list[Sequence[str]]] = [[(heading,)] for heading in HEADINGS]
    for way in picture.ways:
        for column, lines in enumerate(texts(way)):
            cells[column].append(lines)
    cells[0] += [idle(key) for key in picture.idle]
    for backend in picture.backends:
        cells[POOL if backend.is_pool else SERVICE].append(named(backend.name))
        cells[POOL].append(picker(backend.picker))
        cells[SERVICE] += [named(service) for service in backend.services]
    columns = []
    for filled in cells:
        wide = max(width(lines) for lines in filled)
        columns.append((left, wide))
        left += wide + GUTTER
    return columns


def _tree(drawn: Layout, picture: Picture) -> list[Box]:
    """The left columns; a box for each door, in the order of the ways."""
    doors: list[Box] = []

    def grow(ways: Sequence[Way], depth: int, y: float) -> tuple[float, list[Box]]:
        """Below one box: where the last row ends, and the boxes of the next column."""
        boxes: list[Box] = []
        for _, members in groupby(ways, _DEPTHS[depth]) if depth < len(_DEPTHS) else _rows(ways):
            group = list(members)
            lines = texts(group[0])[depth]
            if depth == LEFT - 1:
                box = _door(drawn, group[0], lines, y, len(doors))
                doors.append(box)
            else:
                bottom, inner = grow(group, depth + 1, y)
                style = "none" if lines == (NO_POLICY,) else "box"
                box = drawn.add(depth, y, max(bottom - y, height(lines)), lines, style)
                for child in inner:
                    drawn.join(box, child, child.y + PAD + LINE_HEIGHT / 2, "way")
            boxes.append(box)
            y = box.bottom + (BAND if depth == 0 else ROW_GAP)
        return boxes[-1].bottom, boxes

    if picture.ways:
        grow(picture.ways, 0, drawn.top)
    return doors


def _rows(ways: Sequence[Way]) -> Iterator[tuple[object, Iterator[Way]]]:
    return ((index, iter((way,))) for index, way in enumerate(ways))


def _door(drawn: Layout, way: Way, lines: Sequence[str], y: float, index: int) -> Box:
    x, wide = drawn.columns[LEFT - 1]
    title = plain(f"{way.door.name}: {way.door.reason}")
    style = str(way.door.verdict).lower()
    box = Box(x, y, wide, height(lines), tuple(lines), style, title, index)
    drawn.boxes.append(box)
    return box


def _backends(drawn: Layout, picture: Picture, doors: Sequence[Box]) -> None:
    """The right columns, each backend beside the first door that leads to it, or below the last."""
    leading: dict[str, list[int]] = {}
    for index, way in enumerate(picture.ways):
        leading.setdefault(way.door.backend or "unknown", []).append(index)
    y = drawn.top
    for backend in sorted(picture.backends, key=lambda one: _first(one, leading)):
        first = _first(backend, leading)
        y = _unit(drawn, backend, leading, doors, max(y, doors[first].y)) + BAND


def _first(backend: Backend, leading: dict[str, list[int]]) -> int:
    return min(
        index for name in (backend.name, *backend.services) for index in leading.get(name, [10**9])
    )


def _unit(
    drawn: Layout,
    backend: Backend,
    leading: dict[str, list[int]],
    doors: Sequence[Box],
    y: float,
) -> float:
    """A pool with its picker and Services, or a backend without pool; where it ends."""
    top, services, pool = y, backend.services, None
    if backend.is_pool:
        pool = drawn.add(POOL, y, height(named(backend.name)), named(backend.name), "box")
        _lead(drawn, leading.get(backend.name, ()), doors, pool)
        y = pool.bottom + ROW_GAP
        if backend.picker:
            lines = picker(backend.picker)
            asked = drawn.add(POOL, y, height(lines), lines, "picker")
            middle = pool.x + pool.width / 2
            drawn.lines.append(Line(((middle, pool.bottom), (middle, asked.y)), "asks"))
            y = asked.bottom + ROW_GAP
    else:
        services = (backend.name,)
    below = top
    for name in services:
        style = "box" if name.startswith("Service ") else "none"
        box = drawn.add(SERVICE, below, height(named(name)), named(name), style)
        below = box.bottom + ROW_GAP
        if pool is not None:
            drawn.lines.append(_curve(pool, box, "way"))
        if leading.get(name):
            _lane(drawn, leading[name], doors, box, y + LANE / 2)
            y += LANE
    return max(y, below) - ROW_GAP


def _lead(drawn: Layout, indices: Sequence[int], doors: Sequence[Box], end: Box) -> None:
    for index in indices:
        door = doors[index]
        line = _curve(door, end, door.style)
        drawn.lines.append(Line(line.points, door.style, index))


def _lane(drawn: Layout, indices: Sequence[int], doors: Sequence[Box], end: Box, y: float) -> None:
    """From doors straight to a Service, through the column of pools where nothing else is."""
    x, wide = drawn.columns[POOL]
    for index in indices:
        door = doors[index]
        middle = door.y + door.height / 2
        at = min(max(y, end.y + PAD), end.bottom - PAD)
        points = ((door.right, middle), (x, y), (x + wide, y), (end.x, at))
        drawn.lines.append(Line(points, door.style, index))


def _curve(start: Box, end: Box, style: str) -> Line:
    points = ((start.right, start.y + start.height / 2), (end.x, end.y + end.height / 2))
    return Line(points, style)
