"""Where a gateway sends requests on: Services, InferencePools and pickers, at pods' addresses.

Source: istio/istio 1.28: names `outbound|PORT||HOST` (model.BuildSubsetKey), a pool's Service of
Istio's own making (pilot/pkg/config/kube/gateway, InferencePoolServiceName, port 54321) and the
balancer that obeys the picker's header.
"""

from collections.abc import Iterator
from typing import Final

from modelgate.local.lab.gateway.upstream_tls import UpstreamTls, upstream_tls
from modelgate.local.lab.gateway.world import Body, Config, NotUnderstoodError, World
from modelgate.releases import shadow_service

_POOL_PORT: Final = 54321
_BALANCERS: Final = "type.googleapis.com/envoy.extensions.load_balancing_policies"
_HTTP: Final = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_HTTP2: Final = frozenset({"http2", "grpc", "grpc-web", "h2c", "kubernetes.io/h2c"})
_HTTP1: Final = frozenset({"", "http", "https", "tls", "tcp", "kubernetes.io/ws"})


class MissingError(Exception):
    """What a reference names is not there, or the port of it."""


class Clusters:
    """The clusters that the routes of one Envoy need, by name. Methods return a cluster's name.

    They raise MissingError, and NotUnderstoodError for what Envoy cannot be told.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.by_name: dict[str, Config] = {}

    def of_service(self, gateway_namespace: str, namespace: str, name: str, port: int) -> str:
        service, entry = self._service(namespace, name, port)
        http2 = _protocol(entry) in _HTTP2
        pods = self._world.ready_pods(namespace, service["spec"].get("selector", {}))
        addresses = [each for pod in pods for each in _address(pod, entry)]
        tls = upstream_tls(self._world, gateway_namespace, namespace, name, port, http2=http2)
        return self._add(_cluster(_name(namespace, name, port), addresses, tls, http2=http2))

    def of_picker(self, gateway_namespace: str, pool: Body) -> str:
        """The endpoint picker of `pool`, which speaks gRPC."""
        reference, namespace = pool["spec"]["endpointPickerRef"], pool["metadata"]["namespace"]
        if reference.get("kind", "Service") != "Service":
            raise NotUnderstoodError(f"endpoint picker of kind {reference['kind']}")
        name, port = reference["name"], reference.get("port", {}).get("number", 9002)
        _, entry = self._service(namespace, name, port)
        if _protocol(entry) not in _HTTP2:
            told = f"Service {namespace}/{name} port {port}"
            raise NotUnderstoodError(f"{told}: no protocol that carries gRPC is declared")
        return self.of_service(gateway_namespace, namespace, name, port)

    def of_pool(self, gateway_namespace: str, pool: Body) -> str:
        """The pods of `pool`, at every target port; the picker's header decides, else turns."""
        namespace, shadow = pool["metadata"]["namespace"], shadow_service(pool["metadata"]["name"])
        spec = pool["spec"]
        http2 = spec.get("appProtocol") in _HTTP2
        addresses = [
            (pod["status"]["podIP"], int(target["number"]))
            for pod in self._world.ready_pods(namespace, spec["selector"].get("matchLabels", {}))
            for target in spec["targetPorts"]
        ]
        tls = upstream_tls(
            self._world, gateway_namespace, namespace, shadow, _POOL_PORT, http2=http2
        )
        cluster = _cluster(_name(namespace, shadow, _POOL_PORT), addresses, tls, http2=http2)
        return self._add({**cluster, "load_balancing_policy": _obeying_the_picker()})

    def _service(self, namespace: str, name: str, port: int) -> tuple[Body, Body]:
        service = self._world.find("Service", namespace, name)
        if service is None:
            raise MissingError(f"Service {namespace}/{name}")
        spec = service["spec"]
        if spec.get("type") == "ExternalName" or not spec.get("selector"):
            raise NotUnderstoodError(f"Service {namespace}/{name} does not select pods")
        for entry in spec.get("ports", ()):
            if entry["port"] == port:
                return service, entry
        raise MissingError(f"port {port} of Service {namespace}/{name}")

    def _add(self, cluster: Config) -> str:
        name = str(cluster["name"])
        if self.by_name.setdefault(name, cluster) != cluster:
            raise NotUnderstoodError(
                f"cluster {name} differs between gateways, which share an Envoy"
            )
        return name


def _name(namespace: str, name: str, port: int) -> str:
    return f"outbound|{port}||{name}.{namespace}.svc.cluster.local"


def _protocol(entry: Body) -> str:
    """What is declared of a Service's port: its appProtocol, else the start of its name."""
    told = str(entry.get("appProtocol", "")).lower() or str(entry.get("name", "")).partition("-")[0]
    if told not in _HTTP1 | _HTTP2 and "appProtocol" in entry:
        raise NotUnderstoodError(f"appProtocol {told}")
    return told


def _address(pod: Body, entry: Body) -> Iterator[tuple[str, int]]:
    """Where `pod` listens for a port of a Service; a port by name is its containers'."""
    target = entry.get("targetPort", entry["port"])
    if isinstance(target, int):
        yield pod["status"]["podIP"], target
        return
    for container in pod["spec"]["containers"]:
        for port in container.get("ports", ()):
            if port.get("name") == target:
                yield pod["status"]["podIP"], int(port["containerPort"])


def _cluster(
    name: str, addresses: list[tuple[str, int]], tls: UpstreamTls, *, http2: bool
) -> Config:
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": ip, "port_value": port}}}}
        for ip, port in dict.fromkeys(addresses)
    ]
    protocol: Config = {"http2_protocol_options": {}} if http2 else {"http_protocol_options": {}}
    options = {"@type": _HTTP, "explicit_http_config": protocol}
    if tls.options:
        options["upstream_http_protocol_options"] = tls.options
    return {
        "name": name,
        **({"transport_socket": tls.socket} if tls.socket else {}),
        "type": "STATIC",
        "connect_timeout": "10s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": endpoints}] if endpoints else [],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
        },
    }


def _obeying_the_picker() -> Config:
    turns = _policy("round_robin", "RoundRobin", {})
    sources = [{"header": "x-gateway-destination-endpoint"}]
    told = {"override_host_sources": sources, "fallback_policy": {"policies": [turns]}}
    return {"policies": [_policy("override_host", "OverrideHost", told)]}


def _policy(name: str, message: str, told: Config) -> Config:
    typed = {"@type": f"{_BALANCERS}.{name}.v3.{message}", **told}
    return {
        "typed_extension_config": {
            "name": f"envoy.load_balancing_policies.{name}",
            "typed_config": typed,
        }
    }
