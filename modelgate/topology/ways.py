"""The ways that one request may take: on each gateway, in each form of its path, with each winner.

`modelgate.topology.interpreter` says what a way ends in; where several are possible the worst is
the answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from modelgate.topology.answers import Answer, Outcome, Request
from modelgate.topology.conditions import Attributes
from modelgate.topology.envoy import Call, Entry, Proxy, RouteTable
from modelgate.topology.interpreter import Passage, World, conclude, passages, unknowns, view
from modelgate.topology.paths import normalize


@dataclass(frozen=True, slots=True)
class Way:
    """One way that a request may take on one gateway, and what decided on it.

    `call` is the request as Envoy routed it; `table` is None where no listener takes it, `entry`
    and `passage` where no route does.
    """

    answer: Answer
    proxy: Proxy
    call: Call
    seen: Attributes
    table: RouteTable | None = None
    entry: Entry | None = None
    passage: Passage | None = None

    @property
    def rank(self) -> tuple[int, bool]:
        """Sorts the worst first."""
        return self.answer.outcome.rank, self.answer.authenticated


def answer(world: World, request: Request, trusted: bool = True) -> Answer:
    """The worst answer that `request` may get; `trusted` takes its credentials as valid."""
    found = list(ways(world, request, trusted))
    return min(found, key=lambda way: way.rank).answer if found else nowhere(request)


def nowhere(request: Request) -> Answer:
    """The answer where no gateway in view could be meant."""
    reason = f"no Gateway {request.gateway or 'at all'} is in view"
    return Answer(Outcome.UNDECIDED if request.gateway else Outcome.NO_ROUTE, reason)


def ways(world: World, request: Request, trusted: bool = True) -> Iterator[Way]:
    """Every way that `request` may take: on each gateway, in each form of its path."""
    wanted = [request.gateway] if request.gateway else list(world.proxies)
    request = _addressed(request)
    # Istio normalises paths unless its mesh configuration says NONE: the worse answer counts.
    forms = dict.fromkeys((normalize(request.path), request.path))
    for key in wanted:
        for path in forms if key in world.proxies else ():
            call, seen = view(request, path, trusted)
            yield from _at_gateway(world, world.proxies[key], request, call, seen)


def _addressed(request: Request) -> Request:
    """`request` with the host of an absolute target, which replaces the Host header (RFC 9112)."""
    scheme, mark, rest = request.path.partition("://")
    if scheme not in ("http", "https") or not mark:
        return request
    host, slash, path = rest.partition("/")
    sni = request.sni or request.host.partition(":")[0]
    return replace(request, host=host, path=f"{slash}{path}" or "/", sni=sni)


def _at_gateway(
    world: World, proxy: Proxy, request: Request, call: Call, seen: Attributes
) -> Iterator[Way]:
    gateway = proxy.gateway
    ends = partial(Answer, gateway=gateway.key)
    doubts = unknowns(world.topology, gateway)
    if doubts:
        yield Way(ends(Outcome.UNDECIDED, doubts), proxy, call, seen)
        return
    sni = request.sni or request.host.partition(":")[0]
    table = proxy.table(request.scheme, request.port, sni)
    if table is None:
        reason = f"no {request.scheme} listener on port {request.port} takes {sni}"
        yield Way(ends(Outcome.NO_ROUTE, reason), proxy, call, seen)
        return
    entries = _routed(table, call)
    if not entries:
        yield Way(ends(Outcome.NO_ROUTE, "no route matches", 404), proxy, call, seen, table)
        return
    said = passages(world, gateway, call, seen)
    for entry in entries:
        for passage in said:
            found = conclude(world, entry, passage, call.method)
            yield Way(found, proxy, call, seen, table, entry, passage)


def _routed(table: RouteTable, call: Call) -> list[Entry]:
    return [entry for vhost in table.possible(call.host) for entry in vhost.candidates(call)]
