"""A stand-in for the parts that need a node: it writes `.status` and nothing else.

In place of a gateway controller (Gateways programmed, routes accepted) and of the operators of
Authorino and Limitador (both ready). It accepts whatever is declared, so a status that it wrote
proves nothing about a gateway; kuadrant-operator waits for these statuses before it calls a
policy enforced (executed with 1.5.2).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from modelgate.local.api import Api

_GATEWAY_API: Final = "gateway.networking.k8s.io/v1"
_REASON: Final = "ModelgateStandIn"
_LIMITADOR: Final = {
    "host": "limitador-limitador.kuadrant-system.svc.cluster.local",
    "ports": {"grpc": 8081, "http": 8080},
}

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
    for kind in ("HTTPRoute", "GRPCRoute"):
        for route in api.list(_GATEWAY_API, kind):
            _accept(api, route, controllers)


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
            conditions = _conditions(route, "Accepted", "ResolvedRefs")
            ours.append(
                {"controllerName": controller, "parentRef": reference, "conditions": conditions}
            )
    known = {_key(parent) for parent in there}
    missing = [parent for parent in ours if _key(parent) not in known]
    if missing:
        api.patch_status(route, {"parents": [*there, *missing]})


def _key(parent: Body) -> tuple[str, ...]:
    reference = parent["parentRef"]
    parts = ("namespace", "name", "sectionName", "port")
    return (parent["controllerName"], *(str(reference.get(part, "")) for part in parts))


def _write(api: Api, body: Body, status: Body) -> None:
    conditions = body.get("status", {}).get("conditions", [])
    if not any(condition.get("reason") == _REASON for condition in conditions):
        api.patch_status(body, status)


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
