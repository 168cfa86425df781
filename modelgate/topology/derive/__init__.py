"""What controllers will make from what is declared: pure, and never a guess.

From each LLMInferenceService and a release, the objects of KServe's controller and of
odh-model-controller. What depends on a value that is not known yet, or on a configuration that is
not in view, has UNKNOWN in the place that decides, and an annotation that says why.
"""

from collections.abc import Iterator, Sequence

from modelgate.releases import Release
from modelgate.topology.derive.istio import destination_rules
from modelgate.topology.derive.picker import picker
from modelgate.topology.derive.policies import policies
from modelgate.topology.derive.pool import inference_model, pools
from modelgate.topology.derive.route import managed_route
from modelgate.topology.derive.rule_table import RuleRow, rule_table
from modelgate.topology.derive.service import INCOMPLETE, Service, read_services
from modelgate.topology.derive.workload import workload
from modelgate.topology.objects import Object

__all__ = ["INCOMPLETE", "NOT_DERIVED", "RuleRow", "derive", "rule_table"]

NOT_DERIVED = (
    "images, commands, probes, volumes and resources that the presets add to pods",
    "the storage initializer, tokenizer and latency predictor containers",
    "PodMonitors, ServiceMonitors and their accounts (one set per namespace)",
    "autoscalers: HorizontalPodAutoscaler, ScaledObject, VariantAutoscaling",
    "SecurityContextConstraints bindings and other platform permissions",
    "NetworkPolicies that a release may add for monitoring and tracing",
    "the headless Service that Istio makes for each InferencePool",
    "the removal of the HTTPRoute where authentication is wanted and Kuadrant is not installed",
    "backends of other members of a routing group (their place is UNKNOWN)",
    "scheduler configuration that stands in a ConfigMap (its place is UNKNOWN)",
    "a cluster whose inferenceservice-config names another gateway, header or TLS setting",
    "defaults that the API server or admission webhooks fill in",
)
"""What a controller makes or does that `derive` does not show."""


def derive(objects: Sequence[Object], release: Release, istio: str = "") -> list[Object]:
    """The objects that controllers of `release` make from `objects`, without those in `objects`.

    A declared object of the same kind, namespace and name wins. `istio` is the gateways' version;
    it decides which group a managed route ends at. Never fails on the content of manifests.
    """
    services = read_services(objects, release)
    taken = {_place(one) for one in objects}
    derived: list[Object] = []
    for one in _all(services, objects, release, istio):
        if not one.name or _place(one) not in taken:
            taken.add(_place(one))
            derived.append(one)
    return derived


def _place(one: Object) -> tuple[str, str, str, str]:
    return one.group, one.kind, one.namespace, one.name


def _all(
    services: Sequence[Service], objects: Sequence[Object], release: Release, istio: str
) -> Iterator[Object]:
    routes: dict[str, Object] = {}
    for service in services:
        if service.stopped:
            continue
        route = managed_route(service, objects, istio)
        if route is not None:
            routes[service.declared.ref] = route
        if service.name and service.namespace:
            yield from _of(service, route, objects)
        elif route is not None:
            yield route
    if release.odh is not None:
        yield from policies(services, routes, objects, release.odh)


def _of(service: Service, route: Object | None, objects: Sequence[Object]) -> Iterator[Object]:
    yield from workload(service)
    yield from picker(service)
    yield from pools(service)
    yield from inference_model(service)
    if route is not None:
        yield route
    yield from destination_rules(service, route, objects)
