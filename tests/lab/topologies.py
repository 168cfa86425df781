"""A topology is put to the judge and to the lab as the same objects and the same requests."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modelgate.topology import Object, Request
from tests.lab import generator, wider
from tests.topology.case_files import sides
from tests.topology.vectors import load

Body = dict[str, Any]

KUADRANT: Body = {
    "apiVersion": "kuadrant.io/v1beta1",
    "kind": "Kuadrant",
    "metadata": {"name": "kuadrant", "namespace": "kuadrant-system"},
}

_EXECUTED = {"kuadrant": "1.5.2", "gateway-api": "1.4"}
_SHARED = ("kuadrant-system",)


@dataclass(frozen=True)
class Topology:
    """Objects, oldest first, and the requests that are put to them."""

    name: str
    bodies: Sequence[Body]
    requests: Sequence[Request]

    @property
    def objects(self) -> list[Object]:
        """As the judge reads them, each a minute older than the next."""
        return [_object(body, self.name, index) for index, body in enumerate(self.bodies)]

    def of_kind(self, *kinds: str) -> list[Body]:
        return [body for body in self.bodies if body["kind"] in kinds]

    def with_platform(self) -> "Topology":
        """With the class and the Kuadrant that the judge presumes where neither is in view."""
        if self.of_kind("GatewayClass", "Kuadrant"):
            return self
        classes = {gateway["spec"]["gatewayClassName"] for gateway in self.of_kind("Gateway")}
        platform: list[Body] = [*map(gateway_class, sorted(classes)), KUADRANT]
        return Topology(self.name, [*platform, *self.bodies], self.requests)

    def apart(self, number: int) -> "Topology":
        """The same topology in namespaces and classes of its own, so that many fit in one lab."""
        suffix = f"-{number:03}"
        requests = [
            replace(request, gateway=_moved_gateway(request.gateway, suffix))
            for request in self.requests
        ]
        return Topology(self.name, [_moved(body, suffix) for body in self.bodies], requests)


def gateway_class(name: str) -> Body:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": name},
        "spec": {"controllerName": "istio.io/gateway-controller"},
    }


def executed_before(folder: Path) -> Iterator[Topology]:
    """The topologies of `folder` (NNN-name.yaml and .json), if it is there."""
    for path in sorted(folder.glob("*.json")):
        vector = load(path)
        yield Topology(
            vector.name, _bodies(vector.objects), [request for request, _ in vector.expected]
        )


def of_the_cases() -> Iterator[Topology]:
    """Both sides of every case of the judge that assumes the release that the lab runs."""
    for side in sides():
        assumed = {name: side.settings.assume[name] for name in _EXECUTED}
        if side.requests and assumed == _EXECUTED:
            yield Topology(
                side.name, _bodies(side.objects), [request for request, _ in side.requests]
            )


def generated(seed: int, count: int) -> Iterator[Topology]:
    """Random topologies; the same seed makes the same ones."""
    yield from _numbered("random", generator.topology, seed, count)


def generated_wider(seed: int, count: int) -> Iterator[Topology]:
    """Random topologies of more kinds of objects; the same seed makes the same ones."""
    yield from _numbered("wider", wider.topology, seed, count)


def _numbered(
    name: str, make: Callable[[int], tuple[list[Body], list[Request]]], seed: int, count: int
) -> Iterator[Topology]:
    for number in range(seed, seed + count):
        bodies, requests = make(number)
        yield Topology(f"{name}-{number}", bodies, requests)


def _bodies(objects: Sequence[Object]) -> list[Body]:
    """Oldest first: the API server gives every object the time at which it comes."""
    bodies = [json.loads(json.dumps(obj.body)) for obj in objects]
    bodies.sort(key=lambda body: body["metadata"].pop("creationTimestamp", None) or "")
    return bodies


def _object(body: Body, source: str, minute: int) -> Object:
    metadata = {
        **body["metadata"],
        "creationTimestamp": f"2026-01-01T{minute // 60:02}:{minute % 60:02}:00Z",
    }
    body = {**body, "metadata": metadata}
    namespace = metadata.get("namespace", "")
    return Object(body["apiVersion"], body["kind"], namespace, metadata["name"], body, source)


def _moved_gateway(gateway: str, suffix: str) -> str:
    namespace, slash, name = gateway.partition("/")
    return f"{_renamed(namespace, suffix)}/{name}" if slash else gateway


def _renamed(name: str, suffix: str) -> str:
    return name if name in _SHARED else name + suffix


def _moved(body: Body, suffix: str) -> Body:
    moved: Body = _rewritten(copy.deepcopy(body), suffix)
    if body["kind"] in ("Namespace", "GatewayClass"):
        moved["metadata"]["name"] = _renamed(body["metadata"]["name"], suffix)
    return moved


def _rewritten(value: Any, suffix: str) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _renamed(item, suffix)
            if key in ("namespace", "gatewayClassName", "kubernetes.io/metadata.name")
            and isinstance(item, str)
            else _rewritten(item, suffix)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_rewritten(item, suffix) for item in value]
    return value
