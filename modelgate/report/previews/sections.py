"""What a change does, part by part, in words without markup: each form only lays them out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from modelgate.findings import Finding, Verdict
from modelgate.report import words
from modelgate.report.previews.outcome import OPEN, Preview
from modelgate.report.words import Line
from modelgate.topology.answers import Report
from modelgate.topology.changes import Comparison

LIMIT_COLUMNS: Final = ("policy", "tier", "before", "after")
COLUMNS: Final = ("before", "after", "introduced", "fixed", "unchanged")
NOTHING: Final = "none"
SAME_VERSIONS: Final = "what is deployed runs with the versions that the settings state now"


@dataclass(frozen=True, slots=True)
class Section:
    """One thing to know: a title, and its labelled lines."""

    title: str
    lines: tuple[Line, ...] = ()


def counts(change: Comparison) -> dict[Verdict, tuple[int, ...]]:
    """For each verdict how many doors, in the order of COLUMNS."""
    rows: dict[Verdict, tuple[int, ...]] = {}
    for verdict in Verdict:
        came, went = len(change.doors.introduced(verdict)), len(change.doors.fixed(verdict))
        kept = len(change.doors.unchanged(verdict))
        rows[verdict] = (went + kept, came + kept, came, went, kept)
    return rows


def introduced(change: Comparison) -> Iterator[Section]:
    """Doors that open and findings that come, each with its request, its reason, its remedy."""
    doors = tuple(change.doors.introduced(*OPEN))
    for block in words.blocks(replace(change.after.report, doors=doors)):
        yield Section(f"{block.door.verdict} {words.title(block.door)}", tuple(block.lines))
    for finding in _further(change.after.report, change.introduced):
        yield Section(_title(finding), tuple(words.finding_lines(finding)))


def fixed(change: Comparison) -> Section | None:
    """Doors that close and findings that go, a line each."""
    lines = [Line(str(door.verdict), door.name) for door in change.doors.fixed(*OPEN)]
    if change.before:
        gone = _further(change.before.report, change.fixed)
        lines += [
            Line(str(finding.severity), f"{finding.rule}: {finding.resource}") for finding in gone
        ]
    return Section("fixed", tuple(lines)) if lines else None


def altered(change: Comparison) -> Iterator[Section]:
    """Interruptions, and EnvoyFilters that come or go."""
    for item in change.interruptions:
        lines = [Line("because", item.text)]
        lines += [Line("not closed", door.name) for door in item.doors]
        for door in [door for door in item.doors if door.request][:1]:
            lines += [line for line in words.details(door) if line.literal]
        yield Section(f"interruption: {item.object} is replaced", tuple(lines))
    for gate in change.gates:
        why = (Line("because", gate.why),) if gate.why else ()
        yield Section(f"{gate.object} {'appears' if gate.appears else 'goes'}", why)


def limits(change: Comparison) -> list[tuple[str, str, str, str]]:
    """Each limit that moves: its policy, its tier, before, after."""
    return [
        (limit.policy, limit.name, limit.before or NOTHING, limit.after or NOTHING)
        for limit in change.limits
    ]


def unknowns(preview: Preview) -> list[Line]:
    """What was not known, and what the verdicts rest on."""
    lines = [Line("not known", text) for text in preview.unknown]
    if preview.run:
        lines.append(Line("assumed", SAME_VERSIONS))
    if preview.comparison:
        lines += words.footers(preview.comparison.after.report)
    return lines


def _further(report: Report, findings: Iterable[Finding]) -> list[Finding]:
    """Those that do not repeat a door, gravest first."""
    return words.further_findings(replace(report, findings=tuple(findings)))


def _title(finding: Finding) -> str:
    return f"{finding.severity} {finding.rule}: {finding.resource}"
