"""Gateway API objects as records: gateways, listeners, routes, rules, matches, backends.

Defaults of the API are filled in here once: a rule without matches matches `PathPrefix /`, a
backendRef without kind is a Service, a listener without allowedRoutes admits its own namespace.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelgate.topology.objects import Object
from modelgate.topology.values import items, mapping, mappings, number, text

GATEWAY_API = "gateway.networking.k8s.io"


@dataclass(frozen=True, slots=True)
class Listener:
    name: str
    port: int
    protocol: str
    hostname: str
    allow_from: str
    selector: Mapping[str, Any]
    kinds: frozenset[str] | None
    tls_mode: str


@dataclass(frozen=True, slots=True, eq=False)
class Gateway:
    object: Object
    class_name: str
    listeners: tuple[Listener, ...]

    @property
    def key(self) -> str:
        return f"{self.object.namespace}/{self.object.name}"


@dataclass(frozen=True, slots=True)
class Condition:
    """One header or query parameter that a match asks for. `regex` False means exact."""

    name: str
    value: str
    regex: bool = False


@dataclass(frozen=True, slots=True)
class GrpcMethod:
    """What a match of a GRPCRoute asks of the method; an empty name asks nothing."""

    service: str = ""
    name: str = ""
    regex: bool = False

    @property
    def any(self) -> bool:
        return not self.service and not self.name


@dataclass(frozen=True, slots=True)
class Match:
    """One match: `kind` is Exact, PathPrefix or RegularExpression; header names in lower case.

    Where `grpc` is set, `kind` and `path` are how Istio writes it.
    """

    kind: str
    path: str
    method: str = ""
    headers: tuple[Condition, ...] = ()
    query: tuple[Condition, ...] = ()
    grpc: GrpcMethod | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    group: str
    kind: str
    namespace: str
    name: str
    port: int = 0
    mirror: bool = False

    @property
    def ref(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    index: int
    name: str
    matches: tuple[Match, ...]
    backends: tuple[Backend, ...]
    redirect: bool
    cors: bool
    rewrite: str
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parent:
    group: str
    kind: str
    namespace: str
    name: str
    section: str
    port: int


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    object: Object
    hostnames: tuple[str, ...]
    parents: tuple[Parent, ...]
    rules: tuple[Rule, ...]
    created: str = field(default="")

    @property
    def key(self) -> str:
        return f"{self.object.namespace}/{self.object.name}"

    @property
    def ref(self) -> str:
        return self.object.ref

    @property
    def is_grpc(self) -> bool:
        return self.object.kind == "GRPCRoute"


def read_gateway(obj: Object) -> Gateway:
    listeners = tuple(_listener(item) for item in mappings(obj.spec.get("listeners")))
    return Gateway(obj, text(obj.spec.get("gatewayClassName")), listeners)


def _listener(item: Mapping[str, Any]) -> Listener:
    allowed = mapping(item.get("allowedRoutes"))
    namespaces = mapping(allowed.get("namespaces"))
    kinds = frozenset(text(kind.get("kind")) for kind in mappings(allowed.get("kinds")))
    return Listener(
        name=text(item.get("name")),
        port=number(item.get("port")),
        protocol=text(item.get("protocol")),
        hostname=text(item.get("hostname")).lower(),
        allow_from=text(namespaces.get("from"), "Same"),
        selector=mapping(namespaces.get("selector")),
        kinds=kinds or None,
        tls_mode=text(mapping(item.get("tls")).get("mode"), "Terminate"),
    )


def read_route(obj: Object) -> Route:
    spec = obj.spec
    grpc = obj.kind == "GRPCRoute"
    rules = tuple(
        _rule(obj, index, item, grpc) for index, item in enumerate(mappings(spec.get("rules")))
    )
    return Route(
        object=obj,
        hostnames=tuple(text(name).lower() for name in items(spec.get("hostnames"))),
        parents=tuple(_parent(obj, ref) for ref in mappings(spec.get("parentRefs"))),
        rules=rules,
        created=text(obj.metadata.get("creationTimestamp")),
    )


def _parent(obj: Object, ref: Mapping[str, Any]) -> Parent:
    return Parent(
        group=text(ref.get("group"), GATEWAY_API),
        kind=text(ref.get("kind"), "Gateway"),
        namespace=text(ref.get("namespace")) or obj.namespace,
        name=text(ref.get("name")),
        section=text(ref.get("sectionName")),
        port=number(ref.get("port")),
    )


def _rule(obj: Object, index: int, rule: Mapping[str, Any], grpc: bool) -> Rule:
    everything = Match("PathPrefix", "/", grpc=GrpcMethod() if grpc else None)
    matches = tuple(_matches(rule, grpc)) or (everything,)
    filters = list(mappings(rule.get("filters")))
    mirrors = [
        _backend(
            obj,
            mapping(mapping(item.get("requestMirror")).get("backendRef")),
            mirror=True,
        )
        for item in filters
        if item.get("type") == "RequestMirror"
    ]
    refs = [ref for ref in mappings(rule.get("backendRefs")) if number(ref.get("weight"), 1) > 0]
    inner = [item for ref in refs for item in mappings(ref.get("filters"))]
    types = tuple(text(item.get("type")) for item in (*filters, *inner))
    return Rule(
        index=index,
        name=text(rule.get("name")),
        matches=matches,
        backends=(*(_backend(obj, ref) for ref in refs), *mirrors),
        redirect=any(item.get("type") == "RequestRedirect" for item in filters),
        cors="CORS" in types,
        rewrite=_rewrite(filters),
        filters=types,
    )


def _rewrite(filters: list[Mapping[str, Any]]) -> str:
    for item in filters:
        path = mapping(mapping(item.get("urlRewrite")).get("path"))
        if path:
            value = path.get("replacePrefixMatch", path.get("replaceFullPath"))
            return f"{text(path.get('type'))} {text(value)}"
    return ""


def _backend(obj: Object, ref: Mapping[str, Any], mirror: bool = False) -> Backend:
    return Backend(
        group=text(ref.get("group")),
        kind=text(ref.get("kind"), "Service"),
        namespace=text(ref.get("namespace")) or obj.namespace,
        name=text(ref.get("name")),
        port=number(ref.get("port")),
        mirror=mirror,
    )


def _matches(rule: Mapping[str, Any], grpc: bool) -> Iterator[Match]:
    for item in mappings(rule.get("matches")):
        asked = _grpc_method(item) if grpc else None
        kind, path = _grpc_path(asked) if asked else _http_path(item)
        yield Match(
            kind=kind,
            path=path,
            method="" if grpc else text(item.get("method")),
            headers=tuple(_conditions(item.get("headers"), lower=True)),
            query=tuple(_conditions(item.get("queryParams"), lower=False)),
            grpc=asked,
        )


def _http_path(item: Mapping[str, Any]) -> tuple[str, str]:
    path = mapping(item.get("path"))
    return text(path.get("type"), "PathPrefix"), text(path.get("value"), "/")


def _grpc_method(item: Mapping[str, Any]) -> GrpcMethod:
    method = mapping(item.get("method"))
    regex = text(method.get("type"), "Exact") == "RegularExpression"
    return GrpcMethod(text(method.get("service")), text(method.get("method")), regex)


def _grpc_path(asked: GrpcMethod) -> tuple[str, str]:
    """A gRPC method as the path that carries it, `/service/method`, as Istio writes it.

    Source: istio/istio, pilot/pkg/config/kube/gateway/conversion.go, createGRPCURIMatch.
    """
    if asked.any:
        return "PathPrefix", "/"
    if asked.regex or not asked.service:
        return "RegularExpression", f"/{asked.service or '[^/]+'}/{asked.name or '.+'}"
    if asked.name:
        return "Exact", f"/{asked.service}/{asked.name}"
    return "PathPrefix", f"/{asked.service}/"


def _conditions(value: Any, lower: bool) -> Iterator[Condition]:
    seen: set[str] = set()
    for item in mappings(value):
        name = text(item.get("name")).lower() if lower else text(item.get("name"))
        if name not in seen:  # Gateway API: of equal names only the first counts
            seen.add(name)
            yield Condition(name, text(item.get("value")), item.get("type") == "RegularExpression")
