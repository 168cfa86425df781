"""The managed route is on the gateways and backends that the service asks for, and no others."""

from typing import Any

import pytest

from modelgate.topology.derive import rule_table
from modelgate.topology.objects import UNKNOWN, Object
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
COUNTS = {"3.0": 3, "3.2": 3, "3.3": 3, "3.4": 4, "3.5": 12, "kserve-0.16": 1, "kserve-0.20": 12}


def parents(route: Object) -> list[str]:
    """As Gateway API reads them: without a namespace, in the route's own."""
    return [
        f"{ref.get('namespace', route.namespace)}/{ref['name']}" for ref in route.spec["parentRefs"]
    ]


def backends(route: Object) -> set[str]:
    return {backend for row in rule_table(route) for backend in row.backends}


@pytest.mark.parametrize("release", RELEASES)
def test_every_release_has_its_number_of_rules(release: str) -> None:
    rows = rule_table(route_of(release, service(managed())))
    assert len(rows) == COUNTS[release]
    named = release in ("3.5", "kserve-0.20")
    assert [bool(row.name) for row in rows] == [named] * COUNTS[release]


@pytest.mark.parametrize("release", RELEASES)
def test_without_references_the_default_gateway_is_the_parent(release: str) -> None:
    upstream = release.startswith("kserve-")
    default = (
        "kserve/kserve-ingress-gateway" if upstream else "openshift-ingress/openshift-ai-inference"
    )
    assert parents(route_of(release, service({"route": {}, "scheduler": {}}))) == [default]


def test_references_replace_the_default_gateway() -> None:
    router = managed(gateway=to("maas-gateway", "openshift-ai-inference"))
    assert parents(route_of("3.4", service(router))) == [
        "openshift-ingress/maas-gateway",
        "openshift-ingress/openshift-ai-inference",
    ]


def test_a_reference_without_a_namespace_is_in_the_services_own() -> None:
    router = managed(gateway={"refs": [{"name": "mine", "sectionName": "https"}]})
    route = route_of("3.5", service(router))
    assert parents(route) == [f"{NAMESPACE}/mine"]
    assert route.spec["parentRefs"][0]["sectionName"] == "https"


def test_inline_rules_parents_and_hostnames_replace_the_presets() -> None:
    own = {
        "hostnames": ["models.example.com"],
        "parentRefs": [{"name": "own", "namespace": "gateways"}],
        "rules": [{"backendRefs": [{"kind": "Service", "name": "other", "port": 80}]}],
    }
    route = route_of("3.4", service(managed(route={"http": {"spec": own}}, gateway=None)))
    assert route.spec["hostnames"] == ["models.example.com"]
    assert parents(route) == ["gateways/own"]
    assert backends(route) == {f"Service {NAMESPACE}/other:80"}


@pytest.mark.parametrize(
    "router", [None, {}, {"scheduler": {}}, {"route": {"http": {"refs": [{"name": "own"}]}}}]
)
def test_no_route_is_made_without_one_or_with_somebody_elses(router: Any) -> None:
    assert ROUTE not in derived("3.4", service(router))


def test_a_stopped_service_leaves_nothing() -> None:
    stopped = service(managed(), annotations={"serving.kserve.io/stop": "True"})
    assert derived("3.4", stopped, gateway("openshift-ai-inference")) == {}
    assert ROUTE in derived("kserve-0.16", stopped)  # this controller does not read it


def test_a_route_that_states_no_rules_has_the_definitions_own() -> None:
    router = managed(route={"http": {"spec": {"hostnames": ["models.example.com"]}}})
    route = derived("3.5", service(router))[ROUTE]
    any_path = {"type": "PathPrefix", "value": "/"}
    assert route.spec["rules"] == [{"matches": [{"path": any_path}]}]
    assert "annotations" not in route.metadata


@pytest.mark.parametrize("release", RELEASES)
def test_without_a_scheduler_every_rule_ends_at_the_service(release: str) -> None:
    route = route_of(release, service({"route": {}}))
    assert backends(route) == {f"Service {NAMESPACE}/{NAME}-kserve-workload-svc:8000"}
    assert not any(row.through_picker for row in rule_table(route))


