"""Nothing is safe because it could not be judged.

A door that is neither proved closed nor shown open counts as open in production: the reason says
what is missing from view or not understood.
"""

from collections.abc import Iterator

from modelgate.findings import Finding, Severity, Verdict
from modelgate.topology import Analysis

ID = "undecided-door"
SUMMARY = "whether a request without credentials reaches a model could not be decided"
REMEDY = "give what is missing with `--with`, or replace what is not understood"


def check(analysis: Analysis) -> Iterator[Finding]:
    for door in analysis.doors:
        if door.verdict is Verdict.UNDECIDED:
            yield Finding(
                rule=ID,
                severity=Severity.HIGH,
                resource=door.opened_by or door.route,
                message=f"{door.name}: {door.reason}",
                remedy=door.remedy or REMEDY,
                source=door.source,
                evidence=door.policies,
            )
