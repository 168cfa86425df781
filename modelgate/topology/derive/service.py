"""An LLMInferenceService as the operator reads it: baseRefs merged, presence kept three-valued.

Sections are a mapping (`{}` counts as present), None (absent) or UNKNOWN. Where a baseRef is not
in view, what the service leaves out is UNKNOWN, not absent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelgate.releases import Release
from modelgate.topology.derive.merge import Section, found, merged, rendered, section
from modelgate.topology.derive.names import Names
from modelgate.topology.objects import UNKNOWN, Object, Unknown
from modelgate.topology.values import items, mapping, text

GROUP = "serving.kserve.io"
KIND = "LLMInferenceService"
CONFIG_KIND = "LLMInferenceServiceConfig"
ENABLE_AUTH = "security.opendatahub.io/enable-auth"
STOP = "serving.kserve.io/stop"
MODEL_HEADER = "X-Gateway-Model-Name"

INCOMPLETE = "modelgate/incomplete"
"""Annotation on a derived object that is not certain; its text says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """One service; `spec` is merged and rendered, `incomplete` says what is not certain and why."""

    declared: Object
    release: Release
    spec: Mapping[str, Any]
    incomplete: str = ""

    @property
    def name(self) -> str:
        return self.declared.name

    @property
    def namespace(self) -> str:
        return self.declared.namespace

    @property
    def names(self) -> Names:
        return Names(self.name)

    def _doubted(self, value: Section) -> Section:
        return UNKNOWN if value is None and self.incomplete else value

    @property
    def router(self) -> Section:
        return self._doubted(section(self.spec, "router"))

    @property
    def scheduler(self) -> Section:
        return self._doubted(section(self.router, "scheduler"))

    @property
    def route(self) -> Section:
        return self._doubted(section(self.router, "route"))

    @property
    def http(self) -> Section:
        return self._doubted(section(self.route, "http"))

    @property
    def prefill(self) -> Section:
        return section(self.spec, "prefill")

    @property
    def gateway_refs(self) -> Sequence[Any] | Unknown:
        """`router.gateway.refs`; empty where there is none."""
        gateway = self._doubted(section(self.router, "gateway"))
        refs = UNKNOWN if isinstance(gateway, Unknown) else mapping(gateway).get("refs")
        return UNKNOWN if isinstance(refs, Unknown) else items(refs)

    @property
    def route_refs(self) -> Sequence[Any] | Unknown:
        """`router.route.http.refs`; empty where there is none."""
        http = self.http
        refs = UNKNOWN if isinstance(http, Unknown) else mapping(http).get("refs")
        return UNKNOWN if isinstance(refs, Unknown) else items(refs)

    @property
    def pool_ref(self) -> str | Unknown:
        """The name of a pool that somebody else made; empty where the operator makes one."""
        ref = section(section(self.scheduler, "pool"), "ref")
        name = UNKNOWN if isinstance(ref, Unknown) else mapping(ref).get("name", "")
        return UNKNOWN if isinstance(name, Unknown) else text(name)

    @property
    def model(self) -> str | Unknown:
        """The model's public name; the service's own where it has none."""
        model = section(self.spec, "model")
        name = UNKNOWN if isinstance(model, Unknown) else mapping(model).get("name")
        return UNKNOWN if isinstance(name, Unknown) else text(name) or self.name

    def annotation(self, key: str) -> str | Unknown:
        annotations = section(self.declared.metadata, "annotations")
        if isinstance(annotations, Unknown):
            return UNKNOWN
        value = mapping(annotations).get(key, "")
        return UNKNOWN if isinstance(value, Unknown) else text(value)

    @property
    def stopped(self) -> bool:
        """Whether the operator removes everything (KServe's utils.GetForceStopRuntime).

        The first generation of the controller does not read the annotation (0.16.0, executed).
        """
        value = self.annotation(STOP)
        stopped = isinstance(value, str) and value.lower() == "true"
        return stopped and self.release.controller > 1

    @property
    def wants_authentication(self) -> bool | Unknown:
        """False only for `enable-auth: "false"`, in any case of letters."""
        value = self.annotation(ENABLE_AUTH)
        return UNKNOWN if isinstance(value, Unknown) else value.strip().lower() != "false"

    def make(
        self,
        api_version: str,
        kind: str,
        name: str,
        body: Mapping[str, Any],
        labels: Mapping[str, Any] | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> Object:
        """A derived object of this service in its namespace."""
        notes = dict(annotations or {})
        if self.incomplete:
            notes[INCOMPLETE] = self.incomplete
        return made(
            self.declared, api_version, kind, (self.namespace, name), body, labels or {}, notes
        )


def made(
    parent: Object,
    api_version: str,
    kind: str,
    place: tuple[str, str],
    body: Mapping[str, Any],
    labels: Mapping[str, Any],
    annotations: Mapping[str, str],
) -> Object:
    """An object that a controller makes from `parent`; `place` is (namespace, name)."""
    namespace, name = place
    metadata: dict[str, Any] = {"name": name or UNKNOWN}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    return Object(
        api_version=api_version,
        kind=kind,
        namespace=namespace,
        name=name,
        body={"apiVersion": api_version, "kind": kind, "metadata": metadata, **body},
        source=parent.source,
        derived_from=parent.ref,
    )


def read_services(objects: Sequence[Object], release: Release) -> list[Service]:
    """Every LLMInferenceService among `objects`, whatever its version."""
    return [
        _read(obj, objects, release) for obj in objects if obj.kind == KIND and obj.group == GROUP
    ]


def _read(declared: Object, objects: Sequence[Object], release: Release) -> Service:
    own = declared.body.get("spec")
    if isinstance(own, Unknown):
        return Service(declared, release, {}, "its spec is not known yet")
    if not declared.name or not declared.namespace:
        return Service(declared, release, {}, "its name or namespace is not known yet")
    spec: Any = {}
    refs = mapping(own).get("baseRefs")
    bases, missing = found(items(refs), lambda name: _config(name, declared, objects, release))
    for one in (*bases, mapping(own)):
        spec = merged(spec, _defaulted(one))
    spec = _named(spec, bases)
    if isinstance(refs, Unknown):
        missing = ["UNKNOWN"]
    reason = f"LLMInferenceServiceConfig {', '.join(missing)} is not in view" if missing else ""
    return Service(declared, release, _rendered(spec, declared, release), reason)


def _defaulted(spec: Any) -> Any:
    """`spec` as stored: the definition gives an HTTPRoute that states no rules one for `/`."""
    http = section(section(section(spec, "router"), "route"), "http")
    inline = section(http, "spec")
    if not isinstance(inline, Mapping) or inline.get("rules") is not None:
        return spec
    any_path = {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}
    return merged(spec, {"router": {"route": {"http": {"spec": {"rules": [any_path]}}}}})


def _named(spec: Any, bases: Sequence[Any]) -> Any:
    """A base's model name wins over the service's own (combineBaseRefsConfig, config_merge.go)."""
    names = [mapping(mapping(one).get("model")).get("name") for one in bases]
    given = [name for name in names if name is not None]
    return merged(spec, {"model": {"name": given[-1]}}) if given else spec


def _config(name: str, service: Object, objects: Sequence[Object], release: Release) -> Section:
    for namespace in (service.namespace, release.kserve_namespace):
        for obj in objects:
            if (obj.kind, obj.namespace, obj.name) == (CONFIG_KIND, namespace, name):
                return section(obj.body, "spec")
    return None


def _rendered(spec: Mapping[str, Any], declared: Object, release: Release) -> Mapping[str, Any]:
    namespace, _, gateway = release.default_gateway.partition("/")
    model = mapping(spec.get("model")).get("name")
    known = {
        ".ObjectMeta.Name": declared.name,
        ".Name": declared.name,
        ".ObjectMeta.Namespace": declared.namespace,
        ".Namespace": declared.namespace,
        ".Spec.Model.Name": model if model is UNKNOWN else text(model) or declared.name,
        ".GlobalConfig.IngressGatewayName": gateway,
        ".GlobalConfig.IngressGatewayNamespace": namespace,
        ".GlobalConfig.ModelBasedRoutingHeaderName": MODEL_HEADER,
    }
    return mapping(rendered(spec, known, Names(declared.name).child))
