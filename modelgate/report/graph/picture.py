"""What is drawn is what was judged: every door of the analysis is one way through the picture."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from modelgate.findings import Verdict
from modelgate.topology import Analysis, Door, Object
from modelgate.topology.backends import POOL_GROUPS, pool_selector
from modelgate.topology.changes.doors import match_texts
from modelgate.topology.effective import Policy
from modelgate.topology.values import labels, mapping, text

PAST: Final = "past every gateway"
NO_LISTENER: Final = "no listener"
NO_POLICY: Final = "no policy"
ANY_HOST: Final = "any host"
SYMBOLS: Final = {
    Verdict.EXPOSED: "✖",
    Verdict.UNDECIDED: "?",
    Verdict.EXEMPT: "○",
    Verdict.PROTECTED: "✔",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One door and what is before it: `listener` with its host, `policies` as `Kind ns/name`.

    `match` is what the door asks of a request.
    """

    door: Door
    gateway: str
    listener: tuple[str, ...]
    policies: tuple[str, ...]
    route: str
    match: str

    @property
    def path(self) -> tuple[object, ...]:
        """What it shares with its neighbours, column by column."""
        return (self.gateway, self.listener, self.policies, self.route)


@dataclass(frozen=True, slots=True)
class Backend:
    """What stands behind doors. `picker` is asked by a pool; `services` lead to the same pods."""

    name: str
    picker: str = ""
    services: tuple[str, ...] = ()

    @property
    def is_pool(self) -> bool:
        return self.name.startswith("InferencePool ")


@dataclass(frozen=True, slots=True)
class Picture:
    """Ways that share something stand together; `idle` are gateways without any door."""

    ways: tuple[Way, ...]
    backends: tuple[Backend, ...]
    idle: tuple[str, ...]


def picture(analysis: Analysis, only: Iterable[Door] | None = None) -> Picture:
    """The picture of all doors, or of those that are given and what leads to them."""
    matches = match_texts(analysis)
    doors = analysis.doors if only is None else tuple(only)
    ways = sorted((_way(analysis, door, matches) for door in doors), key=_order)
    names = dict.fromkeys(way.door.backend or "unknown" for way in ways)
    taken = {way.door.gateway for way in ways}
    idle = [key for key in analysis.topology.gateways if only is None and key not in taken]
    return Picture(tuple(ways), tuple(_backends(analysis, names)), tuple(sorted(idle)))


def _order(way: Way) -> tuple[object, ...]:
    door = way.door
    past = way.gateway == PAST
    return (past, *way.path, -1 if door.rule is None else door.rule, door.match or 0, door.backend)


def _way(
    analysis: Analysis, door: Door, matches: Mapping[tuple[str, int | None, int | None], str]
) -> Way:
    listener = (door.listener, door.hostname or ANY_HOST) if door.gateway else ()
    match = matches.get((door.route, door.rule, door.match), "")
    return Way(
        door=door,
        gateway=door.gateway or PAST,
        listener=tuple(filter(None, listener)),
        policies=tuple(_policies(analysis, door)),
        route=door.route or door.opened_by or "unknown",
        match=match or (door.request.path if door.request else "every request"),
    )


def _policies(analysis: Analysis, door: Door) -> Iterator[str]:
    """AuthPolicies that have a word at the door, then limits put on its gateway or route."""
    yield from (f"AuthPolicy {name}" for name in door.policies)
    for policy in analysis.topology.limit_policies:
        if _targets(policy, door):
            yield policy.object.ref


def _targets(policy: Policy, door: Door) -> bool:
    if not door.gateway:
        return False
    if policy.target == f"Gateway {door.gateway}":
        return policy.section in ("", door.listener)
    return policy.target == door.route


def _backends(analysis: Analysis, names: Iterable[str]) -> Iterator[Backend]:
    """Pools with their picker and their pods' Services; a Service of a pool is not told twice."""
    listed = list(names)
    pools = {pool.ref: pool for pool in analysis.topology.of("InferencePool") if _known(pool)}
    drawn: set[str] = set()
    for name in listed:
        pool = pools.get(name)
        if pool is not None:
            services = tuple(_services(analysis, pool))
            drawn.update(services)
            yield Backend(name, _picker(pool), services)
        elif name.startswith("InferencePool "):
            yield Backend(name)
    for name in listed:
        if not name.startswith("InferencePool ") and name not in drawn:
            yield Backend(name)


def _known(pool: Object) -> bool:
    return pool.group in POOL_GROUPS


def _picker(pool: Object) -> str:
    """The Service of the endpoint picker; the field's name in v1alpha2 is extensionRef."""
    ref = mapping(pool.spec.get("endpointPickerRef") or pool.spec.get("extensionRef"))
    name = text(ref.get("name"))
    return f"{text(ref.get('kind')) or 'Service'} {pool.namespace}/{name}" if name else ""


def _services(analysis: Analysis, pool: Object) -> Iterator[str]:
    """Services that select the pods of the pool, whatever their own labels are called."""
    pods = pool_selector(pool)
    for service in analysis.topology.of("Service"):
        wanted = labels(service.spec.get("selector"))
        if service.namespace == pool.namespace and wanted and wanted.items() <= pods.items():
            yield service.ref
