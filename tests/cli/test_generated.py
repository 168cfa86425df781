"""`modelgate generated`: the tree, the table of rules, and the objects themselves."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from modelgate.cli import main
from modelgate.topology.derive import NOT_DERIVED

SERVICE = """\
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata:
  name: qwen3-0-6b
  namespace: my-first-model
  annotations: {security.opendatahub.io/enable-auth: "false"}
spec:
  model: {uri: hf://Qwen/Qwen3-0.6B, name: Qwen/Qwen3-0.6B}
  router: {scheduler: {}, route: {}, gateway: {}}
"""
OWN_ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: maas-model-route, namespace: my-first-model}
spec:
  parentRefs: [{name: maas-gateway, namespace: openshift-ingress}]
  rules:
    - backendRefs: [{name: qwen3-0-6b-kserve-workload-svc, port: 8000}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: unrelated, namespace: my-first-model}
spec: {rules: [{backendRefs: [{name: web}]}]}
"""


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(manifests: str, release: str, *words: str) -> str:
        (tmp_path / "all.yaml").write_text(manifests)
        version = ("--assume", f"openshift-ai={release}")
        assert main(["generated", "-f", str(tmp_path), *version, *words]) == 0
        return capsys.readouterr().out.rstrip("\n")

    return run


@pytest.mark.parametrize("release", ["3.2", "3.3", "3.5"])
def test_the_tree_and_the_rules_read_as_the_guide_has_them(
    release: str, run: Callable[..., str], golden: Callable[[str, str], None]
) -> None:
    golden(f"generated-{release}.txt", run(f"{SERVICE}---\n{OWN_ROUTE}", release))


def test_what_is_not_derived_is_folded_until_asked_for(run: Callable[..., str]) -> None:
    assert f"{len(NOT_DERIVED)} things besides" in run(SERVICE, "3.4")
    shown = run(SERVICE, "3.4", "--left-out")
    assert [one for one in NOT_DERIVED if one not in shown] == []


def test_json_has_objects_rules_and_what_is_left_out(run: Callable[..., str]) -> None:
    document = json.loads(run(f"{SERVICE}---\n{OWN_ROUTE}", "3.2", "-o", "json"))
    assert document["schema"] == "modelgate/generated/v1"
    assert {one["from"] for one in document["objects"]} == {
        "LLMInferenceService my-first-model/qwen3-0-6b"
    }
    managed, own = document["routes"]
    assert [rule["through_picker"] for rule in managed["rules"]] == [True, True, False]
    assert (own["made_by"], own["gateways"]) == ("", ["openshift-ingress/maas-gateway"])
    assert document["not_derived"] == list(NOT_DERIVED)


def test_yaml_is_a_stream_of_manifests(run: Callable[..., str]) -> None:
    text = run(SERVICE, "3.2", "-o", "yaml")
    kinds = [one["kind"] for one in yaml.safe_load_all(text) if one]
    assert text.startswith("# from LLMInferenceService my-first-model/qwen3-0-6b\n")
    assert {"Deployment", "InferencePool", "HTTPRoute", "AuthPolicy"} <= set(kinds)


def test_what_is_not_certain_says_why(run: Callable[..., str]) -> None:
    based = SERVICE.replace("spec:\n", "spec:\n  baseRefs: [{name: ours}]\n")
    assert "(not certain: LLMInferenceServiceConfig ours is not in view)" in run(based, "3.4")


def test_without_a_service_there_is_nothing(run: Callable[..., str]) -> None:
    assert run(OWN_ROUTE, "3.4").startswith("nothing: no LLMInferenceService is declared")
