"""What one concrete request meets: where Envoy routes it, which policy applies, what is said.

The only place where the three phases come together; `check` and `trace` share it, so they cannot
disagree. Where several winners are possible the worst answer is taken.
"""

from dataclasses import dataclass, field, replace
from functools import partial

from modelgate.topology import cel
from modelgate.topology.answers import Answer, Outcome, Request
from modelgate.topology.authorino import Say, ask, skipped
from modelgate.topology.backends import Target, resolve
from modelgate.topology.conditions import Attributes, attributes
from modelgate.topology.envoy import Call, Entry, Proxy, pairs, program
from modelgate.topology.filter import ActionSet, Auth, Filter, configure, winners
from modelgate.topology.graph import Topology
from modelgate.topology.opaque import opaque
from modelgate.topology.routes import Gateway
from modelgate.topology.settings import Behaviour
from modelgate.topology.unknown import EVERYWHERE, ROUTED


@dataclass(slots=True)
class World:
    """A topology with what its gateways program: Envoy's routes and Kuadrant's filter."""

    topology: Topology
    behaviour: Behaviour
    proxies: dict[str, Proxy] = field(default_factory=dict)
    filters: dict[str, Filter] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    targets: dict[int, tuple[Target, ...]] = field(default_factory=dict)

    def resolved(self, entry: Entry) -> tuple[Target, ...]:
        key = id(entry.rule)
        if key not in self.targets:
            route = entry.attachment.route
            self.targets[key] = tuple(
                resolve(self.topology, route, backend) for backend in entry.rule.backends
            )
        return self.targets[key]


def program_all(topology: Topology) -> World:
    """The world of `topology` under the versions of its settings."""
    world = World(topology, topology.settings.behaviour)
    for key, gateway in topology.gateways.items():
        world.proxies[key] = program(topology, gateway)
        world.filters[key] = configure(topology, gateway, world.behaviour)
        world.doubts[key] = opaque(topology, gateway)
    return world


def under(world: World, behaviour: Behaviour) -> World:
    """`world` as other versions of the filter make it; Envoy and the backends stay as they are."""
    topology = world.topology
    filters = {
        key: configure(topology, gateway, behaviour) for key, gateway in topology.gateways.items()
    }
    return replace(world, behaviour=behaviour, filters=filters)


@dataclass(frozen=True, slots=True)
class Passage:
    """What the filter and Authorino say to a request on one gateway."""

    say: Say
    reason: str
    status: int = 200
    credentials: bool = False
    policies: tuple[str, ...] = ()
    acted: ActionSet | None = None
    remedy: str = ""

    @property
    def rank(self) -> tuple[int, bool]:
        """Sorts the worst first: passing without credentials, unsure, refused."""
        order = (Say.PASSES, Say.UNSURE, Say.REFUSES)
        return (order.index(self.say), self.credentials)


def view(request: Request, path: str, trusted: bool) -> tuple[Call, Attributes]:
    """`request` as Envoy hands it to its filters, with `path` after its normalisation."""
    plain, _, query = path.partition("?")
    headers = {name.lower(): value for name, value in request.headers.items()}
    call = Call(request.host, request.method, plain, pairs(query), headers)
    seen = attributes(request.method, request.scheme, request.host, path, headers, trusted)
    return call, seen


FILTERS = frozenset(
    {"RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror", "RequestRedirect"}
    | {"URLRewrite", "CORS"}
)
"""Route filters that neither admit nor refuse anybody."""
CLOSE = "attach an AuthPolicy with `overrides` and `strategy: atomic` to the Gateway"
NO_HOSTNAMES = (
    "leave hostnames out of the listener and its routes; from Kuadrant 1.5.3 on an exact one holds"
)
SAME_MATCH = (
    "write matches that the filter reads as Envoy does: no trailing slash, no regular expressions, "
    "route hostnames inside the listener's"
)


def passages(world: World, gateway: Gateway, call: Call, seen: Attributes) -> list[Passage]:
    """Everything that the filter of `gateway` may say to a request."""
    filter_ = world.filters[gateway.key]
    if filter_.absent:
        return [Passage(Say.PASSES, filter_.absent, remedy=filter_.remedy)]
    if filter_.broken:
        return [Passage(Say.REFUSES, filter_.broken, 503)]
    if not filter_.hosts:
        reason = f"no AuthPolicy applies to any route of Gateway {gateway.key}"
        return [Passage(Say.PASSES, reason, remedy=CLOSE)]
    listed = filter_.find(call.host, world.behaviour)
    if listed is None:
        reason = f"Kuadrant's filter knows no hostname for Host {call.host!r}"
        return [Passage(Say.PASSES, reason, remedy=NO_HOSTNAMES)]
    found = winners(listed, call, seen.filter_env, world.behaviour)
    if not found:
        where = "" if listed.hostname == "*" else f" of {listed.hostname}"
        reason = f"no action set{where} matches: the filter lets the request through"
        return [Passage(Say.PASSES, reason, remedy=SAME_MATCH)]
    return [passage for winner in found for passage in _act(winner, seen, filter_.doubt)]


