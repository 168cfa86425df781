"""Two writers of one field undo each other: what is declared does not stay.

Server-side apply keeps who wrote which field (Kubernetes, metadata.managedFields). Another
manager that owns a part of the spec of an object of ours is told by name.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.doctor.check import Layer
from modelgate.doctor.cleaning import MANAGED_BY, OURS
from modelgate.doctor.kinds import Kind
from modelgate.doctor.results import Problem, Result, judged, many, warning
from modelgate.doctor.view import View
from modelgate.topology.objects import Object
from modelgate.topology.values import labels, mapping, mappings, text

ID = "field-managers"
TITLE = "nobody else writes the fields of our objects"
LAYER = Layer.ENVOY
NEEDS: tuple[str, ...] = ("kubernetes-api",)
READS: tuple[Kind, ...] = ()
WAY_OUT = "let one of them own the object; what the other wants belongs into the stack's settings"
WAITS = False


def run(view: View) -> Result:
    own = [
        obj
        for obj in view.snapshot.objects
        if labels(obj.metadata.get("labels")).get(MANAGED_BY) == OURS
    ]
    return judged((p for obj in own for p in _object(obj)), many(len(own), "object"))


def _object(obj: Object) -> Iterator[Problem]:
    entries = [one for one in mappings(obj.metadata.get("managedFields")) if not _status(one)]
    writer = next((text(one.get("manager")) for one in entries if _labels(one)), "")
    for one in entries:
        manager, fields = text(one.get("manager")), _spec(one)
        if writer and manager != writer and fields:
            resource = f"{obj.kind.lower()} -n {obj.namespace} {obj.name}"
            yield warning(
                f"{obj.ref}: {manager} also writes {', '.join(fields)}, last at"
                f" {text(one.get('time'))}",
                "",
                f"kubectl get {resource} -o yaml --show-managed-fields",
            )


def _status(entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("subresource"))


def _labels(entry: Mapping[str, Any]) -> bool:
    """Whether this manager wrote our label: then the object is its own."""
    metadata = mapping(mapping(entry.get("fieldsV1")).get("f:metadata"))
    return f"f:{MANAGED_BY}" in mapping(metadata.get("f:labels"))


def _spec(entry: Mapping[str, Any]) -> list[str]:
    """The fields of the spec, two levels deep, that a manager owns."""
    spec = mapping(mapping(entry.get("fieldsV1")).get("f:spec"))
    return [f"spec.{name.removeprefix('f:')}" for name in spec if name.startswith("f:")]
