"""A report for a pull request: the verdict in the first line, details folded."""

from collections.abc import Iterable, Iterator
from typing import Final

from modelgate.findings import Finding
from modelgate.report import words
from modelgate.report.safe import block, code, folded
from modelgate.report.text import labelled
from modelgate.report.words import Line
from modelgate.topology.answers import Door, Report

_COLUMNS: Final = "| verdict | gateway | listener | host | route | backend |"


def check(report: Report) -> str:
    """The whole report of `modelgate check`, as GitHub reads Markdown."""
    return "\n".join(_check(report))


def _check(report: Report) -> Iterator[str]:
    verdict = report.verdict if report.doors else "NO DOORS"
    yield f"### {verdict}: {words.headline(report)}"
    yield ""
    yield f"{words.decision(report)}<br>"
    yield words.counts(report)
    doors = words.worst_first(report.doors)
    if doors:
        yield from ("", _COLUMNS, "|---" * 6 + "|")
        yield from (_row(door) for door in doors)
    if rows := words.gateways(report):
        yield from ("", "<details><summary>gateways side by side</summary>", "")
        yield from (f"| {' | '.join(map(code, row))} |" for row in rows[:1])
        yield "|---" * len(rows[0]) + "|"
        yield from (f"| {' | '.join(map(code, row))} |" for row in rows[1:])
        yield from ("", "</details>")
    for group in words.blocks(report):
        yield from _folded(f"{group.door.verdict} {words.title(group.door)}", group.lines)
    for finding in words.further_findings(report):
        yield from _folded(_title(finding), words.finding_lines(finding))
    footers = list(words.footers(report))
    if footers:
        yield from _folded(f"notes and assumptions ({len(footers)})", footers)


def _row(door: Door) -> str:
    route = f"{door.route} {words.rule_and_match(door)}".rstrip()
    cells = (door.gateway, door.listener, door.hostname or "*", route, door.backend)
    return f"| {door.verdict} | " + " | ".join(code(cell) for cell in cells) + " |"


def _title(finding: Finding) -> str:
    return f"{finding.severity} {finding.rule}: {finding.resource}"


def _folded(title: str, lines: Iterable[Line]) -> Iterator[str]:
    yield ""
    yield folded(title, block("\n".join(labelled(lines, indent=0))))
