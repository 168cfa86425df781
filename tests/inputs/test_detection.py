"""Istio's version is read where a cluster states it: on a real API server, source by source."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config

from modelgate import detection
from modelgate.config import KEY
from modelgate.detection import OPENSHIFT_CONTROLLER, DisagreementError, Stated
from modelgate.errors import ModelgateError
from modelgate.inputs import Selection, cluster_versions, gather
from modelgate.kubernetes_api import Cluster, connect
from tests.inputs.conftest import Start, write_kubeconfig
from tests.plugins.control_plane import ControlPlane

ISTIO = "istio.io/gateway-controller"
SAIL = "sailoperator.io"
GATEWAY_API = "gateway.networking.k8s.io"
KINDS = {
    "IstioRevision": (SAIL, "istiorevisions"),
    "Istio": (SAIL, "istios"),
    "GatewayClass": (GATEWAY_API, "gatewayclasses"),
}


def definition(kind: str, group: str, plural: str) -> dict[str, Any]:
    """A cluster-wide kind that takes any content."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "annotations": APPROVED},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }


APPROVED = {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api"}


class Platform:
    """A cluster on which Istio says its version in one place or another."""

    def __init__(self, kubeconfig: Path) -> None:
        settings = client.Configuration()
        config.load_kube_config(str(kubeconfig), client_configuration=settings)
        self.api = client.ApiClient(settings)

    def make(self, path: str, body: dict[str, Any]) -> None:
        self.api.call_api(*self._call("POST", path, body)).read()

    def remove(self, path: str) -> None:
        self.api.call_api(*self._call("DELETE", path, None)).read()

    def _call(self, method: str, path: str, body: Any) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return self.api.param_serialize(
            method, path, header_params=headers, body=body, auth_settings=["BearerToken"]
        )

    def served(self, path: str) -> bool:
        answer = self.api.call_api(*self._call("GET", path, None))
        answer.read()
        return int(answer.status) == 200

    def istiod(self, namespace: str, name: str, **labels: str) -> None:
        self.make("/api/v1/namespaces", {"metadata": {"name": namespace}})
        pod = {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "discovery", "image": IMAGE}]},
        }
        self.make(
            f"/apis/apps/v1/namespaces/{namespace}/deployments",
            {
                "metadata": {"name": name, "labels": {"app": "istiod", **labels}},
                "spec": {"selector": {"matchLabels": {"app": name}}, "template": pod},
            },
        )

    def sail(self, kind: str, name: str, version: str) -> None:
        group, plural = KINDS[kind]
        body = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": name}}
        self.make(f"/apis/{group}/v1/{plural}", {**body, "spec": {"version": version}})


IMAGE = "registry.example.com:5000/istio/pilot@sha256:0123456789abcdef"
TAGGED = "docker.io/istio/pilot:1.28.5"


@pytest.fixture(scope="module")
def platform(control_plane: ControlPlane) -> Iterator[Platform]:
    made = Platform(control_plane().kubeconfig)
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    for kind, (group, plural) in KINDS.items():
        made.make(definitions, definition(kind, group, plural))
    deadline = time.monotonic() + 60
    for group, plural in KINDS.values():
        while not made.served(f"/apis/{group}/v1/{plural}"):
            assert time.monotonic() < deadline
    yield made
    for group, plural in KINDS.values():
        made.remove(f"{definitions}/{plural}.{group}")