def test_a_pool_of_somebody_elses_is_routed_to_and_not_made() -> None:
    router = managed(scheduler={"pool": {"ref": {"name": "shared-pool"}}})
    found = derived("3.4", service(router))
    pools = {one for one in backends(found[ROUTE]) if one.startswith("InferencePool")}
    assert pools == {f"InferencePool {NAMESPACE}/shared-pool:8000"}
    assert not [one for one in found.values() if one.kind == "InferencePool"]
    assert f"Deployment {NAMESPACE}/{NAME}-kserve-router-scheduler" not in found


@pytest.mark.parametrize(
    ("release", "istio", "group"),
    [
        ("3.2", "1.27.8", "inference.networking.x-k8s.io"),
        ("3.3", "", "inference.networking.x-k8s.io"),
        ("3.3", "1.26.8", "inference.networking.x-k8s.io"),
        ("3.3", "1.28.5", "inference.networking.k8s.io"),
        ("3.4", "", "inference.networking.k8s.io"),
        ("3.4", "1.26.8", "inference.networking.x-k8s.io"),
        ("kserve-0.20", "1.27.9", "inference.networking.x-k8s.io"),
        ("kserve-0.20", "1.28.0", "inference.networking.k8s.io"),
    ],
)
def test_a_managed_route_ends_at_the_group_that_istio_reads(
    release: str, istio: str, group: str
) -> None:
    route = route_of(release, service(managed()), istio=istio)
    assert route.spec["rules"][0]["backendRefs"][0]["group"] == group
    marked = "v1" in route.metadata.get("annotations", {}).values()
    assert marked == (group == "inference.networking.k8s.io")


def headers(route: Object) -> set[Any]:
    return {
        header["value"]
        for rule in route.spec["rules"]
        for match in rule["matches"]
        for header in match.get("headers", ())
    }


def test_every_adapter_is_routed_by_header() -> None:
    adapters = {"adapters": [{"name": "sql"}, {"name": UNKNOWN}, {"uri": "no-name"}]}
    model = {"uri": "hf://a/b", "name": "base", "lora": adapters}
    found = headers(route_of("3.5", service(managed(), model=model)))
    prefix = f"publishers/{NAMESPACE}/models"
    assert found == {f"{prefix}/base", f"{prefix}/sql", UNKNOWN}
    assert headers(route_of("3.4", service(managed(), model=model))) == set()


@pytest.mark.parametrize("where", ["service", "gateway"])
def test_header_routing_can_be_switched_off(where: str) -> None:
    off = {"serving.kserve.io/model-based-routing-enabled": "false"}
    maas = gateway(annotations=off if where == "gateway" else {})
    own = service(managed(gateway=to("maas-gateway")), handed_on=off if where == "service" else {})
    route = route_of("3.5", own, maas)
    assert headers(route) == set()
    assert len(route.spec["rules"]) == 10


def test_members_of_a_routing_group_are_not_forgotten() -> None:
    route = route_of("3.5", service(managed(route={"group": "canary"})))
    assert {row.through_picker for row in rule_table(route)} == {None}


def test_a_declared_object_wins() -> None:
    own = manifest("gateway.networking.k8s.io/v1", "HTTPRoute", (NAMESPACE, f"{NAME}-kserve-route"))
    assert ROUTE not in derived("3.4", service(managed()), own)


def test_the_rule_table_says_what_passes_the_picker_by() -> None:
    rows = rule_table(route_of("3.2", service(managed())))
    assert [(row.matches, row.rewrite, row.through_picker) for row in rows] == [
        ((f"PathPrefix /{NAMESPACE}/{NAME}/v1/completions",), "/v1/completions", True),
        ((f"PathPrefix /{NAMESPACE}/{NAME}/v1/chat/completions",), "/v1/chat/completions", True),
        ((f"PathPrefix /{NAMESPACE}/{NAME}",), "/", False),
    ]
    assert rows[1].envoy_route == f"{NAMESPACE}.{NAME}-kserve-route.1"
    assert (
        rule_table(route_of("3.5", service(managed())))[1].envoy_route == "v1-chat-completions-path"
    )
