"""Values that are not known before an update: which of them decide a verdict, and over what.

An UNKNOWN reads as absent everywhere else, so whatever it could change is left undecided here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.topology.objects import UNKNOWN, Object

Place = tuple[str | int, ...]

ROUTED = ("Gateway", "GatewayClass", "HTTPRoute", "GRPCRoute")
"""Kinds that decide over the gateways to which they belong."""

EVERYWHERE = (
    "AuthPolicy",
    "RateLimitPolicy",
    "TokenRateLimitPolicy",
    "Namespace",
    "EnvoyFilter",
    "WasmPlugin",
)
"""Kinds that may decide over any gateway."""

PLACED = (
    "Service",
    "InferencePool",
    "ReferenceGrant",
    "ListenerSet",
    "TLSRoute",
    "TCPRoute",
    "UDPRoute",
    "Ingress",
    "Route",
    "VirtualService",
)
"""Kinds that decide over doors of their own."""

_LIMITS = (("spec", "targetRef"), ("spec", "defaults"), ("spec", "overrides"), ("spec", "limits"))
_SPEC = (("spec",),)
_FIELDS: Mapping[str, tuple[Place, ...]] = {
    "Gateway": _SPEC,
    "GatewayClass": (("spec", "controllerName"),),
    "HTTPRoute": _SPEC,
    "GRPCRoute": _SPEC,
    "AuthPolicy": _SPEC,
    "RateLimitPolicy": _LIMITS,
    "TokenRateLimitPolicy": _LIMITS,
    "Namespace": (("metadata", "labels"),),
    "EnvoyFilter": (("spec", "workloadSelector"), ("spec", "targetRefs")),
    "WasmPlugin": (("spec", "selector"), ("spec", "targetRefs"), ("spec", "targetRef")),
    "Service": (("spec", "type"), ("spec", "externalIPs"), ("spec", "selector")),
    "InferencePool": (("spec", "selector"),),
}
_NAMED = (("metadata", "name"), ("metadata", "namespace"))
_WORKLOADS = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "LeaderWorkerSet")
_HOSTED = frozenset(
    {"spec", "template", "leaderWorkerTemplate", "leaderTemplate", "workerTemplate"}
    | {"containers", "ports", "hostPort", "hostNetwork"}
)
"""Fields of a workload on the way to an address of its node."""


def deciding(obj: Object) -> list[str]:
    """The UNKNOWN fields of `obj` that may change a verdict, as `spec.listeners[0].hostname`."""
    if obj.kind in _WORKLOADS:
        return [_written(it) for it in _unknown(obj.body.get("spec"), ("spec",)) if _hosted(it)]
    fields = _FIELDS.get(obj.kind, _SPEC if obj.kind in PLACED else None)
    if fields is None:
        return []
    return [
        _written(place)
        for field in (*fields, *_NAMED)
        for place in _unknown(_at(obj.body, field), field)
        if not _idle(obj.kind, place)
    ]


def _at(value: Any, place: Place) -> Any:
    for part in place:
        if value is UNKNOWN:
            return UNKNOWN
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _unknown(value: Any, place: Place) -> Iterator[Place]:
    if value is UNKNOWN:
        yield place
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unknown(item, (*place, str(key)))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _unknown(item, (*place, index))


def _hosted(place: Place) -> bool:
    """Whether a workload may listen on its node's address because of this field."""
    return all(isinstance(part, int) or part in _HOSTED for part in place)


def _idle(kind: str, place: Place) -> bool:
    """Whether no value of this field changes who gets in."""
    if kind == "Gateway":
        return place[3:5] == ("tls", "certificateRefs")
    if kind in ("RateLimitPolicy", "TokenRateLimitPolicy"):
        return "limits" in place[1:3] and len(place) > place.index("limits") + 1
    if kind == "AuthPolicy":
        return _idle_rule(place)
    return kind in ("Ingress", "Route", "VirtualService") and bool(_ADDRESSES & {*place})


_ADDRESSES = {"host", "hosts", "path", "tls", "secretName", "timeout", "retries"}
_CREDENTIALS = frozenset({"apiKey", "jwt", "oauth2Introspection", "kubernetesTokenReview"})
_UNREAD = frozenset({"credentials", "overrides", "defaults", "metrics", "priority"})


def _idle_rule(place: Place) -> bool:
    """Whether an UNKNOWN in an AuthPolicy leaves open only which credential is wanted."""
    rest = place[2:] if place[1:2] in (("defaults",), ("overrides",)) else place[1:]
    match rest:
        case ("rules", "response" | "callbacks" | "metadata", *_):
            return True
        case ("rules", "authentication", _, str() as field, *below):
            source = field == "x509" and below[:1] == ["selector"]
            return source or field in _UNREAD or (field in _CREDENTIALS and bool(below))
    return False


def _written(place: Place) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")
