"""What applies on the way to a model: the effective policies behind each door.

A door that Kuadrant's filter does not see has no path here; the door itself says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelgate.topology import Analysis, Door, Object
from modelgate.topology.conditions import Attributes, attributes, holds
from modelgate.topology.effective import Effective, Policy, effectives, named_patterns
from modelgate.topology.filter import ActionSet
from modelgate.topology.routes import Match, Rule
from modelgate.topology.settings import Behaviour
from modelgate.topology.values import items, labels, mapping, mappings, text
from policies.expressions import expressions, literals

CREDENTIALS = ("apiKey", "jwt", "oauth2Introspection", "kubernetesTokenReview", "x509")
"""Identities that ask the caller for something; `plain` and `anonymous` do not."""

ODH_CONTROLLER = "odh-model-controller"
MANAGED_BY = "app.kubernetes.io/managed-by"


@dataclass(frozen=True, slots=True, eq=False)
class ModelPath:
    """One match that leads to a model, and what the filter does there."""

    door: Door
    action: ActionSet

    @property
    def match(self) -> Match:
        return self.action.match

    @property
    def auths(self) -> tuple[Effective, ...]:
        """The AuthPolicies that may be in force, one for each possible order of creation."""
        return tuple(auth.effective for auth in self.action.auths if not auth.dropped)


def model_paths(analysis: Analysis) -> Iterator[ModelPath]:
    """Every match with an action set that leads to a model, once, worst doors first."""
    sets = {
        (key, item.listener.name, item.route.ref, item.rule.index, item.index): item
        for key, filter_ in analysis.world.filters.items()
        for listed in filter_.hosts.values()
        for item in listed.sets
    }
    for door in analysis.doors:
        place = (door.gateway, door.listener, door.route, door.rule or 0, door.match or 0)
        action = None if door.rule is None else sets.pop(place, None)
        if action is not None:
            yield ModelPath(door, action)


def auth_policies(analysis: Analysis) -> Iterator[tuple[Effective, ModelPath]]:
    """Every effective AuthPolicy in front of a model, once, with the first path under it."""
    seen: set[int] = set()
    for path in model_paths(analysis):
        for effective in path.auths:
            if id(effective) not in seen:
                seen.add(id(effective))
                yield effective, path


def entries(effective: Effective, section: str) -> Iterator[tuple[str, Mapping[str, Any], Policy]]:
    """The named entries of a section, each with the policy from which it comes."""
    for (where, name), (entry, policy) in effective.rules.items():
        if where == section:
            yield name, mapping(entry), policy


def credential_headers(effective: Effective) -> frozenset[str]:
    """Headers whose value the caller cannot choose: every identity is read from that one."""
    found = {
        _credential_header(mapping(entry.get("credentials")))
        for _, entry, _ in entries(effective, "authentication")
    }
    return frozenset(found - {""}) if len(found) == 1 else frozenset()


def _credential_header(where: Mapping[str, Any]) -> str:
    if "queryString" in where or "cookie" in where:
        return ""
    return text(mapping(where.get("customHeader")).get("name"), "authorization").lower()


def caller(path: ModelPath, headers: Mapping[str, str], sent: str = "") -> Attributes:
    """A request along `path` with these headers, to its own path or to `sent`; by anybody."""
    match = path.match
    asked = {item.name: item.value for item in match.headers if not item.regex}
    host = path.door.hostname.replace("*", "x9", 1) or "model.example.net"
    stem = sent or (match.path if match.kind != "RegularExpression" else "/")
    return attributes(match.method or "POST", "https", host, stem, {**asked, **headers})


def denies(effective: Effective, request: Attributes) -> bool:
    """Whether authorization surely refuses `request`, whoever sends it."""
    patterns = named_patterns(effective)
    return any(
        holds(entry.get("when"), request, patterns) is True
        and holds(_patterns(entry), request, patterns) is False
        for _, entry, _ in entries(effective, "authorization")
        if "patternMatching" in entry
    )


def refuses_header(effective: Effective, path: ModelPath, header: str) -> bool:
    """Whether every request that brings `header` is refused, whatever its value."""
    return all(
        denies(effective, caller(path, {header: value})) for value in compared_with(effective)
    )


def compared_with(effective: Effective) -> set[str]:
    """Any value, and every one that authorization compares with."""
    rules = [entry for _, entry, _ in entries(effective, "authorization")]
    words = {word for found in expressions(rules) for word in literals(found)}
    patterns = [item for rule in rules if "patternMatching" in rule for item in _patterns(rule)]
    return {"forged", *words, *(text(mapping(item).get("value")) for item in patterns)}


def _patterns(entry: Mapping[str, Any]) -> Sequence[Any]:
    return items(mapping(entry["patternMatching"]).get("patterns"))


def exported(effective: Effective) -> dict[str, Mapping[str, Any]]:
    """Properties that limits find below `auth.identity`, each with where its value comes from."""
    for name, entry, _ in entries(effective, "response.success.filters"):
        if name == "identity":
            properties = mapping(mapping(entry.get("json")).get("properties"))
            return {key: mapping(source) for key, source in properties.items()}
    return {}


class Limits:
    """The limit policies of one kind, found by what they target."""

    def __init__(self, analysis: Analysis, kind: str) -> None:
        self.behaviour = analysis.world.behaviour
        self.by_target: dict[tuple[str, str], list[Policy]] = {}
        self.merged: dict[tuple[int, ...], tuple[Effective, ...]] = {}
        for policy in analysis.topology.limit_policies:
            if policy.object.kind == kind:
                self.by_target.setdefault((policy.target, policy.section), []).append(policy)

    def on(self, path: ModelPath) -> tuple[Effective, ...]:
        """What may be in force on `path`, one for each possible order; empty where nothing is."""
        gateway, route = f"Gateway {path.door.gateway}", path.action.route.ref
        name = rule_name(path.action.rule, self.behaviour)
        targets = ((gateway, ""), (gateway, path.action.listener.name), (route, ""), (route, name))
        levels = [self.by_target.get(target, []) for target in targets]
        key = tuple(id(policy) for level in levels for policy in level)
        if key not in self.merged:
            self.merged[key] = effectives(levels)[0]
        return self.merged[key]


def rule_name(rule: Rule, behaviour: Behaviour) -> str:
    """The name by which a policy's sectionName addresses a rule, under the versions in force."""
    kept = behaviour.rule_names_kept and behaviour.rule_names_used
    return rule.name if kept and rule.name else f"rule-{rule.index + 1}"


def made_by_controller(obj: Object) -> bool:
    """Whether a controller made or will make `obj`: derived here, or owned in a cluster."""
    return bool(obj.derived_from) or any(mappings(obj.metadata.get("ownerReferences")))


def of_odh_controller(obj: Object) -> bool:
    """Whether `obj` is odh-model-controller's, derived here or read from a cluster."""
    own = labels(obj.metadata.get("labels")).get(MANAGED_BY) == ODH_CONTROLLER
    return own and made_by_controller(obj)
