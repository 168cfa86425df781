"""Whose fields are whose: the managedFields of a live object."""

from collections.abc import Mapping
from typing import Any

from modelgate.engine.kubernetes_provider.cluster import RefusedError


def handed_to_apply(live: Mapping[str, Any], manager: str) -> list[dict[str, Any]]:
    """A JSON patch that turns what `manager` owns by creation into what it owns by apply.

    Without it fields that the inputs drop would stay in the cluster. Empty where nothing is to be
    done. Upstream: kubernetes/kubernetes staging client-go util/csaupgrade.
    """
    mine = entries(live, manager)
    if not any(entry["operation"] == "Update" for entry in mine):
        return []
    merged = dict(mine[-1], operation="Apply", fieldsV1=_union(mine))
    others = [entry for entry in live["metadata"]["managedFields"] if entry not in mine]
    values = {
        "managedFields": [*others, merged],
        "resourceVersion": live["metadata"]["resourceVersion"],
    }
    return [
        {"op": "replace", "path": f"/metadata/{key}", "value": value}
        for key, value in values.items()
    ]


def entries(live: Mapping[str, Any], manager: str) -> list[dict[str, Any]]:
    """What `manager` owns in `live`, subresources aside."""
    return [
        entry
        for entry in live["metadata"].get("managedFields") or []
        if entry.get("manager") == manager and not entry.get("subresource")
    ]


def _union(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """All fields of the entries: sets of fields are nested maps, empty at the leaves."""
    merged: dict[str, Any] = {}
    for entry in entries:
        _merge(merged, entry.get("fieldsV1") or {})
    return merged


def _merge(into: dict[str, Any], fields: Mapping[str, Any]) -> None:
    for key, value in fields.items():
        _merge(into.setdefault(key, {}), value)


def conflicts_only_with(refused: RefusedError, manager: str) -> bool:
    """Did the API server refuse an apply for fields of `manager` alone?"""
    causes = refused.details.get("causes") or []
    return bool(causes) and all(f'"{manager}"' in str(cause.get("message")) for cause in causes)
