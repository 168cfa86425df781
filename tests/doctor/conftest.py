"""A healthy cluster on the tests' own API server, and the stack that it runs as a project."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.doctor import clusters, live, logs, platform
from tests.doctor.kubelet import NODE, Kubelet, kubelet
from tests.doctor.live import Writer
from tests.plugins.control_plane import ControlPlane

RELEASE = "3.5"


@pytest.fixture(scope="session")
def kubeconfig(control_plane: ControlPlane) -> Path:
    """An API server that serves the kinds of KServe 0.20."""
    return control_plane("kserve-0.20").kubeconfig


@pytest.fixture(scope="session")
def certificates(kubeconfig: Path) -> Path:
    """A folder with a certificate for `localhost` and its key, `apiserver.crt` and `.key`."""
    return kubeconfig.parent / "certs"


@pytest.fixture
def node(certificates: Path) -> Iterator[Kubelet]:
    """The kubelet of the only node."""
    with kubelet(certificates) as running:
        yield running


@pytest.fixture
def healthy(certificates: Path, node: Kubelet) -> clusters.Cluster:
    """A healthy cluster whose pods are on the node, with a certificate that holds."""
    found = clusters.cluster(RELEASE)
    found.objects = {"Node": node.node(), **found.objects}
    for body in found.objects.values():
        if body["kind"] == "Pod":
            body["spec"]["nodeName"] = NODE
    data = found["Secret openshift-ingress/maas-gateway-tls"]["data"]
    data["tls.crt"] = platform.base64((certificates / "apiserver.crt").read_text())
    gateway = platform.pod_name(found.objects, "maas-gateway")
    picker = platform.pod_name(found.objects, f"{clusters.NAME}-kserve-router-scheduler")
    node.logs |= {
        f"{gateway}/istio-proxy": logs.access_log(found.access[gateway]),
        f"{picker}/main": logs.picker_log(found.pickers[picker]),
    }
    return found


@pytest.fixture(scope="package")
def namespaces(kubeconfig: Path) -> Iterator[None]:
    """Leaves the namespaces of the cluster to nobody else, and none of them behind."""
    names = ("openshift-ingress", platform.SYSTEM, clusters.NAMESPACE)
    Writer(kubeconfig).remove_namespaces(*names)
    yield
    Writer(kubeconfig).remove_namespaces(*names)


@pytest.fixture
def writer(healthy: clusters.Cluster, kubeconfig: Path, namespaces: None) -> Iterator[Writer]:
    """The healthy cluster on a real API server."""
    with live.running(healthy, kubeconfig) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stack `prod` as a Pulumi project; KUBECONFIG points at the API server."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    pulumi = {"name": "modelgate", "runtime": "python", "main": str(clusters.ROOT)}
    config = {
        "modelgate:platform": clusters.settings(RELEASE),
        "modelgate:apiKeyValues": {"alice": {"secure": "v1:not:opened"}},
    }
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(pulumi))
    (tmp_path / "Pulumi.prod.yaml").write_text(json.dumps({"config": config}))
    return tmp_path
