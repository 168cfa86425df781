"""A doctor's report for people: what holds as a fact, what does not with its cause and a command.

The same words with and without colour. The last line is the verdict.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

import click

from modelgate.doctor.check import see
from modelgate.doctor.results import Problem, Status
from modelgate.doctor.runner import Checked, Examination
from modelgate.report.safe import lines, plain

MARKS: Final = {
    Status.PASSED: "√",
    Status.WARNED: "‼",
    Status.FAILED: "\N{MULTIPLICATION SIGN}",
    Status.SKIPPED: "-",
}
_COLOURS: Final = {
    Status.PASSED: "green",
    Status.WARNED: "yellow",
    Status.FAILED: "red",
    Status.SKIPPED: None,
}
_TITLE: Final = 60
_MOST: Final = 10
"""Problems of one check that are told; the others are counted."""


def table(examination: Examination, colour: bool = False) -> str:
    """The whole report, section by section."""
    return "\n".join([*_sections(examination.checked, colour), "", verdict(examination, colour)])


def short(examination: Examination, colour: bool = False) -> str:
    """Only what failed or is doubtful, and the verdict."""
    loud = (Status.FAILED, Status.WARNED)
    found = [one for one in examination.checked if one.result.status in loud]
    return "\n".join([*_checks(found, colour), verdict(examination, colour)])


def verdict(examination: Examination, colour: bool = False) -> str:
    """The last line: one mark, and how many checks came out how."""
    count = Counter(one.result.status for one in examination.checked)
    counted = ", ".join(f"{count[status]} {status}" for status in Status if count[status])
    if not examination.judged:
        return _coloured(
            f"{MARKS[Status.FAILED]} could not judge: {counted}", Status.FAILED, colour
        )
    status = examination.status
    if status is Status.SKIPPED:
        status = Status.PASSED if count[Status.PASSED] else Status.SKIPPED
    return _coloured(f"{MARKS[status]} {counted}", status, colour)


def _sections(checked: Iterable[Checked], colour: bool) -> Iterator[str]:
    first = True
    for layer, group in groupby(checked, key=lambda one: one.check.LAYER):
        yield from [] if first else [""]
        first = False
        yield str(layer)
        yield "-" * len(layer)
        yield from _checks(group, colour)


def _checks(checked: Iterable[Checked], colour: bool) -> Iterator[str]:
    for one in checked:
        result = one.result
        said = f"skipped: {result.said}" if result.status is Status.SKIPPED else result.said
        mark = _coloured(MARKS[result.status], result.status, colour)
        yield f"{mark} {one.check.TITLE:<{_TITLE}}  {plain(said)}".rstrip()
        for problem in result.problems[:_MOST]:
            yield from _problem(problem, one.check.WAY_OUT)
        if more := len(result.problems) - _MOST:
            yield from [f"    and {more} more"] if more > 0 else []
        if result.problems:
            yield f"    see {see(one.check)}"


def _problem(problem: Problem, way_out: str) -> Iterator[str]:
    what, *rest = lines(problem.what)
    yield f"    {what}"
    yield from (f"      {line}" for line in rest)
    yield f"      fix: {plain(problem.fix or way_out)}"
    if problem.command:
        yield f"      run: {plain(problem.command)}"


def _coloured(text: str, status: Status, colour: bool) -> str:
    found = _COLOURS[status]
    return click.style(text, fg=found) if colour and found else text
