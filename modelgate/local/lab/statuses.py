"""A stand-in for the parts that need a node: it writes `.status` and nothing else.

In place of a gateway controller (Gateways programmed, routes and pools accepted), of the operators
of Authorino and Limitador (both ready) and of a kubelet (Deployments available). It accepts what is
declared, so a status that it wrote proves nothing about a gateway; kuadrant-operator and KServe
wait for these statuses before they call a policy enforced, a model ready (executed with 1.5.2 and
0.20.0).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from modelgate.local.api import Api

_GATEWAY_API: Final = "gateway.networking.k8s.io/v1"
_REASON: Final = "ModelgateStandIn"
_LIMITADOR: Final = {
    "host": "limitador-limitador.kuadrant-system.svc.cluster.local",
    "ports": {"grpc": 8081, "http": 8080},
}

_OLD_POOLS: Final = "inference.networking.x-k8s.io"
_POOLS: Final = (
    ("inference.networking.k8s.io/v1", "parents"),
    (f"{_OLD_POOLS}/v1alpha2", "parent"),
)

Body = Mapping[str, Any]


def write_statuses(api: Api) -> None:
    """Write what is missing. Routes last: the operator looks at Authorino when routes change."""
    for authorino in api.list("operator.authorino.kuadrant.io/v1beta1", "Authorino"):
        _write(api, authorino, {"conditions": _conditions(authorino, "Ready")})
    for limitador in api.list("limitador.kuadrant.io/v1alpha1", "Limitador"):
        ready = _conditions(limitador, "Ready")
        _write(api, limitador, {"conditions": ready, "service": _LIMITADOR})
    classes = {
        item["metadata"]["name"]: item["spec"]["controllerName"]
        for item in api.list(_GATEWAY_API, "GatewayClass")
    }
    controllers = {}
    for gateway in api.list(_GATEWAY_API, "Gateway"):
        controller = classes.get(gateway["spec"]["gatewayClassName"])
        if controller:
            controllers[_name(gateway)] = controller
            _write(api, gateway, _gateway(gateway))
    for deployment in api.list("apps/v1", "Deployment"):
        _write(api, deployment, _available(deployment))
    routes = [
        route for kind in ("HTTPRoute", "GRPCRoute") for route in api.list(_GATEWAY_API, kind)
    ]
    for api_version, field in _POOLS:
        for pool in api.list(api_version, "InferencePool"):
            _write_parents(api, pool, field, _gateways_of(pool, routes))
    for route in routes:
        _accept(api, route, controllers)


def _available(deployment: Body) -> dict[str, Any]:
    wanted = deployment["spec"].get("replicas", 1)
    counts = ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas")
    conditions = _conditions(deployment, "Available")
    generation = deployment["metadata"]["generation"]
    return {
        **dict.fromkeys(counts, wanted),
        "observedGeneration": generation,
        "conditions": conditions,
    }


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
        parent["parentRef"] for parent in pool.get("status", {}).get(field, []) if _written(parent)
    ]
    if there != gateways:
        conditions = _conditions(pool, "Accepted", "ResolvedRefs")
        parents = [{"parentRef": each, "conditions": conditions} for each in gateways]
        api.patch_status(pool, {field: parents})


def _gateway(gateway: Body) -> dict[str, Any]:
    listeners = [
        {
            "name": listener["name"],
            "attachedRoutes": 0,
            "supportedKinds": [],
            "conditions": _conditions(gateway, "Accepted", "Programmed", "ResolvedRefs"),
        }
        for listener in gateway["spec"]["listeners"]
    ]
    conditions = _conditions(gateway, "Accepted", "Programmed")
    return {"conditions": conditions, "listeners": listeners}


def _accept(api: Api, route: Body, controllers: Mapping[str, str]) -> None:
    """Answer as the gateway controller, and leave the answers of other controllers alone."""
    namespace = route["metadata"]["namespace"]
    ours, there = [], route.get("status", {}).get("parents", [])
    for reference in route["spec"].get("parentRefs", []):
        name = f"{reference.get('namespace', namespace)}/{reference['name']}"
        controller = controllers.get(name)
        if controller:
            conditions = [*_conditions(route, "Accepted"), _resolved(route)]
            ours.append(
                {"controllerName": controller, "parentRef": reference, "conditions": conditions}
            )
    answered = {_key(parent): _generation(parent) for parent in there}
    if any(answered.get(_key(parent)) != _generation(parent) for parent in ours):
        keys = {_key(parent) for parent in ours}
        others = [parent for parent in there if _key(parent) not in keys]
        api.patch_status(route, {"parents": [*others, *ours]})


def _resolved(route: Body) -> dict[str, Any]:
    """Istio 1.28 and later know one InferencePool only, and KServe waits for them to say so."""
    (condition,) = _conditions(route, "ResolvedRefs")
    if _OLD_POOLS in str(route["spec"]):
        condition |= {"status": "False", "reason": "InvalidKind"}
    return condition


def _generation(parent: Body) -> object:
    return next((each.get("observedGeneration") for each in parent.get("conditions", [])), None)


def _key(parent: Body) -> tuple[str, ...]:
    reference = parent["parentRef"]
    parts = ("namespace", "name", "sectionName", "port")
    return (parent["controllerName"], *(str(reference.get(part, "")) for part in parts))


def _write(api: Api, body: Body, status: Body) -> None:
    if not _written(body.get("status", {})):
        api.patch_status(body, status)


def _written(status: Body) -> bool:
    return any(condition.get("reason") == _REASON for condition in status.get("conditions", []))


def _conditions(body: Body, *types: str) -> list[dict[str, Any]]:
    return [
        {
            "type": each,
            "status": "True",
            "reason": _REASON,
            "message": "written by modelgate's lab, which has no node",
            "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "observedGeneration": body["metadata"].get("generation", 1),
        }
        for each in types
    ]


def _name(body: Body) -> str:
    return f"{body['metadata']['namespace']}/{body['metadata']['name']}"
