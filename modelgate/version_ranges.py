"""Compares versions; nothing else in the code does."""

import re
from collections.abc import Iterable
from functools import total_ordering

_FORM = re.compile(
    r"^(?:OSSM_)?v?(?P<numbers>\d+(?:\.\d+){0,3})(?P<latest>[.-]latest)?(?:[-+].*)?$"
)
_COMPARATOR = re.compile(r"^(?P<sign><=|>=|<|>|=)?(?P<version>[^<>=].*)$")
_PLACES = 4


@total_ordering
class Version:
    """A version as numbers: `v1.26.2`, `1.26.2-redhat` and `OSSM_1.26.2` are equal.

    Missing places are 0; `1.26-latest` is later than every 1.26.x. What follows a dash or a plus
    is not compared. Raises ValueError for anything else.
    """

    __slots__ = ("numbers", "text")

    def __init__(self, text: str) -> None:
        form = _FORM.match(text.strip())
        if form is None:
            raise ValueError(f"{text!r} is not a version")
        numbers = [float(number) for number in form["numbers"].split(".")]
        filler = float("inf") if form["latest"] else 0.0
        self.numbers = tuple(numbers + [filler] * (_PLACES - len(numbers)))
        self.text = text.strip()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.numbers == other.numbers

    def __lt__(self, other: "Version") -> bool:
        return self.numbers < other.numbers

    def __hash__(self) -> int:
        return hash(self.numbers)

    def __repr__(self) -> str:
        return f"Version({self.text!r})"


def _holds(version: Version, comparator: str) -> bool:
    form = _COMPARATOR.match(comparator)
    if form is None:
        raise ValueError(f"{comparator!r} is not a version comparator")
    bound = Version(form["version"])
    match form["sign"]:
        case "<":
            return version < bound
        case "<=":
            return version <= bound
        case ">":
            return version > bound
        case ">=":
            return version >= bound
        case _:
            return version == bound


def in_ranges(version: str, ranges: Iterable[str]) -> bool:
    """Whether `version` is in one of `ranges` (each: comparators separated by spaces, all hold).

    Raises ValueError where a version or a range cannot be read.
    """
    value = Version(version)
    return any(all(_holds(value, part) for part in one.split()) for one in ranges)


def nearest_older(version: str, known: Iterable[str]) -> str | None:
    """The newest of `known` that is not newer than `version`; None where all are newer."""
    value = Version(version)
    older = [one for one in known if Version(one) <= value]
    return max(older, key=Version, default=None)
