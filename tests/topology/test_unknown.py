"""A value that is not known before the update never helps: whatever it becomes, no door opens."""

from collections import defaultdict
from typing import Any

import pytest

from modelgate.findings import Verdict
from modelgate.topology import UNKNOWN, Object, Outcome, Request, analyze, trace
from tests.topology import platforms
from tests.topology.case_files import ASSUMED, sides
from tests.topology.test_fuzz import Place, general, places, put

CLOSED = (Verdict.PROTECTED, Verdict.EXEMPT)


def seen_values() -> dict[tuple[str, Place], list[Any]]:
    """Every value that some case gives to a field, by kind and field."""
    found: dict[tuple[str, Place], list[Any]] = defaultdict(list)
    for obj in (obj for side in sides() for obj in side.objects):
        for at in places(obj.body):
            value: Any = obj.body
            for part in at:
                value = value[part]
            known = found[obj.kind, general(at)]
            if value not in known and len(known) < 12:
                known.append(value)
    return found


VALUES = seen_values()
GOOD = [
    side
    for side in sides()
    if ":good" in side.name and side.settings.assume["kuadrant"] == ASSUMED["kuadrant"]
]


def accepted(objects: list[Object], side_settings: Any) -> bool:
    return all(door.verdict in CLOSED for door in analyze(objects, side_settings).doors)


@pytest.mark.parametrize("side", GOOD[::3], ids=lambda side: side.name)
def test_what_is_accepted_with_an_unknown_is_closed_with_any_value(side: Any) -> None:
    opened = []
    for index, obj in enumerate(side.objects):
        for at in places(obj.body):
            if not at or at[0] in ("apiVersion", "kind"):
                continue
            if not accepted(with_value(side.objects, index, at, UNKNOWN), side.settings):
                continue
            for value in VALUES[obj.kind, general(at)]:
                doors = analyze(with_value(side.objects, index, at, value), side.settings).doors
                opened += [
                    (obj.ref, at, value, door.name)
                    for door in doors
                    if door.verdict is Verdict.EXPOSED
                ]
    assert opened == []


def with_value(objects: list[Object], index: int, at: Place, value: Any) -> list[Object]:
    """`objects` where one field has another value; names follow as an adapter reads them."""
    obj = objects[index]
    body = put(obj.body, at, value)
    metadata = body.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    name, namespace = named.get("name"), named.get("namespace")
    changed = Object(
        obj.api_version,
        obj.kind,
        namespace if isinstance(namespace, str) else "",
        name if isinstance(name, str) else obj.name,
        body,
    )
    return [*objects[:index], changed, *objects[index + 1 :]]


def test_an_unknown_key_secret_or_certificate_leaves_a_platform_accepted() -> None:
    selector = {"keys": {"apiKey": {"selector": {"matchLabels": {"app": UNKNOWN}}}}}
    objects = platforms.base(platforms.auth_policy(authentication=selector))
    assert accepted(objects, platforms.settings())


@pytest.mark.parametrize(
    ("ref", "at"),
    [
        ("Gateway ingress/maas", ("spec", "listeners", 0, "hostname")),
        ("Gateway ingress/maas", ("spec", "gatewayClassName")),
        ("HTTPRoute llm/llama", ("spec", "parentRefs", 0, "name")),
        ("HTTPRoute llm/llama", ("metadata", "namespace")),
        ("AuthPolicy ingress/auth", ("spec", "targetRef", "name")),
        ("AuthPolicy ingress/auth", ("spec", "overrides", "rules", "authentication", "keys")),
        ("AuthPolicy ingress/auth", ("metadata", "namespace")),
    ],
)
def test_an_unknown_that_decides_is_named(ref: str, at: Place) -> None:
    objects = platforms.base(platforms.auth_policy())
    index = next(number for number, obj in enumerate(objects) if obj.ref == ref)
    body = objects[index].body
    if at[-1] == "hostname":
        body = put(body, at[:-1], {**body["spec"]["listeners"][0], "hostname": ""})
        objects[index] = Object(objects[index].api_version, "Gateway", "ingress", "maas", body)
    doors = analyze(with_value(objects, index, at, UNKNOWN), platforms.settings()).doors
    undecided = [door.reason for door in doors if door.verdict is Verdict.UNDECIDED]
    field = ".".join(str(part) for part in at).replace(".0.", "[0].")
    assert any(field in reason for reason in undecided)


def test_an_identity_may_be_called_like_a_field() -> None:
    """A field is known by its place, not by a word in its path."""
    named = {"response": UNKNOWN}
    objects = platforms.base(platforms.auth_policy(authentication=named))
    assert not accepted(objects, platforms.settings())


def test_a_request_to_a_gateway_with_an_unknown_is_undecided() -> None:
    objects = platforms.base(platforms.auth_policy())
    index = next(number for number, obj in enumerate(objects) if obj.kind == "Gateway")
    unknown = with_value(objects, index, ("spec", "listeners", 0, "port"), UNKNOWN)
    request = Request("maas.example.com", path="/llm/llama/v1/models")
    (answer,) = trace(unknown, platforms.settings(), [request])
    assert answer.outcome is Outcome.UNDECIDED
    assert "spec.listeners[0].port" in answer.reason


def test_unknown_labels_decide_only_where_a_listener_selects_by_them() -> None:
    label = {"metadata": {"name": "llm", "labels": {"models": UNKNOWN}}}
    namespace = Object("v1", "Namespace", "", "llm", label)
    gateway = next(obj for obj in platforms.base() if obj.kind == "Gateway")
    plain = platforms.base(namespace, platforms.auth_policy())
    doors = [door for door in analyze(plain, platforms.settings()).doors if door.listener]
    assert {door.verdict for door in doors} == {Verdict.PROTECTED}
    by_label = {"from": "Selector", "selector": {"matchLabels": {"models": "yes"}}}
    body = put(gateway.body, ("spec", "listeners", 0, "allowedRoutes"), {"namespaces": by_label})
    selecting = Object(gateway.api_version, "Gateway", "ingress", "maas", body)
    objects = platforms.base(namespace, selecting, platforms.auth_policy())
    assert not accepted(objects, platforms.settings())
