"""Pulumi's resources become the judge's objects, leaf by leaf.

A stack policy that touches one unknown value at preview turns into a single advisory line and sees
nothing after it (pulumi-policy `policy.py`, `AnalyzeStack`). So every leaf is read on its own here,
an unknown becomes UNKNOWN, and no rule ever meets a proxy. Values of Secrets never pass.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from modelgate.topology import UNKNOWN, Object

KUBERNETES = "kubernetes:"
SEALED = ("data", "stringData", "binaryData")


def objects(resources: Sequence[PolicyResource]) -> list[Object]:
    """The Kubernetes objects among `resources`, in order; other resources do not reach a model."""
    return [
        _object(resource) for resource in resources if resource.resource_type.startswith(KUBERNETES)
    ]


def urns(resources: Sequence[PolicyResource]) -> list[tuple[Object, str]]:
    """Each object with the URN by which Pulumi knows it."""
    found = [item for item in resources if item.resource_type.startswith(KUBERNETES)]
    return list(zip(objects(found), [item.urn for item in found], strict=True))


def _object(resource: PolicyResource) -> Object:
    group_version, _, kind = resource.resource_type.removeprefix(KUBERNETES).rpartition(":")
    secret = kind == "Secret"
    body = {
        key: UNKNOWN if secret and key in SEALED else value
        for key, value in _mapping(resource.props).items()
    }
    metadata = body.get("metadata")
    named = metadata if isinstance(metadata, Mapping) else {}
    patch = kind.endswith("Patch")
    return Object(
        api_version=_text(body.get("apiVersion")) or group_version.removeprefix("core/"),
        kind=kind if patch else _text(body.get("kind")) or kind,
        namespace=_text(named.get("namespace")),
        name=_text(named.get("name")) or resource.name,
        body=body,
        source=_source(resource),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _source(resource: PolicyResource) -> str:
    """The components that declared the resource, outermost first, and its own name."""
    names = [resource.name]
    parent = resource.parent
    while parent is not None and parent.resource_type != "pulumi:pulumi:Stack":
        names.append(f"{parent.resource_type.rpartition(':')[2]} {parent.name}")
        parent = parent.parent
    return " / ".join(reversed(names))


def plain(value: Any) -> Any:
    """JSON-like data of a property value; whole numbers, which arrive as 12.0, become integers."""
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_leaf(value.__getitem__, index) for index in range(len(value))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key): _leaf(value.__getitem__, key) for key in value}


def _leaf(read: Callable[[Any], Any], key: Any) -> Any:
    try:
        return plain(read(key))
    except UnknownValueError:
        return UNKNOWN
