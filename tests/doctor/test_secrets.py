"""A bundle holds no secret: every value that was planted is looked for in all of it."""

import base64
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modelgate.cli import main
from modelgate.doctor import bundle as bundles
from modelgate.doctor.cleaning import Eraser, arguments, clean
from modelgate.doctor.snapshot import Snapshot
from tests.doctor import logs, platform
from tests.doctor.clusters import NAME, NAMESPACE, Cluster
from tests.doctor.gateways import closed, front
from tests.doctor.kubelet import Kubelet
from tests.doctor.live import Writer

PLANTED: Mapping[str, str] = {
    "the value of an API key": platform.API_KEY,
    "a private key": "private-key-of-the-gateway",
    "a key in a query": "sk-in-the-query-0123456789",
    "a variable of a pod": "hf_in-a-variable-0123456789",
    "an argument of a pod": "sk-in-an-argument-0123456789",
    "what kubectl applied": "sk-as-kubectl-applied-it-0123456789",
    "a prompt in a picker's log": "the patient said in confidence",
    "a key that came to light elsewhere": "sk-in-an-annotation-0123456789",
    "the key for probes": "sk-for-the-probes-0123456789",
}


def content(bundle: Path) -> str:
    with tarfile.open(bundle, "r:gz") as archive:
        files = [archive.extractfile(member) for member in archive.getmembers()]
        return "\n".join(file.read().decode() for file in files if file)


@pytest.fixture
def planted(healthy: Cluster, node: Kubelet) -> Cluster:
    """The healthy cluster with a secret in every place where one has been seen."""
    pod = healthy[f"Pod {NAMESPACE}/{NAME}-kserve-0"]
    container = pod["spec"]["containers"][0]
    container["env"] = [{"name": "HF_TOKEN", "value": PLANTED["a variable of a pod"]}]
    container["args"] += ["--api-key", PLANTED["an argument of a pod"]]
    applied = {"kubectl.kubernetes.io/last-applied-configuration": PLANTED["what kubectl applied"]}
    pod["metadata"]["annotations"] = applied
    spread = PLANTED["a key that came to light elsewhere"]
    healthy["Gateway openshift-ingress/maas-gateway"]["metadata"]["annotations"]["note"] = spread
    secret = healthy["Secret kuadrant-system/maas-gateway-alice"]
    secret["data"]["other"] = platform.base64(spread)
    gateway = platform.pod_name(healthy.objects, "maas-gateway")
    query = f"?api_key={PLANTED['a key in a query']}"
    node.logs[f"{gateway}/istio-proxy"] = logs.access_log(healthy.access[gateway], query)
    picker = platform.pod_name(healthy.objects, f"{NAME}-kserve-router-scheduler")
    prompt = PLANTED["a prompt in a picker's log"]
    line = json.dumps({"level": "error", "msg": "bad request", "body": prompt})
    node.logs[f"{picker}/main"] += f"2026-11-24T11:00:00Z {line.replace(': ', ':')}\n"
    return healthy


def test_no_planted_value_is_in_a_bundle(
    planted: Cluster,
    writer: Writer,
    project: Path,
    certificates: Path,
    kubeconfig: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = PLANTED["the key for probes"]
    monkeypatch.setenv("MODELGATE_API_KEY", key)
    bundle = project / "bundle.tgz"
    with front(certificates, closed(key)) as gateway:
        serve_at(writer, planted, gateway.port)
        args = ["--project", str(project), "-s", "prod", "--active", "--bundle", str(bundle)]
        main(["doctor", *args, "-o", "json"])
    said, saved = capsys.readouterr().out, content(bundle)
    token = next(line for line in kubeconfig.read_text().splitlines() if "token:" in line)
    values = {**PLANTED, "the token": token.partition("token:")[2].strip()}
    for value in values.values():
        encoded = base64.b64encode(value.encode()).decode()
        assert value not in said + saved
        assert encoded not in said + saved
    assert main(["doctor", "--from-bundle", str(bundle), "-o", "json"]) in (0, 1)
    again = capsys.readouterr().out
    assert json.loads(again)["checks"] == json.loads(said)["checks"]


def serve_at(writer: Writer, cluster: Cluster, port: int) -> None:
    """The gateway is at that port of this machine."""
    gateway = cluster["Gateway openshift-ingress/maas-gateway"]
    listener = {**gateway["spec"]["listeners"][0], "port": port}
    writer.patch(gateway, {"spec": {"listeners": [listener]}})
    addresses = [{"type": "IPAddress", "value": "127.0.0.1"}]
    writer.set_status({**gateway, "status": {**gateway["status"], "addresses": addresses}})


def test_only_the_owner_reads_a_bundle(tmp_path: Path) -> None:
    bundles.save(Snapshot(), tmp_path / "b.tgz")
    assert (tmp_path / "b.tgz").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("args", "kept"),
    [
        (["--api-key", "x", "--port", "8000"], ["--api-key", "<removed>", "--port", "8000"]),
        (["--api-key=x"], ["--api-key=<removed>"]),
        (["--token"], ["--token"]),
        (["--secret", "--port"], ["--secret", "--port"]),
        (["--config-text", "a: secret=1"], ["--config-text", "a: secret=1"]),
    ],
)
def test_arguments_named_like_credentials_lose_their_values(
    args: list[str], kept: list[str]
) -> None:
    assert arguments(args) == kept


def test_of_a_secret_only_the_names_of_fields_stay() -> None:
    body: dict[str, Any] = {
        "kind": "Secret",
        "metadata": {"name": "a"},
        "data": {"api_key": "eA=="},
    }
    assert clean(body)["data"] == {"api_key": "<removed>"}


@pytest.mark.parametrize("form", ["{}", "x{}y", "a/{}?b"])
def test_a_known_value_is_erased_wherever_it_stands(form: str) -> None:
    value = "s e/c+r=t"
    written = [value, base64.b64encode(value.encode()).decode(), "s%20e%2Fc%2Br%3Dt"]
    data = {"list": [form.format(one) for one in written], form.format(value): 1}
    shown = json.dumps(Eraser([value]).data(data))
    assert [one for one in written if one in shown] == []


def test_a_value_too_short_to_be_told_apart_is_left() -> None:
    assert Eraser(["abc", ""]).text("abcdef") == "abcdef"
