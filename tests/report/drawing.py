"""What an SVG shows, read back from its own numbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from xml.etree import ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
STEPS = 24


@dataclass(frozen=True)
class Rectangle:
    """`text` is what stands in it."""

    x: float
    y: float
    width: float
    height: float
    text: str = ""

    def meets(self, other: "Rectangle") -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )

    def holds(self, other: "Rectangle") -> bool:
        return (
            self.x <= other.x
            and other.x + other.width <= self.x + self.width
            and self.y <= other.y
            and other.y + other.height <= self.y + self.height
        )

    def inside(self, x: float, y: float) -> bool:
        """Not on its edge."""
        return (
            self.x + 1 < x < self.x + self.width - 1 and self.y + 1 < y < self.y + self.height - 1
        )


class Drawing:
    """The boxes, the texts and the lines of an SVG document."""

    def __init__(self, svg: str) -> None:
        self.root = ET.fromstring(svg)
        _, _, wide, tall = (float(one) for one in self.root.attrib["viewBox"].split())
        self.paper = Rectangle(0, 0, wide, tall)
        self.boxes: list[Rectangle] = []
        self.inner: list[tuple[Rectangle, Rectangle]] = []
        for group in self.root.iter(f"{SVG}g"):
            (rect,) = group.findall(f"{SVG}rect")
            texts = [_text(one) for one in group.findall(f"{SVG}text")]
            box = _rectangle(rect, " ".join(one.text for one in texts))
            self.boxes.append(box)
            self.inner += [(box, text) for text in texts]
        self.texts = [_text(one) for one in self.root.iter(f"{SVG}text")]

    def faults(self) -> Iterator[str]:
        """Everything that a reader would stumble over."""
        for one, other in combinations(self.boxes, 2):
            if one.meets(other):
                yield f"boxes overlap: {one.text} / {other.text}"
        for box, text in self.inner:
            if not box.holds(text):
                yield f"text leaves its box: {text.text}"
        for one, other in combinations(self.texts, 2):
            if one.meets(other):
                yield f"texts overlap: {one.text} / {other.text}"
        for thing in (*self.boxes, *self.texts):
            if not self.paper.holds(thing):
                yield f"outside of the paper: {thing.text}"
        for path in self.root.iter(f"{SVG}path"):
            for x, y in points(path.attrib["d"]) if path.get("class") == "line" else ():
                yield from (f"a line crosses {box.text}" for box in self.boxes if box.inside(x, y))


def points(path: str) -> Iterator[tuple[float, float]]:
    """Along a path of M, L and C."""
    x = y = 0.0
    for command, numbers in re.findall(r"([MLC])([^MLC]*)", path):
        values = [float(one) for one in NUMBER.findall(numbers)]
        if command == "C":
            first, second, end = zip(values[::2], values[1::2], strict=True)
            for step in range(STEPS + 1):
                yield _at((x, y), first, second, end, step / STEPS)
        else:
            for step in range(STEPS + 1 if command == "L" else 0):
                part = step / STEPS
                yield x + (values[0] - x) * part, y + (values[1] - y) * part
        x, y = values[-2:]


Point = tuple[float, float]


def _at(start: Point, first: Point, second: Point, end: Point, t: float) -> Point:
    """On a cubic Bézier curve."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    corners = (start, first, second, end)
    x, y = (
        sum(w * corner[axis] for w, corner in zip(weights, corners, strict=True)) for axis in (0, 1)
    )
    return x, y


def _rectangle(rect: ET.Element, text: str) -> Rectangle:
    x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
    return Rectangle(x, y, width, height, text)


def _text(text: ET.Element) -> Rectangle:
    """As tall as its letters, as wide as it says itself."""
    x, y, width = (float(text.attrib[name]) for name in ("x", "y", "textLength"))
    return Rectangle(x, y - 9, width, 12, text.text or "")
