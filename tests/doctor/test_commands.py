"""What is printed for pasting parses in a shell, and names what is there."""

import re
import shlex
import subprocess
from pathlib import Path
from shutil import which

import pytest
import yaml

from modelgate.cli import main
from tests.doctor import clusters


@pytest.fixture
def printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The commands for the stack of the healthy OpenShift AI 3.5 cluster."""
    return commands(tmp_path, capsys)


def commands(folder: Path, capsys: pytest.CaptureFixture[str], *args: str) -> str:
    pulumi = {"name": "modelgate", "runtime": "python", "main": str(clusters.ROOT)}
    config = {
        "modelgate:platform": clusters.settings("3.5"),
        "modelgate:apiKeyValues": {"alice": {"secure": "v1:not:opened"}},
    }
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(pulumi))
    (folder / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": config}))
    assert main(["commands", "-s", "prod", "--project", str(folder), *args]) == 0
    return capsys.readouterr().out


def test_every_line_parses_in_a_shell(printed: str) -> None:
    bash = which("bash")
    assert bash
    checked = subprocess.run([bash, "-n"], input=printed, text=True, check=False)
    assert checked.returncode == 0


def test_what_is_named_is_what_the_cluster_has(printed: str) -> None:
    objects = clusters.cluster("3.5").objects
    deployments = re.findall(r"-n (\S+) deploy/(\S+)", printed)
    assert len(deployments) == 2
    assert all(f"Deployment {namespace}/{name}" in objects for namespace, name in deployments)
    assert "get gateway -n openshift-ingress maas-gateway" in printed
    secret = objects["Secret kuadrant-system/maas-gateway-alice"]["metadata"]
    selector = re.search(r"get secrets -n kuadrant-system -l (\S+)", printed)
    assert selector
    pairs = dict(pair.split("=") for pair in selector[1].split(","))
    assert pairs.items() <= secret["labels"].items()


def test_a_completion_names_the_model_as_the_server_does(printed: str) -> None:
    line = next(line for line in printed.splitlines() if "/v1/chat/completions" in line)
    words = shlex.split(line)
    assert yaml.safe_load(words[words.index("-d") + 1])["model"] == clusters.MODEL
    assert words[-1] == f"https://$GATEWAY{clusters.PREFIX}/v1/chat/completions"
    assert "Authorization: Bearer $MODELGATE_API_KEY" in words


@pytest.mark.parametrize("client", ["oc", "kubectl"])
def test_either_client_may_be_asked_for(
    client: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = commands(tmp_path, capsys, "--client", client)
    other = {"oc": "kubectl", "kubectl": "oc"}[client]
    assert re.search(rf"^{client} get", shown, re.MULTILINE)
    assert re.search(rf"\b{other} (get|logs)\b", shown) is None
