"""Live objects in, Envoy's listeners and clusters out; whatever is not understood answers 501.

In Istio 1.28's shape, without its telemetry. It shares no code with the judge, so that the two can
be compared. One Envoy listener per port of a Gateway, as Istio has it: Gateway listeners of one
port share their virtual hosts, those with TLS are chosen by the name that the client asks for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from modelgate.local.lab.gateway.attaching import Listener, attached, listeners_of
from modelgate.local.lab.gateway.backends import Backends, leads_to_a_pool, stub
from modelgate.local.lab.gateway.chains import chain
from modelgate.local.lab.gateway.clusters import Clusters
from modelgate.local.lab.gateway.patches import Patches, patched, patches
from modelgate.local.lab.gateway.routes import not_understood, virtual_hosts
from modelgate.local.lab.gateway.state import Address
from modelgate.local.lab.gateway.world import Body, Config, NotUnderstoodError, World, name_of

CONTROLLERS: Final = ("istio.io/gateway-controller", "openshift.io/gateway-controller/v1")
FILTER: Final = "modelgate.filter-stand-in"
STAND_IN: Final = "filter-stand-in"
GATEWAY_HEADER: Final = "x-modelgate-gateway"
_EXT_AUTHZ: Final = "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz"


@dataclass(frozen=True)
class Translation:
    """`filters` are the configurations of Kuadrant's filter by `namespace/gateway`."""

    addresses: Sequence[Address]
    listeners: Sequence[Config]
    clusters: Sequence[Config]
    filters: Mapping[str, Body]


def gateway_ports(world: World) -> list[str]:
    """The keys of the ports that `translate` needs addresses for, in order."""
    return sorted(
        {
            f"{each.owner}:{each.port}"
            for gateway in _gateways(world)
            for each in listeners_of(gateway)
        }
    )


def translate(world: World, ports: Mapping[str, int], access_log: str) -> Translation:
    """`ports` gives the loopback port of each of `gateway_ports`."""
    clusters = Clusters(world)
    addresses: list[Address] = []
    listeners: list[Config] = []
    filters: dict[str, Body] = {}
    for gateway in _gateways(world):
        found = _patches(gateway, world)
        if isinstance(found, Patches) and found.filter is not None:
            filters[name_of(gateway)] = found.filter
        for number, group in sorted(_by_port(gateway).items()):
            address, listener = _port(group, number, world, clusters, found, access_log)
            if listener is not None:
                address = replace(address, port=ports[address.key])
                place = {"address": "127.0.0.1", "port_value": address.port}
                listeners.append({**listener, "address": {"socket_address": place}})
            addresses.append(address)
    return Translation(addresses, listeners, list(clusters.by_name.values()), filters)


def _patches(gateway: Body, world: World) -> Patches | NotUnderstoodError:
    try:
        return patches(gateway, world)
    except NotUnderstoodError as error:
        return error


def _port(
    group: Sequence[Listener],
    number: int,
    world: World,
    clusters: Clusters,
    found: Patches | NotUnderstoodError,
    access_log: str,
) -> tuple[Address, Config | None]:
    """The address has no loopback port yet; no listener where nothing of it can be served."""
    chains, hosts, problems = [], [], []
    secure = any(each.spec["protocol"] == "HTTPS" for each in group)
    for listeners in _sharing(group):
        try:
            served = _served(listeners, world, clusters, found)
            chains.append(chain(listeners, *served, world, access_log))
            hosts += [domain for host in served[1] for domain in host["domains"]]
        except NotUnderstoodError as error:
            problems.append(f"{', '.join(each.name for each in listeners)}: {error}")
    names = tuple(each.name for each in group)
    address = Address(group[0].owner, number, secure, names, tuple(hosts), 0, tuple(problems))
    if not chains:
        return address, None
    inspector = {
        "name": "envoy.filters.listener.tls_inspector",
        "typed_config": {
            "@type": "type.googleapis.com/"
            "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
        },
    }
    listener = {"name": address.key, "filter_chains": chains}
    return address, {**listener, **({"listener_filters": [inspector]} if secure else {})}


def _served(
    listeners: Sequence[Listener],
    world: World,
    clusters: Clusters,
    found: Patches | NotUnderstoodError,
) -> tuple[list[Config], list[Config]]:
    """HTTP filters and virtual hosts; one that answers 501 where something is not understood."""
    try:
        if isinstance(found, NotUnderstoodError):
            raise found
        hosts = virtual_hosts(listeners, world, Backends(world, clusters))
    except NotUnderstoodError as error:
        return [], [_unknown_host(str(error))]
    for host in hosts:
        host["routes"] = [patched(route, found.merges) for route in host["routes"]]
    filters = []
    if any(_has_pool(each, world) for each in listeners_of(listeners[0].gateway)):
        filters.append(stub())
    if found.filter is not None:
        filters.append(_stand_in(listeners[0].owner))
    return filters, hosts


def _unknown_host(text: str) -> Config:
    route = {"name": "not-understood", "match": {"prefix": "/"}, **not_understood(text)}
    return {"name": "not-understood", "domains": ["*"], "routes": [route]}


def _stand_in(owner: str) -> Config:
    """In the place of Kuadrant's filter; without it no request passes."""
    return {
        "name": FILTER,
        "typed_config": {
            "@type": _EXT_AUTHZ,
            "transport_api_version": "V3",
            "failure_mode_allow": False,
            "status_on_error": {"code": "InternalServerError"},
            "grpc_service": {
                "envoy_grpc": {"cluster_name": STAND_IN},
                "timeout": "10s",
                "initial_metadata": [{"key": GATEWAY_HEADER, "value": owner}],
            },
        },
    }


def _has_pool(listener: Listener, world: World) -> bool:
    return any(leads_to_a_pool(route) for route in attached(listener, world))


def _gateways(world: World) -> list[Body]:
    classes = {
        each["metadata"]["name"]
        for each in world.of("GatewayClass")
        if each["spec"]["controllerName"] in CONTROLLERS
    }
    found = [each for each in world.of("Gateway") if each["spec"]["gatewayClassName"] in classes]
    return sorted(found, key=name_of)


def _by_port(gateway: Body) -> dict[int, list[Listener]]:
    ports: dict[int, list[Listener]] = {}
    for listener in listeners_of(gateway):
        ports.setdefault(listener.port, []).append(listener)
    return ports


def _sharing(group: Sequence[Listener]) -> list[list[Listener]]:
    """Listeners without TLS share their routes, one with TLS has its own."""
    plain = [each for each in group if each.spec["protocol"] == "HTTP"]
    others = [[each] for each in group if each.spec["protocol"] != "HTTP"]
    return [plain, *others] if plain else others
