"""Presets of the releases as their vendor publishes them; not part of this repository."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelgate.topology.derive.names import child_name
from tests.derive.samples import NAME, NAMESPACE

ROOT = Path(__file__).parents[2]

Preset = Callable[[str], dict[str, Any]]


@pytest.fixture
def preset() -> Preset:
    """`preset("rh-rhoai-3.2.config-llm-scheduler")`: the template filled in for the sample."""
    folder = Path(os.environ.get("MODELGATE_REFERENCE", ROOT.parent / "shared" / "reference"))
    if not (folder / "presets").is_dir():
        pytest.skip("no reference presets: set MODELGATE_REFERENCE to a folder with presets/")
    return lambda name: filled((folder / "presets" / f"{name}.yaml").read_text())


def filled(template: str) -> dict[str, Any]:
    """The template with TLS on, as the operators' own tests fill it in."""
    values = {
        ".ObjectMeta.Namespace": NAMESPACE,
        ".ObjectMeta.Name": NAME,
        ".Spec.Model.Name": "Qwen/Qwen3-0.6B",
        ".GlobalConfig.IngressGatewayName": "openshift-ai-inference",
        ".GlobalConfig.IngressGatewayNamespace": "openshift-ingress",
        ".GlobalConfig.ModelBasedRoutingHeaderName": "X-Gateway-Model-Name",
        ".Name": "policy",
        ".Namespace": "openshift-ingress",
        ".GatewayNamespace": "openshift-ingress",
        ".GatewayName": "openshift-ai-inference",
        ".LLMISvcName": NAME,
        ".HTTPRouteName": "route",
        ".TargetKind": "Gateway",
        ".TargetName": "openshift-ai-inference",
        ".AudiencesJSON": '["https://kubernetes.default.svc"]',
        ".KuadrantNamespace": "kuadrant-system",
    }
    for name, value in values.items():
        template = template.replace(f"{{{{ {name} }}}}", value).replace(f"{{{{{name}}}}}", value)
    for suffix in (
        "-inference-pool",
        "-epp-service",
        "-kserve-workload-svc",
        "-kserve-self-signed-certs",
    ):
        action = f"{{{{ ChildName .ObjectMeta.Name `{suffix}` }}}}"
        template = template.replace(action, child_name(NAME, suffix))
    start = "{{ if .GlobalConfig.EnableTLS }}"
    for end in ("{{else}}--secure-serving=false{{- end }}", "{{- end }}"):
        template = template.replace(end, "")
    loaded: dict[str, Any] = yaml.safe_load(template.replace(start, ""))
    return loaded
