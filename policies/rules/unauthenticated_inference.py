"""No request without credentials may reach a model.

Attachment is not protection: a `when`, an anonymous identity, a hostname that the filter reads
differently or a second gateway each leave a door open. Every EXPOSED door is one finding, with
the request that gets in.
"""

from collections.abc import Iterator

from modelgate.findings import Finding, Severity, Verdict
from modelgate.topology import Analysis

ID = "unauthenticated-inference"
SUMMARY = "a request without credentials reaches a model"
REMEDY = (
    "put authentication into `overrides` with `strategy: atomic` on the Gateway, or close the door"
)


def check(analysis: Analysis) -> Iterator[Finding]:
    for door in analysis.doors:
        if door.verdict is Verdict.EXPOSED:
            yield Finding(
                rule=ID,
                severity=Severity.CRITICAL,
                resource=door.opened_by or door.route,
                message=f"{door.name}: {door.reason}",
                remedy=door.remedy or REMEDY,
                source=door.source,
                evidence=door.policies,
            )
