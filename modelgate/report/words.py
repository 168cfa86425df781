"""The sentences that every form of a report shares, so that they cannot say different things.

Pure text without markup: each renderer escapes it for where it is shown.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from modelgate.findings import Finding, Severity, Verdict
from modelgate.report.curl import DEFAULT_PORTS, curl, gateway_address
from modelgate.topology.answers import Door, Report
from policies.judgement import rejects
from policies.rules import unauthenticated_inference, undecided_door

PRODUCTION: Final = "production"
REJECTING_VERDICTS: Final = frozenset({Verdict.EXPOSED, Verdict.UNDECIDED})
RULE_OF: Final = {
    Verdict.EXPOSED: unauthenticated_inference.ID,
    Verdict.UNDECIDED: undecided_door.ID,
}
"""The rule whose findings say of a door what the door itself says in full."""


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled line of a detail block; `literal` text is for pasting and never wrapped."""

    label: str
    text: str
    literal: bool = False


def headline(report: Report) -> str:
    """What holds for the whole, without the verdict's own word."""
    doors, count = report.doors, Counter(door.verdict for door in report.doors)
    if not doors:
        return "no door: none of the objects in view leads a request to a model"
    total = _number(len(doors), "door")
    if exposed := count[Verdict.EXPOSED]:
        verb = "lets" if exposed == 1 else "let"
        return f"{exposed} of {total} {verb} a request without credentials reach a model"
    if undecided := count[Verdict.UNDECIDED]:
        return f"{undecided} of {total} could not be proved closed"
    if exempt := count[Verdict.EXEMPT]:
        return (
            f"{exempt} of {total} open on purpose, the others refuse requests without credentials"
        )
    if len(doors) == 1:
        return "the only door refuses every request without credentials"
    return f"all {total} refuse every request without credentials"


def decision(report: Report) -> str:
    """The environment, and whether the gate lets this through."""
    if rejects(report):
        return f"{report.environment}: rejected"
    if report.environment != PRODUCTION and report.verdict in REJECTING_VERDICTS:
        return f"{report.environment}: passes with a warning; production would reject it"
    return f"{report.environment}: passes"


def counts(report: Report) -> str:
    """How many doors of each verdict, how many further findings of each severity."""
    verdicts = Counter(door.verdict for door in report.doors)
    further = further_findings(report)
    severities = Counter(finding.severity for finding in further)
    text = ", ".join(f"{verdicts[verdict]} {verdict.lower()}" for verdict in Verdict)
    graded = ", ".join(f"{severities[s]} {s}" for s in Severity if severities[s])
    found = _number(len(further), "further finding")
    return f"doors: {text}; {found} ({graded})" if graded else f"doors: {text}; no further findings"


@dataclass(frozen=True, slots=True)
class Block:
    """Doors that stand as they do for one reason: the first in full, of the others the requests."""

    door: Door
    others: tuple[Door, ...] = ()

    @property
    def lines(self) -> Iterator[Line]:
        yield from details(self.door)
        requests = [other.request for other in self.others if other.request]
        for index, request in enumerate(requests):
            yield Line("" if index else "also", curl(request), literal=True)
        if silent := len(self.others) - len(requests):
            yield Line(
                "also", f"{_number(silent, 'more door')} of those above, for the same reason"
            )


def blocks(report: Report) -> list[Block]:
    """The doors that need more than a line: not PROTECTED, or only with some versions."""
    groups: dict[tuple[str, ...], list[Door]] = {}
    for door in worst_first(report.doors):
        if door.verdict is not Verdict.PROTECTED or door.depends_on_version:
            what = (door.verdict, door.reason, door.gateway, door.listener)
            why = (door.opened_by, door.remedy, door.depends_on_version)
            groups.setdefault((*what, *why), []).append(door)
    return [Block(first, tuple(others)) for first, *others in groups.values()]


def title(door: Door) -> str:
    """The request that a door lets in, else the backend behind it; the name of a closed door."""
    if door.verdict is Verdict.PROTECTED:
        return door.name
    request = door.request
    if request is None:
        return f"the way to {door.backend or 'an unknown backend'}"
    authority = request.host or "any host"
    if request.port != DEFAULT_PORTS.get(request.scheme) and ":" not in authority:
        authority = f"{authority}:{request.port}"
    return f"{request.method} {request.scheme}://{authority}{request.path}"


