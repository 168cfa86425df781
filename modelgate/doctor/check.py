"""One check is one module: what holds when it passes, what must hold before, and the way out."""

from enum import StrEnum
from typing import Protocol

from modelgate.doctor.kinds import Kind
from modelgate.doctor.results import Result
from modelgate.doctor.view import View


class Layer(StrEnum):
    """The sections of a report, lowest first: what fails below explains what fails above."""

    CLUSTER = "cluster"
    GATEWAY = "gateway"
    ROUTES = "routes"
    MODELS = "models"
    POLICIES = "policies"
    ENVOY = "envoy"
    TRAFFIC = "traffic"
    DOORS = "doors"
    PROBES = "probes"


class Check(Protocol):
    """What a module in `modelgate.doctor.checks` has.

    `ID` is kebab-case and names the subject. `TITLE` is true when the check passes. `NEEDS` are
    checks without which this one says nothing, `READS` the kinds that must be readable.
    `WAY_OUT` is the remedy where a problem has none of its own. `WAITS` says whether time alone
    may mend what it finds.
    """

    ID: str
    TITLE: str
    LAYER: Layer
    NEEDS: tuple[str, ...]
    READS: tuple[Kind, ...]
    WAY_OUT: str
    WAITS: bool

    def run(self, view: View, /) -> Result: ...


def see(check: Check) -> str:
    """The place that explains a check, relative to the repository."""
    return f"docs/doctor.md#{check.ID}"
