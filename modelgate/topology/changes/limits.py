"""A limit that a change moves is told with its tier, as it is and as it would be."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelgate.topology.judge import Analysis
from modelgate.topology.objects import UNKNOWN
from modelgate.topology.values import items, mapping, mappings

Limits = dict[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class LimitChange:
    """One limit of one policy (`Kind ns/name`); `name` is its tier. Empty where there is none."""

    policy: str
    name: str
    before: str
    after: str


def compare_limits(before: Analysis | None, after: Analysis) -> tuple[LimitChange, ...]:
    """Every limit that is not the same on both sides, in the order of policies and names."""
    old, new = _limits(before) if before else {}, _limits(after)
    return tuple(
        LimitChange(*key, *_texts(old.get(key), new.get(key)))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    )


def _limits(analysis: Analysis) -> Limits:
    return {
        (policy.object.ref, key[1]): mapping(entry)
        for policy in analysis.topology.limit_policies
        for key, entry in policy.rules.items()
        if key[0] == "limits"
    }


def _texts(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[str, str]:
    """Rates alone where they tell the two apart, else all of it."""
    short = _rates(before), _rates(after)
    return short if short[0] != short[1] else (_whole(before), _whole(after))


def _rates(limit: Mapping[str, Any] | None) -> str:
    if limit is None:
        return ""
    rates = (f"{_value(one.get('limit'))} per {_value(one.get('window'))}" for one in _each(limit))
    return ", ".join(rates) or "no rate"


def _each(limit: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(mappings(limit.get("rates")))


def _whole(limit: Mapping[str, Any] | None) -> str:
    if limit is None:
        return ""
    counters = [_value(mapping(one).get("expression", one)) for one in items(limit.get("counters"))]
    when = [_value(mapping(one).get("predicate", one)) for one in items(limit.get("when"))]
    parts = [_rates(limit)]
    parts += [f"for each {' and '.join(counters)}"] if counters else []
    parts += [f"when {' and '.join(when)}"] if when else []
    return ", ".join(parts)


def _value(value: Any) -> str:
    if value is UNKNOWN:
        return "(not known)"
    return value if isinstance(value, str) else json.dumps(value, default=repr)
