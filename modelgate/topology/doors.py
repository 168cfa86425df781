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
from modelgate.topology.cells import Cell, cells
from modelgate.topology.conditions import attributes
from modelgate.topology.envoy import Call, Entry, Proxy, RouteTable, VirtualHost, pairs
from modelgate.topology.filter import HostList
from modelgate.topology.host_forms import hosts
from modelgate.topology.hostnames import is_wildcard
from modelgate.topology.implied import may_act
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
    remedy: str = ""


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
        open_, policies = unproved(world, place)
        for target in targets:
            proof = Ruling(Verdict.PROTECTED, PROOF, policies=policies)
            yield _door(place, target, search(world, place, target, open_) if open_ else proof)


FAULTS = (404, 503)
"""Refusals that a failed update may undo: what was in force before stays in force."""

PROOF = "every action set that may act on it refuses requests without credentials"


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
        remedy=ruling.remedy,
        source=route.source,
        derived_from=route.derived_from,
    )


def unproved(world: World, place: Place) -> tuple[list[str], tuple[str, ...]]:
    """Host headers for which no general proof goes through, and the policies that prove the rest.

    Under a host that is not among them, some action set surely acts and all that may act before
    it refuse every request without credentials.
    """
    gateway = place.proxy.gateway
    filter_ = world.filters[gateway.key]
    possible = hosts(place.table, place.vhost, filter_, world.behaviour)
    doubted = filter_.absent or filter_.broken or filter_.doubt or world.doubts[gateway.key]
    if doubted or place.entry.rule.cors or unknowns(world.topology, gateway):
        return possible, ()
    open_: list[str] = []
    policies: set[str] = set()
    for host in possible:
        listed = filter_.find(host, world.behaviour)
        refusing = None if listed is None else _refusing(listed, place.entry.match)
        if refusing is None:
            open_.append(host)
        policies.update(refusing or ())
    return open_, tuple(sorted(policies))


def _refusing(listed: HostList, match: Match) -> set[str] | None:
    """The policies that refuse whatever reaches `match`; None where one action set may not."""
    acting, sure = may_act(listed, match)
    if sure is None or not all(item.strict for item in acting):
        return None
    return {name for auth in sure.auths for name in auth.effective.policies}


def search(world: World, place: Place, target: Target, possible: list[str]) -> Ruling:
    """The ruling by cells: the first request that gets in, else what stays undecided."""
    doubt = unknowns(world.topology, place.proxy.gateway)
    if doubt:
        return Ruling(Verdict.UNDECIDED, doubt)
    undecided: Ruling | None = None
    refused: Answer | None = None
    for host in possible:
        listed = world.filters[place.proxy.gateway.key].find(host, world.behaviour)
        found = cells(place.vhost, place.entry, listed)
        for cell in found.cells:
            answer = _try(world, place, target, host, cell)
            if answer is None:
                continue
            if answer.outcome is Outcome.REACHES_MODEL:
                return _exposed(place, host, cell, answer)
            if answer.outcome is Outcome.UNDECIDED:
                undecided = undecided or Ruling(
                    Verdict.UNDECIDED,
                    answer.reason,
                    policies=answer.policies,
                    remedy=answer.remedy,
                )
            if answer.outcome is Outcome.REFUSED and answer.status in FAULTS:
                undecided = undecided or Ruling(
                    Verdict.UNDECIDED, f"closed by a fault: {answer.reason}"
                )
            refused = refused or answer
        if found.incomplete and undecided is None:
            undecided = Ruling(Verdict.UNDECIDED, found.incomplete)
    return undecided or _closed(refused)


def _closed(refused: Answer | None) -> Ruling:
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
        remedy=answer.remedy,
    )
