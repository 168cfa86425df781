"""What the model server will see: the path after its rewrite, and a `model` that it knows or not.

vLLM answers to the names that it registered, never to the Kubernetes name (KServe's preset:
`--served-model-name {{ .Spec.Model.Name }}`; releases that route by model name add
`publishers/<namespace>/models/<name>`).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from modelgate.spelling import did_you_mean
from modelgate.topology.answers import Request
from modelgate.topology.backends import Target
from modelgate.topology.derive.merge import section
from modelgate.topology.derive.service import Service, read_services
from modelgate.topology.explain_picker import containers, pods_of, selected
from modelgate.topology.explain_route import forwarded
from modelgate.topology.graph import Topology
from modelgate.topology.interpreter import World
from modelgate.topology.objects import UNKNOWN, Object
from modelgate.topology.routes import Backend
from modelgate.topology.values import items, mapping, mappings, text
from modelgate.topology.ways import Way

COMPLETIONS = ("/v1/completions", "/v1/chat/completions", "/v1/responses", "/v1/messages")


@dataclass(frozen=True, slots=True)
class Served:
    """The names that a model server answers to; `service` is its LLMInferenceService, if any."""

    names: tuple[str, ...]
    service: Object | None = None

    @property
    def ref(self) -> str:
        return self.service.ref if self.service else "model server"

    def __str__(self) -> str:
        return " or ".join(json.dumps(name) for name in self.names) or "a name that it serves"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model server makes of a request: what it sees, what it says, and the way out.

    `by` names it: the LLMInferenceService where there is one.
    """

    by: str
    sees: str
    says: str = ""
    status: int = 200
    remedy: str = ""

    @property
    def text(self) -> str:
        return f"{self.sees}; {self.says}" if self.says else self.sees


def served(topology: Topology, to: Backend) -> Served:
    """What the model server behind `to` registers; no names where that is not in view."""
    for service in read_services(topology.objects, topology.settings.release):
        own = (service.names.pool, service.names.workload_service, service.pool_ref)
        if service.namespace == to.namespace and to.name in own:
            in_args = tuple(_named_in_pods(topology, to))
            return Served(in_args or tuple(_names(service)), service.declared)
    return Served(tuple(_named_in_pods(topology, to)))


def _names(service: Service) -> Iterator[str]:
    if service.model is UNKNOWN or service.incomplete:
        return
    yield str(service.model)
    if any(rule.model_header for rule in service.release.rules):
        yield f"publishers/{service.namespace}/models/{service.model}"
    adapters = mapping(section(section(service.spec, "model"), "lora")).get("adapters")
    for one in mappings(adapters):
        if text(one.get("name")):
            yield text(one["name"])


def _named_in_pods(topology: Topology, to: Backend) -> Iterator[str]:
    obj = topology.find(to.kind, to.namespace, to.name)
    for deployment in selected(topology, to.namespace, pods_of(obj)) if obj else ():
        for container in containers(deployment):
            words = [*items(container.get("command")), *items(container.get("args"))]
            yield from _after_flag(words)


def _after_flag(words: Sequence[Any]) -> Iterator[str]:
    """The values of `--served-model-name`, which takes several."""
    inside = False
    for word in (one for one in words if isinstance(one, str)):
        if word.startswith("-"):
            name, equals, value = word.partition("=")
            inside = name == "--served-model-name" and not equals
            if name == "--served-model-name" and equals:
                yield value
        elif inside and "{{" not in word:
            yield word


def model(world: World, request: Request, way: Way, target: Target) -> Reading:
    """What the model server sees, and its answer as far as the request tells it."""
    assert way.entry is not None
    path = forwarded(way.entry, way.call.path)
    known = served(world.topology, target.backend)
    said = partial(Reading, known.ref, f"sees {way.call.method} {path}")
    if path.startswith(f"/{target.backend.namespace}/"):
        remedy = "add a URLRewrite with ReplacePrefixMatch to the rule"
        return said("no model server knows this path", 404, remedy)
    if not path.startswith(COMPLETIONS) or way.call.method != "POST":
        return said()
    return said(*_body(request.body, known)) if request.body else said(f"`model` must be {known}")


def _body(body: str, known: Served) -> tuple[str, int, str]:
    """What the model server makes of a body: in words, as a status, and the way out."""
    try:
        name = mapping(json.loads(body)).get("model")
    except (ValueError, RecursionError):
        return "the body is not JSON", 400, "send JSON"
    remedy = f'send "model": {known}'
    if not isinstance(name, str):
        return "the body names no model", 400, remedy
    shown = json.dumps(name)
    if not known.names:
        return f"which names are served is not in view, {shown} or another", 200, ""
    if name in known.names:
        return f"model {shown} is served", 200, ""
    if known.service and name == known.service.name:
        return f"model {shown} is the Kubernetes name, vLLM registered {known}", 404, remedy
    return f"model {shown} is not served{did_you_mean(name, known.names)}", 404, remedy
