"""A KServe of either release beside an API server of its own: what it makes, it alone decided.

Nothing else of the lab runs. `python -m tests.lab.kserve` builds both controllers.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelgate.builds import Progress, build, crd_files, load_tool
from modelgate.cli.progress import ProgressLine
from modelgate.local import control_plane
from modelgate.local.api import Api
from modelgate.local.crds import install_crds
from modelgate.local.lab import KSERVE
from modelgate.local.lab.conditions import fails, holds
from modelgate.local.lab.ports import free_ports
from modelgate.local.lab.processes import give_certificate, llmisvc_arguments
from modelgate.local.lab.running import kserve_configuration
from modelgate.local.processes import Child, start
from modelgate.releases import V1_POOL_GROUP, X_POOL_GROUP

TOOLS: Final = {"kserve-0.16": "llmisvc-0.16", "kserve-0.20": "llmisvc"}
GATEWAY_API: Final = "gateway.networking.k8s.io/v1"
_WORKERS: Final[dict[str, Any]] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "leaderworkersets.leaderworkerset.x-k8s.io"},
    "spec": {
        "group": "leaderworkerset.x-k8s.io",
        "scope": "Namespaced",
        "names": {
            "kind": "LeaderWorkerSet",
            "listKind": "LeaderWorkerSetList",
            "plural": "leaderworkersets",
            "singular": "leaderworkerset",
        },
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
}
"""A LeaderWorkerSet keeps whatever is written; its own definition has 1.3 MB."""


@contextmanager
def kserve(profile: str, progress: Progress) -> Iterator[Api]:
    """The API that KServe of `profile` watches, with its presets, for the length of the block."""
    binary = build(load_tool(TOOLS[profile]), progress)
    folder = Path(tempfile.mkdtemp(prefix="modelgate-kserve-"))
    try:
        with control_plane(progress) as plane:
            _install(plane.kubeconfig, profile, folder, progress)
            api = Api(plane.kubeconfig)
            api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": KSERVE}})
            for body in kserve_configuration(profile, progress, model_tls=True):
                api.create(body)
            child = _start(binary, plane.kubeconfig, folder)
            try:
                yield api
            finally:
                child.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _install(kubeconfig: Path, profile: str, folder: Path, progress: Progress) -> None:
    workers = folder / "workers.yaml"
    workers.write_text(yaml.safe_dump(_WORKERS))
    files = [
        path
        for path in crd_files(profile, progress)
        if "kserve" in path.parts[-5:] or "gateway" in path.name or "inference" in path.name
    ]
    install_crds(kubeconfig, [*files, workers], progress)


def _start(binary: Path, kubeconfig: Path, folder: Path) -> Child:
    webhooks, health = free_ports(2)
    (folder / "logs").mkdir()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TMPDIR", str(folder))
        environment.setenv("KUBECONFIG", str(kubeconfig))
        environment.setenv("POD_NAMESPACE", KSERVE)
        give_certificate(folder, kubeconfig.parent / "certs")
        return start(binary, llmisvc_arguments(webhooks, health), folder / "logs", folder)


def routes_accepted(api: Api, namespace: str) -> bool:
    """Whether all routes of `namespace` are accepted; answers them as Istio does.

    Istio 1.28 and later, for KServe 0.20, know the newer pool only. Istio of the time of KServe
    0.16 knows the older one.
    """
    newer = any(
        pool["metadata"]["namespace"] == namespace
        for pool in api.list(f"{V1_POOL_GROUP}/v1", "InferencePool")
    )
    accepted = True
    for route in api.list(GATEWAY_API, "HTTPRoute"):
        if route["metadata"]["namespace"] == namespace and not _accepted(route):
            accepted = False
            (resolved,) = holds(route, "ResolvedRefs")
            if newer and X_POOL_GROUP in str(route["spec"]):
                resolved = fails(route, "ResolvedRefs", "InvalidKind", "not this pool")
            conditions = [*holds(route, "Accepted"), resolved]
            parents = [
                {
                    "controllerName": "istio.io/gateway-controller",
                    "parentRef": reference,
                    "conditions": conditions,
                }
                for reference in route["spec"]["parentRefs"]
            ]
            api.patch_status(route, {"parents": parents})
    return accepted


def _accepted(route: dict[str, Any]) -> bool:
    answers = [
        (condition["status"], condition["observedGeneration"])
        for parent in route.get("status", {}).get("parents", [])
        for condition in parent["conditions"]
    ]
    return bool(answers) and set(answers) == {("True", route["metadata"]["generation"])}


if __name__ == "__main__":
    for tool in TOOLS.values():
        build(load_tool(tool), ProgressLine())
