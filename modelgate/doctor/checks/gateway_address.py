"""The guide's second check: without an address there is nothing to send a request to."""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.conditions import condition
from modelgate.doctor.kinds import GATEWAY, Kind
from modelgate.doctor.results import Problem, Result, judged
from modelgate.doctor.view import View
from modelgate.topology.objects import Object
from modelgate.topology.values import mapping, mappings, text

ID = "gateway-address"
TITLE = "every gateway has an address"
LAYER = Layer.GATEWAY
NEEDS: tuple[str, ...] = ("gateway-class",)
READS: tuple[Kind, ...] = (GATEWAY,)
WAY_OUT = "the load balancer was not created: look at the events of the gateway's Service"
WAITS = True


def run(view: View) -> Result:
    said = ", ".join(filter(None, (address(gateway) for gateway in view.gateways)))
    return judged((p for one in view.gateways for p in _without(one)), said)


def _without(gateway: Object) -> Iterator[Problem]:
    if address(gateway):
        return
    programmed = condition(gateway, "Programmed")
    why = "" if programmed.holds else f": {programmed}"
    yield Problem(
        f"{gateway.ref} has no address{why}",
        command=f"kubectl get services,events -n {gateway.namespace}",
    )


def address(gateway: Object) -> str:
    """The first address, a name or an IP; empty where there is none."""
    for one in mappings(mapping(gateway.body.get("status")).get("addresses")):
        if found := text(one.get("value")):
            return found
    return ""
