"""Whoever waits is told what for, since when, and for how much longer."""

import time
from typing import Protocol


class Progress(Protocol):
    """Called about once a second while something goes on, and once when it has ended.

    `what` stays the same from the first call of a step to its last; `elapsed_s` is since the
    step began; `left_s` is an estimate, None where there is none, and 0 in the last call only.
    `detail` is a few words that change, or empty. It is called in the thread of the caller.
    """

    def __call__(self, what: str, elapsed_s: float, left_s: float | None, detail: str) -> None: ...


def silent(what: str, elapsed_s: float, left_s: float | None, detail: str) -> None:
    """Progress for callers that show none."""


class Step:
    """One step of a `Progress`: knows when it began."""

    def __init__(self, progress: Progress, what: str) -> None:
        self._progress = progress
        self._what = what
        self._began = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began

    def going(self, left_s: float | None = None, detail: str = "") -> None:
        """Say that the step goes on; an estimate that has run out is no estimate."""
        still = None if left_s is None or left_s < 1 else left_s
        self._progress(self._what, self.elapsed_s, still, detail)

    def done(self, detail: str = "") -> None:
        self._progress(self._what, self.elapsed_s, 0.0, detail)
