"""Faults that people make, made with the API; the released controllers do the rest."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from modelgate.local.lab import NAMESPACE
from modelgate.local.lab.gateway.world import INFERENCE
from tests.doctor.lab import node
from tests.doctor.lab.deployment import (
    CLASS,
    DOOR,
    GATEWAY,
    GATEWAY_API,
    INGRESS,
    KUADRANT,
    MODELS,
    NAME,
    POLICY,
    ROUTE,
    Deployment,
    key,
)
from tests.doctor.lab.fault import Fault
from tests.doctor.lab.picker_faults import PICKERS
from tests.doctor.platform import body

_OTHER = "example.com/gateway-controller"
_NAME = f"HTTPRoute {ROUTE['metadata']['name']}"
_POOL = {"group": "inference.networking.x-k8s.io", "kind": "InferencePool"}


def _closed_listener(stack: Deployment) -> AbstractContextManager[None]:
    """The listener as a Gateway has it that says nothing of allowedRoutes."""
    (listener,) = stack.api.get(DOOR)["spec"]["listeners"]
    allowed = {"namespaces": {"from": "Same"}}
    return stack.changed(DOOR, listeners=[{**listener, "allowedRoutes": allowed}])


def _old_pool(stack: Deployment) -> AbstractContextManager[None]:
    """A route of one's own to the pool, in the group that guides for OpenShift AI 3.2 name."""
    backend = {**_POOL, "name": f"{NAME}-inference-pool", "port": 8000}
    match = {"path": {"type": "PathPrefix", "value": "/own"}}
    return stack.with_(_route("own", [{"matches": [match], "backendRefs": [backend]}]))


def _route(name: str, rules: list[Any]) -> dict[str, Any]:
    parents = [{"name": GATEWAY, "namespace": INGRESS}]
    spec = {"parentRefs": parents, "rules": rules}
    return body(f"{GATEWAY_API}/v1", "HTTPRoute", f"{MODELS}/{name}", spec=spec)


def _anonymous() -> dict[str, Any]:
    """A policy on KServe's route that asks for nothing."""
    target = {"group": GATEWAY_API, "kind": "HTTPRoute", "name": ROUTE["metadata"]["name"]}
    rules: dict[str, Any] = {"authentication": {"everybody": {"anonymous": {}}}}
    spec = {"targetRef": target, "rules": rules}
    return body("kuadrant.io/v1", "AuthPolicy", f"{MODELS}/demo", spec=spec)


@contextmanager
def _overridden(stack: Deployment) -> Iterator[None]:
    """The same, and our policy turned into defaults: the guard's route alone stays under it."""
    own = stack.api.get(POLICY)["spec"]["overrides"]
    with stack.changed(POLICY, overrides=None, defaults=own), stack.with_(_anonymous()):
        yield


@contextmanager
def _other_class(stack: Deployment) -> Iterator[None]:
    """The gateway of a class whose controller Kuadrant has not been told of."""
    other = {**CLASS, "spec": {"controllerName": _OTHER}}
    with stack.with_(other), stack.changed(DOOR, gatewayClassName="other"):
        yield


@contextmanager
def _key_elsewhere(stack: Deployment) -> Iterator[None]:
    with stack.without(key(NAMESPACE)), stack.with_(key(MODELS)):
        yield


@contextmanager
def _second_gateway(stack: Deployment) -> Iterator[None]:
    """Another gateway, and KServe's own route led through it too."""
    listener = {
        "name": "http",
        "port": 80,
        "protocol": "HTTP",
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    spec = {"gatewayClassName": "maas-gateway-class", "listeners": [listener]}
    second = body(f"{GATEWAY_API}/v1", "Gateway", f"{INGRESS}/second", spec=spec)
    own = stack.api.get(ROUTE)["spec"]["parentRefs"]
    parents = [*own, {"name": "second", "namespace": INGRESS}]
    with stack.with_(second, node.pod_of(second)), stack.changed(ROUTE, parentRefs=parents):
        stack.writer.set_status(node.with_address(second))
        yield


_CLOSED, _OPEN = frozenset({"PROTECTED"}), frozenset({"EXPOSED"})

ALL = (
    *PICKERS,
    Fault(
        "route not accepted",
        _closed_listener,
        lambda stack: stack.reason(f"{_NAME} Accepted") == "NotAllowedByListeners",
        "routes",
        f"listener https admits routes of namespace {INGRESS} only",
        frozenset(),
    ),
    Fault(
        "pool of the wrong group",
        _old_pool,
        lambda stack: stack.reason("HTTPRoute own ResolvedRefs") == "InvalidKind",
        "routes",
        f"Istio 1.28.5 reads InferencePools of {INFERENCE}; the route names {_POOL['group']}",
        _CLOSED,
    ),
    Fault(
        "route policy that ours overrides",
        lambda stack: stack.with_(_anonymous()),
        lambda stack: stack.reason("AuthPolicy demo Enforced") == "Overridden",
        "auth-policies",
        f"AuthPolicy {MODELS}/demo has no effect",
        _CLOSED,
        fails=False,
    ),
    Fault(
        "overridden by a route policy",
        _overridden,
        lambda stack: stack.reason("AuthPolicy demo Enforced") == "Enforced",
        "auth-policies",
        f"enforced in part only: on some routes another takes its place (AuthPolicy {MODELS}/demo)",
        _OPEN,
    ),
    Fault(
        "class that Kuadrant does not serve",
        _other_class,
        lambda stack: not stack.filters(),
        "gateway-class",
        f"{_OTHER}: Kuadrant puts no filter on its gateways",
        _OPEN,
        served=False,
    ),
    Fault(
        "Kuadrant deleted",
        lambda stack: stack.without(KUADRANT),
        lambda stack: not stack.filters(),
        "kuadrant",
        "there is no Kuadrant resource",
        _OPEN,
    ),
    Fault(
        "key in the wrong namespace",
        _key_elsewhere,
        lambda stack: not stack.admits_the_key(),
        "api-keys",
        f"finds no API key in namespace {NAMESPACE}",
        _CLOSED,
    ),
    Fault(
        "second gateway on the route that KServe made",
        _second_gateway,
        lambda stack: len(stack.answers(ROUTE)) == 2,
        "drift",
        f"EXPOSED and not declared: {INGRESS}/second",
        _CLOSED | _OPEN,
        below=("network-policies",),  # the models' own admit the declared gateway alone
    ),
)
