"""A door is open on purpose only as long as somebody answers for it.

An exemption that has expired no longer exempts; one that matches no open door is dead weight, and
one day it may match a door that nobody meant.
"""

from collections.abc import Iterator

from modelgate.findings import Finding, Severity
from modelgate.topology import Analysis, Exemption

ID = "exemption"
SUMMARY = "an exemption has expired, or matches no open door"
REMEDY = "close the door and remove the exemption, or set a new date with a reason for it"


def check(analysis: Analysis) -> Iterator[Finding]:
    for item in analysis.expired:
        message = f"expired on {item.until} ({item.owner}): {item.reason}"
        yield _finding(item, Severity.MEDIUM, message)
    for item in analysis.unmatched:
        if item not in analysis.expired:
            message = f"matches no open door ({item.owner}): {item.reason}"
            yield _finding(item, Severity.LOW, message)


def _finding(item: Exemption, severity: Severity, message: str) -> Finding:
    return Finding(ID, severity, f"exemption {item.door}", message, REMEDY)
