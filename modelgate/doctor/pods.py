"""What pods say of themselves, in words: why one is not ready, and what it was started with."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelgate.doctor.conditions import condition
from modelgate.topology.objects import Object
from modelgate.topology.values import items, mapping, mappings, number, text

_ENDED: Final = "Succeeded"
_RESTARTS: Final = 3


def ready(pod: Object) -> bool:
    return condition(pod, "Ready").holds


def counts(pod: Object) -> bool:
    """Whether the pod is one that should run: neither ended nor being removed."""
    status = mapping(pod.body.get("status"))
    return status.get("phase") != _ENDED and "deletionTimestamp" not in pod.metadata


def why_not_ready(pod: Object) -> str:
    """The most telling reason that the pod's status gives."""
    status = mapping(pod.body.get("status"))
    scheduled = condition(pod, "PodScheduled")
    if scheduled.status == "False":
        return f"{scheduled.reason}: {scheduled.message}".rstrip(": ")
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in mappings(status.get(field)):
            if found := _state(container):
                return found
    return str(condition(pod, "Ready"))


def _state(container: Mapping[str, Any]) -> str:
    name, state = text(container.get("name")), mapping(container.get("state"))
    waiting, ended = mapping(state.get("waiting")), mapping(state.get("terminated"))
    last = mapping(mapping(container.get("lastState")).get("terminated"))
    if waiting and text(waiting.get("reason")) not in ("", "PodInitializing", "ContainerCreating"):
        why = f"container {name} waits: {text(waiting.get('reason'))}"
        code = f", exit code {last['exitCode']}" if "exitCode" in last else ""
        return f"{why}{code}"
    if number(ended.get("exitCode")):
        return f"container {name} ended: {text(ended.get('reason'))}, code {ended['exitCode']}"
    if number(container.get("restartCount")) >= _RESTARTS and not container.get("ready"):
        return f"container {name} was restarted {container['restartCount']} times"
    return ""


def containers(workload: Object) -> Iterator[Mapping[str, Any]]:
    """The containers of a Pod, or of the pods that a Deployment makes."""
    spec = workload.spec
    if workload.kind != "Pod":
        spec = mapping(mapping(spec.get("template")).get("spec"))
    yield from mappings(spec.get("containers"))


def environment(workload: Object) -> dict[str, str]:
    """The environment of all containers, as far as it stands in the manifest and is kept."""
    return {
        text(one.get("name")): text(one.get("value"))
        for container in containers(workload)
        for one in mappings(container.get("env"))
    }


def arguments(workload: Object, name: str = "main") -> list[str]:
    """`command` and `args` of the container of that name."""
    for container in containers(workload):
        if container.get("name") == name:
            words = (*items(container.get("command")), *items(container.get("args")))
            return [text(word) for word in words]
    return []
