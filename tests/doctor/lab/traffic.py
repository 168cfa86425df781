"""Requests through the lab's Envoy, when it serves what is stored by now."""

import time
from collections.abc import Mapping
from typing import Any

from modelgate.local.lab import Lab
from modelgate.local.lab.gateway import State
from modelgate.local.lab.gateway.asking import Asked, ask
from modelgate.local.waiting import until

_SECONDS = 30


def pod_behind(lab: Lab, door: Mapping[str, Any]) -> str:
    """The address of the pod that answered the request which `check` shows for a door."""
    asked = door["request"]
    request = Asked(asked["method"], asked["path"], asked["host"], tuple(asked["headers"].items()))
    (address,) = (
        one
        for one in _state(lab).addresses
        if (one.gateway, one.number) == (door["gateway"], asked["port"])
    )
    line = ask(address, request, lab.gateway).line
    return line.pod if line else ""


def status_with_key(lab: Lab, gateway: str, path: str, key: str) -> int:
    """What a client with an API key is answered at the first port of a gateway."""
    request = Asked("GET", path, "maas.example.com", (("Authorization", f"Bearer {key}"),))
    address = next(one for one in _state(lab).addresses if one.gateway == gateway)
    return ask(address, request, lab.gateway).status


def _state(lab: Lab) -> State:
    """Where Envoy listens; it has taken what was stored before."""
    now = time.time()

    def seen() -> bool:
        state = State.read(lab.gateway)
        return state is not None and state.seen > now

    assert until(seen, _SECONDS)
    state = State.read(lab.gateway)
    assert state is not None
    return state