def _act(winner: ActionSet | None, seen: Attributes, doubt: str) -> list[Passage]:
    if winner is None:
        return [Passage(Say.REFUSES, "a query match makes the filter's predicate fail", 500)]
    if not winner.auths:
        reason = "only limits apply to this path"
        return [Passage(Say.PASSES, reason, acted=winner, remedy=CLOSE)]
    found = [_say(winner, auth, seen) for auth in winner.auths]
    if not winner.complete:
        reason = "more policies on one target than orders can be tried"
        remedy = "leave one AuthPolicy on each target"
        found.append(Passage(Say.UNSURE, reason, acted=winner, remedy=remedy))
    if doubt and all(passage.say is Say.REFUSES for passage in found):
        found.append(Passage(Say.UNSURE, doubt, acted=winner))
    return found


def _say(winner: ActionSet, auth: Auth, seen: Attributes) -> Passage:
    policies = auth.effective.policies
    said = partial(Passage, policies=policies, acted=winner)
    if auth.dropped:
        say = Say.PASSES if winner.limited else Say.UNSURE
        return said(say, auth.dropped, remedy="correct the predicate")
    off = skipped(auth.effective, seen) if auth.effective.when else False
    if off is True:
        reason = "its `when` is false for this request: the policy is skipped"
        return said(Say.PASSES, reason, remedy="remove the `when` from the AuthPolicy")
    if isinstance(off, cel.CelError):
        return said(Say.REFUSES, f"its `when` fails at run time ({off.message})", 500)
    word = auth.always if auth.strict and not seen.trusted else ask(auth.effective, seen)
    if isinstance(off, cel.Unsure) and word.say is Say.REFUSES:
        return said(Say.UNSURE, f"its `when` depends on {off.reason}")
    closing = f"correct AuthPolicy {', '.join(policies)}, or {CLOSE}"
    return said(word.say, word.reason, word.status, word.credentials, remedy=closing)


def unknowns(topology: Topology, gateway: Gateway) -> str:
    """The UNKNOWN field that keeps everything on `gateway` undecided, or empty."""
    if not topology.unknowns:
        return ""
    related = {gateway.object.ref, f"GatewayClass {gateway.class_name}"}
    related |= {route.ref for _, route in topology.children.get(gateway.key, ())}
    selective = any(listener.allow_from == "Selector" for listener in gateway.listeners)
    for ref, paths in topology.unknowns.items():
        kind = ref.partition(" ")[0]
        loose = kind in ROUTED and any(".parentRefs" in it or "metadata." in it for it in paths)
        everywhere = kind in EVERYWHERE and (kind != "Namespace" or selective)
        if ref in related or loose or everywhere:
            return f"{ref}: {paths[0]} is not known before the update"
    return ""


def conclude(
    world: World,
    entry: Entry,
    passage: Passage,
    method: str,
    targets: tuple[Target, ...] = (),
) -> Answer:
    """The answer for one route and one word of the filter; the worst over the backends."""
    attachment, rule = entry.attachment, entry.rule
    targets = targets or world.resolved(entry)
    outcome, reason, status, target = _outcome(entry, passage, targets, method)
    strange = next((name for name in rule.filters if name not in FILTERS), "")
    filtered = (
        f"the filter {strange} of {attachment.route.ref} is not understood" if strange else ""
    )
    doubt = attachment.doubt or world.doubts[attachment.gateway.key] or filtered
    filtering = passage.say is Say.REFUSES and world.doubts[attachment.gateway.key]
    if outcome is Outcome.REFUSED and filtering:
        outcome, reason, status = Outcome.UNDECIDED, doubt, 0
    if outcome is Outcome.REACHES_MODEL and doubt and not passage.credentials:
        outcome, reason, status = Outcome.UNDECIDED, doubt, 0
    return Answer(
        outcome=outcome,
        reason=reason,
        status=status,
        authenticated=passage.say is Say.REFUSES or passage.credentials,
        gateway=attachment.gateway.key,
        listener=attachment.listener.name,
        route=attachment.route.ref,
        rule=rule.index,
        match=entry.index,
        backend=target.backend.ref if target else "",
        through_picker=bool(target and target.through_picker),
        policies=passage.policies,
        remedy=passage.remedy if outcome is not Outcome.REFUSED else "",
    )


def _outcome(
    entry: Entry, passage: Passage, targets: tuple[Target, ...], method: str
) -> tuple[Outcome, str, int, Target | None]:
    open_ = [target for target in targets if not target.closed]
    first = next(iter(targets), None)
    if entry.rule.cors and method == "OPTIONS" and passage.say is not Say.PASSES:
        return (
            Outcome.ANSWERED,
            "a CORS preflight may be answered before authentication",
            200,
            first,
        )
    if passage.say is Say.REFUSES:
        return Outcome.REFUSED, passage.reason, passage.status, first
    if passage.say is Say.UNSURE:
        return Outcome.UNDECIDED, passage.reason, 0, first
    if entry.rule.redirect:
        return Outcome.ANSWERED, "the gateway answers with a redirect", 302, None
    if not open_:
        closed = first.closed if first else "the rule has no backend"
        return Outcome.REFUSED, closed, 500, first
    certain = [target for target in open_ if not target.doubt and not target.harmless]
    if certain:
        return Outcome.REACHES_MODEL, passage.reason, 200, certain[0]
    doubtful = [target for target in open_ if target.doubt]
    if doubtful:
        return Outcome.UNDECIDED, doubtful[0].doubt, 0, doubtful[0]
    return Outcome.ANSWERED, f"{open_[0].backend.ref} serves no model", 200, open_[0]
