"""A listener that is not programmed takes no request; its condition says whose fault it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.doctor.check import Layer
from modelgate.doctor.conditions import Condition, behind, condition
from modelgate.doctor.kinds import GATEWAY, Kind
from modelgate.doctor.results import Problem, Result, judged, many, warning
from modelgate.doctor.view import View
from modelgate.topology.objects import Object
from modelgate.topology.values import mapping, mappings, text

ID = "gateway-listeners"
TITLE = "every gateway is accepted, and its listeners are programmed"
LAYER = Layer.GATEWAY
NEEDS: tuple[str, ...] = ("gateway-class",)
READS: tuple[Kind, ...] = (GATEWAY,)
WAY_OUT = "correct the listener as its condition says"
WAITS = True

_FIXES = {
    "InvalidCertificateRef": "create the TLS Secret that the listener names, or allow it with a"
    " ReferenceGrant where it is in another namespace",
    "RefNotPermitted": "a ReferenceGrant in the Secret's namespace must name this Gateway",
    "PortUnavailable": "another listener or Service has the port: choose another one",
    "HostnameConflict": "two listeners of one port have the same hostname: remove one",
    "ProtocolConflict": "two listeners of one port have different protocols: change one",
    "UnsupportedProtocol": "use HTTP or HTTPS",
    "AddressNotAssigned": "the load balancer has not answered yet",
}


def run(view: View) -> Result:
    count = sum(len(list(mappings(one.spec.get("listeners")))) for one in view.gateways)
    return judged((p for one in view.gateways for p in _gateway(one)), many(count, "listener"))


def _gateway(gateway: Object) -> Iterator[Problem]:
    command = f"kubectl get gateway -n {gateway.namespace} {gateway.name} -o yaml"
    if not condition(gateway, "Accepted").holds:
        found = condition(gateway, "Accepted")
        yield Problem(f"{gateway.ref}: {found}", _FIXES.get(found.reason, ""), command)
        return
    if behind(gateway):
        yield warning(f"{gateway.ref}: its status speaks of an older generation", "wait", command)
    reported = {
        text(one.get("name")): one
        for one in mappings(mapping(gateway.body.get("status")).get("listeners"))
    }
    for listener in mappings(gateway.spec.get("listeners")):
        name = text(listener.get("name"))
        for found in _broken(reported.get(name, {})):
            what = f"{gateway.ref}, listener {name}: {found}"
            yield Problem(what, _FIXES.get(found.reason, ""), command)


def _broken(status: Mapping[str, Any]) -> Iterator[Condition]:
    for type_ in ("Accepted", "ResolvedRefs", "Programmed"):
        found = condition(status, type_)
        if not found.holds:
            yield found
            return
    conflicted = condition(status, "Conflicted")
    if conflicted.holds:
        yield conflicted
