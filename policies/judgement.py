"""Doors and findings in one report: what `check` prints and the pack rejects by."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from modelgate.findings import Finding, Severity, Verdict
from modelgate.topology import Analysis, Object, Report, Settings, analyze
from modelgate.topology.assumptions import assumptions, notes
from modelgate.topology.side_by_side import side_by_side
from modelgate.topology.side_doors import inside_only
from policies.rules import ALL

REJECTING = (Severity.CRITICAL, Severity.HIGH)


@dataclass(frozen=True, slots=True)
class Suppression:
    """A finding that is accepted for a time: declared in the pack's configuration, never inline."""

    rule: str
    resource: str
    reason: str
    until: date

    def covers(self, finding: Finding, today: date) -> bool:
        return (
            self.rule == finding.rule
            and fnmatchcase(finding.resource, self.resource)
            and today <= self.until
        )


def judge(
    objects: Sequence[Object], settings: Settings, suppressions: Iterable[Suppression] = ()
) -> Report:
    """The report on `objects`. Raises ConfigurationError for versions that cannot be read."""
    return report(analyze(objects, settings), suppressions)


def report(analysis: Analysis, suppressions: Iterable[Suppression] = ()) -> Report:
    accepted = list(suppressions)
    today = analysis.settings.today
    findings = [
        finding
        for finding in _findings(analysis)
        if not any(item.covers(finding, today) for item in accepted)
    ]
    findings.sort(key=lambda item: (list(Severity).index(item.severity), item.rule, item.resource))
    return Report(
        environment=analysis.settings.environment,
        doors=analysis.doors,
        findings=tuple(findings),
        assumptions=assumptions(analysis),
        inside_only=tuple(inside_only(analysis.topology)),
        notes=notes(analysis),
        gateways=side_by_side(analysis.world, analysis.doors),
    )


def _findings(analysis: Analysis) -> Iterator[Finding]:
    for rule in ALL:
        yield from rule.check(analysis)


def rejects(result: Report) -> bool:
    """Whether a stack with this report must not be deployed: only production is ever rejected."""
    if result.environment != "production":
        return False
    open_ = result.verdict in (Verdict.EXPOSED, Verdict.UNDECIDED)
    return open_ or any(finding.severity in REJECTING for finding in result.findings)
