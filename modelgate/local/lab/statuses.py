"""A stand-in for the parts that need a node: it writes `.status` and nothing else.

In place of a gateway controller (classes accepted, Gateways programmed, routes and pools answered),
of the operators of Authorino and Limitador (both ready). Pods have modelgate/local/lab/pods.py.
It programs nothing, so a status that it wrote proves nothing about a gateway; kuadrant-operator and
KServe wait for these statuses before they call a policy enforced, a model ready (executed with
1.5.2 and 0.20.0).
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from modelgate.local.api import Api
from modelgate.local.lab.conditions import holds, is_ours, same
from modelgate.local.lab.gateway.world import GATEWAY_API, INFERENCE, Body, World
from modelgate.local.lab.route_statuses import Surroundings, parents

_GATEWAY_API: Final = f"{GATEWAY_API}/v1"
_LIMITADOR: Final = {
    "host": "limitador-limitador.kuadrant-system.svc.cluster.local",
    "ports": {"grpc": 8081, "http": 8080},
}

_POOLS: Final = (
    (f"{INFERENCE}/v1", "parents"),
    ("inference.networking.x-k8s.io/v1alpha2", "parent"),
)


def write_statuses(api: Api) -> None:
    """Write what is missing. Routes last: the operator looks at Authorino when routes change."""
    for authorino in api.list("operator.authorino.kuadrant.io/v1beta1", "Authorino"):
        _write(api, authorino, {"conditions": holds(authorino, "Ready")})
    for limitador in api.list("limitador.kuadrant.io/v1alpha1", "Limitador"):
        ready = holds(limitador, "Ready")
        _write(api, limitador, {"conditions": ready, "service": _LIMITADOR})
    gateways = _gateways(api)
    for _, gateway in gateways.values():
        _write(api, gateway, _gateway(gateway))
    routes = [
        route for kind in ("HTTPRoute", "GRPCRoute") for route in api.list(_GATEWAY_API, kind)
    ]
    pools = {each: api.list(each, "InferencePool") for each, _ in _POOLS}
    for api_version, field in _POOLS:
        for pool in pools[api_version]:
            _write_parents(api, pool, field, _gateways_of(pool, routes))
    around = Surroundings(gateways, _world(api, pools[f"{INFERENCE}/v1"]))
    for route in routes:
        _answer(api, route, around)


def _gateways(api: Api) -> dict[tuple[str, str], tuple[str, Body]]:
    """Each Gateway of a class that is there, with the class's controller."""
    classes = {}
    for each in api.list(_GATEWAY_API, "GatewayClass"):
        classes[each["metadata"]["name"]] = each["spec"]["controllerName"]
        _write(api, each, {"conditions": holds(each, "Accepted")})
    found: dict[tuple[str, str], tuple[str, Body]] = {}
    for gateway in api.list(_GATEWAY_API, "Gateway"):
        controller = classes.get(gateway["spec"]["gatewayClassName"])
        if controller:
            found[_place(gateway)] = controller, gateway
    return found


def _world(api: Api, pools: Sequence[Body]) -> World:
    return World(
        {
            "Namespace": api.list("v1", "Namespace"),
            "Service": api.list("v1", "Service"),
            "InferencePool": pools,
            "ReferenceGrant": api.list(f"{GATEWAY_API}/v1beta1", "ReferenceGrant"),
        }
    )


def _gateways_of(pool: Body, routes: Iterable[Body]) -> list[dict[str, str]]:
    """The gateways of the routes that lead to `pool`, as parent references."""
    found = {}
    for route in routes:
        namespace = route["metadata"]["namespace"]
        backends = [
            (backend.get("namespace", namespace), backend["name"])
            for rule in route["spec"].get("rules", [])
            for backend in rule.get("backendRefs", [])
            if backend.get("kind") == "InferencePool"
        ]
        if (pool["metadata"]["namespace"], pool["metadata"]["name"]) in backends:
            for reference in route["spec"].get("parentRefs", []):
                place = {"namespace": reference.get("namespace", namespace)}
                found[place["namespace"], reference["name"]] = {
                    "group": "gateway.networking.k8s.io",
                    "kind": "Gateway",
                    "name": reference["name"],
                    **place,
                }
    return list(found.values())


def _write_parents(api: Api, pool: Body, field: str, gateways: list[dict[str, str]]) -> None:
    there = [
        parent["parentRef"] for parent in pool.get("status", {}).get(field, []) if is_ours(parent)
    ]
    if there != gateways:
        conditions = holds(pool, "Accepted", "ResolvedRefs")
        parents = [{"parentRef": each, "conditions": conditions} for each in gateways]
        api.patch_status(pool, {field: parents})


def _gateway(gateway: Body) -> dict[str, Any]:
    listeners = [
        {
            "name": listener["name"],
            "attachedRoutes": 0,
            "supportedKinds": [],
            "conditions": holds(gateway, "Accepted", "Programmed", "ResolvedRefs"),
        }
        for listener in gateway["spec"]["listeners"]
    ]
    conditions = holds(gateway, "Accepted", "Programmed")
    return {"conditions": conditions, "listeners": listeners}


def _answer(api: Api, route: Body, around: Surroundings) -> None:
    """Answer as the gateway controller, and leave the answers of other controllers alone."""
    there = route.get("status", {}).get("parents", [])
    ours = list(parents(route, around))
    answered = {_key(one): one["conditions"] for one in there if is_ours(one)}
    if answered.keys() == {_key(one) for one in ours} and all(
        same(one["conditions"], answered[_key(one)]) for one in ours
    ):
        return
    others = [one for one in there if not is_ours(one)]
    api.patch_status(route, {"parents": [*others, *ours]})


def _key(parent: Body) -> tuple[str, ...]:
    reference = parent["parentRef"]
    parts = ("namespace", "name", "sectionName", "port")
    return (parent["controllerName"], *(str(reference.get(part, "")) for part in parts))


def _write(api: Api, body: Body, status: Body) -> None:
    """Write a status that is missing, or that speaks of an older generation."""
    there = body.get("status", {})
    if not is_ours(there) or not same(status["conditions"], there["conditions"]):
        api.patch_status(body, status)


def _place(body: Body) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]
