"""`versions.istio: detect` ends in a version that somebody states, or in words."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from kubernetes import client, config
from pulumi.runtime.settings import Settings, configure

from components.detected import UnsaidError, settled
from modelgate.config import KEY, StackConfig
from modelgate.engine.in_process import Evaluation, evaluate
from modelgate.errors import ConfigurationError
from tests.components.samples import ten_lines
from tests.inputs.conftest import write_kubeconfig
from tests.plugins.control_plane import ControlPlane

ROOT = Path(__file__).resolve().parents[2]
WHERE = "Pulumi.dev.yaml"


def stack(**versions: str) -> StackConfig:
    return ten_lines("3.2", versions=versions)


@pytest.fixture
def engine() -> None:
    """As under the engine: no recording monitor stands in for it."""
    configure(Settings("platform", "dev"))


def test_a_configured_version_is_left_alone(engine: None) -> None:
    configured = stack(istio="1.26.2")
    assert settled(configured, WHERE) is configured
    assert settled(stack(), WHERE).versions.istio is None


def test_a_detected_version_is_told_with_its_source(
    engine: None, capsys: pytest.CaptureFixture[str]
) -> None:
    found = settled(stack(istio="detect"), WHERE, lambda _: ("1.26.2", "Deployment a/istiod"))
    assert found.versions.istio == "1.26.2"
    line = "Istio 1.26.2: Deployment a/istiod says so (versions.istio is detect)"
    assert line in "".join(capsys.readouterr())


def silent(_: StackConfig) -> tuple[str, str]:
    raise UnsaidError("cluster prod does not answer")


def test_without_an_answer_the_stated_openshift_counts_and_is_told(
    engine: None, capsys: pytest.CaptureFixture[str]
) -> None:
    found = settled(stack(istio="detect", openshift="4.20"), WHERE, silent)
    assert found.versions.istio == "1.26.8"
    told = "".join(capsys.readouterr())
    assert "taken as 1.26.8, the newest that OpenShift 4.20 is known to install" in told
    assert "cluster prod does not answer" in told


def test_without_an_answer_and_without_openshift_nothing_goes_on(engine: None) -> None:
    with pytest.raises(ConfigurationError) as raised:
        settled(stack(istio="detect"), WHERE, silent)
    assert raised.value.message == (
        "Pulumi.dev.yaml: versions.istio is detect, and cluster prod does not answer"
    )
    assert "versions.openshift" in raised.value.hint


def evaluated(folder: Path, **versions: str) -> Evaluation:
    for file in ("Pulumi.yaml", "__main__.py"):
        (folder / file).write_text((ROOT / file).read_text())
    settings = {
        "release": "3.2",
        "versions": versions,
        "gateway": {"hostname": "maas.example.com", "certificate": "maas-tls"},
        "models": [{"name": "granite", "uri": "hf://ibm-granite/granite"}],
    }
    content = {"config": {KEY: settings}}
    (folder / "Pulumi.test.yaml").write_text(yaml.safe_dump(content))
    return evaluate(folder, "test")


@pytest.mark.parametrize(
    ("openshift", "said"),
    [
        ({"openshift": "4.20"}, "Istio: taken as 1.26.8, the newest that OpenShift 4.20 is known"),
        ({}, "Istio: it is left unstated (versions.istio is detect, and no cluster is asked"),
    ],
)
def test_in_process_no_cluster_is_asked_and_it_says_what_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, openshift: dict[str, str], said: str
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(write_kubeconfig(tmp_path / "k", "http://127.0.0.1:1")))
    messages = evaluated(tmp_path, istio="detect", **openshift).messages
    assert [line for line in messages if line.startswith(said)]


Istiod = Callable[[str, str], str]
"""Makes a Deployment of a name and version; returns its namespace."""


@pytest.fixture
def istiod(control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[Istiod]:
    """On a real API server, which KUBECONFIG names."""
    kubeconfig = str(control_plane().kubeconfig)
    monkeypatch.setenv("KUBECONFIG", kubeconfig)
    settings = client.Configuration()
    config.load_kube_config(kubeconfig, client_configuration=settings)
    api, namespace = client.ApiClient(settings), f"istio-{uuid.uuid4().hex[:8]}"
    meta = client.V1ObjectMeta
    client.CoreV1Api(api).create_namespace(client.V1Namespace(metadata=meta(name=namespace)))

    def make(name: str, version: str) -> str:
        labels = {"app": "istiod", "app.kubernetes.io/version": version}
        container = client.V1Container(name="discovery", image="pilot")
        pod = client.V1PodTemplateSpec(
            metadata=meta(labels=labels), spec=client.V1PodSpec(containers=[container])
        )
        spec = client.V1DeploymentSpec(
            selector=client.V1LabelSelector(match_labels=labels), template=pod
        )
        body = client.V1Deployment(metadata=meta(name=name, labels=labels), spec=spec)
        client.AppsV1Api(api).create_namespaced_deployment(namespace, body)
        return namespace

    yield make
    client.AppsV1Api(api).delete_collection_namespaced_deployment(namespace)
    client.CoreV1Api(api).delete_namespace(namespace)


def test_the_cluster_of_the_stack_is_asked(
    engine: None, istiod: Istiod, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = stack(istio="detect")
    with pytest.raises(ConfigurationError, match=r"nothing in cluster .* states a version"):
        settled(asked, WHERE)
    namespace = istiod("istiod-openshift-gateway", "1.26.2")
    assert settled(asked, WHERE).versions.istio == "1.26.2"
    told = "".join(capsys.readouterr())
    assert f"Istio 1.26.2: Deployment {namespace}/istiod-openshift-gateway in cluster" in told


def test_several_that_could_be_meant_end_it_even_with_openshift(
    engine: None, istiod: Istiod
) -> None:
    asked = stack(istio="detect", openshift="4.20")
    gateway = asked.gateway.model_copy(update={"controller": "istio.io/gateway-controller"})
    for name, version in (("istiod-a", "1.26.2"), ("istiod-b", "1.28.5")):
        istiod(name, version)
    with pytest.raises(ConfigurationError, match="cannot be told"):
        settled(asked.model_copy(update={"gateway": gateway}), WHERE)


def test_a_cluster_that_cannot_be_reached_is_named(
    engine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(write_kubeconfig(tmp_path / "k", "http://127.0.0.1:1")))
    with pytest.raises(ConfigurationError, match="cluster stub does not answer") as raised:
        settled(stack(istio="detect"), WHERE)
    assert "secret-token" not in str(raised.value)
