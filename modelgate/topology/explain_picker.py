"""Who chooses the pod: the endpoint picker with its scores, or nobody; and which pods there are.

The scores are read from the configuration that the picker is started with.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from modelgate.topology.answers import Step
from modelgate.topology.backends import Target, pod_template, pool_selector, ports
from modelgate.topology.derive.merge import either
from modelgate.topology.derive.picker import CONFIG_FLAGS
from modelgate.topology.graph import Topology
from modelgate.topology.interpreter import World
from modelgate.topology.objects import Object
from modelgate.topology.opaque import EXT_PROC, reaches
from modelgate.topology.routes import Backend
from modelgate.topology.values import items, labels, mapping, mappings, number, text
from modelgate.topology.ways import Way

PICKER_PORT = 9002
SCORES = {
    "queue-scorer": "queue depth",
    "kv-cache-scorer": "KV cache usage",
    "kv-cache-utilization-scorer": "KV cache usage",
    "prefix-cache-scorer": "prefix cache",
    "load-aware-scorer": "load",
    "lora-affinity-scorer": "LoRA adapter",
    "no-hit-lru-scorer": "pods that got no uncached prompt lately",
}
"""What scorers look at; the inference extension's own names for them on the left."""


def picker(world: World, way: Way, target: Target) -> Iterator[Step]:
    """Who is asked which pod to take, and what changes how Envoy asks."""
    topology, to = world.topology, target.backend
    if not target.through_picker:
        yield Step("picker", "none", "not asked: the rule leads to a Service, its pods take turns")
        return
    pool = topology.find("InferencePool", to.namespace, to.name, to.group)
    if pool is None:
        yield Step("picker", "unknown", f"{to.ref} is not in view, and so is its picker")
        return
    ref = mapping(either(pool.spec.get("endpointPickerRef"), pool.spec.get("extensionRef")))
    name, mode = text(ref.get("name")), text(ref.get("failureMode"), "FailClose")
    port = number(mapping(ref.get("port")).get("number", ref.get("portNumber")), PICKER_PORT)
    asked = f"is asked on port {port} which pod to take ({mode} while it cannot be)"
    yield Step("picker", f"Service {to.namespace}/{name}", asked)
    for line in scores(topology, to.namespace, name):
        yield Step("picker", "scores", line)
    for obj in topology.of("EnvoyFilter"):
        if reaches(obj, way.proxy.gateway) and EXT_PROC in json.dumps(obj.spec, default=repr):
            yield Step("picker", obj.ref, "changes how Envoy asks pickers on this gateway")


def scores(topology: Topology, namespace: str, picker_service: str) -> Iterator[str]:
    """The weights of each scheduling profile of the picker behind a Service."""
    service = topology.find("Service", namespace, picker_service, "")
    wanted = labels(service.spec.get("selector")) if service else {}
    for deployment in selected(topology, namespace, wanted):
        profiles = mappings(mapping(_configuration(deployment)).get("schedulingProfiles"))
        for profile in profiles:
            weights = [_weight(one) for one in mappings(profile.get("plugins"))]
            if any(weights):
                shown = ", ".join(filter(None, weights))
                yield f"{text(profile.get('name'))}: {shown}; the highest sum wins"


def _weight(plugin: Mapping[str, Any]) -> str:
    name, weight = text(plugin.get("pluginRef")), plugin.get("weight", 1)
    if not name.endswith("-scorer"):
        return ""
    shown = f"{weight:g}" if isinstance(weight, int | float) else "?"
    return f"{SCORES.get(name, name)} {shown}"


def _configuration(deployment: Object) -> Any:
    """The picker's configuration among its arguments; None where it is not there as text."""
    for container in containers(deployment):
        words = [one for one in items(container.get("args")) if isinstance(one, str)]
        for word, after in zip(words, [*words[1:], ""], strict=True):
            name, equals, inline = word.partition("=")
            if name in CONFIG_FLAGS and name.lower().endswith("text"):
                try:
                    return yaml.safe_load(inline if equals else after)
                except yaml.YAMLError:
                    return None
    return None


def backend(topology: Topology, to: Backend) -> Step:
    """The pods behind the rule, and their port."""
    obj = topology.find(to.kind, to.namespace, to.name, to.group)
    if obj is None:
        return Step("backend", to.ref, "is not in view")
    port = _pool_ports(obj) if to.kind == "InferencePool" else ", ".join(map(str, ports(obj)))
    wanted = pods_of(obj)
    known = [
        f"{one.ref} (replicas: {one.spec.get('replicas', 1)})"
        for one in selected(topology, to.namespace, wanted)
    ]
    marked = ", ".join(f"{key}={value}" for key, value in wanted.items())
    return Step("backend", to.ref, f"port {port}: {', '.join(known) or f'pods with {marked}'}")


def _pool_ports(pool: Object) -> str:
    found = [mapping(one).get("number") for one in items(pool.spec.get("targetPorts"))]
    return ", ".join(str(one) for one in found or [pool.spec.get("targetPortNumber", "unknown")])


def pods_of(obj: Object) -> dict[str, str]:
    """The labels by which a pool or Service selects its pods."""
    return pool_selector(obj) if obj.kind == "InferencePool" else labels(obj.spec.get("selector"))


def selected(topology: Topology, namespace: str, wanted: Mapping[str, str]) -> Iterator[Object]:
    """The Deployments whose pods carry all of `wanted`; none where nothing is wanted."""
    for deployment in topology.of("Deployment") if wanted else ():
        own = labels(mapping(mapping(pod_template(deployment)).get("metadata")).get("labels"))
        if deployment.namespace == namespace and wanted.items() <= own.items():
            yield deployment


def containers(deployment: Object) -> Iterator[Mapping[str, Any]]:
    """The containers of its pods."""
    return mappings(mapping(mapping(pod_template(deployment)).get("spec")).get("containers"))
