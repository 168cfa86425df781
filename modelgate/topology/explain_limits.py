"""Which limits count this request, by which counter, and what would keep them from counting.

A limit that cannot be evaluated counts nothing and lets the request pass (Kuadrant/
kuadrant-operator, issue 2152). Limits of a gateway are counted apart for each HTTPRoute.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.topology import cel
from modelgate.topology.answers import Outcome, Step
from modelgate.topology.cel_syntax import CelSyntaxError, parse
from modelgate.topology.effective import LIMIT_POLICIES, Effective, Policy, effectives
from modelgate.topology.explain_policy import effective, levels
from modelgate.topology.interpreter import World
from modelgate.topology.values import mapping, mappings, text
from modelgate.topology.ways import Way

UNITS = {"RateLimitPolicy": "requests", "TokenRateLimitPolicy": "tokens"}


def limits(world: World, way: Way) -> Iterator[Step]:
    """Every limit on this way that counts the request, or why none does."""
    passage, entry = way.passage, way.entry
    if passage is None or entry is None or way.answer.outcome is Outcome.NO_ROUTE:
        return
    found = list(_counting(world, way))
    yield from found
    if not found:
        refused = way.answer.outcome is Outcome.REFUSED
        why = "that it is refused comes first" if refused else "no limit is for it"
        yield Step("limits", "none", f"nothing counts this request: {why}")


def _counting(world: World, way: Way) -> Iterator[Step]:
    acted = way.passage.acted if way.passage else None
    if acted is None:
        return
    env, refused = _env(way), way.answer.outcome is Outcome.REFUSED
    for kind in LIMIT_POLICIES:
        possible, _ = effectives(levels(world, way, acted, kind))
        for found in possible[:1]:
            for (section, name), (entry, policy) in found.rules.items():
                if section == "limits" and not (refused and _reads_identity(found, entry)):
                    yield from _limit(name, mapping(entry), policy, found, env)


def _env(way: Way) -> Mapping[str, Any]:
    """What limits read: of the identity only what the AuthPolicy exports, with any value."""
    passage = way.passage
    found = effective(passage) if passage else None
    exports = mapping(found.section("response.success.filters").get("identity")) if found else {}
    names = mapping(mapping(exports.get("json")).get("properties"))
    known = {name: cel.Unsure(f"auth.identity.{name}") for name in names}
    return {**way.seen.filter_env, "auth": {"identity": known} if known else {}}


def _reads_identity(found: Effective, entry: Any) -> bool:
    """Whether it is asked after Authorino (kuadrant-operator, specsHaveAuthAccess)."""
    return "auth." in json.dumps([found.when, entry], default=repr)


def _limit(
    name: str, entry: Mapping[str, Any], policy: Policy, found: Effective, env: cel.Env
) -> Iterator[Step]:
    conditions = [text(one.get("predicate")) for one in mappings(found.when)]
    conditions += [text(one.get("predicate")) for one in mappings(entry.get("when"))]
    counters = [text(one.get("expression")) for one in mappings(entry.get("counters"))]
    answers = [_value(one, env) for one in conditions]
    if False in answers:
        return
    broken = [*answers, *(_value(one, env) for one in counters)]
    failed = next((one for one in broken if isinstance(one, cel.CelError)), None)
    unit = UNITS[policy.object.kind]
    rates = ", ".join(
        f"{rate.get('limit')} {unit} in {text(rate.get('window'))}"
        for rate in mappings(entry.get("rates"))
    )
    each = f" for each {', '.join(counters)}" if counters else " for all callers together"
    when = [one for one, answer in zip(conditions, answers, strict=True) if answer is not True]
    only = f", counted when {' and '.join(when)}" if when else ""
    words = f"{name}: {rates}{each} on this route{only}"
    if failed is not None:
        words = f"{name}: counts nobody, since its condition or counter fails ({failed.message})"
    yield Step("limits", policy.object.ref, words)


def _value(expression: str, env: cel.Env) -> Any:
    try:
        return cel.evaluate(parse(expression), env)
    except CelSyntaxError as error:
        return cel.CelError(str(error))
