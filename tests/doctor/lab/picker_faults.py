"""What happens to the picker's own process: the released one, started by what KServe declares."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from modelgate.local.waiting import until
from tests.doctor.lab.deployment import PICKER, PICKER_TLS, SECONDS, SERVICE, Deployment
from tests.doctor.lab.fault import Fault

_CERTIFICATE = "--cert-path="


@contextmanager
def _killed(stack: Deployment) -> Iterator[None]:
    """Killed whenever it starts, so that its pod waits longer each time."""
    pod, stop = stack.picker(), Event()
    killer = Thread(target=_kill, args=(stack, pod, stop))
    killer.start()
    try:
        yield
    finally:
        stop.set()
        killer.join()
        stack.api.delete(pod)  # the next one does not wait


def _kill(stack: Deployment, pod: dict[str, object], stop: Event) -> None:
    killed: set[int] = set()
    while not stop.wait(0.2):
        number = stack.process(pod)
        if number and number not in killed:
            killed.add(number)
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


def _waits(stack: Deployment) -> bool:
    states = stack.picker().get("status", {}).get("containerStatuses", [])
    return any(
        one["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff" for one in states
    )


@contextmanager
def _without_certificate(stack: Deployment) -> Iterator[None]:
    """The service brings a command of its own, and the gateway verifies the picker."""
    (container,) = stack.api.get(PICKER)["spec"]["template"]["spec"]["containers"]
    command = [word for word in container["command"] if not word.startswith(_CERTIFICATE)]
    router = stack.api.get(SERVICE)["spec"]["router"]
    template = {"containers": [{"name": container["name"], "command": command}]}
    router["scheduler"] = {**router["scheduler"], "template": template}
    verified = {"tls": {"mode": "SIMPLE"}}
    with stack.changed(PICKER_TLS, trafficPolicy=verified), stack.changed(SERVICE, router=router):
        yield
    assert until(lambda: _command(stack) == container["command"], SECONDS)


def _command(stack: Deployment) -> list[str]:
    (container,) = stack.api.get(PICKER)["spec"]["template"]["spec"]["containers"]
    command: list[str] = container["command"]
    return command


def _starts_without(stack: Deployment) -> bool:
    """Whether the picker that runs now was not told of its certificate, and is ready."""
    pod = stack.picker()
    conditions = pod.get("status", {}).get("conditions", [])
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return ready and _CERTIFICATE not in str(pod["spec"]["containers"])


PICKERS = (
    Fault(
        "picker killed",
        _killed,
        _waits,
        "picker-pods",
        "container main waits: CrashLoopBackOff, exit code 137",
        frozenset({"PROTECTED"}),
    ),
    Fault(
        "picker without certificate path",
        _without_certificate,
        _starts_without,
        "picker-arguments",
        "lacks --cert-path: the gateway cannot verify its certificate",
        frozenset({"PROTECTED"}),
    ),
)
