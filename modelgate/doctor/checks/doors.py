"""The judge's word on the cluster as it is: who gets in without credentials."""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import Kind
from modelgate.doctor.results import Problem, Result, judged, skipped, warning
from modelgate.doctor.view import View
from modelgate.findings import Verdict
from modelgate.topology.answers import Door

ID = "doors"
TITLE = "no door of the cluster lets a request without credentials reach a model"
LAYER = Layer.DOORS
NEEDS: tuple[str, ...] = ("kubernetes-api",)
READS: tuple[Kind, ...] = ()
WAY_OUT = "`modelgate check --live` shows the request that gets in, and what opened the door"
WAITS = True

_OPEN = (Verdict.EXPOSED, Verdict.UNDECIDED)


def run(view: View) -> Result:
    if why := view.unread_by_judge:
        return skipped(f"nothing is judged where a part is hidden: {why}")
    doors = view.report.doors
    problems = [p for door in doors if door.verdict in _OPEN for p in _open(view, door)]
    closed = sum(1 for door in doors if door.verdict not in _OPEN)
    return judged(problems, f"{closed} of {len(doors)} doors are closed or open on purpose")


def _open(view: View, door: Door) -> Iterator[Problem]:
    """A failure in production; elsewhere an open door is a warning, as `check` has it."""
    make = Problem if view.settings.production else warning
    yield make(f"{door.verdict} {door.name}: {door.reason}", door.remedy)
