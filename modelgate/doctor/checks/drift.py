"""The cluster is judged as the stack is: a door that is worse there than declared is drift."""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import Kind
from modelgate.doctor.results import Problem, Result, judged, skipped, warning
from modelgate.doctor.view import View
from modelgate.findings import Verdict
from modelgate.topology.answers import Door, Report

ID = "drift"
TITLE = "every door is in the cluster what the stack declares"
LAYER = Layer.DOORS
NEEDS: tuple[str, ...] = ("kubernetes-api",)
READS: tuple[Kind, ...] = ()
WAY_OUT = "deploy the stack again, and find out who changed the cluster"
WAITS = True

_OPEN = (Verdict.EXPOSED, Verdict.UNDECIDED)

Key = tuple[object, ...]


def run(view: View) -> Result:
    declared = view.declared
    if declared is None:
        return skipped("needs a stack to compare with: -s STACK")
    if why := view.unread_by_judge:
        return skipped(f"nothing is judged where a part is hidden: {why}")
    problems = [*_missing(view), *_doors(view.report, declared)]
    return judged(problems, f"{len(declared.doors)} declared, {len(view.report.doors)} found")


def _missing(view: View) -> Iterator[Problem]:
    """What is declared of the kinds that are read, and is not there."""
    read = {(kind.group, kind.name): kind for kind in view.snapshot.served}
    declared = view.snapshot.declared
    assert declared
    for obj in declared.objects:
        kind = read.get((obj.group, obj.kind))
        readable = kind is not None and kind.resource not in view.snapshot.unread
        if kind and readable and not view.find(kind, obj.namespace, obj.name):
            what = f"{obj.ref} is declared, but not in the cluster"
            yield Problem(what, "", f"modelgate up -s {declared.stack}")


def _doors(found: Report, declared: Report) -> Iterator[Problem]:
    expected = {_key(door): door for door in declared.doors}
    for door in found.doors:
        as_declared = expected.get(_key(door))
        if as_declared is None:
            if door.verdict in _OPEN:
                yield Problem(f"{door.verdict} and not declared: {door.name}: {door.reason}")
        elif door.verdict.rank < as_declared.verdict.rank:
            yield Problem(
                f"declared {as_declared.verdict}, {door.verdict} in the cluster: {door.name}:"
                f" {door.reason}",
                door.remedy,
            )
    there = {_key(door) for door in found.doors}
    for door in declared.doors:
        if _key(door) not in there:
            yield warning(f"declared, and not in the cluster: {door.name}")


def _key(door: Door) -> Key:
    return (
        door.gateway,
        door.listener,
        door.hostname,
        door.route,
        door.rule,
        door.match,
        door.backend,
    )
