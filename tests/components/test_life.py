"""The order that the real engine keeps on a real API server: nothing is open for a moment."""

import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.automation.events import EngineEvent

from modelgate.config import KEY
from modelgate.engine.automation import Options, destroy, up
from modelgate.engine.results import Outcome
from tests.components.api import StrictApi
from tests.plugins.control_plane import ControlPlane, Told

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """\
import pulumi

from components.stack import ModelStack
from modelgate.config import load

raw = pulumi.Config("modelgate").require_object("platform")
config = load(raw, pulumi.get_stack(), "here")
keys = {key.id: f"sk-{key.id}" for key in config.gateway.access.keys}
ModelStack("platform", config, keys)
"""


class Cluster:
    """A project in a folder of its own, and the order in which the engine worked on its objects."""

    def __init__(self, root: Path, options: Options) -> None:
        self.name = f"life-{uuid.uuid4().hex[:8]}"
        self.done: list[tuple[str, str]] = []
        self._root, self._options = root, options
        (root / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
        (root / "__main__.py").write_text(PROGRAM)

    def up(self, *keys: str) -> None:
        """Bring it to one model and these API keys."""
        listed = [{"id": key, "user": "alice", "tier": "standard"} for key in keys]
        platform = {
            "release": "3.4",
            "gateway": {
                "hostname": "maas.example.com",
                "certificate": "maas-tls",
                "namespace": self.name,
                "className": self.name,
                "access": {"kuadrantNamespace": self.name, "keys": listed},
            },
            "models": [
                {"name": "granite", "namespace": f"{self.name}-models", "uri": "hf://acme/granite"}
            ],
        }
        (self._root / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": {KEY: platform}}))
        self._run(up)

    def kept(self) -> str:
        """Everything that the engine keeps of it on disk."""
        files = [path for path in (self._root / ".modelgate").rglob("*.json") if path.is_file()]
        return "".join(path.read_text() for path in files)

    def destroy(self) -> None:
        self._run(destroy)

    def _run(self, operation: Any) -> None:
        self.done.clear()
        run = operation(self._root, "dev", self._options_with_events())
        assert run.outcome is Outcome.SUCCEEDED, (run.violations, run.diagnostics)

    def _options_with_events(self) -> Options:
        options = self._options
        return Options(
            options.state,
            options.kubeconfig,
            policies=ROOT / "policies",
            say=options.say,
            progress=options.progress,
            on_event=self._heard,
        )

    def _heard(self, event: EngineEvent) -> None:
        if event.res_outputs_event and not event.res_outputs_event.planning:
            metadata = event.res_outputs_event.metadata
            kind, name = metadata.urn.split("::")[2].rpartition(":")[2], metadata.urn.split("::")[3]
            self.done.append((metadata.op.value, f"{kind} {name}"))

    def step(self, operation: str, label: str) -> int:
        """When the engine was done with it."""
        return self.done.index((operation, label))


@pytest.fixture
def cluster(
    control_plane: ControlPlane, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Cluster:
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    status = control_plane("kserve-0.20")
    made = Cluster(tmp_path, Options(kubeconfig=status.kubeconfig, progress=told))
    StrictApi(status).have_namespace(made.name)
    return made


def test_the_life_of_a_platform(cluster: Cluster) -> None:
    name = cluster.name
    cluster.up("alice-1")
    policy, route = (
        f"AuthPolicy {name}/maas-gateway-auth",
        f"HTTPRoute {name}-models/granite-maas-gateway",
    )
    assert cluster.step("create", policy) < cluster.step("create", route)
    assert "maas-gateway-alice-1" in cluster.kept()
    assert "sk-alice-1" not in cluster.kept()

    cluster.up("alice-2")
    old, new = f"Secret {name}/maas-gateway-alice-1", f"Secret {name}/maas-gateway-alice-2"
    assert cluster.step("create", new) < cluster.step("delete", old)

    cluster.destroy()
    assert cluster.step("delete", route) < cluster.step("delete", policy)
