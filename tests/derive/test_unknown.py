"""Nothing in a manifest makes the derivation fail, and nothing unknown is guessed."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelgate.topology.derive import INCOMPLETE, derive, rule_table
from modelgate.topology.objects import UNKNOWN, Object
from modelgate.topology.values import unknown_paths
from modelgate.versions import table
from tests.derive.samples import (
    NAME,
    NAMESPACE,
    RELEASES,
    derived,
    gateway,
    managed,
    manifest,
    route_of,
    service,
    to,
)

ROUTE = f"HTTPRoute {NAMESPACE}/{NAME}-kserve-route"
VERSION = "serving.kserve.io/v1alpha1"


def hidden(route: Object) -> bool:
    """Whether a reader meets one parent and one rule of which nothing is known."""
    (parent,), (row,) = route.spec["parentRefs"], rule_table(route)
    return parent["name"] is UNKNOWN and row.matches == ("UNKNOWN",) and row.through_picker is None


@pytest.mark.parametrize(
    "spec",
    [
        UNKNOWN,
        {"router": UNKNOWN},
        {"router": {"route": UNKNOWN}},
        {"router": {"route": {"http": UNKNOWN}}},
        {"router": {"route": {"http": {"refs": UNKNOWN}}}},
        {"router": {"route": {"http": {"spec": UNKNOWN}}}},
        {"baseRefs": [{"name": "not-in-view"}]},
        {"baseRefs": UNKNOWN},
    ],
)
def test_a_route_that_may_come_is_shown_without_content(spec: Any) -> None:
    one = manifest(VERSION, "LLMInferenceService", (NAMESPACE, NAME), {"spec": spec})
    found = derived("3.4", one)
    assert hidden(found[ROUTE])
    assert f"Service {NAMESPACE}/{NAME}-kserve-workload-svc" in found


def test_a_configuration_with_an_unknown_part_is_unknown() -> None:
    inline = {"plugins": [{"type": "queue-scorer", "parameters": {"threshold": UNKNOWN}}]}
    router = {"scheduler": {"config": {"inline": inline}}}
    body = {"spec": {"router": router}}
    found = derived("3.4", manifest(VERSION, "LLMInferenceService", (NAMESPACE, NAME), body))
    deployment = found[f"Deployment {NAMESPACE}/{NAME}-kserve-router-scheduler"]
    (main,) = deployment.spec["template"]["spec"]["containers"]
    assert main["args"] == ["--config-text", UNKNOWN]


def test_a_service_without_a_name_yields_its_route_only() -> None:
    body = {"metadata": {"name": UNKNOWN, "namespace": NAMESPACE}, "spec": {"router": managed()}}
    one = Object(VERSION, "LLMInferenceService", NAMESPACE, "", body)
    (route,) = derive([one], table().release("3.4"))
    assert (route.kind, route.name, route.metadata["name"]) == ("HTTPRoute", "", UNKNOWN)
    assert hidden(route)
    assert "not known" in route.metadata["annotations"][INCOMPLETE]


def test_unknown_parts_stay_where_they_are() -> None:
    refs = {"refs": [{"name": UNKNOWN, "namespace": "openshift-ingress"}, UNKNOWN]}
    model = {"uri": UNKNOWN, "name": UNKNOWN}
    route = route_of("3.5", service(managed(gateway=refs), model=model))
    unknown = {"[0].name", "[1].name", "[1].namespace"}
    assert set(unknown_paths(route.spec["parentRefs"], "")) == unknown
    paths = [row.matches[0] for row in rule_table(route)]
    assert paths[0] == f"PathPrefix /{NAMESPACE}/{NAME}/v1/completions"
    assert paths[5] == "PathPrefix UNKNOWN"


def test_an_unknown_scheduler_leaves_the_backends_open() -> None:
    rows = rule_table(route_of("3.4", service(managed(scheduler=UNKNOWN))))
    assert [row.through_picker for row in rows] == [None, None, None, False]


def test_unknown_references_leave_the_parents_open() -> None:
    route = route_of("3.4", service(managed(gateway={"refs": UNKNOWN})))
    assert [ref["name"] for ref in route.spec["parentRefs"]] == [UNKNOWN]


def test_known_parents_are_kept_where_only_the_rules_are_not_known() -> None:
    router = managed(route={"http": UNKNOWN}, gateway=to("maas-gateway"))
    route = route_of("3.4", service(router))
    assert [ref["name"] for ref in route.spec["parentRefs"]] == ["maas-gateway"]
    assert [row.matches for row in rule_table(route)] == [("UNKNOWN",)]


FIELDS = (
    *("name", "namespace", "refs", "spec", "http", "pool", "ref", "rules", "matches"),
    *("backendRefs", "template", "containers", "args", "ports", "lora", "adapters"),
)
WORDS = ("", "text", "{{ .Name }}", "{{ if")
LEAVES: tuple[Any, ...] = (None, UNKNOWN, *WORDS, 0, -1, 1.5, True, [], {})
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=8,
)
PLACES = (
    ("metadata", "annotations"),
    ("metadata", "labels"),
    ("spec",),
    ("spec", "model"),
    ("spec", "baseRefs"),
    ("spec", "annotations"),
    ("spec", "template"),
    ("spec", "prefill"),
    ("spec", "worker"),
    ("spec", "replicas"),
    ("spec", "router"),
    ("spec", "router", "gateway"),
    ("spec", "router", "gateway", "refs"),
    ("spec", "router", "route"),
    ("spec", "router", "route", "http"),
    ("spec", "router", "route", "http", "spec"),
    ("spec", "router", "route", "group"),
    ("spec", "router", "scheduler"),
    ("spec", "router", "scheduler", "pool"),
    ("spec", "router", "scheduler", "pool", "spec"),
    ("spec", "router", "scheduler", "template"),
    ("spec", "router", "scheduler", "config"),
)
GATEWAY_PLACES = (
    ("metadata", "labels"),
    ("metadata", "annotations"),
    ("metadata", "ownerReferences"),
    ("spec",),
    ("spec", "listeners"),
)


def replaced(value: Any, path: tuple[str, ...], junk: Any) -> Any:
    """A copy of `value` with `junk` at `path`; what lies above it is kept where it can be."""
    if not path:
        return junk
    base: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    return {**base, path[0]: replaced(base.get(path[0]), path[1:], junk)}


@settings(deadline=None)
@given(
    release=st.sampled_from(RELEASES),
    place=st.sampled_from(PLACES),
    junk=JUNK,
    gateway_place=st.sampled_from(GATEWAY_PLACES),
    gateway_junk=JUNK,
)
def test_junk_never_fails(
    release: str,
    place: tuple[str, ...],
    junk: Any,
    gateway_place: tuple[str, ...],
    gateway_junk: Any,
) -> None:
    whole = service(managed(gateway=to("maas-gateway"), route={"http": {}}), prefill={})
    broken = Object(
        whole.api_version, whole.kind, NAMESPACE, NAME, replaced(whole.body, place, junk)
    )
    maas = gateway()
    body = replaced(maas.body, gateway_place, gateway_junk)
    broken_gateway = Object(maas.api_version, maas.kind, maas.namespace, maas.name, body)
    found = derive([broken, broken_gateway], table().release(release))
    assert all(one.derived_from for one in found)
    for one in found:
        assert isinstance(rule_table(one), tuple)
