"""The verdict on every door, by partition, with the interpreter that `trace` uses.

Two steps. First a proof without cells: whichever list the filter selects, every action set that
could act refuses every request, and one of them surely acts. Where that does not hold, each cell
of the partition is put to the interpreter; the first request that gets in is the witness.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from modelgate.findings import Verdict
from modelgate.topology.answers import Answer, Door, Outcome, Request
from modelgate.topology.backends import Target
from modelgate.topology.cells import Cell, cells, hosts, near
from modelgate.topology.conditions import attributes
from modelgate.topology.envoy import Call, Entry, Proxy, RouteTable, VirtualHost, full, pairs
from modelgate.topology.filter import ActionSet, HostList
from modelgate.topology.hostnames import is_wildcard
from modelgate.topology.interpreter import World, conclude, passages, unknowns
from modelgate.topology.routes import Match


@dataclass(frozen=True, slots=True)
class Place:
    """Where a door is: one match on one virtual host of one gateway."""

    proxy: Proxy
    table: RouteTable
    vhost: VirtualHost
    entry: Entry


@dataclass(frozen=True, slots=True)
class Ruling:
    verdict: Verdict
    reason: str
    request: Request | None = None
    policies: tuple[str, ...] = ()
    opened_by: str = ""


def places(world: World) -> Iterator[Place]:
    """Every match that some Envoy serves, on each virtual host."""
    for proxy in world.proxies.values():
        tables = {id(table): table for _, table in proxy.tables()}
        for table in tables.values():
            for vhost in table.vhosts.values():
                for entry in vhost.entries:
                    yield Place(proxy, table, vhost, entry)


def gateway_doors(world: World) -> Iterator[Door]:
    """The doors through gateways: one for each backend behind each match that may be a model."""
    for place in places(world):
        targets = [item for item in world.resolved(place.entry) if not item.harmless]
        if place.entry.rule.redirect or not targets:
            continue
        refusal = prove(world, place)
        for target in targets:
            yield _door(place, target, refusal or search(world, place, target))


def _door(place: Place, target: Target, ruling: Ruling) -> Door:
    attachment = place.entry.attachment
    route = attachment.route.object
    return Door(
        verdict=ruling.verdict,
        reason=ruling.reason,
        gateway=attachment.gateway.key,
        listener=attachment.listener.name,
        hostname="" if place.vhost.domain == "*" else place.vhost.domain,
        route=attachment.route.ref,
        rule=place.entry.rule.index,
        match=place.entry.index,
        backend=target.backend.ref,
        policies=ruling.policies,
        request=ruling.request,
        opened_by=ruling.opened_by,
        source=route.source,
        derived_from=route.derived_from,
    )


def prove(world: World, place: Place) -> Ruling | None:
    """PROTECTED without trying requests, or None where this proof does not go through."""
    gateway = place.proxy.gateway
    filter_ = world.filters[gateway.key]
    if filter_.absent or filter_.broken or filter_.doubt or world.doubts[gateway.key]:
        return None
    if place.entry.rule.cors or unknowns(world.topology, gateway):
        return None
    policies: set[str] = set()
    for host in hosts(place.table, place.vhost, filter_, world.behaviour):
        listed = filter_.find(host, world.behaviour)
        acting = None if listed is None else _refusing(listed, place.entry.match)
        if acting is None:
            return None
        policies.update(acting)
    if not policies:
        return None
    return Ruling(
        Verdict.PROTECTED,
        "every action set that may act on it refuses requests without credentials",
        policies=tuple(sorted(policies)),
    )


def _refusing(listed: HostList, match: Match) -> set[str] | None:
    """The policies that refuse whatever reaches `match`; None where one action set may not."""
    stem = match.path if match.kind != "PathPrefix" else match.path.rstrip("/")
    sure = [item for item in listed.index.at(stem) if implied(item.match, match)]
    if not sure:
        return None
    if not listed.strict and not all(item.strict for item in near(listed, match)):
        return None
    return {name for item in sure for name in _names(item)}


def _names(item: ActionSet) -> Iterator[str]:
    for auth in item.auths:
        yield from auth.effective.policies


def implied(predicate: Match, match: Match) -> bool:
    """Whether every request that Envoy takes for `match` meets the filter's `predicate`."""
    if predicate.query or any("'" in text or "\\" in text for text in _texts(predicate)):
        return False
    if predicate.method not in ("", match.method):
        return False
    exact = {(item.name, item.value) for item in match.headers if not item.regex}
    if not {(item.name, item.value) for item in predicate.headers} <= exact:
        return False
    if predicate.kind == "PathPrefix":
        stem = match.path if match.kind == "Exact" else match.path.rstrip("/")
        if match.kind == "RegularExpression":
            return predicate.path == "/"
        return (stem or "/").startswith(predicate.path)
    if predicate.kind == "Exact":
        return match.kind == "Exact" and match.path == predicate.path
    if match.kind == "Exact":
        return full(f".*(?:{predicate.path}).*", match.path)
    return match.kind == "RegularExpression" and match.path == predicate.path