def way(door: Door) -> str:
    """The way to a door, without its rule and what stands behind it."""
    gate = (door.gateway, door.listener, door.hostname or "any host") if door.gateway else ()
    return " > ".join(part for part in (*gate, door.route) if part) or "past every gateway"


def rule_and_match(door: Door) -> str:
    """`rule 0 match 1`, or nothing for what is no rule of a route."""
    return "" if door.rule is None else f"rule {door.rule} match {door.match or 0}"


def details(door: Door) -> Iterator[Line]:
    """Why a door is not PROTECTED, the way through it, a request to paste, and the way out."""
    yield Line("because", door.reason)
    if door.verdict is not Verdict.PROTECTED:
        yield from _way(door)
    if door.derived_from:
        yield Line("made by", f"a controller, from {door.derived_from}")
    if door.request:
        if address := gateway_address(door.request):
            yield Line("request", address, literal=True)
            yield Line("", curl(door.request), literal=True)
        else:
            yield Line("request", curl(door.request), literal=True)
    if door.opened_by:
        yield Line("opened by", door.opened_by)
    if door.source:
        yield Line("declared", door.source)
    if door.depends_on_version:
        yield Line("versions", door.depends_on_version)
    if door.remedy:
        yield Line("fix", door.remedy)
    if rule := RULE_OF.get(door.verdict):
        yield Line("page", page(rule))


def finding_lines(finding: Finding) -> Iterator[Line]:
    """What a finding says beside its title, and the page that explains it."""
    yield Line("because", finding.message)
    yield from (Line("evidence", text) for text in finding.evidence)
    if finding.source:
        yield Line("declared", finding.source)
    yield Line("fix", finding.remedy)
    yield Line("page", page(finding.rule))


def page(rule: str) -> str:
    """The page of a rule, relative to the repository."""
    return f"docs/rules/{rule}.md"


def footers(report: Report) -> Iterator[Line]:
    """What belongs to no single door: inside the cluster, notes, assumptions."""
    yield from (Line("inside only", text) for text in report.inside_only)
    yield from (Line("note", text) for text in report.notes)
    of_doors = [text for door in report.doors for text in door.assumptions]
    yield from (Line("assumed", text) for text in unique([*report.assumptions, *of_doors]))


def worst_first(doors: Sequence[Door]) -> list[Door]:
    """Stable, so that doors of one verdict keep the judge's order."""
    return sorted(doors, key=lambda door: door.verdict.rank)


def further_findings(report: Report) -> list[Finding]:
    """Gravest first, without those that repeat a door; else in the order of the report."""
    order, repeated = list(Severity), set(RULE_OF.values())
    further = [finding for finding in report.findings if finding.rule not in repeated]
    return sorted(further, key=lambda finding: order.index(finding.severity))


def gateways(report: Report) -> list[list[str]]:
    """The gateways side by side, with a row of headings; empty where there is but one."""
    if len(report.gateways) < 2:
        return []
    rows = [["gateway", "for", "serves models", "credentials", "picker", "doors"]]
    for row in report.gateways:
        doors = ", ".join(f"{count} {verdict.lower()}" for verdict, count in row.doors.items())
        serves, picker = ("yes" if one else "no" for one in (row.serves_models, row.through_picker))
        cells = [row.gateway, row.purpose, serves, row.credentials, picker, doors]
        rows.append([cell or "-" for cell in cells])
    return rows


def unique(texts: Iterable[str]) -> list[str]:
    """In order of first appearance."""
    return list(dict.fromkeys(texts))


def _way(door: Door) -> Iterator[Line]:
    yield Line("gateway", door.gateway or "none: this door leads past every Gateway")
    if door.listener:
        yield Line("listener", f"{door.listener}, host {door.hostname or 'any'}")
    if door.route:
        where = "" if door.rule is None else f", rule {door.rule}, match {door.match or 0}"
        yield Line("route", f"{door.route}{where}")
    yield Line("policy", ", ".join(door.policies) or "none")
    yield Line("reaches", door.backend or "unknown")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
