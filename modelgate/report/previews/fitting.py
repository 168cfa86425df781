"""A comment is never longer than a forge takes, and what is left out is never the verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

LIMIT: Final = 65_000
"""Characters. GitHub refuses a comment of more than 65,536."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a comment. Where there is no room `short` stands for it, the highest rank first.

    Rank 0 always stays: whoever makes it keeps it small.
    """

    text: str
    rank: int = 0
    short: str = ""


def fitted(parts: Iterable[Part], limit: int = LIMIT) -> str:
    """The parts in their order, a blank line between them."""
    kept = list(parts)
    while len(_joined(kept)) > limit:
        index = max(range(len(kept)), key=lambda at: (kept[at].rank, len(kept[at].text)))
        if kept[index].rank == 0:
            return _joined(kept)[:limit]
        kept[index] = Part(kept[index].short)
    return _joined(kept)


def cut(text: str, longest: int) -> str:
    """`text`, or its beginning and how long it is."""
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"


def _joined(parts: Iterable[Part]) -> str:
    return "\n\n".join(part.text for part in parts if part.text)
