"""Kuadrant's effective policy: one merged specification for each path through the topology.

Semantics: kuadrant-operator 1.5.2, `api/v1/merge_strategies.go` and
`internal/controller/effective_auth_policies_reconciler.go`, executed. Policies on one target are
sorted by age; where ages are not known every order is possible and all results are kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import permutations, product
from typing import Any

from modelgate.topology.objects import Object
from modelgate.topology.values import items, mapping, mappings, text

AUTH_POLICY = "AuthPolicy"
LIMIT_POLICIES = ("RateLimitPolicy", "TokenRateLimitPolicy")
MOST_ORDERS = 120

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One Kuadrant policy: its target and the specification that it contributes.

    `rules` maps the operator's merge keys to entries: `("authentication", name)`, ...; the whole
    top-level `when` list is one key, so a policy replaces or keeps it as a whole.
    """

    object: Object
    target: str
    section: str
    overrides: bool
    atomic: bool
    rules: Mapping[Key, Any]
    created: str

    @property
    def key(self) -> str:
        return f"{self.object.namespace}/{self.object.name}"


@dataclass(frozen=True, slots=True)
class Effective:
    """What applies to one path: merge key to (entry, policy that it comes from)."""

    rules: Mapping[Key, tuple[Any, Policy]]

    def section(self, name: str) -> dict[str, Any]:
        return {key[1]: entry for key, (entry, _) in self.rules.items() if key[0] == name}

    @property
    def when(self) -> Sequence[Any]:
        entry = self.rules.get(("when", ""))
        return items(entry[0]) if entry else ()

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(sorted({policy.key for _, policy in self.rules.values()}))


def read_policy(obj: Object) -> Policy:
    spec = obj.spec
    block, overrides = spec, False
    if "overrides" in spec:
        block, overrides = mapping(spec["overrides"]), True
    elif "defaults" in spec:
        block = mapping(spec["defaults"])
    target = mapping(spec.get("targetRef"))
    return Policy(
        object=obj,
        target=f"{text(target.get('kind'))} {obj.namespace}/{text(target.get('name'))}",
        section=text(target.get("sectionName")),
        overrides=overrides,
        atomic=text(block.get("strategy"), "atomic") != "merge",
        rules=dict(_entries(block)),
        created=text(obj.metadata.get("creationTimestamp")),
    )


def _entries(block: Mapping[str, Any]) -> Iterator[tuple[Key, Any]]:
    if items(block.get("when")):
        yield ("when", ""), block["when"]
    for name, entry in mapping(block.get("patterns")).items():
        yield ("patterns", name), entry
    for name, entry in mapping(block.get("limits")).items():
        yield ("limits", name), entry
    rules = mapping(block.get("rules"))
    for section in ("authentication", "metadata", "authorization", "callbacks"):
        for name, entry in mapping(rules.get(section)).items():
            yield (section, name), entry
    response = mapping(rules.get("response"))
    for section in ("unauthenticated", "unauthorized"):
        if section in response:
            yield (f"response.{section}", ""), response[section]
    for section in ("headers", "filters"):
        for name, entry in mapping(mapping(response.get("success")).get(section)).items():
            yield (f"response.success.{section}", name), entry


def by_target(policies: Iterable[Policy]) -> dict[tuple[str, str], list[Policy]]:
    """Policies by their target and section."""
    found: dict[tuple[str, str], list[Policy]] = {}
    for policy in policies:
        found.setdefault((policy.target, policy.section), []).append(policy)
    return found


def effectives(levels: Iterable[Sequence[Policy]]) -> tuple[tuple[Effective, ...], bool]:
    """Every effective policy that some order of creation gives, and whether all were tried.

    `levels` run from the gateway down to the rule; policies of one level share a target.
    """
    orders, complete = [], True
    for level in levels:
        if not level:
            continue
        possible = list(_orders(level))
        orders.append(possible[:MOST_ORDERS])
        complete = complete and len(possible) <= MOST_ORDERS
    if not orders:
        return (), True
    found: dict[tuple[Any, ...], Effective] = {}
    for chosen in product(*orders):
        merged = _merge([policy for level in chosen for policy in level])
        identity = tuple(sorted((key, id(entry)) for key, (entry, _) in merged.rules.items()))
        found.setdefault(identity, merged)
    return tuple(found.values()), complete


def _orders(level: Sequence[Policy]) -> Iterator[Sequence[Policy]]:
    """Every possible order of `level`, oldest first."""
    if all(policy.created for policy in level):
        yield sorted(level, key=lambda policy: (policy.created, policy.key))
    elif len(level) > 5:
        yield from permutations(level[:6])
    else:
        yield from permutations(level)


def _merge(policies: Sequence[Policy]) -> Effective:
    start = Effective(_own(policies[-1]))
    return reduce(_apply, reversed(policies[:-1]), start)


def _own(policy: Policy) -> dict[Key, tuple[Any, Policy]]:
    return {key: (entry, policy) for key, entry in policy.rules.items()}


def _apply(lower: Effective, policy: Policy) -> Effective:
    own = _own(policy)
    if policy.atomic:
        return Effective(own if policy.overrides or not lower.rules else lower.rules)
    if policy.overrides:
        return Effective({**lower.rules, **own})
    return Effective({**own, **lower.rules})


def limits_apply(policies: Iterable[Policy]) -> bool:
    """Whether some limit takes part on a path: its action set exists without authentication too."""
    return any(key[0] == "limits" for policy in policies for key in policy.rules)


def named_patterns(effective: Effective) -> dict[str, list[Mapping[str, Any]]]:
    """`patterns` by name, as `patternRef` finds them."""
    return {
        name: list(mappings(mapping(entry).get("allOf")))
        for name, entry in effective.section("patterns").items()
    }