def _texts(match: Match) -> Iterator[str]:
    yield match.path
    for item in match.headers:
        yield item.value


def search(world: World, place: Place, target: Target) -> Ruling:
    """The ruling by cells: the first request that gets in, else what stays undecided."""
    gateway = place.proxy.gateway
    doubt = unknowns(world.topology, gateway)
    if doubt:
        return Ruling(Verdict.UNDECIDED, doubt)
    undecided: Ruling | None = None
    refused: Answer | None = None
    filter_ = world.filters[gateway.key]
    for host in hosts(place.table, place.vhost, filter_, world.behaviour):
        listed = filter_.find(host, world.behaviour)
        found = cells(place.vhost, place.entry, listed)
        for cell in found.cells:
            answer = _try(world, place, target, host, cell)
            if answer is None:
                continue
            if answer.outcome is Outcome.REACHES_MODEL:
                return _exposed(place, host, cell, answer)
            if answer.outcome is Outcome.UNDECIDED:
                undecided = undecided or Ruling(
                    Verdict.UNDECIDED, answer.reason, policies=answer.policies
                )
            refused = refused or answer
        if found.incomplete and undecided is None:
            undecided = Ruling(Verdict.UNDECIDED, found.incomplete)
    if undecided:
        return undecided
    if refused is None:
        return Ruling(Verdict.PROTECTED, "no request reaches this match: others come before it")
    return Ruling(
        Verdict.PROTECTED, f"every request is refused: {refused.reason}", policies=refused.policies
    )


def _try(world: World, place: Place, target: Target, host: str, cell: Cell) -> Answer | None:
    """The worst answer to a request of this cell at this door; None where it does not come here."""
    path, _, query = cell.path.partition("?")
    headers = dict(cell.headers)
    call = Call(host, cell.method, path, pairs(query), headers)
    if place.entry not in place.vhost.candidates(call):
        return None
    scheme = _scheme(place)
    seen = attributes(cell.method, scheme, host, cell.path, headers)
    gateway = place.proxy.gateway
    answers = [
        conclude(world, place.entry, passage, cell.method, targets=(target,))
        for passage in passages(world, gateway, call, seen)
    ]
    return min(answers, key=lambda answer: answer.outcome.rank)


def _scheme(place: Place) -> str:
    return "https" if place.entry.attachment.listener.protocol == "HTTPS" else "http"


def _exposed(place: Place, host: str, cell: Cell, answer: Answer) -> Ruling:
    listener = place.entry.attachment.listener
    name = host.partition(":")[0]
    sni = listener.hostname if listener.protocol == "HTTPS" else ""
    if is_wildcard(sni):
        sni = f"x9{sni[1:]}"
    request = Request(
        host=host,
        method=cell.method,
        scheme=_scheme(place),
        port=listener.port,
        path=cell.path,
        headers=dict(cell.headers),
        gateway=place.proxy.gateway.key,
        sni="" if sni == name else sni,
    )
    opened_by = ", ".join(f"AuthPolicy {name}" for name in answer.policies)
    return Ruling(
        Verdict.EXPOSED,
        answer.reason,
        request=request,
        policies=answer.policies,
        opened_by=opened_by or f"Gateway {place.proxy.gateway.key}",
    )
