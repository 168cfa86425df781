"""What a kubelet says of a pod, about pods whose main container is a process of this machine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Body = Mapping[str, Any]

NO_PROCESS = "the lab runs model servers and endpoint pickers, and no other containers"


@dataclass(frozen=True)
class State:
    """A pod as it is said to be; `waiting` and `why` while its process does not run."""

    address: str = ""
    ready: bool = False
    restarts: int = 0
    waiting: str = ""
    why: str = ""
    exit_code: int | None = None


def status(pod: Body, state: State) -> dict[str, Any]:
    """The pod's `status`. One without an address is not scheduled, as where no node has room."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    placed = bool(state.address)
    conditions = {
        "PodScheduled": placed,
        "Initialized": placed,
        "ContainersReady": state.ready,
        "Ready": state.ready,
    }
    said: dict[str, Any] = {
        "phase": "Running" if placed and state.waiting != "ContainerCreating" else "Pending",
        "message": state.why or None,
        "conditions": [
            {
                "type": name,
                "status": str(holds),
                "lastTransitionTime": now,
                "reason": "Unschedulable" if not placed and name == "PodScheduled" else "",
                "message": "" if holds else state.why,
            }
            for name, holds in conditions.items()
        ],
    }
    if placed:
        said["podIP"], said["podIPs"] = state.address, [{"ip": state.address}]
        said["startTime"] = pod.get("status", {}).get("startTime", now)
        said["containerStatuses"] = list(_containers(pod, state, now))
        said["initContainerStatuses"] = [
            _done(one) for one in pod["spec"].get("initContainers", [])
        ]
    return said


def _containers(pod: Body, state: State, now: str) -> Iterator[dict[str, Any]]:
    for one in pod["spec"]["containers"]:
        said: dict[str, Any] = {
            "name": one["name"],
            "image": one.get("image", ""),
            "imageID": "",
            "ready": state.ready,
            "started": not state.waiting,
            "restartCount": state.restarts,
            "state": {"running": {"startedAt": now}},
        }
        if state.waiting:
            said["state"] = {"waiting": {"reason": state.waiting, "message": state.why}}
        if state.exit_code is not None:
            ended = {"exitCode": state.exit_code, "reason": "Error", "finishedAt": now}
            said["lastState"] = {"terminated": ended}
        yield said


def _done(container: Body) -> dict[str, Any]:
    return {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": "",
        "ready": True,
        "restartCount": 0,
        "state": {"terminated": {"exitCode": 0, "reason": "Completed"}},
    }
