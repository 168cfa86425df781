"""What holds on every platform: two judges agree, and nothing that means nothing changes a word."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelgate.findings import Verdict
from modelgate.topology import Door, Object, Outcome, Request, Settings, analyze, trace
from tests.topology import platforms as fixed
from tests.topology.naive import Asked, Naive, Routed
from tests.topology.random_platforms import platforms, policies

HOSTS = (
    "a.ex.com",
    "b.ex.com",
    "c.a.ex.com",
    "n.ex.com",
    "other",
    "A.ex.com",
    "B.EX.COM",
    "C.a.ex.com",
    "x:n.ex.com:1",
    "b.ex.com:n.ex.com:1",
)
PATHS = ("/", "/a", "/a/z", "/a/b", "/ab", "/a/b/z", "/z")
METHODS = ("GET", "POST", "PUT")
HEADERS = ((), (("x-a", "1"),), (("x-a", "2"),), (("x-b", "1"),), (("x-a", "1"), ("x-b", "1")))

some = settings(
    derandomize=True,
    deadline=None,
    max_examples=80,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
VERSIONS = st.sampled_from(["1.5.2", "1.5.3"])


def everything(objects: list[Object]) -> Iterator[Asked]:
    for gateway in (obj for obj in objects if obj.kind == "Gateway"):
        name = [f"{gateway.namespace}/{gateway.name}"]
        ports = sorted({listener["port"] for listener in gateway.spec["listeners"]})
        for values in product(name, ports, HOSTS, METHODS, PATHS, HEADERS):
            yield Asked(*values)


def assumed(kuadrant: str) -> Settings:
    return fixed.settings(kuadrant=kuadrant)


def doors(objects: list[Object], judged: Settings) -> list[Door]:
    return [door for door in analyze(objects, judged).doors if door.listener]


def place(door: Door) -> tuple[str, Routed]:
    route = door.route.removeprefix("HTTPRoute ")
    return door.gateway, Routed(door.listener, route, door.rule or 0, door.match or 0)


def verdicts(objects: list[Object], judged: Settings) -> dict[tuple[str, Routed], Verdict]:
    found: dict[tuple[str, Routed], Verdict] = {}
    for door in doors(objects, judged):
        before = found.get(place(door), Verdict.PROTECTED)
        found[place(door)] = Verdict.worst([before, door.verdict])
    return found


@some
@given(objects=platforms(), kuadrant=VERSIONS)
def test_a_naive_judge_agrees(objects: list[Object], kuadrant: str) -> None:
    naive = Naive(objects, ignores_case=kuadrant == "1.5.3")
    opened = {
        (asked.gateway, where) for asked in everything(objects) for where in naive.gets_in(asked)
    }
    found = verdicts(objects, assumed(kuadrant))
    assert {door for door, verdict in found.items() if verdict is Verdict.EXPOSED} >= opened
    assert Verdict.UNDECIDED not in found.values()
    for door in doors(objects, assumed(kuadrant)):
        if door.request is not None:
            asked = _asked(door.request)
            assert place(door) in {(asked.gateway, where) for where in naive.gets_in(asked)}


def _asked(request: Request) -> Asked:
    headers = tuple(sorted(request.headers.items()))
    where = (request.gateway, request.port, request.host)
    return Asked(*where, request.method, request.path, headers)


@some
@given(objects=platforms(), kuadrant=VERSIONS, data=st.data())
def test_trace_and_check_never_contradict_each_other(
    objects: list[Object], kuadrant: str, data: st.DataObject
) -> None:
    judged = assumed(kuadrant)
    possible = list(everything(objects))
    drawn = data.draw(st.lists(st.sampled_from(possible), min_size=40, max_size=40))
    requests = [
        Request(it.host, it.method, "http", it.port, it.path, dict(it.headers), it.gateway)
        for it in drawn
    ]
    found = verdicts(objects, judged)
    for answer in trace(objects, judged, requests):
        if answer.outcome is Outcome.REACHES_MODEL:
            route = answer.route.removeprefix("HTTPRoute ")
            where = Routed(answer.listener, route, answer.rule or 0, answer.match or 0)
            assert found[answer.gateway, where] is Verdict.EXPOSED
    shown = [door.request for door in doors(objects, judged) if door.request]
    for answer in trace(objects, judged, shown):
        assert answer.outcome is Outcome.REACHES_MODEL


@some
@given(objects=platforms(), kuadrant=VERSIONS, data=st.data())
def test_order_means_nothing(objects: list[Object], kuadrant: str, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(objects))
    reordered = [replace(obj, body=_reversed(obj.body)) for obj in shuffled]
    expected = verdicts(objects, assumed(kuadrant))
    assert verdicts(shuffled, assumed(kuadrant)) == expected
    assert verdicts(reordered, assumed(kuadrant)) == expected


def _reversed(value: Any) -> Any:
    """`value` with the keys of its mappings in the opposite order."""
    if isinstance(value, Mapping):
        return {key: _reversed(value[key]) for key in reversed(list(value))}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


@some
@given(objects=platforms(), kuadrant=VERSIONS)
def test_names_mean_nothing(objects: list[Object], kuadrant: str) -> None:
    names = {"g0": "zeta", "g1": "alpha", "r0": "z", "r1": "m", "r2": "a", "l0": "web"}
    names |= {"p0": "zz", "p1": "yy", "p2": "aa", "one": "first", "llm": "models", "llama": "x"}
    names |= {"ingress": "edge", "key-g0": "k", "key-g1": "a"}
    renamed = [_renamed(obj, names) for obj in objects]
    expected = {
        (_named(gateway, names), _place(at, names)): verdict
        for (gateway, at), verdict in verdicts(objects, assumed(kuadrant)).items()
    }
    assert verdicts(renamed, assumed(kuadrant)) == expected


def _named(key: str, names: Mapping[str, str]) -> str:
    return "/".join(names.get(part, part) for part in key.split("/"))


def _place(at: Routed, names: Mapping[str, str]) -> Routed:
    return replace(at, listener=_named(at.listener, names), route=_named(at.route, names))


def _renamed(obj: Object, names: Mapping[str, str]) -> Object:
    def change(value: Any, key: str = "") -> Any:
        if isinstance(value, Mapping):
            return {name: change(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [change(item, key) for item in value]
        return names.get(value, value) if key in ("name", "namespace", "sectionName") else value

    namespace, name = names.get(obj.namespace, obj.namespace), names.get(obj.name, obj.name)
    return replace(obj, namespace=namespace, name=name, body=change(obj.body))


@some
@given(objects=platforms(sections=False), kuadrant=VERSIONS)
def test_a_rule_may_be_split_into_its_matches(objects: list[Object], kuadrant: str) -> None:
    split = [_split(obj) if obj.kind == "HTTPRoute" else obj for obj in objects]
    whole = [_unnamed(obj) if obj.kind == "HTTPRoute" else obj for obj in objects]
    before, after = verdicts(whole, assumed(kuadrant)), verdicts(split, assumed(kuadrant))
    assert [verdict for _, verdict in sorted(before.items(), key=_by_place)] == [
        verdict for _, verdict in sorted(after.items(), key=_by_place)
    ]


def _by_place(item: tuple[tuple[str, Routed], Verdict]) -> tuple[object, ...]:
    (gateway, at), _ = item
    return gateway, at.listener, at.route, at.rule, at.match


def _unnamed(route: Object) -> Object:
    rules = [{**rule, "name": ""} for rule in route.spec["rules"]]
    return _ruled(route, [{k: v for k, v in rule.items() if v} for rule in rules])


def _split(route: Object) -> Object:
    whole = _unnamed(route).spec["rules"]
    return _ruled(route, [{**rule, "matches": [one]} for rule in whole for one in rule["matches"]])


def _ruled(route: Object, rules: list[dict[str, Any]]) -> Object:
    return replace(route, body={**route.body, "spec": {**route.spec, "rules": rules}})


@some
@given(objects=platforms(most_policies=0, block="overrides"), kuadrant=VERSIONS, data=st.data())
def test_nothing_below_an_atomic_override_changes_a_verdict(
    objects: list[Object], kuadrant: str, data: st.DataObject
) -> None:
    routes = [("HTTPRoute", obj.name) for obj in objects if obj.kind == "HTTPRoute"]
    lower = [data.draw(policies(f"low-{index}", routes)) for index in range(3)]
    lower += [_on_listener(data.draw(policies("low-l", [("Gateway", "g0")])))]
    expected = verdicts(objects, assumed(kuadrant))
    assert verdicts([*objects, *lower], assumed(kuadrant)) == expected


def _on_listener(policy: Object) -> Object:
    target = {**policy.spec["targetRef"], "sectionName": "l0"}
    return replace(policy, body={**policy.body, "spec": {**policy.spec, "targetRef": target}})


@some
@given(objects=platforms())
def test_what_another_version_changes_is_said(objects: list[Object]) -> None:
    now = {door.name: door for door in doors(objects, assumed("1.5.2"))}
    later = {door.name: door.verdict for door in doors(objects, assumed("1.5.3"))}
    for name, door in now.items():
        said = f"1.5.3 it is {later[name]}" in door.depends_on_version
        assert said is (later[name] is not door.verdict)
