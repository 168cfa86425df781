"""A condition that the lab wrote can be told from one of a real controller, and is kept as long
as it is true: its message says who wrote it.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

REASON: Final = "ModelgateStandIn"
"""The reason of every condition that holds."""

WRITTEN: Final = "written by modelgate's lab, which has no node"

Body = Mapping[str, Any]


def holds(body: Body, *types: str) -> list[dict[str, Any]]:
    """Conditions that are True for the generation that `body` has now."""
    return [_condition(body, each, "True", REASON, WRITTEN) for each in types]


def fails(body: Body, type_: str, reason: str, why: str) -> dict[str, Any]:
    """A condition that is False, with the reason that the real controller gives."""
    return _condition(body, type_, "False", reason, f"{why} ({WRITTEN})")


def is_ours(status: Body) -> bool:
    """Whether the conditions of `status` (an object's or a parent's) were written here."""
    return any(WRITTEN in each.get("message", "") for each in status.get("conditions", []))


def same(ours: Iterable[Body], there: Iterable[Body]) -> bool:
    """Whether two lists of conditions say the same, whenever they were written."""
    return [_said(each) for each in ours] == [_said(each) for each in there]


def _said(condition: Body) -> tuple[object, ...]:
    parts = ("type", "status", "reason", "message", "observedGeneration")
    return tuple(condition.get(part) for part in parts)


def _condition(body: Body, type_: str, status: str, reason: str, message: str) -> dict[str, Any]:
    return {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "observedGeneration": body["metadata"].get("generation", 1),
    }
