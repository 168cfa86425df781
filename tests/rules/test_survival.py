"""No rule fails on what it is given: manifests of others, values of the wrong type, unknowns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from modelgate.topology import UNKNOWN, Object, Settings, analyze, read
from policies.judgement import judge
from policies.rules import ALL
from tests.rules.cases import HERE, Case, cases

VERSIONS = (
    {"kuadrant": "1.5.2", "gateway-api": "1.4.0", "istio": "1.28.5", "openshift-ai": "3.4"},
    {"kuadrant": "1.4.6", "gateway-api": "1.3.0", "istio": "1.26.2", "openshift-ai": "3.2"},
)
SERVICE = """
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata: {name: qwen3-0-6b, namespace: my-first-model}
spec:
  model: {uri: "hf://Qwen/Qwen3-0.6B"}
  router: {route: {}, gateway: {}, scheduler: {}}
"""
LISTED = {rule.ID for rule in ALL}


def test_every_rule_survives_the_executed_topologies(executed: list[list[Object]]) -> None:
    for index, objects in enumerate(executed):
        report = judge(objects, Settings(assume=VERSIONS[index % 2]))
        assert {finding.rule for finding in report.findings} <= LISTED


def test_every_rule_survives_the_presets(presets: list[list[Object]]) -> None:
    gateway = (HERE / "parts" / "gateway.yaml").read_text()
    around = [*read(gateway, "gateway.yaml"), *read(SERVICE, "service.yaml")]
    together = [obj for objects in presets for obj in objects]
    for objects in (*presets, together):
        report = judge([*around, *objects], Settings(assume=VERSIONS[0]))
        assert {finding.rule for finding in report.findings} <= LISTED


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([*cases("bad"), *cases("ok")]),
    st.randoms(use_true_random=False),
    st.sampled_from([UNKNOWN, None, 7, "", [], {}, [None], {"*": None}, "a || b", '"\\d"']),
)
def test_every_rule_survives_any_value_anywhere(case: Case, random: Any, value: Any) -> None:
    objects = case.objects()
    index = random.randrange(len(objects))
    obj = objects[index]
    places = list(_places(obj.body.get("spec"), ("spec",)))
    if places:
        body = _with(obj.body, random.choice(places), value)
        objects[index] = replace(obj, body=body)
    analysis = analyze(objects, case.settings)
    found = [finding for rule in ALL for finding in rule.check(analysis)]
    assert {finding.rule for finding in found} <= LISTED


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _places(item, (*path, key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from _places(item, (*path, index))


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    key, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        return {**value, key: _with(value.get(key), rest, new)}
    return [_with(item, rest, new) if index == key else item for index, item in enumerate(value)]
