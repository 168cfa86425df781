"""What is judged is what the API server stores: unknown fields are pruned without a word.

A misspelt `rules` or `anonymous` in an AuthPolicy changes who gets in, and `kubectl apply` says
"created". A value of the wrong type has the whole object refused, so that it does not exist.
"""

from collections.abc import Iterator

from modelgate.findings import Confidence, Finding, Severity
from modelgate.topology import Analysis
from modelgate.topology.judge import DECIDING

ID = "pruned-field"
SUMMARY = "the API server prunes a field, or refuses the object"
REMEDY = (
    "write the field as the CRD names it; `kubectl apply --validate=strict` refuses unknown ones"
)


def check(analysis: Analysis) -> Iterator[Finding]:
    for flaw in analysis.flaws:
        yield Finding(
            rule=ID,
            severity=Severity.HIGH if flaw.object.kind in DECIDING else Severity.MEDIUM,
            resource=flaw.object.ref,
            message=f"{flaw.path}: {flaw.message}",
            remedy=REMEDY,
            source=flaw.object.source,
            confidence=Confidence.CERTAIN if flaw.refused else Confidence.LIKELY,
        )
