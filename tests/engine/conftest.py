"""Small Pulumi projects, so that the engine's tests depend on no other part."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from modelgate.engine.automation import Options
from modelgate.engine.kubernetes_provider.cluster import Cluster, Settings
from tests.engine.objects import definition
from tests.engine.provider_client import Client, provider
from tests.engine.toys import PACK, PACK_YAML, PROGRAM, Stack
from tests.plugins.control_plane import ControlPlane

Write = Callable[..., Path]

PULUMI_YAML = """\
name: toy
runtime: python
requiredPulumiVersion: ">=3.200.0"
"""


@pytest.fixture
def project(tmp_path: Path) -> Write:
    """Write a project: `main` is its program, other files by name (`__` in a name is a dot)."""

    def write(main: str, **files: str) -> Path:
        root = tmp_path / "project with spaces"
        (root / "policies").mkdir(parents=True, exist_ok=True)
        (root / "Pulumi.yaml").write_text(PULUMI_YAML)
        (root / "Pulumi.dev.yaml").write_text("config: {}\n")
        (root / "__main__.py").write_text(dedent(main))
        (root / "policies" / "PulumiPolicy.yaml").write_text(PACK_YAML)
        (root / "policies" / "__main__.py").write_text(dedent(PACK))
        for name, text in files.items():
            path = root / name.replace("__", ".")
            path.write_text(dedent(text))
        return root

    return write


@pytest.fixture(scope="session")
def kubeconfig(control_plane: ControlPlane) -> Path:
    """The admin kubeconfig of a bare control plane."""
    return control_plane().kubeconfig


@pytest.fixture
def cluster(kubeconfig: Path) -> Cluster:
    """The same API server, asked directly."""
    return Cluster(Settings(kubeconfig=str(kubeconfig)))


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """A namespace of the test's own."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    cluster.request(
        "POST",
        "/api/v1/namespaces",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
    )
    return name


@pytest.fixture
def stack(project: Write, namespace: str) -> Stack:
    """The toy project; its `dev` stack lives in a namespace of the test's own."""

    def write(**config: object) -> Path:
        values = {"namespace": f"{namespace}-toy", **config}
        lines = [f"  toy:{key}: {json.dumps(value)}\n" for key, value in values.items()]
        return project(PROGRAM, Pulumi__dev__yaml="config:\n" + "".join(lines))

    return write


@pytest.fixture
def options(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """Runs on the tests' own control plane, with the default backend."""
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    return Options(kubeconfig=kubeconfig)


@pytest.fixture(scope="session")
def client(kubeconfig: Path) -> Iterator[Client]:
    with provider(str(kubeconfig)) as connected:
        yield connected


@pytest.fixture(scope="session")
def widgets(client: Client) -> str:
    client.create(definition("widget"))
    return "Widget"
