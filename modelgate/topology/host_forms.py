"""Host headers that Envoy and Kuadrant's filter read differently.

Measured on Envoy 1.36.4 and 1.40.0 and on the selection code of wasm-shim 0.14.1: Envoy ignores
case and cuts a port at the last colon, the filter keeps case (up to 0.14.1) and cuts at the first.
"""

from collections.abc import Iterator

from modelgate.topology import hostnames
from modelgate.topology.envoy import RouteTable, VirtualHost
from modelgate.topology.filter import Filter
from modelgate.topology.settings import Behaviour


def hosts(
    table: RouteTable, vhost: VirtualHost, filter_: Filter, behaviour: Behaviour
) -> list[str]:
    """Host headers that Envoy sends to `vhost`, one for each list the filter may then select."""
    found: dict[int, str] = {}
    label = fresh_label([*table.vhosts, *filter_.hosts])
    for host in _forms(vhost.domain, label, filter_, behaviour):
        if any(one is vhost for one in table.possible(host)):
            found.setdefault(id(filter_.find(host, behaviour)), host)
    return list(found.values())


def fresh_label(named: list[str]) -> str:
    """A host's first label that is part of none of the hostnames `named`."""
    label = "x9"
    while any(label in name for name in named):
        label = f"{label}9"
    return label


def _forms(domain: str, label: str, filter_: Filter, behaviour: Behaviour) -> Iterator[str]:
    if not hostnames.is_wildcard(domain):
        yield from _cases(domain, filter_, behaviour)
        return
    own = f"{label}{domain[1:] or '.example.net'}"
    named = [name for name in filter_.hosts if name != hostnames.ANY]
    others = [f"{label}{name[1:]}" if name.startswith("*") else name for name in named]
    yield own
    for host in (own, *(host for host in others if hostnames.covers(domain, host))):
        yield from _cases(host, filter_, behaviour)
    if behaviour.first_colon_cut:
        yield from (f"{first}:{own}:1" for first in ("x", *others))


def _cases(host: str, filter_: Filter, behaviour: Behaviour) -> Iterator[str]:
    """`host` as it is, and in each case that hides it from some of the filter's hostnames."""
    yield host
    if not behaviour.host_case_sensitive:
        return
    yield host.upper()
    start = host.find(".")
    while start >= 0:
        if f"*{host[start:]}" in filter_.hosts:
            yield f"{host[:start].upper()}{host[start:]}"
        start = host.find(".", start + 1)
