"""A report for people, as plain text: the verdict first, then the worst doors, then why.

One line a door, so that `grep` and `diff` work on it. A terminal gets the same text in colour
from `modelgate.report.terminal`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from modelgate.report import words
from modelgate.report.safe import plain
from modelgate.report.words import Line
from modelgate.topology.answers import Report

_LABEL: Final = 13


def check(report: Report) -> str:
    """The whole report of `modelgate check`, ending without a newline."""
    return "\n".join(_check(report))


def summary(report: Report) -> str:
    """The verdict and a line for each door, without the details."""
    return "\n".join(_summary(report))


def labelled(lines: Iterable[Line], indent: int = 2) -> Iterator[str]:
    """Labels in a column, everything from manifests made plain."""
    for line in lines:
        yield f"{' ' * indent}{line.label:<{_LABEL}}{plain(line.text)}".rstrip()


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """`rows` of one length as aligned columns."""
    shown = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        yield "  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip()


def _summary(report: Report) -> Iterator[str]:
    verdict = report.verdict if report.doors else "NO DOORS"
    yield f"{verdict}  {words.headline(report)}"
    yield words.counts(report)
    yield words.decision(report)
    doors = words.worst_first(report.doors)
    if doors:
        yield ""
    for door in doors:
        yield f"{door.verdict:<9}  {plain(door.name)}"


def _check(report: Report) -> Iterator[str]:
    yield from _summary(report)
    for block in words.blocks(report):
        yield ""
        yield f"{block.door.verdict}  {plain(words.title(block.door))}"
        yield from labelled(block.lines)
    for finding in words.further_findings(report):
        yield ""
        yield f"{finding.severity}[{plain(finding.rule)}]  {plain(finding.resource)}"
        yield from labelled(words.finding_lines(finding))
    if side_by_side := list(columns(words.gateways(report))):
        yield from ["", *side_by_side]
    footers = list(labelled(words.footers(report), indent=0))
    yield from ["", *footers] if footers else []
