"""What the checks ask of a snapshot: each question is answered once, from the snapshot alone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from modelgate.doctor import stated
from modelgate.doctor.kinds import (
    DEPLOYMENT,
    GATEWAY,
    HTTP_ROUTE,
    INFERENCE_POOL,
    INFERENCE_POOL_X,
    KUADRANT,
    MODEL_SERVICE,
    POD,
    SERVICE,
    Kind,
    decides,
)
from modelgate.doctor.snapshot import Snapshot
from modelgate.errors import ConfigurationError
from modelgate.releases import Release
from modelgate.topology.answers import Report
from modelgate.topology.judge import Analysis, analyze
from modelgate.topology.objects import Object
from modelgate.topology.settings import Settings
from modelgate.topology.values import items, labels, mapping, mappings, text

Judge = Callable[[Analysis], Report]
"""Doors and findings of an analysis: who has the rules gives it in."""

PART_OF = "app.kubernetes.io/part-of"
SERVES_MODEL = "llminferenceservice"
COMPONENT = "app.kubernetes.io/component"
PICKER = "llminferenceservice-router-scheduler"
GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
KUADRANT_NAMESPACE = "kuadrant-system"
_PLATFORMS_OWN = "data-science-gateway"


class View:
    """A snapshot, and what follows from it."""

    def __init__(self, snapshot: Snapshot, judge: Judge) -> None:
        self.snapshot = snapshot
        self._judge = judge

    def of(self, *kinds: Kind) -> list[Object]:
        """All objects of these kinds, in the order of the cluster's lists."""
        return [obj for kind in kinds for obj in self._by_kind.get(kind, ())]

    def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        return self._by_name.get((kind, namespace, name))

    @cached_property
    def _by_kind(self) -> Mapping[Kind, list[Object]]:
        kinds = {(kind.group, kind.name): kind for kind in self.snapshot.served}
        found: dict[Kind, list[Object]] = {}
        for obj in self.snapshot.objects:
            found.setdefault(kinds[obj.group, obj.kind], []).append(obj)
        return found

    @cached_property
    def _by_name(self) -> Mapping[tuple[Kind, str, str], Object]:
        return {
            (kind, obj.namespace, obj.name): obj
            for kind, found in self._by_kind.items()
            for obj in found
        }

    @cached_property
    def stated(self) -> Mapping[str, stated.Stated]:
        """Component to what the cluster says of its version."""
        return stated.find(self._by_kind)

    @cached_property
    def versions(self) -> Mapping[str, str]:
        """Component to version: the cluster's word before the stack's."""
        declared = self.snapshot.declared.versions if self.snapshot.declared else {}
        assumed = {**self.snapshot.settings.assume, **declared}
        found = {name: one.version for name, one in self.stated.items()}
        if "openshift-ai" in found:
            found.pop("kserve", None)  # it is a part of OpenShift AI, with a version of its own
        return {**assumed, **found}

    @cached_property
    def release(self) -> Release | None:
        """What the version table says of this OpenShift AI or KServe; None for none it knows."""
        try:
            return self.settings.release if not self._unstated_platform else None
        except ConfigurationError:
            return None

    @property
    def _unstated_platform(self) -> bool:
        return not {"openshift-ai", "kserve"} & self.versions.keys()

    @cached_property
    def settings(self) -> Settings:
        """How the live objects are judged: all of them are in view."""
        base = self.snapshot.settings
        return replace(base, assume=self.versions, installed=False, everything=True)

    @cached_property
    def unread_by_judge(self) -> str:
        """Why nothing can be judged: a kind that decides who gets in may not be seen."""
        unread = self.snapshot.unread
        hidden = [kind for kind in self.snapshot.served if decides(kind)]
        return next((unread[one.resource] for one in hidden if one.resource in unread), "")

    @cached_property
    def analysis(self) -> Analysis:
        """What the live objects mean. Raises ConfigurationError for versions nobody can read."""
        return analyze(self.snapshot.objects, self.settings)

    @cached_property
    def report(self) -> Report:
        """Doors and findings of the live objects."""
        return self._judge(self.analysis)

    @cached_property
    def declared(self) -> Report | None:
        """Doors and findings of what the stack declares; None without a stack."""
        declared = self.snapshot.declared
        if declared is None:
            return None
        base = self.snapshot.settings
        settings = replace(base, assume={**base.assume, **declared.versions}, installed=True)
        return self._judge(analyze(declared.objects, settings))

    @cached_property
    def routes(self) -> list[Object]:
        """HTTPRoutes that lead to a model: to a pool, or to a Service of one."""
        return [route for route in self.of(HTTP_ROUTE) if self._serves(route)]

    def _serves(self, route: Object) -> bool:
        for rule in mappings(route.spec.get("rules")):
            for ref in mappings(rule.get("backendRefs")):
                namespace = text(ref.get("namespace")) or route.namespace
                service = self.find(SERVICE, namespace, text(ref.get("name")))
                if ref.get("kind") == "InferencePool" or (service and serves_model(service)):
                    return True
        return serves_model(route)

    @cached_property
    def gateways(self) -> list[Object]:
        """Gateways that serve a model or are meant to; all of them where none is known to."""
        wanted = {key for route in self.routes for key in parents(route)}
        wanted |= {key for service in self.services for key in _referred(service)}
        declared = self.snapshot.declared.objects if self.snapshot.declared else ()
        wanted |= {(obj.namespace, obj.name) for obj in declared if obj.kind == "Gateway"}
        found = [obj for obj in self.of(GATEWAY) if (obj.namespace, obj.name) in wanted]
        return found or [obj for obj in self.of(GATEWAY) if obj.name != _PLATFORMS_OWN]

    @property
    def services(self) -> list[Object]:
        """The LLMInferenceServices."""
        return self.of(MODEL_SERVICE)

    def gateway_pods(self, gateway: Object) -> list[Object]:
        """The pods of a Gateway, which carry its name as a label (GEP-1762)."""
        return [
            pod
            for pod in self.of(POD)
            if pod.namespace == gateway.namespace
            and labels(pod.metadata.get("labels")).get(GATEWAY_NAME) == gateway.name
        ]

    @cached_property
    def pickers(self) -> list[Object]:
        """The Deployments of endpoint pickers."""
        return [obj for obj in self.of(DEPLOYMENT) if is_picker(obj)]

    @cached_property
    def picker_pods(self) -> list[Object]:
        return [pod for pod in self.of(POD) if is_picker(pod)]

    @property
    def picker_hosts(self) -> list[str]:
        """`|service.namespace.` of every picker that a pool names, as in names of clusters."""
        hosts = {
            f"|{picker_of(pool)}.{pool.namespace}."
            for pool in self.of(INFERENCE_POOL, INFERENCE_POOL_X)
        }
        return sorted(hosts)

    @property
    def kuadrant_namespace(self) -> str:
        """Where Kuadrant keeps AuthConfigs and looks for API keys."""
        found = self.of(KUADRANT)
        return found[0].namespace if found else KUADRANT_NAMESPACE


