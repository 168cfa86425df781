"""An EnvoyFilter that comes or goes changes every request, and is told with the reason."""

from collections.abc import Iterable
from dataclasses import dataclass

from modelgate.topology.judge import Analysis
from modelgate.topology.objects import Object

KIND = "EnvoyFilter"


@dataclass(frozen=True, slots=True)
class Gate:
    """An EnvoyFilter (`EnvoyFilter ns/name`) that appears, or goes, and why."""

    object: str
    appears: bool
    why: str


def compare_gates(
    before: Analysis | None, after: Analysis, notes: Iterable[str]
) -> tuple[Gate, ...]:
    """`notes` is what the program said as it would be: the reason, where it names the filter."""
    said = [note for note in notes if KIND in note]
    old = {obj.ref: obj for obj in before.topology.of(KIND)} if before else {}
    new = {obj.ref: obj for obj in after.topology.of(KIND)}
    came = [Gate(ref, True, _why(obj, said)) for ref, obj in new.items() if ref not in old]
    gone = [Gate(ref, False, _why(obj, said)) for ref, obj in old.items() if ref not in new]
    return (*came, *gone)


def _why(obj: Object, said: Iterable[str]) -> str:
    """The program's own reason, else who makes the filter."""
    named = next((note for note in said if obj.name in note), "")
    if named:
        return named.partition(": ")[2] or named
    return f"a controller makes it from {obj.derived_from}" if obj.derived_from else ""
