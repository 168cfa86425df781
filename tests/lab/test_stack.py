"""The stack `lab` in the lab, deployed by the engine under the pack: ready, enforced, served."""

import http.client
import os
import signal
import ssl
import stat
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml

from modelgate.cli.lab_request import KEY, STATE
from modelgate.cli.lab_stack import LabStack
from modelgate.engine.automation import Options, destroy, up
from modelgate.engine.results import Outcome
from modelgate.local.api import Api
from modelgate.local.lab import NAMESPACE, Lab
from modelgate.local.state import Folder, Process, Status
from modelgate.local.waiting import until
from tests.plugins.control_plane import Told

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 90
MODELS, PICKER = "my-first-model.qwen3-0-6b-kserve-", "my-first-model.qwen3-0-6b-kserve-router"


class Deployed:
    """The stack, and the processes that stand for its pods."""

    def __init__(self, lab: Lab, project: Path) -> None:
        self.project, self.api = project, Api(lab.kubeconfig)
        self._folder = Folder(lab.controllers.kubeconfig.parent)

    def condition(self, api_version: str, kind: str, type_: str) -> list[str]:
        return [
            each["status"]
            for one in self.api.list(api_version, kind)
            for each in one.get("status", {}).get("conditions", [])
            if each["type"] == type_
        ]

    def settled(self) -> bool:
        policies = ("AuthPolicy", "RateLimitPolicy")
        found = [self.condition("kuadrant.io/v1", kind, "Enforced") for kind in policies]
        found.append(self.condition("serving.kserve.io/v1alpha2", "LLMInferenceService", "Ready"))
        return found == [["True"]] * 3

    def pods(self, kind: str) -> list[dict[str, Any]]:
        return [
            pod
            for pod in self.api.list("v1", "Pod")
            if pod["metadata"]["labels"].get("kserve.io/component", "picker") == kind
        ]

    def pids(self) -> dict[str, int]:
        """Of pods."""
        return {name: pid for name, pid in self.status().pids.items() if name.startswith(MODELS)}

    def status(self) -> Status:
        status = self._folder.status()
        assert status
        return status


@pytest.fixture(scope="module")
def deployed(lab: Lab, tmp_path_factory: pytest.TempPathFactory, told: Told) -> Iterator[Deployed]:
    project = tmp_path_factory.mktemp("stack")
    pulumi = {"name": "modelgate", "runtime": "python", "main": str(ROOT)}
    (project / "Pulumi.yaml").write_text(yaml.safe_dump(pulumi))
    (project / "Pulumi.lab.yaml").write_text((ROOT / "Pulumi.lab.yaml").read_text())
    (project / STATE).mkdir(parents=True)
    LabStack.read(project, "lab").furnish(lab.kubeconfig)
    options = Options(kubeconfig=lab.kubeconfig, policies=ROOT / "policies", progress=told)
    run = up(project, "lab", options)
    assert run.outcome is Outcome.SUCCEEDED, (run.violations, run.diagnostics)
    one = Deployed(lab, project)
    yield one
    assert destroy(project, "lab", options).outcome is Outcome.SUCCEEDED
    for name in ("modelgate-lab-key",):
        one.api.delete(_secret(NAMESPACE, name))
    one.api.delete(_secret("openshift-ingress", "maas-gateway-tls"))
    assert until(lambda: not one.pids(), SECONDS), "processes of removed pods"


def _secret(namespace: str, name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": name},
    }


def test_the_model_is_ready_and_policies_are_enforced(deployed: Deployed) -> None:
    assert until(deployed.settled, SECONDS), deployed.api.list(
        "serving.kserve.io/v1alpha2", "LLMInferenceService"
    )


def test_the_api_key_stands_in_one_private_file(deployed: Deployed) -> None:
    file = deployed.project / STATE / KEY
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    files = [one for one in deployed.project.rglob("*") if one.is_file() and one != file]
    assert not [one for one in files if file.read_bytes() in one.read_bytes()]


def test_every_model_pod_answers_at_its_address(deployed: Deployed) -> None:
    assert until(deployed.settled, SECONDS)
    pods = deployed.pods("workload")
    assert len({pod["status"]["podIP"] for pod in pods}) == 2
    for pod in pods:
        assert '"id":"Qwen/Qwen3-0.6B"' in _get(pod["status"]["podIP"], "/v1/models")


def test_only_loopback_is_listened_on(deployed: Deployed, lab: Lab) -> None:
    """Where namespaces are permitted, as where this is checked; else the ports are named."""
    assert until(deployed.settled, SECONDS)
    running = replace(lab, controllers=deployed.status())
    own_network = "way-out" in running.controllers.pids
    assert (running.open_ports == {}) is own_network


def test_a_killed_picker_is_started_again(deployed: Deployed) -> None:
    assert until(deployed.settled, SECONDS)
    before = {name: pid for name, pid in deployed.pids().items() if name.startswith(PICKER)}
    [(name, pid)] = before.items()
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: deployed.pids().get(name, pid) != pid, SECONDS)

    def serves() -> bool:
        [pod] = deployed.pods("picker")
        [container] = pod["status"]["containerStatuses"]
        return container["ready"] is True and container["restartCount"] == 1

    assert until(serves, SECONDS)
    [pod] = deployed.pods("picker")
    ended = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert ended["exitCode"] == 128 + signal.SIGKILL
    with grpc.insecure_channel(f"{pod['status']['podIP']}:9003") as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check", bytes, bytes)
        assert check(b"\x0a\x09readiness", timeout=10) == b"\x08\x01"


def test_a_removed_pod_takes_its_process_with_it(deployed: Deployed) -> None:
    assert until(deployed.settled, SECONDS)
    pod = deployed.pods("workload")[0]
    name = f"{pod['metadata']['namespace']}.{pod['metadata']['name']}"
    process = Process.of(deployed.pids()[name])
    deployed.api.delete(pod)
    assert until(lambda: not process.alive, SECONDS)
    assert until(lambda: len(_ready(deployed)) == 2, SECONDS)
    assert name not in _ready(deployed)


def _ready(deployed: Deployed) -> list[str]:
    return [
        f"{pod['metadata']['namespace']}.{pod['metadata']['name']}"
        for pod in deployed.pods("workload")
        if _is_ready(pod)
    ]


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return {"Ready": "True"} in [{one["type"]: one["status"]} for one in conditions]


def _get(host: str, path: str) -> str:
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(host, 8000, timeout=10, context=trust)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()
