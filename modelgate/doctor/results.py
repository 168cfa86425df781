"""What a check says: it holds, it is doubtful, it does not hold, or it was not looked at, and why.

A check that was not looked at is never shown as one that holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The outcome of one check, the worst first."""

    FAILED = "failed"
    WARNED = "warned"
    SKIPPED = "skipped"
    PASSED = "passed"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Status).index(self)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not hold: what, and the way out (empty: the check's own).

    `command` is for pasting. A problem that does not `fail` is a warning.
    """

    what: str
    fix: str = ""
    command: str = ""
    fails: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found; `said` is a few words about what was looked at, or why it was not.

    `blocked` marks a check that was skipped because one that it needs failed.
    """

    status: Status
    said: str = ""
    problems: tuple[Problem, ...] = ()
    blocked: bool = False


def warning(what: str, fix: str = "", command: str = "") -> Problem:
    """A problem that is no failure."""
    return Problem(what, fix, command, fails=False)


def judged(problems: Iterable[Problem], said: str = "") -> Result:
    """Failed, warned or passed, as the worst of `problems` says; failures first."""
    found = tuple(sorted(problems, key=lambda problem: not problem.fails))
    if not found:
        return Result(Status.PASSED, said)
    return Result(Status.FAILED if found[0].fails else Status.WARNED, said, found)


def many(count: int, noun: str) -> str:
    """`1 route`, `2 routes`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def skipped(why: str) -> Result:
    """Not looked at, and why."""
    return Result(Status.SKIPPED, why)
