"""What a change opens, closes and alters: two judgements of one stack, side by side. Pure."""

from modelgate.topology.changes.compare import Comparison, Side, compare
from modelgate.topology.changes.doors import DoorChange, Doors
from modelgate.topology.changes.gates import Gate
from modelgate.topology.changes.interruptions import Interruption
from modelgate.topology.changes.limits import LimitChange
from modelgate.topology.changes.objects import FieldChange, ResourceChange, fields, object_changes

__all__ = [
    "Comparison",
    "DoorChange",
    "Doors",
    "FieldChange",
    "Gate",
    "Interruption",
    "LimitChange",
    "ResourceChange",
    "Side",
    "compare",
    "fields",
    "object_changes",
]
