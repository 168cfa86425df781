"""What the judge, the rules and the doctor report: plain values, no rendering."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The answer for one door. PROTECTED is a promise; what is not proved is UNDECIDED."""

    EXPOSED = "EXPOSED"
    UNDECIDED = "UNDECIDED"
    EXEMPT = "EXEMPT"
    PROTECTED = "PROTECTED"

    @property
    def rank(self) -> int:
        """0 for the worst verdict; grows as verdicts get better."""
        return list(Verdict).index(self)

    @classmethod
    def worst(cls, verdicts: Iterable["Verdict"]) -> "Verdict":
        """The worst of `verdicts`; PROTECTED when there is none."""
        return min(verdicts, key=lambda verdict: verdict.rank, default=cls.PROTECTED)


class Severity(StrEnum):
    """How bad a finding is. HIGH and above rejects a production stack."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Confidence(StrEnum):
    """How sure a rule is that the finding holds on a cluster."""

    CERTAIN = "certain"
    LIKELY = "likely"


@dataclass(frozen=True, slots=True)
class Finding:
    """One flaw: which rule, which object, what holds, and the way out.

    `resource` is `Kind ns/name`; `source` is `file:line`, a component path, or empty.
    """

    rule: str
    severity: Severity
    resource: str
    message: str
    remedy: str
    source: str = ""
    confidence: Confidence = Confidence.CERTAIN
    evidence: tuple[str, ...] = ()
