"""What the API server keeps of an object: it prunes unknown fields and refuses wrong types.

`fields.json` holds the fields of the kinds that decide a verdict, taken from their CRDs (Gateway
API 1.6, Kuadrant 1.4, inference extension 1.3 and 1.5): a type for each name, `=a|b` for an
enumeration, and under `!` the names that are required. A misspelt field in an AuthPolicy is an
open door, so the judge judges what is left after pruning and says what went.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any

from modelgate.topology.objects import UNKNOWN, Object
from modelgate.topology.routes import GATEWAY_API
from modelgate.topology.values import mapping


@dataclass(frozen=True, slots=True)
class Flaw:
    """One field that the API server prunes, or for which it refuses the whole object."""

    object: Object
    path: str
    message: str
    refused: bool


@cache
def _table() -> dict[str, Any]:
    found = resources.files("modelgate.topology").joinpath("fields.json").read_text("utf-8")
    table: dict[str, Any] = json.loads(found)
    return table


def known(obj: Object) -> bool:
    """Whether the fields of this kind are in the table."""
    return f"{obj.group}/{obj.kind}" in _table()


def conform(obj: Object) -> tuple[Object, list[Flaw]]:
    """`obj` as the API server stores it, and what it prunes or refuses. Others stay as they are."""
    tree = _table().get(f"{obj.group}/{obj.kind}")
    if tree is None:
        return obj, []
    flaws: list[Flaw] = []
    spec = _keep(obj.body.get("spec"), tree, "spec", obj, flaws)
    same = spec == obj.body.get("spec")
    stored = obj if same else replace(obj, body={**obj.body, "spec": spec})
    flaws += [replace(flaw, object=obj) for flaw in _refusals(stored)]
    return stored, flaws


def _keep(value: Any, tree: Any, path: str, obj: Object, flaws: list[Flaw]) -> Any:
    if value is None or value is UNKNOWN or tree == "any":
        return value
    if isinstance(tree, list):
        if not isinstance(value, list | tuple):
            return _wrong("a list", path, obj, flaws)
        return [
            _keep(item, tree[0], f"{path}[{index}]", obj, flaws) for index, item in enumerate(value)
        ]
    if isinstance(tree, dict):
        if not isinstance(value, Mapping):
            return _wrong("a mapping", path, obj, flaws)
        return dict(_members(value, tree, path, obj, flaws))
    if tree.startswith("="):
        allowed = tree[1:].split("|")
        return (
            value if value in allowed else _wrong(f"one of {', '.join(allowed)}", path, obj, flaws)
        )
    return value if _fits(value, tree) else _wrong(_WORDS[tree], path, obj, flaws)


def _members(
    value: Mapping[str, Any], tree: dict[str, Any], path: str, obj: Object, flaws: list[Flaw]
) -> Iterator[tuple[str, Any]]:
    free = tree.get("*")
    for key in tree.get("!", "").split():
        if value.get(key) is None:
            missing = "missing: the API server refuses the object"
            flaws.append(Flaw(obj, f"{path}.{key}", missing, True))
    for key, item in value.items():
        if item is None:
            continue  # a null is pruned where the field is not nullable (apiextensions)
        below = None if key == "!" else tree.get(key, free)
        if below is None:
            near = get_close_matches(str(key), tree, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            flaws.append(Flaw(obj, f"{path}.{key}", f"unknown field, pruned{hint}", False))
        else:
            yield key, _keep(item, below, f"{path}.{key}", obj, flaws)


_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "int-or-string": "text or a whole number",
}


def _fits(value: Any, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if kind == "string":
        return isinstance(value, str)
    if kind == "int-or-string":
        return isinstance(value, str | int)
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return whole if kind == "integer" else isinstance(value, int | float)


def _wrong(wanted: str, path: str, obj: Object, flaws: list[Flaw]) -> None:
    flaws.append(Flaw(obj, path, f"must be {wanted}: the API server refuses the object", True))


TARGETS = {
    "AuthPolicy": ("Gateway", "HTTPRoute", "GRPCRoute"),
    "RateLimitPolicy": ("Gateway", "HTTPRoute", "GRPCRoute"),
    "TokenRateLimitPolicy": ("Gateway", "HTTPRoute"),
}


def _refusals(obj: Object) -> Iterator[Flaw]:
    """Admission rules of Kuadrant's CRDs that decide whether a policy exists at all."""
    if obj.kind not in TARGETS or obj.body.get("spec") is UNKNOWN:
        return
    spec = obj.spec
    kind = mapping(spec.get("targetRef")).get("kind")
    if isinstance(kind, str) and kind not in TARGETS[obj.kind]:
        wanted = ", ".join(TARGETS[obj.kind])
        yield Flaw(obj, "spec.targetRef.kind", f"{kind} is not one of {wanted}: refused", True)
    group = mapping(spec.get("targetRef")).get("group")
    if isinstance(group, str) and group != GATEWAY_API:
        message = f"{group} is not {GATEWAY_API}: refused"
        yield Flaw(obj, "spec.targetRef.group", message, True)
    if obj.kind == "AuthPolicy":
        yield from _auth_refusals(obj, spec)


def _auth_refusals(obj: Object, spec: Mapping[str, Any]) -> Iterator[Flaw]:
    blocks = [name for name in ("defaults", "overrides") if name in spec]
    implicit = any(_given(spec.get(name)) for name in ("rules", "when", "patterns"))
    if len(blocks) + implicit > 1:
        yield Flaw(obj, "spec", "rules, defaults and overrides exclude each other: refused", True)
    block = spec.get(blocks[0]) if blocks else spec
    if block is not UNKNOWN and not _any_rule(mapping(block).get("rules")):
        yield Flaw(obj, "spec", "at least one rule must be defined: refused", True)


def _any_rule(rules: Any) -> bool:
    if rules is UNKNOWN:
        return True
    found = mapping(rules)
    response = mapping(found.get("response"))
    success = mapping(response.get("success"))
    sections = ("authentication", "metadata", "authorization", "callbacks")
    return (
        any(_given(found.get(name)) for name in sections)
        or UNKNOWN in (found.get("response"), response.get("success"))
        or any(name in response for name in ("unauthenticated", "unauthorized"))
        or any(_given(success.get(name)) for name in ("headers", "filters"))
    )


def _given(value: Any) -> bool:
    return value is UNKNOWN or bool(value)
