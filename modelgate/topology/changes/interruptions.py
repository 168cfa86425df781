"""What is replaced is gone for a while: told with what it closes, or leaves open, meanwhile."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from modelgate.findings import Verdict
from modelgate.topology.answers import Door
from modelgate.topology.changes.doors import compare_doors
from modelgate.topology.changes.objects import ResourceChange
from modelgate.topology.judge import Analysis, analyze

OPEN = (Verdict.EXPOSED, Verdict.UNDECIDED)
_GATEWAY = {
    True: "from its deletion until its successor is programmed no request is answered there; "
    "its address may change",
    False: "its successor is created first, at an address of its own",
}
_MODEL = (
    "its pods, pool and picker are deleted with it: the model does not answer until new pods "
    "have loaded it"
)


@dataclass(frozen=True, slots=True)
class Interruption:
    """A replaced object (`Kind ns/name`), what that means, and the doors it leaves open."""

    object: str
    text: str
    doors: tuple[Door, ...] = ()


def interruptions(after: Analysis, changes: Iterable[ResourceChange]) -> Iterator[Interruption]:
    """One for each Gateway, AuthPolicy and LLMInferenceService that is replaced."""
    for change in changes:
        kind = change.what.partition(" ")[0]
        if change.operation != "replace":
            continue
        if kind == "Gateway":
            yield Interruption(change.what, _GATEWAY[change.deleted_first])
        elif kind == "LLMInferenceService":
            yield Interruption(change.what, _MODEL)
        elif kind == "AuthPolicy":
            yield _policy(after, change)


def _policy(after: Analysis, change: ResourceChange) -> Interruption:
    if not change.deleted_first:
        text = (
            "its successor is created first: no door opens if that is enforced when this one goes"
        )
        return Interruption(change.what, text)
    doors = tuple(_open_without(after, change.what))
    if not doors:
        return Interruption(change.what, "it is deleted first; no door opens meanwhile")
    text = (
        "it is deleted before its successor exists: until that is enforced, "
        f"{len(doors)} {'door is' if len(doors) == 1 else 'doors are'} not closed"
    )
    return Interruption(change.what, text, doors)


def _open_without(after: Analysis, policy: str) -> list[Door]:
    """The doors that open where `policy` is not there: judged, not guessed."""
    objects = after.topology.objects
    left = [obj for obj in objects if obj.ref != policy and not obj.derived_from]
    return compare_doors(after, analyze(left, after.settings)).introduced(*OPEN)
