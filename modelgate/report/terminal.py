"""A report for people at a terminal: the text report's words, in a table and in colour."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from modelgate.findings import Finding, Severity, Verdict
from modelgate.report import trace as words_of_trace
from modelgate.report import words
from modelgate.report.safe import plain
from modelgate.report.words import Line
from modelgate.topology.answers import Answer, Door, Outcome, Report
from policies.judgement import rejects

_LABEL: Final = 11
_VERDICT: Final = 9
_RULE: Final = 14
_VERDICT_STYLE: Final = {
    Verdict.EXPOSED: "bold red",
    Verdict.UNDECIDED: "bold yellow",
    Verdict.EXEMPT: "cyan",
    Verdict.PROTECTED: "green",
}
_SEVERITY_STYLE: Final = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
}
_OUTCOME_STYLE: Final = {
    Outcome.REACHES_MODEL: "bold red",
    Outcome.UNDECIDED: "bold yellow",
    Outcome.ANSWERED: "cyan",
    Outcome.REFUSED: "green",
    Outcome.NO_ROUTE: "cyan",
}


def summary(report: Report, console: Console) -> None:
    """Print the verdict and a line for each door."""
    console.print(_head(report))
    doors = words.worst_first(report.doors)
    if doors:
        console.print(_doors(doors))


def check(report: Report, console: Console) -> None:
    """Print the whole report of `modelgate check`."""
    summary(report, console)
    for block in words.blocks(report):
        verdict = (str(block.door.verdict), _VERDICT_STYLE[block.door.verdict])
        title = Text.assemble(verdict, "  ", _t(words.title(block.door)))
        _print_block(console, title, block.lines)
    for finding in words.further_findings(report):
        title = Text.assemble(
            (f"{finding.severity}[{plain(finding.rule)}]", _SEVERITY_STYLE[finding.severity]),
            "  ",
            _t(finding.resource),
        )
        _print_block(console, title, words.finding_lines(finding))
    if rows := words.gateways(report):
        console.print(_side_by_side(rows))
    console.print(_labelled(words.footers(report)))


def trace(answers: Sequence[Answer], findings: Sequence[Finding], console: Console) -> None:
    """Print every answer of `modelgate trace`, station by station."""
    for answer in answers:
        style = "green" if answer.authenticated else _OUTCOME_STYLE[answer.outcome]
        title = Text(plain(words_of_trace.headline(answer)), style=style)
        _print_block(console, title, words_of_trace.stations(answer))
    if findings:
        console.print(_labelled(words_of_trace.found(findings)))


def _head(report: Report) -> RenderableType:
    verdict = report.verdict if report.doors else "NO DOORS"
    style = _VERDICT_STYLE[report.verdict] if report.doors else "bold yellow"
    rejected = rejects(report)
    return Group(
        Text.assemble((verdict, style), "  ", (words.headline(report), "bold")),
        Text(words.counts(report)),
        Text(words.decision(report), style="bold red" if rejected else ""),
    )


def _doors(doors: Sequence[Door]) -> RenderableType:
    """A line a door, under the way that leads there; the way to the worst door first."""
    ways: dict[str, list[Door]] = {}
    for door in doors:
        ways.setdefault(words.way(door), []).append(door)
    lines: list[RenderableType] = []
    for way, inside in ways.items():
        lines += ["", _t(way), _rows(inside)]
    return Group(*lines, "")


def _rows(doors: Iterable[Door]) -> Padding:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, min_width=_VERDICT)
    grid.add_column(no_wrap=True, style="dim", min_width=_RULE)
    grid.add_column(overflow="fold")
    for door in doors:
        verdict = Text(door.verdict, style=_VERDICT_STYLE[door.verdict])
        grid.add_row(verdict, words.rule_and_match(door), _t(door.backend))
    return Padding(grid, (0, 0, 0, 2))


def _print_block(console: Console, title: Text, lines: Iterable[Line]) -> None:
    """What is for pasting is never broken: a shell would take its first line for the whole."""
    console.print(title)
    for literal, group in groupby(lines, key=lambda line: line.literal):
        if literal:
            _print_literal(console, group)
        else:
            console.print(Padding(_labelled(group), (0, 0, 0, 2)))
    console.print()


def _print_literal(console: Console, lines: Iterable[Line]) -> None:
    for line in lines:
        if line.label:
            console.print(Padding(Text(line.label, style="dim"), (0, 0, 0, 2)))
        console.print(Text(f"    {plain(line.text)}", style="bold"), soft_wrap=True)


def _side_by_side(rows: Sequence[Sequence[str]]) -> Padding:
    grid = Table.grid(padding=(0, 2))
    for _ in rows[0]:
        grid.add_column(overflow="fold")
    for index, row in enumerate(rows):
        grid.add_row(*(_t(cell) for cell in row), style="" if index else "dim")
    return Padding(grid, (0, 0, 1, 0))


def _labelled(lines: Iterable[Line]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, min_width=_LABEL)
    grid.add_column(overflow="fold")
    for line in lines:
        grid.add_row(line.label, _t(line.text))
    return grid


def _t(value: str) -> Text:
    return Text(plain(value))