def picker_of(pool: Object) -> str:
    """The Service of the picker that an InferencePool of either group names."""
    ref = mapping(pool.spec.get("endpointPickerRef") or pool.spec.get("extensionRef"))
    return text(ref.get("name"))


def serves_model(obj: Object) -> bool:
    """Whether KServe made it for an LLMInferenceService."""
    return labels(obj.metadata.get("labels")).get(PART_OF) == SERVES_MODEL


def is_picker(obj: Object) -> bool:
    return labels(obj.metadata.get("labels")).get(COMPONENT) == PICKER


def parents(route: Object) -> Iterator[tuple[str, str]]:
    """(namespace, name) of every Gateway that the route names."""
    for ref in mappings(route.spec.get("parentRefs")):
        if text(ref.get("kind"), "Gateway") == "Gateway":
            yield text(ref.get("namespace")) or route.namespace, text(ref.get("name"))


def _referred(service: Object) -> Iterator[tuple[str, str]]:
    gateway = mapping(mapping(service.spec.get("router")).get("gateway"))
    for ref in items(gateway.get("refs")):
        one = mapping(ref)
        yield text(one.get("namespace")) or service.namespace, text(one.get("name"))


def place(pod: Object) -> str:
    """`ns/name`, by which the snapshot knows a pod."""
    return f"{pod.namespace}/{pod.name}"


def certificate_refs(gateway: Object) -> Iterator[str]:
    """`ns/name` of the Secret of every certificate that a listener names."""
    for listener in mappings(gateway.spec.get("listeners")):
        for ref in mappings(mapping(listener.get("tls")).get("certificateRefs")):
            if text(ref.get("kind"), "Secret") == "Secret":
                yield f"{text(ref.get('namespace')) or gateway.namespace}/{text(ref.get('name'))}"