@pytest.fixture
def live(
    platform: Platform, control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    monkeypatch.setenv("KUBECONFIG", str(control_plane().kubeconfig))
    yield connect()
    for group, plural in KINDS.values():
        platform.remove(f"/apis/{group}/v1/{plural}")
    for namespace in ("openshift-ingress", "istio-system"):
        platform.remove(f"/apis/apps/v1/namespaces/{namespace}/deployments")


def test_nothing_is_stated_where_no_istio_is(live: Cluster) -> None:
    assert detection.istio(live) == detection.Detection(None)


def test_labels_of_istiod_come_first(platform: Platform, live: Cluster) -> None:
    """Its image is a digest; the Istio resource names an alias."""
    version = {"app.kubernetes.io/version": "1.26.2", "helm.sh/chart": "istiod-1.26.2"}
    platform.istiod("openshift-ingress", "istiod-openshift-gateway", **version)
    platform.sail("Istio", "openshift-gateway", "v1.26-latest")
    where = "Deployment openshift-ingress/istiod-openshift-gateway"
    assert detection.istio(live, OPENSHIFT_CONTROLLER).stated == Stated("1.26.2", where)
    assert cluster_versions.find(live)["istio"] == "1.26.2"


def test_the_chart_is_read_where_the_version_is_not_a_label(
    platform: Platform, live: Cluster
) -> None:
    chart = {"helm.sh/chart": "istiod-1.27.3"}
    platform.istiod("openshift-ingress", "istiod-openshift-gateway", **chart)
    stated = detection.istio(live).stated
    assert stated is not None
    assert stated.version == "1.27.3"


def test_a_revision_comes_before_the_istio_resource(platform: Platform, live: Cluster) -> None:
    platform.sail("Istio", "openshift-gateway", "v1.27-latest")
    stated = detection.istio(live).stated
    assert stated == Stated("1.27", "Istio openshift-gateway")
    platform.sail("IstioRevision", "openshift-gateway", "v1.27.8")
    stated = detection.istio(live).stated
    assert stated == Stated("1.27.8", "IstioRevision openshift-gateway")


def test_a_gateway_class_says_it_where_no_istio_resource_exists(
    platform: Platform, live: Cluster
) -> None:
    condition = {"type": "ControllerInstalled", "message": "istiod v1.28.5 installed"}
    body = {
        "apiVersion": f"{GATEWAY_API}/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "openshift-default"},
        "spec": {"controllerName": OPENSHIFT_CONTROLLER},
        "status": {"conditions": [{"type": "Accepted"}, condition]},
    }
    platform.make(f"/apis/{GATEWAY_API}/v1/gatewayclasses", body)
    stated = Stated("1.28.5", "GatewayClass openshift-default")
    assert detection.istio(live).stated == stated
    assert detection.istio(live, OPENSHIFT_CONTROLLER).stated == stated
    assert detection.istio(live, ISTIO).stated is None


def test_the_istio_of_the_gateways_is_told_from_a_mesh(platform: Platform, live: Cluster) -> None:
    ours, mesh = {"app.kubernetes.io/version": "1.26.2"}, {"app.kubernetes.io/version": "1.24.3"}
    platform.istiod("openshift-ingress", "istiod-openshift-gateway", **ours)
    platform.istiod("istio-system", "istiod", **mesh)
    versions = [
        stated.version
        for controller in ("", OPENSHIFT_CONTROLLER, ISTIO)
        if (stated := detection.istio(live, controller).stated)
    ]
    assert versions == ["1.26.2", "1.26.2", "1.24.3"]


def test_two_that_could_be_meant_are_not_chosen_from(platform: Platform, live: Cluster) -> None:
    platform.istiod("istio-system", "istiod", **{"app.kubernetes.io/version": "1.24.3"})
    platform.istiod("openshift-ingress", "istiod-blue", **{"helm.sh/chart": "istiod-1.27.3"})
    with pytest.raises(DisagreementError, match=r"says 1\.24\.3, .* says 1\.27\.3") as raised:
        detection.istio(live, ISTIO)
    assert "versions.istio" in raised.value.hint
    assert "istio" not in cluster_versions.find(live)


@pytest.mark.parametrize(
    ("label", "version"),
    [
        ("OSSM_1.26.2", "1.26.2"),
        ("1.26.2-redhat", "1.26.2"),
        ("v1.28.5+build", "1.28.5"),
        ("unknown", None),
    ],
)
def test_versions_are_read_in_the_forms_of_builds(
    start_cluster: Start, label: str, version: str | None
) -> None:
    deployment = {
        "metadata": {
            "name": "istiod",
            "namespace": "istio-system",
            "labels": {"app.kubernetes.io/version": label},
        },
        "spec": {"template": {"spec": {"containers": [{"image": IMAGE}]}}},
    }
    start_cluster({"/apis/apps/v1/deployments": {"items": [deployment]}})
    stated = detection.istio(connect()).stated
    assert (stated.version if stated else None) == version


def test_the_tag_of_an_upstream_image_is_the_last_resort(start_cluster: Start) -> None:
    deployment = {
        "metadata": {"name": "istiod", "namespace": "istio-system"},
        "spec": {"template": {"spec": {"containers": [{"image": TAGGED}]}}},
    }
    start_cluster({"/apis/apps/v1/deployments": {"items": [deployment]}})
    stated = detection.istio(connect()).stated
    assert stated == Stated("1.28.5", "Deployment istio-system/istiod")


def test_openshift_says_its_own_version(start_cluster: Start) -> None:
    place = "/apis/config.openshift.io/v1/clusterversions/version"
    start_cluster({place: {"status": {"desired": {"version": "4.20.6"}}}})
    assert cluster_versions.find(connect()) == {"openshift": "4.20.6"}


def test_lists_that_may_not_be_read_are_told(start_cluster: Start) -> None:
    start_cluster({"/apis/apps/v1/deployments": 403, "/apis/sailoperator.io/v1/istios": 500})
    found = detection.istio(connect())
    assert found == detection.Detection(None, ("deployments (403)", "istios (500)"))


def test_a_cluster_that_does_not_answer_is_an_error(
    start_cluster: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = start_cluster({})
    write_kubeconfig(stub.kubeconfig, "http://127.0.0.1:1")
    with pytest.raises(ModelgateError, match="cluster stub does not answer"):
        detection.istio(connect(timeout=(1, 1)))


@pytest.mark.parametrize(("stated", "version"), [("detect", "1.26.2"), ("1.27.3", "1.27.3")])
def test_beside_a_cluster_its_word_counts_where_the_stack_leaves_it_to_it(
    start_cluster: Start, tmp_path: Path, stated: str, version: str
) -> None:
    root = Path(__file__).parents[2]
    for file in ("Pulumi.yaml", "__main__.py"):
        (tmp_path / file).write_text((root / file).read_text())
    platform = yaml.safe_load((root / "Pulumi.dev.yaml").read_text())
    platform["config"][KEY]["versions"] = {"istio": stated, "openshift": "4.20"}
    (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(platform))
    istiod = {
        "metadata": {"name": "istiod", "labels": {"app.kubernetes.io/version": "1.26.2"}},
        "spec": {"template": {"spec": {"containers": []}}},
    }
    selected = "/apis/apps/v1/deployments?labelSelector=app=istiod"
    empty: dict[str, Any] = {"/apis": {"groups": []}, "/api/v1": {"resources": []}}
    start_cluster({**empty, selected: {"items": [istiod]}})
    view = gather(Selection(tmp_path, stack="dev", live=True))
    assert view.versions["istio"] == version
