"""What is derived for OpenShift AI is what the presets of that release say."""

from typing import Any

import pytest
import yaml

from modelgate.topology.derive.policy_rules import anonymous, authorino_cluster, token_review
from modelgate.topology.objects import Object
from modelgate.versions import table
from tests.derive.conftest import Preset
from tests.derive.samples import NAME, NAMESPACE, OPENSHIFT_AI, derived, managed, service


def sample(release: str) -> dict[str, Object]:
    return derived(release, service(managed()))


@pytest.mark.parametrize("release", OPENSHIFT_AI)
def test_the_managed_route_is_the_preset(release: str, preset: Preset) -> None:
    spec = preset(f"rh-rhoai-{release}.config-llm-router-route")["spec"]
    route = sample(release)[f"HTTPRoute {NAMESPACE}/{NAME}-kserve-route"]
    assert route.spec == spec["router"]["route"]["http"]["spec"]


@pytest.mark.parametrize("release", OPENSHIFT_AI)
def test_the_pickers_arguments_and_ports_are_the_presets(release: str, preset: Preset) -> None:
    spec = preset(f"rh-rhoai-{release}.config-llm-scheduler")["spec"]
    expected = spec["router"]["scheduler"]["template"]["containers"][0]
    deployment = sample(release)[f"Deployment {NAMESPACE}/{NAME}-kserve-router-scheduler"]
    main = deployment.spec["template"]["spec"]["containers"][0]
    assert main["ports"] == expected["ports"]
    field = table().release(release).picker.preset_field
    assert without_config(main[field]) == [flag for flag in expected[field] if flag]


def without_config(args: list[str]) -> list[str]:
    return args[: args.index("--config-text")] if "--config-text" in args else args


@pytest.mark.parametrize("release", OPENSHIFT_AI)
def test_the_pool_is_the_presets(release: str, preset: Preset) -> None:
    spec = preset(f"rh-rhoai-{release}.config-llm-scheduler")["spec"]
    expected = spec["router"]["scheduler"]["pool"]["spec"]
    if not expected["selector"]:  # filled by the controller from the workload's labels
        expected["selector"] = sample(release)[
            f"Service {NAMESPACE}/{NAME}-kserve-workload-svc"
        ].spec["selector"]
    assert sample(release)[f"InferencePool {NAMESPACE}/{NAME}-inference-pool"].spec == expected


@pytest.mark.parametrize("release", OPENSHIFT_AI)
def test_the_models_port_is_the_presets(release: str, preset: Preset) -> None:
    expected = preset(f"rh-rhoai-{release}.config-llm-template")["spec"]["template"]
    deployment = sample(release)[f"Deployment {NAMESPACE}/{NAME}-kserve"]
    main = deployment.spec["template"]["spec"]["containers"][0]
    assert main["ports"] == expected["containers"][0]["ports"]


@pytest.mark.parametrize("release", ["3.3", "3.4"])
def test_gateway_and_route_policies_are_the_templates(release: str, preset: Preset) -> None:
    odh = table().release(release).odh
    assert odh is not None
    by_token = preset(f"rhoai-{release}.authpolicy_llm_isvc_userdefined")["spec"]["rules"]
    assert plain(token_review(odh)) == by_token
    for_all = preset(f"rhoai-{release}.authpolicy_anonymous")["spec"]["rules"]
    assert plain(anonymous(odh)) == for_all


@pytest.mark.parametrize("release", ["3.3", "3.4"])
def test_the_filter_for_authorino_is_the_template(release: str, preset: Preset) -> None:
    spec = preset(f"rhoai-{release}.envoyfilter_ssl")["spec"]
    assert [authorino_cluster("kuadrant-system")] == spec["configPatches"]


def plain(value: Any) -> Any:
    return yaml.safe_load(yaml.safe_dump(value))
