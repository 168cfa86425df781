"""Which AuthPolicy speaks on this way, why the others do not, and what it asks for.

Kuadrant's levels run from the gateway over the listener and the route to the rule; semantics as
in `modelgate.topology.effective`. A credential's value is never told.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from modelgate.topology.answers import Step
from modelgate.topology.authorino import AUTHORIZATION, METHODS, Say
from modelgate.topology.conditions import Attributes
from modelgate.topology.effective import AUTH_POLICY, Effective, Policy
from modelgate.topology.filter import ActionSet, targets
from modelgate.topology.graph import Topology
from modelgate.topology.interpreter import Passage, World
from modelgate.topology.values import items, labels, mapping, mappings, selects, text
from modelgate.topology.ways import Way

USER_ANNOTATION = "secret.kuadrant.io/user-id"
TIER_ANNOTATION = "secret.kuadrant.io/plan-id"
MOST_SHOWN = 3


def policy(world: World, way: Way) -> Iterator[Step]:
    """Every AuthPolicy on the path that the filter took, with its effect."""
    passage, entry = way.passage, way.entry
    if passage is None or entry is None:
        return
    acted = passage.acted
    if acted is None or not acted.auths:
        yield Step("policy", "none", passage.reason)
        return
    if (acted.route.ref, acted.rule.index) != (entry.attachment.route.ref, entry.rule.index):
        seen = f"{acted.route.ref} rule {acted.rule.index}"
        yield Step("policy", seen, "is what Kuadrant's filter takes this request for: its policies")
    yield from told(levels(world, way, acted, AUTH_POLICY), passage.policies)
    if passage.say is not Say.REFUSES and not passage.credentials:
        yield Step("policy", "", passage.reason)


def levels(world: World, way: Way, acted: ActionSet, kind: str) -> list[list[Policy]]:
    """The policies of a kind on gateway, listener, route and rule of an action set."""
    topology = world.topology
    every = topology.auth_policies if kind == AUTH_POLICY else topology.limit_policies
    places = targets(way.proxy.gateway, acted.listener, acted.route, acted.rule, world.behaviour)
    return [
        [one for one in every if one.object.kind == kind and (one.target, one.section) == place]
        for place in places
    ]


def told(found: Sequence[Sequence[Policy]], speaking: Sequence[str]) -> Iterator[Step]:
    """One step for each policy: where it is, in which form, and whether and why it counts."""
    every = [one for level in found for one in level]
    for level in found:
        for one in level:
            where = f"on {one.target}{f' section {one.section}' if one.section else ''}"
            effect = _effect(one, level, every, speaking)
            yield Step("policy", one.object.ref, f"{where}, {form(one)}: {effect}")


def form(policy: Policy) -> str:
    """The block that a policy is written in, and its strategy."""
    bare = not {"overrides", "defaults"} & policy.object.spec.keys()
    block = "overrides" if policy.overrides else "defaults"
    strategy = "atomic" if policy.atomic else "merge"
    return f"bare rules (which are {block}, {strategy})" if bare else f"{block}, {strategy}"


def _effect(
    one: Policy, level: Sequence[Policy], every: Sequence[Policy], speaking: Sequence[str]
) -> str:
    above = every[: every.index(level[0])]
    below = every[every.index(level[-1]) + 1 :]
    if one.key not in speaking:
        return f"has no effect here: {_why_silent(one, level, above, below)}"
    if len(every) == 1:
        return "the only one on this way"
    if len(speaking) > 1:
        return f"is merged with {', '.join(name for name in speaking if name != one.key)}"
    if one.overrides:
        return "counts alone: nothing further down changes it"
    return "counts alone: it is nearer to the request than those above it"


def _why_silent(
    one: Policy, level: Sequence[Policy], above: Sequence[Policy], below: Sequence[Policy]
) -> str:
    strong = next((other for other in above if other.overrides and other.atomic), None)
    if strong is not None:
        return f"{strong.object.ref} overrides everything below it"
    if len(level) > 1:
        others = ", ".join(other.object.ref for other in level if other is not one)
        return f"{others} has the same target, and the order of creation decides"
    near = next((other for other in reversed(below) if other.rules), None)
    return f"{near.object.ref} is nearer and replaces it" if near else "it says nothing"


def effective(passage: Passage) -> Effective | None:
    """The specification in force that gave this word; None where none is."""
    auths = passage.acted.auths if passage.acted else ()
    return next(
        (one.effective for one in auths if one.effective.policies == passage.policies), None
    )


def identity(world: World, way: Way) -> Iterator[Step]:
    """What proves who calls: where it is looked for, and against what it is compared."""
    found = effective(way.passage) if way.passage else None
    if found is None:
        return
    for name, entry in sorted(found.section("authentication").items()):
        yield Step("identity", name, _asked(world.topology, mapping(entry), way.seen))
    if not found.section("authentication"):
        yield Step("identity", "none", "nobody is asked: an anonymous caller is let in")
    for name, entry in sorted(found.section("authorization").items()):
        yield Step("identity", name, _required(mapping(entry)))


def _asked(topology: Topology, entry: Mapping[str, Any], seen: Attributes) -> str:
    method = next((one for one in METHODS if one in entry), "")
    if method in ("anonymous", "plain", ""):
        words = {"anonymous": "lets everybody in", "plain": "takes any value that a client sends"}
        return words.get(method, "has no method: its AuthConfig is invalid")
    brought = seen.carries(entry.get("credentials"))
    state = "the request brings one, taken as valid" if brought else "the request brings none"
    what = _source(topology, method, mapping(entry[method]))
    return f"{what} in `{place(entry)}`; {state}"


def place(entry: Mapping[str, Any]) -> str:
    """Where a client puts a credential, as it writes it: `Authorization: Bearer ...`."""
    where = mapping(entry.get("credentials"))
    if "customHeader" in where:
        return f"{text(mapping(where['customHeader']).get('name'))}: ..."
    if "queryString" in where:
        return f"?{text(mapping(where['queryString']).get('name'))}=..."
    if "cookie" in where:
        return f"Cookie: {text(mapping(where['cookie']).get('name'))}=..."
    prefix = text(mapping(where.get("authorizationHeader")).get("prefix"), "Bearer")
    return f"Authorization: {prefix} ..."


def _source(topology: Topology, method: str, asked: Mapping[str, Any]) -> str:
    if method == "apiKey":
        return f"an API key, one of {_secrets(topology, asked)},"
    if method == "jwt":
        return f"a JWT of {text(asked.get('issuerUrl')) or text(asked.get('jwksUrl'))}"
    if method == "oauth2Introspection":
        return f"a token that {text(asked.get('endpoint'))} knows"
    if method == "kubernetesTokenReview":
        audiences = ", ".join(text(one) for one in items(asked.get("audiences")))
        return f"a Kubernetes token for {audiences or 'the API server'}"
    return "a client certificate"


def _secrets(topology: Topology, asked: Mapping[str, Any]) -> str:
    wanted = labels(mapping(asked.get("selector")).get("matchLabels"))
    marked = ", ".join(f"{key}={value}" for key, value in wanted.items()) or "a selector's labels"
    kuadrant = next((obj.namespace for obj in topology.of("Kuadrant")), "")
    where = "all namespaces" if asked.get("allNamespaces") is True else "Kuadrant's namespace"
    where = f"namespace {kuadrant}" if kuadrant and where.startswith("Kuadrant") else where
    known = [
        obj
        for obj in topology.of("Secret")
        if selects(asked.get("selector"), labels(obj.metadata.get("labels")))
    ]
    named = [f"{obj.namespace}/{obj.name}{_owner(obj.metadata)}" for obj in known]
    more = f" and {len(named) - MOST_SHOWN} more" if len(named) > MOST_SHOWN else ""
    seen = f" (in view: {', '.join(named[:MOST_SHOWN])}{more})" if named else ""
    return f"the Secrets labelled {marked} in {where}{seen}"


def _owner(metadata: Mapping[str, Any]) -> str:
    notes = labels(metadata.get("annotations"))
    known = [
        f"{word} {notes[key]}"
        for word, key in (("user", USER_ANNOTATION), ("tier", TIER_ANNOTATION))
        if notes.get(key)
    ]
    return f", {', '.join(known)}" if known else ""


def _required(entry: Mapping[str, Any]) -> str:
    method = next((one for one in AUTHORIZATION if one in entry), "nothing")
    when = [text(one.get("predicate")) for one in mappings(entry.get("when"))]
    only = f"; asked only when {' and '.join(when)}" if any(when) else ""
    if method != "patternMatching":
        words = {"kubernetesSubjectAccessReview": "Kubernetes (SubjectAccessReview)"}
        return f"{words.get(method, method)} must allow it, else 403{only}"
    patterns = list(mappings(mapping(entry["patternMatching"]).get("patterns")))
    shown = [_pattern(one) for one in islice(patterns, MOST_SHOWN)]
    more = len(patterns) - len(shown)
    return f"must hold, else 403: {' and '.join(shown)}{f' and {more} more' if more else ''}{only}"


def _pattern(item: Mapping[str, Any]) -> str:
    if "predicate" in item:
        return text(item["predicate"])
    if "patternRef" in item:
        return f"pattern {text(item['patternRef'])}"
    return " ".join(text(item.get(key)) for key in ("selector", "operator", "value"))
