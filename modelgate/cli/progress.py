"""Whoever waits sees what for: one moving line on a terminal, one line a step elsewhere."""

import sys
from typing import Final

import click

from modelgate.report.safe import plain

_EVERY_S: Final = 30.0
_ERASE: Final = "\r\x1b[K"


class ProgressLine:
    """A `modelgate.builds.progress.Progress` on stderr.

    Away from a terminal (in CI) a step is told when it begins, every half minute, and when it ends.
    """

    def __init__(self) -> None:
        self._moves = sys.stderr.isatty()
        self._what = ""
        self._told_s = 0.0

    def __call__(self, what: str, elapsed_s: float, left_s: float | None, detail: str) -> None:
        ended = left_s == 0
        line = _line(plain(what), elapsed_s, left_s, plain(detail))
        if self._moves:
            click.echo(f"{_ERASE}{line}", err=True, nl=ended)
        elif ended or what != self._what or elapsed_s - self._told_s >= _EVERY_S:
            click.echo(line, err=True)
            self._told_s = elapsed_s
        self._what = "" if ended else what


def _line(what: str, elapsed_s: float, left_s: float | None, detail: str) -> str:
    if left_s == 0:
        time = f"done in {clock(elapsed_s)}"
    elif left_s is None:
        time = clock(elapsed_s)
    else:
        time = f"{clock(elapsed_s)}, about {clock(left_s)} left"
    return f"{what}: {time}" + (f" ({detail})" if detail else "")


def clock(seconds: float) -> str:
    """`7 s` below a minute, then `1:07`."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60}:{whole % 60:02}"
