"""A cluster is read with lists only; what may not be seen is told, never taken as absent."""

from typing import Any

import pytest

from modelgate.errors import ModelgateError
from modelgate.inputs import cluster, cluster_versions
from tests.inputs.conftest import Start, write_kubeconfig

GATEWAY_API = "/apis/gateway.networking.k8s.io/v1"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/httproutes.gateway.networking.k8s.io"

DEPLOYMENTS = "/apis/apps/v1/deployments"


def resources(*kinds: tuple[str, str]) -> dict[str, Any]:
    return {
        "resources": [
            {"name": name, "kind": kind, "verbs": ["get", "list"]} for name, kind in kinds
        ]
        + [{"name": "services/status", "kind": "Service", "verbs": ["get"]}]
    }


def group(name: str, *versions: str) -> dict[str, Any]:
    listed = [{"version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def item(name: str, namespace: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "managedFields": [{"manager": "x"}]}
    return {"metadata": metadata, "spec": {}}


DISCOVERY = {
    "/apis": {
        "groups": [
            group("gateway.networking.k8s.io", "v1", "v1beta1"),
            group("example.com", "v1"),
        ]
    },
    "/api/v1": resources(("services", "Service"), ("secrets", "Secret"), ("nodes", "Node")),
    GATEWAY_API: resources(("httproutes", "HTTPRoute")),
    f"{GATEWAY_API}beta1": resources(
        ("httproutes", "HTTPRoute"), ("referencegrants", "ReferenceGrant")
    ),
    f"{GATEWAY_API}beta1/referencegrants": {"items": [item("grant", "a")]},
    "/api/v1/services": {"items": [item("svc", "a")]},
    f"{GATEWAY_API}/httproutes": {"items": [item("r1", "a")], "metadata": {"continue": "t"}},
    f"{GATEWAY_API}/httproutes?limit=500&continue=t": {"items": [item("r2", "b")]},
}


def test_every_object_of_the_wanted_kinds_is_read_page_by_page(start_cluster: Start) -> None:
    start_cluster(DISCOVERY)
    objects = cluster.read(cluster.connect())
    assert [f"{obj.api_version} {obj.ref}" for obj in objects] == [
        "v1 Service a/svc",
        "gateway.networking.k8s.io/v1 HTTPRoute a/r1",
        "gateway.networking.k8s.io/v1 HTTPRoute b/r2",
        "gateway.networking.k8s.io/v1beta1 ReferenceGrant a/grant",
    ]
    assert objects[1].body == {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "r1", "namespace": "a"},
        "spec": {},
    }
    assert {obj.source for obj in objects} == {"cluster stub"}


def test_secrets_are_never_asked_for(start_cluster: Start) -> None:
    stub = start_cluster(DISCOVERY)
    cluster.read(cluster.connect())
    assert [path for path in stub.asked if "secret" in path] == []


def test_a_kind_that_may_not_be_listed_stops_the_judgement(start_cluster: Start) -> None:
    start_cluster({**DISCOVERY, f"{GATEWAY_API}/httproutes": 403, "/api/v1/services": 403})
    with pytest.raises(ModelgateError) as raised:
        cluster.read(cluster.connect())
    assert raised.value.exit_code == 3
    assert raised.value.message == (
        "cluster stub does not let you list services, httproutes.gateway.networking.k8s.io:"
        " nothing was judged"
    )


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"/apis": 401}, "does not say what it serves: 401"),
        ({**DISCOVERY, "/api/v1/services": 500}, "listing /api/v1/services failed: 500"),
    ],
)
def test_a_cluster_that_refuses_is_told(
    start_cluster: Start, answers: dict[str, Any], words: str
) -> None:
    start_cluster(answers)
    with pytest.raises(ModelgateError, match=words) as raised:
        cluster.read(cluster.connect())
    assert "secret-token" not in str(raised.value)


def test_a_cluster_that_does_not_answer_is_told(
    start_cluster: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = start_cluster({})
    write_kubeconfig(stub.kubeconfig, "http://127.0.0.1:1")
    with pytest.raises(ModelgateError, match="cluster stub does not answer: ") as raised:
        cluster.read(cluster.connect())
    assert "secret-token" not in str(raised.value)


def test_an_unknown_context_is_told_with_the_known_ones(start_cluster: Start) -> None:
    start_cluster({})
    with pytest.raises(ModelgateError, match="no context other") as raised:
        cluster.connect("other")
    assert (raised.value.hint, raised.value.exit_code) == ("it has: stub", 2)


def test_a_broken_kubeconfig_is_told_by_name(start_cluster: Start) -> None:
    stub = start_cluster({})
    stub.kubeconfig.write_text("contexts: []\n")
    with pytest.raises(ModelgateError, match=str(stub.kubeconfig)) as raised:
        cluster.connect()
    assert raised.value.exit_code == 2


def test_without_a_kubeconfig_there_is_no_cluster(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "missing"))
    with pytest.raises(ModelgateError, match="no cluster to read"):
        cluster.connect()


def test_versions_are_read_from_where_a_cluster_states_them(start_cluster: Start) -> None:
    annotations = {"gateway.networking.k8s.io/bundle-version": "v1.4.0"}
    image = "registry.example.com:5000/kuadrant/kuadrant-operator:v1.5.2@sha256:abc"
    container = {"image": image}
    deployment = {"spec": {"template": {"spec": {"containers": [container]}}}}
    start_cluster(
        {
            CRD: {"metadata": {"annotations": annotations}},
            "/apis/operators.coreos.com/v1alpha1/clusterserviceversions": {
                "items": [{"metadata": {"name": "rhods-operator.3.4.1"}}]
            },
            "/apis/sailoperator.io/v1/istios": {"items": [{"spec": {"version": "v1.26.2"}}]},
            f"{DEPLOYMENTS}?labelSelector=app.kubernetes.io/name=kuadrant-operator": {
                "items": [deployment]
            },
        }
    )
    assert cluster_versions.find(cluster.connect()) == {
        "gateway-api": "1.4.0",
        "openshift-ai": "3.4.1",
        "istio": "1.26.2",
        "kuadrant": "1.5.2",
    }


def test_what_no_cluster_states_is_unstated(start_cluster: Start) -> None:
    start_cluster({"/apis/sailoperator.io/v1/istios": 403})
    assert cluster_versions.find(cluster.connect()) == {}
