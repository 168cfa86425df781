"""What is forbidden: one rule in one file, named after the flaw. `ALL` is the explicit list."""

from collections.abc import Iterator
from typing import Protocol

from modelgate.findings import Finding
from modelgate.topology import Analysis
from policies.rules import unauthenticated_inference, undecided_door


class Rule(Protocol):
    """A module: what it looks for, in words, and the check that yields its findings."""

    ID: str
    SUMMARY: str
    REMEDY: str

    def check(self, analysis: Analysis, /) -> Iterator[Finding]: ...


ALL: tuple[Rule, ...] = (
    unauthenticated_inference,
    undecided_door,
)
