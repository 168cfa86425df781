"""What an object's controller says of it, in `status.conditions` and their like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelgate.topology.objects import Object
from modelgate.topology.values import mapping, mappings, number, text


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; `status` is "True", "False", "Unknown", or empty where nobody set it."""

    type: str
    status: str = ""
    reason: str = ""
    message: str = ""

    @property
    def holds(self) -> bool:
        return self.status == "True"

    def __str__(self) -> str:
        """`Accepted=False NotAllowedByListeners: message`, as much as there is of it."""
        if not self.status:
            return f"{self.type} is not reported"
        said = f"{self.type}={self.status} {self.reason}".strip()
        return f"{said}: {self.message}" if self.message else said


def condition(holder: Object | Mapping[str, Any], type_: str) -> Condition:
    """The condition of that type, of an object's status or of anything that has `conditions`."""
    where = mapping(holder.body.get("status")) if isinstance(holder, Object) else holder
    for one in mappings(where.get("conditions")):
        if one.get("type") == type_:
            return Condition(
                type_, text(one.get("status")), text(one.get("reason")), text(one.get("message"))
            )
    return Condition(type_)


def behind(obj: Object, holder: Mapping[str, Any] | None = None) -> bool:
    """Whether the status speaks of an older generation than the object has now."""
    where = mapping(obj.body.get("status")) if holder is None else holder
    seen = [number(where.get("observedGeneration"))]
    seen += [number(one.get("observedGeneration")) for one in mappings(where.get("conditions"))]
    newest = max(seen)
    return 0 < newest < number(obj.metadata.get("generation"))
