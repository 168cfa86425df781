"""Boxes and lines, in pixels from the top left corner; text is measured, never guessed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SIZE: Final = 12
CHAR: Final = 7.2
"""Width of a character of SIZE: monospaced, and the drawing fixes it with `textLength`."""
LINE_HEIGHT: Final = 17
PAD: Final = 9
LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Box:
    """One rectangle with its lines of text. `door` is the index of its way, `style` its looks."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    style: str
    title: str = ""
    door: int | None = None

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Line:
    """One connection through `points`, bent between them; `door` as in Box, `style` its looks."""

    points: tuple[tuple[float, float], ...]
    style: str
    door: int | None = None


def shortened(text: str, longest: int = LONGEST) -> str:
    """`text` in at most `longest` characters; what is left out is in its middle."""
    if len(text) <= longest:
        return text
    head = (longest - 1) // 2
    return f"{text[:head]}…{text[-(longest - 1 - head) :]}"


def width(lines: Sequence[str]) -> float:
    """Of a box around `lines`."""
    return max((len(line) for line in lines), default=0) * CHAR + 2 * PAD


def height(lines: Sequence[str]) -> float:
    """Of a box around `lines`."""
    return len(lines) * LINE_HEIGHT + PAD
