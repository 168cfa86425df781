"""A route's rules in words: which paths go through the picker, and which pass it by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelgate.topology.objects import UNKNOWN, Object
from modelgate.topology.values import items, mapping, mappings, text


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule of an HTTPRoute, in its order.

    `matches` as people write them (`PathPrefix /ns/name`, `Exact /v1/models with Header: value`);
    `rewrite` is the path that replaces the match, empty for none; `backends` `Kind ns/name:port`.
    `through_picker` is None where a backend is not known. `envoy_route` is the route's name in
    Envoy, as Istio gives it: the rule's name, or `<namespace>.<route>.<index>`.
    """

    index: int
    name: str
    matches: tuple[str, ...]
    rewrite: str
    backends: tuple[str, ...]
    through_picker: bool | None
    envoy_route: str


def rule_table(route: Object) -> tuple[RuleRow, ...]:
    """The rules of any HTTPRoute, declared or derived; empty where they are not known."""
    return tuple(_row(route, index, rule) for index, rule in enumerate(_rules(route)))


def _rules(route: Object) -> Iterator[Mapping[str, Any]]:
    return mappings(route.spec.get("rules"))


def _row(route: Object, index: int, rule: Mapping[str, Any]) -> RuleRow:
    name = text(rule.get("name"))
    backends = rule.get("backendRefs")
    return RuleRow(
        index=index,
        name=name,
        matches=_matches(rule.get("matches")),
        rewrite=_rewrite(rule),
        backends=tuple(_backend(ref, route.namespace) for ref in items(backends)),
        through_picker=None if backends is UNKNOWN else _through_picker(items(backends)),
        envoy_route=name or f"{route.namespace}.{route.name}.{index}",
    )


def _matches(matches: Any) -> tuple[str, ...]:
    if matches is UNKNOWN:
        return ("UNKNOWN",)
    return tuple(_match(match) for match in items(matches)) or ("any request",)


def _word(value: Any) -> str:
    return "UNKNOWN" if value is UNKNOWN else text(value)


def _match(match: Any) -> str:
    if match is UNKNOWN:
        return "UNKNOWN"
    parts = []
    path = mapping(match).get("path")
    if path is UNKNOWN:
        parts.append("UNKNOWN path")
    elif isinstance(path, Mapping):
        parts.append(f"{_word(path.get('type')) or 'PathPrefix'} {_word(path.get('value')) or '/'}")
    if mapping(match).get("method") is not None:
        parts.insert(0, _word(mapping(match).get("method")))
    for field, sign in (("headers", ": "), ("queryParams", "=")):
        parts += [
            f"with {_word(one.get('name'))}{sign}{_word(one.get('value'))}"
            for one in mappings(mapping(match).get(field))
        ]
    return " ".join(parts) or "any request"


def _rewrite(rule: Mapping[str, Any]) -> str:
    for one in mappings(rule.get("filters")):
        path = mapping(mapping(one.get("urlRewrite")).get("path"))
        for field in ("replacePrefixMatch", "replaceFullPath"):
            if field in path:
                return _word(path[field])
    return ""


def _backend(ref: Any, namespace: str) -> str:
    ref = mapping(ref)
    place = f"{_word(ref.get('namespace')) or namespace}/{_word(ref.get('name'))}"
    port = f":{ref['port']}" if isinstance(ref.get("port"), int) else ""
    return f"{_word(ref.get('kind')) or 'Service'} {place}{port}"


def _through_picker(backends: Any) -> bool | None:
    kinds = [mapping(ref).get("kind", "Service") for ref in backends]
    if any(kind is UNKNOWN for kind in kinds) or any(ref is UNKNOWN for ref in backends):
        return None
    return bool(kinds) and all(kind == "InferencePool" for kind in kinds)
