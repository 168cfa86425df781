"""Paths: how Envoy normalises them, and an index that finds what may match one.

Istio's default is `normalize_path` with `//` and `%2f` kept (measured on Envoy 1.36.4, 1.40.0).
"""

import re
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

_UNRESERVED = re.compile(r"%(2[dDeE]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE])")


def normalize(path: str) -> str:
    """`path` as Envoy routes it: dot segments resolved, unreserved escapes decoded, `\\` as `/`."""
    plain, mark, query = path.partition("?")
    plain = plain.partition("#")[0]
    if "%" in plain:
        plain = _UNRESERVED.sub(lambda found: chr(int(found[1], 16)), plain)
    plain = plain.replace("\\", "/")
    if "/." in plain:
        plain = _resolve(plain)
    return f"{plain}{mark}{query}"


def _resolve(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == "..":
            if kept:
                kept.pop()
            if last:
                kept.append("")
        elif segment == ".":
            if last:
                kept.append("")
        else:
            kept.append(segment)
    return "/" + "/".join(kept)


def under(prefix: str, path: str) -> bool:
    """Gateway API's PathPrefix as Envoy matches it: whole segments, a trailing slash ignored."""
    stem = prefix.rstrip("/")
    return path.startswith(stem) and (len(path) == len(stem) or not stem or path[len(stem)] == "/")


class PathIndex(Generic[T]):
    """Finds items by the literal of their path match; regular expressions are always found."""

    def __init__(self) -> None:
        self._exact: dict[str, list[T]] = defaultdict(list)
        self._prefix: dict[str, list[T]] = defaultdict(list)
        self._regex: list[T] = []
        self._lengths: list[int] = []
        self._sorted: list[str] | None = None

    def add(self, kind: str, path: str, item: T) -> None:
        if kind == "RegularExpression":
            self._regex.append(item)
        elif kind == "Exact":
            self._exact[path].append(item)
        else:
            stem = path.rstrip("/")
            if stem not in self._prefix and len(stem) not in self._lengths:
                insort(self._lengths, len(stem))
            self._prefix[stem].append(item)
        self._sorted = None

    def at(self, path: str) -> Iterator[T]:
        """Items that may match exactly `path`."""
        yield from self._exact.get(path, ())
        for length in self._lengths:
            if length > len(path):
                break
            yield from self._prefix.get(path[:length], ())
        yield from self._regex

    def near(self, path: str, subtree: bool) -> Iterator[T]:
        """Items that may match `path` or, with `subtree`, a path of whole segments below it."""
        yield from self.at(path)
        if not subtree:
            return
        if self._sorted is None:
            self._sorted = sorted({*self._exact, *self._prefix})
        below = f"{path}/"
        for literal in self._sorted[bisect_left(self._sorted, below) :]:
            if not literal.startswith(below):
                break
            yield from self._exact.get(literal, ())
            yield from self._prefix.get(literal, ())
