"""What the lab computes, the released controllers computed: nothing here decides about requests.

A local control plane with kuadrant-operator, Authorino and llmisvc beside it as plain processes.
Parts that need a node are stood in for by modelgate/local/lab/statuses.py, which writes `.status`
and nothing else.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from modelgate.builds import (
    Progress,
    build,
    crd_files,
    kserve_files,
    load_tool,
    silent,
)
from modelgate.builds.cache import only_one
from modelgate.local.api import Api
from modelgate.local.components import WORKLOADS
from modelgate.local.control_plane import control_plane, stop
from modelgate.local.control_plane import down as plane_down
from modelgate.local.control_plane import status as plane_status
from modelgate.local.control_plane import up as plane_up
from modelgate.local.crds import install_crds
from modelgate.local.lab.gateway import folder_of
from modelgate.local.lab.listening import everywhere
from modelgate.local.owner import Kind, Owner
from modelgate.local.state import TEMPORARY, Folder, Status

_BUSY = "it starts or stops this lab"
CONTROLLERS: Final = ("kuadrant-operator", "authorino", "llmisvc")
POD_PROGRAMS: Final = ("epp", "llm-d-inference-sim")
TOOLS: Final = (*CONTROLLERS, *POD_PROGRAMS)
NAMESPACE: Final = "kuadrant-system"
KSERVE: Final = "kserve"
PROFILE: Final = "kserve-0.20"
_KIND = Kind(
    name="the lab's controllers",
    module="modelgate.local.lab.supervisor",
    way_out="run `modelgate lab down`, then try again",
)
_FURNITURE: Final[list[dict[str, Any]]] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": KSERVE}},
    {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "istio"},
        "spec": {"controllerName": "istio.io/gateway-controller"},
    },
    {
        "apiVersion": "kuadrant.io/v1beta1",
        "kind": "Kuadrant",
        "metadata": {"name": "kuadrant", "namespace": NAMESPACE},
    },
]


@dataclass(frozen=True)
class Lab:
    """A lab that runs: its API, and its controllers, whose `url` is Authorino's gRPC address."""

    api: Status
    controllers: Status

    @property
    def kubeconfig(self) -> Path:
        return self.api.kubeconfig

    @property
    def authorino(self) -> str:
        """`host:port` of the external authorization service."""
        return self.controllers.url

    @property
    def gateway(self) -> Path:
        """The folder of the data plane's state and logs."""
        return folder_of(self.controllers.kubeconfig.parent)

    @property
    def open_ports(self) -> dict[str, list[int]]:
        """Ports that are not of the loopback interface alone, by process name."""
        return everywhere({**self.api.pids, **self.controllers.pids})

    @property
    def memory_mb(self) -> dict[str, int]:
        """Resident memory by process name."""
        return {**self.api.memory_mb, **self.controllers.memory_mb}


def up(state_dir: Path, progress: Progress = silent, *, model_tls: bool = True) -> Lab:
    """Start a lab that outlives this process; the running one where there is one.

    It always begins with an empty API; with `model_tls` KServe has models speak TLS. Raises
    ModelgateError when something cannot be built or does not become ready; then nothing of it runs.
    """
    binaries = _binaries(progress)
    with only_one(_lock(state_dir), _BUSY, progress):
        running = status(state_dir)
        if running:
            return running
        _stop(state_dir, progress)
        api = plane_up(state_dir, progress, reset=True, controllers=WORKLOADS)
        try:
            _furnish(api, progress, model_tls)
            folder = _controllers(state_dir)
            folder.create()
            with Owner(_KIND, folder, [api.kubeconfig, *binaries]) as owner:
                controllers = owner.wait_ready(progress)
                owner.detach()
        except BaseException:
            _stop(state_dir, progress)
            raise
    return Lab(api, controllers)


def down(state_dir: Path, progress: Progress = silent) -> bool:
    """Stop the lab of `state_dir` and remove what it stored; False when none ran."""
    if not state_dir.is_dir():
        return False
    with only_one(_lock(state_dir), _BUSY, progress):
        return _stop(state_dir, progress)


def _stop(state_dir: Path, progress: Progress) -> bool:
    controllers = _controllers(state_dir)
    ran = controllers.path.is_dir() and stop(controllers, progress, _KIND.name)
    ran = plane_down(state_dir, progress) or ran
    shutil.rmtree(state_dir, ignore_errors=True)
    return ran


def _lock(state_dir: Path) -> Path:
    """Beside the folder, which goes when the lab is stopped."""
    return state_dir.with_name(f"{state_dir.name}.lock")


def status(state_dir: Path) -> Lab | None:
    """The lab that runs in `state_dir`, or None."""
    api, controllers = plane_status(state_dir), _controllers(state_dir).status()
    return Lab(api, controllers) if api and controllers else None


@contextmanager
def lab(progress: Progress = silent) -> Iterator[Lab]:
    """A lab for the length of a `with` block; it ends with this process, however that ends."""
    binaries = _binaries(progress)
    with control_plane(progress, controllers=WORKLOADS) as api:
        _furnish(api, progress, True)
        folder = Folder(Path(tempfile.mkdtemp(prefix="modelgate-lab-")))
        try:
            folder.create()
            with Owner(_KIND, folder, [api.kubeconfig, *binaries], TEMPORARY) as owner:
                yield Lab(api, owner.wait_ready(progress))
        finally:
            shutil.rmtree(folder.path, ignore_errors=True)


def _binaries(progress: Progress) -> list[Path]:
    return [build(load_tool(name), progress) for name in TOOLS]


def _furnish(api: Status, progress: Progress, model_tls: bool) -> None:
    """What has to be there before the controllers: they look for their kinds once, at start."""
    install_crds(api.kubeconfig, crd_files(PROFILE, progress), progress)
    client = Api(api.kubeconfig)
    for body in [*_FURNITURE, *kserve_configuration(PROFILE, progress, model_tls)]:
        client.create(body)


def kserve_configuration(
    profile: str, progress: Progress, model_tls: bool
) -> Iterator[dict[str, Any]]:
    """Presets and configuration of the KServe of `profile`, its own but for TLS of models."""
    for pattern in ("configmap/inferenceservice.yaml", "llmisvcconfig/config-*.yaml"):
        for path in kserve_files(profile, pattern, progress):
            body = yaml.safe_load(path.read_text())
            body["metadata"]["namespace"] = KSERVE
            if body["kind"] == "ConfigMap":
                ingress = json.loads(body["data"]["ingress"])
                ingress["enableLLMInferenceServiceTLS"] = model_tls
                body["data"]["ingress"] = json.dumps(ingress)
            yield body


def _controllers(state_dir: Path) -> Folder:
    return Folder(state_dir.absolute() / "controllers")
