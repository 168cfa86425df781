"""What a change opens, closes and alters is told apart from what merely moved."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from modelgate.findings import Verdict
from modelgate.topology import UNKNOWN, Object, analyze
from modelgate.topology.changes import (
    Comparison,
    ResourceChange,
    Side,
    compare,
    fields,
    object_changes,
)
from policies.judgement import report
from tests.topology.platforms import ANONYMOUS, auth_policy, base, http_route, made, rule, settings

OPEN, UNDECIDED, PROTECTED = Verdict.EXPOSED, Verdict.UNDECIDED, Verdict.PROTECTED
OTHERWISE = auth_policy(authentication=ANONYMOUS)
CHAT = http_route(rule("/llm/llama/v1/chat"), rule("/llm/llama/v1/models"))
LIMIT = {"rates": [{"limit": 5, "window": "2m"}], "when": [{"predicate": 'auth.tier == "free"'}]}


def side(objects: Sequence[Object], *notes: str) -> Side:
    analysis = analyze(objects, settings())
    return Side(analysis, report(analysis), notes)


def compared(
    before: Sequence[Object] | None,
    after: Sequence[Object],
    *changes: ResourceChange,
    notes: Sequence[str] = (),
) -> Comparison:
    was = None if before is None else side(before)
    return compare(was, side(after, *notes), changes)


def limits(kind: str = "RateLimitPolicy", **limit: Any) -> Object:
    target = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "maas"}
    spec = {"targetRef": target, "overrides": {"strategy": "atomic", "limits": limit}}
    return made("kuadrant.io/v1", kind, "limits", "ingress", spec)


def test_a_door_that_opens_is_introduced_with_its_request() -> None:
    doors = compared(base(auth_policy()), base(OTHERWISE)).doors
    (door,) = doors.introduced(OPEN)
    assert door.request
    assert doors.fixed(PROTECTED)[0].name == door.name
    assert doors.fixed(OPEN) == doors.unchanged(OPEN) == []


def test_the_same_change_backwards_fixes_it() -> None:
    doors = compared(base(OTHERWISE), base(auth_policy())).doors
    assert [door.verdict for door in doors.fixed(OPEN)] == [OPEN]
    assert doors.introduced(OPEN, UNDECIDED) == []
    assert len(doors.introduced(PROTECTED)) == 1


def test_a_door_that_stays_open_is_not_introduced() -> None:
    open_ = base(OTHERWISE)
    doors = compared(open_, open_).doors
    assert len(doors.unchanged(OPEN)) == 1
    assert doors.changed == []


def test_everything_is_introduced_where_nothing_was() -> None:
    doors = compared(None, base(auth_policy())).doors
    assert len(doors.introduced(PROTECTED)) == len(doors.changes) == 1


def test_a_door_that_is_no_longer_proved_is_introduced_once() -> None:
    doors = compared(base(OTHERWISE), base(without=["Gateway ingress/maas"])).doors
    assert {door.verdict for door in doors.introduced(UNDECIDED)} == {UNDECIDED}
    assert doors.fixed(OPEN)


def test_a_rule_put_first_moves_doors_and_changes_none() -> None:
    third = http_route(
        rule("/llm/llama/v1/new"), rule("/llm/llama/v1/chat"), rule("/llm/llama/v1/models")
    )
    doors = compared(base(CHAT), base(third)).doors
    (change,) = doors.changed
    assert (change.before, change.door.rule) == (None, 0)
    moved = {
        (pair.before.rule, pair.after.rule) for pair in doors.changes if pair.before and pair.after
    }
    assert moved == {(0, 1), (1, 2)}


def test_findings_are_introduced_and_fixed() -> None:
    change = compared(base(), base(OTHERWISE))
    assert "unauthenticated-inference" in {finding.rule for finding in change.introduced}
    back = compared(base(OTHERWISE), base())
    assert {finding.rule for finding in back.fixed} == {
        finding.rule for finding in change.introduced
    }


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"free": LIMIT}, {"free": LIMIT}, []),
        (
            {"free": LIMIT},
            {"free": {**LIMIT, "rates": [{"limit": 50, "window": "2m"}]}},
            [("free", "5 per 2m", "50 per 2m")],
        ),
        ({"free": LIMIT}, {}, [("free", "5 per 2m", "")]),
        ({}, {"free": {**LIMIT, "rates": UNKNOWN}}, [("free", "", "no rate")]),
        (
            {"free": LIMIT},
            {"free": {**LIMIT, "when": []}},
            [("free", '5 per 2m, when auth.tier == "free"', "5 per 2m")],
        ),
    ],
)
def test_a_limit_is_told_with_its_tier(
    before: dict[str, Any], after: dict[str, Any], told: list[tuple[str, str, str]]
) -> None:
    changes = compared(base(limits(**before)), base(limits(**after))).limits
    assert [(one.name, one.before, one.after) for one in changes] == told
    assert {one.policy for one in changes} <= {"RateLimitPolicy ingress/limits"}


def test_an_envoy_filter_appears_with_the_programs_reason() -> None:
    mode = made("networking.istio.io/v1alpha3", "EnvoyFilter", "body-mode", "ingress", {})
    said = ["EnvoyFilter body-mode is declared: the picker needs it", "something else"]
    (gate,) = compared(base(), base(mode), notes=said).gates
    assert (gate.object, gate.appears) == ("EnvoyFilter ingress/body-mode", True)
    assert gate.why == "the picker needs it"
    (gate,) = compared(base(mode), base()).gates
    assert (gate.appears, gate.why) == (False, "")


def test_a_policy_that_is_deleted_first_leaves_its_doors_open_meanwhile() -> None:
    change = ResourceChange("replace", "AuthPolicy ingress/auth", deleted_first=True)
    (found,) = compared(base(auth_policy()), base(auth_policy()), change).interruptions
    assert "deleted before its successor exists" in found.text
    assert [door.verdict for door in found.doors] == [OPEN]
    assert found.doors[0].request


def test_a_policy_behind_another_one_leaves_nothing_open() -> None:
    second = auth_policy(name="second")
    change = ResourceChange("replace", "AuthPolicy ingress/second", deleted_first=True)
    (found,) = compared(
        base(auth_policy(), second), base(auth_policy(), second), change
    ).interruptions
    assert (found.doors, "no door opens" in found.text) == ((), True)


@pytest.mark.parametrize(
    ("kind", "first", "words"),
    [
        ("AuthPolicy", False, "created first"),
        ("Gateway", True, "no request is answered"),
        ("Gateway", False, "address of its own"),
        ("LLMInferenceService", True, "new pods have loaded it"),
    ],
)
def test_what_is_replaced_is_an_interruption(kind: str, first: bool, words: str) -> None:
    change = ResourceChange("replace", f"{kind} ingress/auth", deleted_first=first)
    (found,) = compared(base(), base(), change).interruptions
    assert words in found.text
    assert found.doors == ()


@pytest.mark.parametrize("operation", ["create", "update", "delete"])
def test_nothing_else_is_an_interruption(operation: str) -> None:
    changes = [ResourceChange(operation, "Gateway ingress/maas")]
    changes.append(ResourceChange("replace", "ConfigMap ingress/maas"))
    assert compared(base(), base(), *changes).interruptions == ()


def body(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"labels": {"a.b/c": "1"}}, "spec": spec}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": True}, [("spec.a", "1", "true")]),
        ({"a": 1}, {}, [("spec.a", "1", None)]),
        ({}, {"a": {"b": None}}, [("spec.a", None, '{"b": null}')]),
        ({"a": [1, 2]}, {"a": [1]}, [("spec.a[1]", "2", None)]),
        (
            {"a": [{"name": "x", "v": 1}, {"name": "y"}]},
            {"a": [{"name": "y"}, {"name": "x", "v": 2}]},
            [("spec.a[x].v", "1", "2")],
        ),
        (
            {"a": [{"name": "x"}, {"name": "x"}]},
            {"a": [{"name": "x"}]},
            [("spec.a[1]", '{"name": "x"}', None)],
        ),
        ({"a": UNKNOWN}, {"a": UNKNOWN}, []),
        ({"a": UNKNOWN}, {"a": 1}, [("spec.a", "(secret, or not known before the update)", "1")]),
        ({"a": {"b.c/d": 1}}, {"a": {"b.c/d": 2}}, [('spec.a["b.c/d"]', "1", "2")]),
    ],
)
def test_fields_are_compared_leaf_by_leaf(
    before: dict[str, Any], after: dict[str, Any], told: list[tuple[str, str | None, str | None]]
) -> None:
    found = fields(body(**before), body(**after))
    assert [(one.path, one.before, one.after) for one in found] == told


def test_a_long_value_is_cut() -> None:
    (found,) = fields({"a": ""}, {"a": "x" * 10_000})
    assert found.after
    assert len(found.after) < 200
    assert "10002 characters" in found.after


def test_objects_are_paired_by_kind_and_name() -> None:
    old = [made("v1", "A", "kept", "x", {"n": 1}), made("v1", "A", "gone", "x", {})]
    new = [made("v2", "A", "new", "x", {}), replace(old[0], body={"spec": {"n": 2}})]
    told = {(one.operation, one.what): one.fields for one in object_changes(old, new)}
    assert set(told) == {("create", "A x/new"), ("update", "A x/kept"), ("delete", "A x/gone")}
    assert "spec.n" in {field.path for field in told["update", "A x/kept"]}
    assert object_changes(old, old) == []
