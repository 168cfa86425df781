"""An access log in words: one line a request, and what they come to together."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

import click

from modelgate.doctor.access_log import Line
from modelgate.doctor.traffic import Way, backend, meaning, picker_word, way
from modelgate.report.safe import plain

SCHEMA: Final = "modelgate/logs/v1"
_SUMMARY_SCHEMA: Final = "modelgate/logs-summary/v1"
_MOST: Final = 10


def line(one: Line, limits: Iterable[str] = (), colour: bool = False) -> str:
    """One request: when, what, which way, and what its status means."""
    where = f"{backend(one)} ({picker_word(one)})" if one.cluster else picker_word(one)
    pod = f" pod {one.pod}" if one.pod else ""
    status = str(one.status or "-")
    request = plain(f"{one.time:%H:%M:%S} {one.method or '-'} {one.path or '-'}")
    rest = [f"{one.duration} ms", f"{where}{pod}", meaning(one, tuple(limits))]
    if colour:
        status = click.style(status, fg="green" if 0 < one.status < 400 else "red")
    return "  ".join([f"{request} {status}", *(plain(part) for part in rest if part)])


def line_json(one: Line, limits: Iterable[str] = ()) -> str:
    """The same as one JSON document on one line."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "time": one.time.isoformat(),
            "method": one.method,
            "host": one.authority,
            "path": one.path,
            "status": one.status,
            "flags": one.flags,
            "details": one.details,
            "duration_ms": one.duration,
            "route": one.route,
            "backend": backend(one),
            "pod": one.pod,
            "to_pool": way(one) is Way.POOL,
            "picked": one.picked,
            "means": meaning(one, tuple(limits)),
        }
    )


class Sum:
    """What the lines so far come to; `other` lines were no requests."""

    def __init__(self) -> None:
        self.requests = 0
        self.other = 0
        self._ways: Counter[str] = Counter()
        self._pods: Counter[str] = Counter()
        self._meanings: Counter[tuple[int, str]] = Counter()

    def add(self, one: Line | None) -> None:
        if one is None:
            self.other += 1
            return
        self.requests += 1
        self._ways[f"{backend(one)} ({picker_word(one)})" if one.cluster else "no backend"] += 1
        if one.pod:
            self._pods[one.pod] += 1
        if means := meaning(one):
            self._meanings[one.status, means] += 1

    def text(self) -> str:
        """The sums as lines."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.requests} requests" + (f", {self.other} other lines" if self.other else "")
        for title, counter in (("went to", self._ways), ("served by", self._pods)):
            for name, count in counter.most_common(_MOST):
                yield plain(f"  {count:>6}  {title} {name}")
        for (status, means), count in self._meanings.most_common(_MOST):
            yield plain(f"  {count:>6}  {status or '-'}: {means}")

    def json(self) -> str:
        """The sums as one JSON document on one line."""
        meanings = [
            {"status": status, "means": means, "count": count}
            for (status, means), count in self._meanings.most_common()
        ]
        document: dict[str, Any] = {
            "schema": _SUMMARY_SCHEMA,
            "requests": self.requests,
            "other_lines": self.other,
            "backends": dict(self._ways.most_common()),
            "pods": dict(self._pods.most_common()),
            "meanings": meanings,
        }
        return json.dumps(document)
