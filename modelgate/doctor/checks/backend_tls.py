"""A gateway must speak TLS to what speaks TLS: pickers and model servers of OpenShift AI do.

Istio speaks plain text to a Service without a DestinationRule, and a picker that fails open is then
passed by. KServe writes the rules for routes that it makes or that the service names in
`router.route.http.refs`, for others it does not (kserve, router_platform_networking).
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from modelgate.doctor.check import Layer
from modelgate.doctor.checks.model_pods import model_pods
from modelgate.doctor.checks.picker_arguments import flags
from modelgate.doctor.kinds import DEPLOYMENT, DESTINATION_RULE, MODEL_SERVICE, POD, SERVICE, Kind
from modelgate.doctor.pods import arguments
from modelgate.doctor.results import Problem, Result, judged, many
from modelgate.doctor.view import View
from modelgate.releases import shadow_service
from modelgate.topology.derive.names import Names
from modelgate.topology.objects import Object
from modelgate.topology.values import mapping, mappings, text

ID = "backend-tls"
TITLE = "gateways speak TLS to pickers and models where these do, and only there"
LAYER = Layer.MODELS
NEEDS: tuple[str, ...] = ("model-crds",)
READS: tuple[Kind, ...] = (MODEL_SERVICE, DEPLOYMENT, POD, SERVICE, DESTINATION_RULE)
WAY_OUT = (
    "name your own HTTPRoute in `spec.router.route.http.refs`, so that KServe writes the rules, or"
    " declare a DestinationRule with `tls.mode: SIMPLE` for each host"
)
WAITS = True

_ENCRYPTED = ("SIMPLE", "MUTUAL", "ISTIO_MUTUAL")


def run(view: View) -> Result:
    problems = [p for one in view.services for p in (*_picker(view, one), *_model(view, one))]
    return judged(problems, many(len(view.of(DESTINATION_RULE)), "DestinationRule"))


def _picker(view: View, service: Object) -> Iterator[Problem]:
    names = Names(service.name)
    name = names.child("-kserve-router-scheduler")
    deployment = view.find(DEPLOYMENT, service.namespace, name)
    if deployment is None:
        return
    secure = flags(arguments(deployment)).get("secure-serving", "true") != "false"
    host = f"{names.picker_service}.{service.namespace}.svc.cluster.local"
    yield from _agree(view, f"the picker of {service.ref}", host, secure)


def _model(view: View, service: Object) -> Iterator[Problem]:
    names = Names(service.name)
    secure = _serves_tls(view, service)
    if secure is None:
        return
    hosts = [names.workload_service]
    if view.find(DEPLOYMENT, service.namespace, names.child("-kserve-router-scheduler")):
        hosts.append(shadow_service(names.pool))
    for name in hosts:
        host = f"{name}.{service.namespace}.svc.cluster.local"
        yield from _agree(view, f"{service.ref}", host, secure)


def _serves_tls(view: View, service: Object) -> bool | None:
    """Whether its pods speak TLS: by their arguments, on OpenShift by its Service; else None."""
    words = " ".join(word for pod in model_pods(view, service) for word in arguments(pod))
    if "--ssl-certfile" in words:
        return True
    if view.release is None or view.release.upstream:
        return False if words else None
    own = view.find(SERVICE, service.namespace, Names(service.name).workload_service)
    ports = mappings(own.spec.get("ports")) if own else iter(())
    return any(text(port.get("appProtocol")) == "https" for port in ports)


def _agree(view: View, what: str, host: str, secure: bool) -> Iterator[Problem]:
    rule = _rule(view, host)
    mode = (
        text(mapping(mapping(rule.spec.get("trafficPolicy")).get("tls")).get("mode"))
        if rule
        else ""
    )
    encrypted = mode in _ENCRYPTED
    if secure and not encrypted:
        why = (
            f"{rule.ref} has tls.mode {mode or 'none'}" if rule else "no DestinationRule is for it"
        )
        yield Problem(f"{what} speaks TLS, gateways speak plain text to {host}: {why}")
    elif encrypted and not secure:
        assert rule
        yield Problem(
            f"{what} speaks plain text, gateways speak TLS to {host} ({rule.ref})",
            "take --secure-serving=false out of the picker's arguments, or remove the rule",
        )


def _rule(view: View, host: str) -> Object | None:
    """The DestinationRule for a host; the most specific one, as Istio takes it."""
    found = [one for one in view.of(DESTINATION_RULE) if fnmatchcase(host, _full(one))]
    return max(found, key=lambda one: len(_full(one)), default=None)


def _full(rule: Object) -> str:
    """Its host in full: a short name is of the rule's own namespace."""
    host = text(rule.spec.get("host"))
    if "." not in host and "*" not in host:
        return f"{host}.{rule.namespace}.svc.cluster.local"
    return f"{host}.svc.cluster.local" if host.count(".") == 1 and "*" not in host else host
