"""What this project declares itself is no finding, beyond what cannot be helped by a stack."""

from pathlib import Path

import pytest

from modelgate.config import KEY, load
from modelgate.engine.in_process import evaluate
from modelgate.findings import Severity
from modelgate.topology import Settings, read
from policies.judgement import judge

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "components" / "golden"
UNHELPED = {("unlimited-model", Severity.LOW)}


def test_the_production_stack_of_this_repository_has_no_finding() -> None:
    evaluation = evaluate(ROOT, "prod")
    stated = load(evaluation.config[KEY], "prod", "").assumptions
    report = judge(evaluation.objects, Settings(assume=stated, installed=True))
    assert {(item.rule, item.severity) for item in report.findings} == UNHELPED


@pytest.mark.parametrize("release", ["3.0", "3.2", "3.3", "3.4", "3.5"])
def test_ten_lines_of_settings_are_not_rejected(release: str) -> None:
    file = GOLDEN / f"ten-lines-{release}.yaml"
    objects = read(file.read_text(encoding="utf-8"), file.name)
    assume = {"openshift-ai": release, "kuadrant": "1.5.2", "gateway-api": "1.4.0"}
    report = judge(objects, Settings(assume=assume, installed=True))
    grave = (Severity.CRITICAL, Severity.HIGH)
    assert [item for item in report.findings if item.severity in grave] == []


@pytest.mark.parametrize("release", ["3.0", "3.2", "3.3", "3.4", "3.5"])
def test_the_platforms_own_policy_is_not_rejected(release: str) -> None:
    """A managed route on a managed gateway: token review and access review by the controller."""
    gateway = (ROOT / "tests" / "rules" / "parts" / "gateway.yaml").read_text(encoding="utf-8")
    service = """
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata: {name: granite, namespace: llm}
spec:
  model: {uri: "hf://ibm-granite/granite-3.3-8b-instruct"}
  router: {route: {}, scheduler: {}, gateway: {refs: [{name: maas, namespace: ingress}]}}
"""
    objects = [*read(gateway, "gateway.yaml"), *read(service, "service.yaml")]
    assume = {"openshift-ai": release, "kuadrant": "1.5.3", "gateway-api": "1.4.0"}
    report = judge(objects, Settings(assume=assume))
    grave = (Severity.CRITICAL, Severity.HIGH)
    assert [item for item in report.findings if item.severity in grave] == []
