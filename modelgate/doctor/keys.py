"""Which Secrets an AuthPolicy takes API keys from (Kuadrant/authorino, docs/features.md)."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelgate.doctor.kinds import AUTH_POLICY
from modelgate.doctor.view import View
from modelgate.topology.objects import Object
from modelgate.topology.values import items, labels, mapping, mappings, text


@dataclass(frozen=True, slots=True)
class KeySource:
    """One API-key identity: the policy, its name there, and which Secrets it selects."""

    policy: Object
    name: str
    selector: Mapping[str, Any]
    everywhere: bool

    @property
    def text(self) -> str:
        """The selector as `kubectl -l` and the API take it."""
        parts = [
            f"{key}={value}" for key, value in labels(self.selector.get("matchLabels")).items()
        ]
        for one in mappings(self.selector.get("matchExpressions")):
            key, values = text(one.get("key")), ",".join(map(str, items(one.get("values"))))
            parts.append(
                {
                    "In": f"{key} in ({values})",
                    "NotIn": f"{key} notin ({values})",
                    "Exists": key,
                    "DoesNotExist": f"!{key}",
                }.get(text(one.get("operator")), key)
            )
        return ",".join(parts)


def key_sources(view: View) -> Iterator[KeySource]:
    """Every API-key identity of every AuthPolicy."""
    for policy in view.of(AUTH_POLICY):
        yield from sources_of(policy)


def sources_of(policy: Object) -> Iterator[KeySource]:
    """Every API-key identity of one AuthPolicy."""
    for rules in rule_blocks(policy):
        for name, identity in mapping(rules.get("authentication")).items():
            method = mapping(mapping(identity).get("apiKey"))
            if method:
                selector = mapping(method.get("selector"))
                yield KeySource(policy, name, selector, method.get("allNamespaces") is True)


def rule_blocks(policy: Object) -> Iterator[Mapping[str, Any]]:
    """`rules` of the policy, wherever they stand: bare, in `defaults`, or in `overrides`."""
    for block in (policy.spec, policy.spec.get("defaults"), policy.spec.get("overrides")):
        rules = mapping(mapping(block).get("rules"))
        if rules:
            yield rules


def selectors(view: View) -> set[str]:
    """The selectors that API keys are looked for with; an empty one selects every Secret."""
    return {source.text for source in key_sources(view)} - {""}


def secret_values(secret: Mapping[str, Any]) -> set[str]:
    """The decoded values of a Secret as the API gives it."""
    found: set[str] = set()
    for value in mapping(secret.get("data")).values():
        try:
            found.add(base64.b64decode(text(value), validate=True).decode())
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found
