"""A check whose ground is broken is skipped and says why: the lowest fault is the one to mend."""

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Final

from modelgate.doctor.check import Check
from modelgate.doctor.results import Result, Status, skipped
from modelgate.doctor.snapshot import Snapshot
from modelgate.doctor.view import Judge, View
from modelgate.errors import ConfigurationError
from modelgate.spelling import did_you_mean

PAUSE_SECONDS: Final = 2.0

Pause = Callable[[float, str], None]
"""Called with seconds to wait and what is waited for."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A check and what it said."""

    check: Check
    result: Result


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was checked of one snapshot, lowest layer first."""

    snapshot: Snapshot
    checked: tuple[Checked, ...]

    @property
    def status(self) -> Status:
        """The worst; a skipped check counts as neither failed nor passed."""
        found = [one.result.status for one in self.checked]
        return min(found, key=lambda status: status.rank, default=Status.PASSED)

    @property
    def judged(self) -> bool:
        """Whether the cluster answered to the end."""
        return not self.snapshot.fault

    @property
    def exit_code(self) -> int:
        """0 fine (warnings included), 1 failed checks, 3 the cluster did not answer."""
        if not self.judged:
            return 3
        return 1 if self.status is Status.FAILED else 0


def select(
    checks: Sequence[Check], ids: Sequence[str] = (), layers: Sequence[str] = ()
) -> list[Check]:
    """The checks named by id or layer, with all that they need, in order; all where none is named.

    Raises ConfigurationError for a name that there is not.
    """
    by_id = {check.ID: check for check in checks}
    for id_ in ids:
        if id_ not in by_id:
            raise ConfigurationError(
                f"there is no check {id_}{did_you_mean(id_, list(by_id))}",
                "`modelgate doctor --list-checks`",
            )
    if not ids and not layers:
        return list(checks)
    wanted = [*ids, *(check.ID for check in checks if check.LAYER in layers)]
    needed: set[str] = set()
    while wanted:
        id_ = wanted.pop()
        needed.add(id_)
        wanted += [other for other in by_id[id_].NEEDS if other not in needed]
    return [check for check in checks if check.ID in needed]


def examine(view: View, checks: Sequence[Check]) -> Examination:
    """Run `checks` on one snapshot, each after what it needs."""
    graph = {check.ID: list(check.NEEDS) for check in checks}
    by_id = {check.ID: check for check in checks}
    results: dict[str, Result] = {}
    with _uncollected():
        for id_ in TopologicalSorter(graph).static_order():
            results[id_] = _result(view, by_id[id_], results)
    return Examination(view.snapshot, tuple(Checked(check, results[check.ID]) for check in checks))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cyclic collector: it walks all objects of a large cluster again and again.

    With 1,000 routes of three rules that is a third of the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _result(view: View, check: Check, results: Mapping[str, Result]) -> Result:
    for need in check.NEEDS:
        if results[need].status is Status.FAILED or results[need].blocked:
            return Result(Status.SKIPPED, f"needs {need}", blocked=True)
    unread = view.snapshot.unread
    missing = [unread[kind.resource] for kind in check.READS if kind.resource in unread]
    return skipped(missing[0]) if missing else check.run(view)


def watch(
    take: Callable[[], Snapshot],
    checks: Sequence[Check],
    judge: Judge,
    wait_seconds: float = 0,
    pause: Pause = lambda seconds, _: time.sleep(seconds),
) -> Examination:
    """Look, and look again until nothing is left that time may mend, or the time is over."""
    deadline = time.monotonic() + wait_seconds
    while True:
        examination = examine(View(take(), judge), checks)
        waiting = list(_mendable(examination))
        if not waiting or time.monotonic() + PAUSE_SECONDS > deadline:
            return examination
        pause(PAUSE_SECONDS, ", ".join(waiting))


def _mendable(examination: Examination) -> Iterator[str]:
    for one in examination.checked:
        if one.result.status is Status.FAILED and one.check.WAITS:
            yield one.check.ID
