"""A route that goes through a picker asks it, and in the one body mode that it answers.

What goes wrong here answers 200: Envoy passes a picker by when it cannot be asked, and any pod
serves the request. Or nothing answers at all: a picker since inference extension 0.4.0 says
nothing before the end of the body, and with BUFFERED it never gets one.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modelgate.findings import Confidence, Finding, Severity
from modelgate.topology import Analysis, Object
from modelgate.topology.opaque import ROOT_NAMESPACES, reaches
from modelgate.versions import table
from policies.ext_proc_patches import ISTIO_GROUP, Patch, ext_proc_patches
from policies.pool_routes import EnvoyRoute, envoy_routes

ID = "picker-bypass"
SUMMARY = "requests pass the endpoint picker by, or hang before it"
REMEDY = "delete the EnvoyFilter: a picker that Envoy can reach and trust needs none"
NAMES = "name the rules as this release does, and the picker of each model"
ROUTES_ONLY = "leave the listener's filter as Istio writes it, and patch routes (HTTP_ROUTE)"


@dataclass(frozen=True, slots=True)
class Flaw:
    severity: Severity
    message: str
    remedy: str = REMEDY
    likely: bool = False


def check(analysis: Analysis) -> Iterator[Finding]:
    routes = list(envoy_routes(analysis))
    for obj in analysis.topology.of("EnvoyFilter"):
        if obj.group == ISTIO_GROUP:
            yield from _filter(obj, routes, analysis)
    yield from _cors(routes)
