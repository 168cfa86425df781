"""A comparison judges nothing anew: it sets one judgement beside another."""

from collections.abc import Sequence
from dataclasses import dataclass

from modelgate.findings import Finding
from modelgate.topology.answers import Report
from modelgate.topology.changes.doors import Doors, compare_doors
from modelgate.topology.changes.gates import Gate, compare_gates
from modelgate.topology.changes.interruptions import Interruption, interruptions
from modelgate.topology.changes.limits import LimitChange, compare_limits
from modelgate.topology.changes.objects import ResourceChange
from modelgate.topology.judge import Analysis


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a change: the judgement, and what the program said."""

    analysis: Analysis
    report: Report
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a change does. `before` is None where nothing was there."""

    before: Side | None
    after: Side
    doors: Doors
    introduced: tuple[Finding, ...]
    fixed: tuple[Finding, ...]
    limits: tuple[LimitChange, ...]
    gates: tuple[Gate, ...]
    resources: tuple[ResourceChange, ...]
    interruptions: tuple[Interruption, ...]


def compare(before: Side | None, after: Side, resources: Sequence[ResourceChange]) -> Comparison:
    """What the change from `before` to `after` does; `resources` is what happens to them."""
    was = before.analysis if before else None
    old, new = before.report.findings if before else (), after.report.findings
    known, left = {_key(finding) for finding in old}, {_key(finding) for finding in new}
    return Comparison(
        before=before,
        after=after,
        doors=compare_doors(was, after.analysis),
        introduced=tuple(finding for finding in new if _key(finding) not in known),
        fixed=tuple(finding for finding in old if _key(finding) not in left),
        limits=compare_limits(was, after.analysis),
        gates=compare_gates(was, after.analysis, after.notes),
        resources=tuple(resources),
        interruptions=tuple(interruptions(after.analysis, resources)),
    )


def _key(finding: Finding) -> tuple[str, str, str]:
    return (finding.rule, finding.resource, finding.message)
