"""No order of making or removing leaves a door open for a while."""

import pytest

from components.stack import ModelStack
from tests.components.recording import Registered, before, objects, record
from tests.components.samples import API_KEYS, RELEASES, everything, ten_lines

GATEWAY = "openshift-ingress/maas-gateway"
POLICIES = {
    f"AuthPolicy {GATEWAY}-auth",
    f"RateLimitPolicy {GATEWAY}-limits",
    f"TokenRateLimitPolicy {GATEWAY}-token-limits",
}


def all_of_it(release: str) -> list[Registered]:
    return record(lambda: ModelStack("platform", everything(release), API_KEYS))


@pytest.mark.parametrize("release", RELEASES)
def test_policies_stand_before_a_route_and_fall_after_it(release: str) -> None:
    registered = record(lambda: ModelStack("platform", ten_lines(release)))
    route = objects(registered)["HTTPRoute models/granite-maas-gateway"]
    assert before(route, registered) >= POLICIES


@pytest.mark.parametrize("release", RELEASES)
def test_a_service_names_its_route_which_is_there_before_it(release: str) -> None:
    """KServe makes no picker and no pool while a route that a service names is not there."""
    registered = record(lambda: ModelStack("platform", ten_lines(release)))
    service = objects(registered)["LLMInferenceService models/granite"]
    [named] = service.inputs["spec"]["router"]["route"]["http"]["refs"]
    assert f"HTTPRoute models/{named['name']}" in before(service, registered)


@pytest.mark.parametrize("release", ["kserve-0.16", "kserve-0.20"])
def test_gateways_know_of_tls_before_a_picker_is_there(release: str) -> None:
    registered = record(lambda: ModelStack("platform", ten_lines(release)))
    service = objects(registered)["LLMInferenceService models/granite"]
    assert "DestinationRule models/granite-picker-tls" in before(service, registered)


@pytest.mark.parametrize("release", RELEASES)
def test_policies_stand_before_a_service_whose_route_kserve_writes(release: str) -> None:
    registered = all_of_it(release)
    for one in objects(registered).values():
        gateways = one.inputs.get("spec", {}).get("router", {}).get("gateway", {})
        if any(ref["name"] == "maas-gateway" for ref in gateways.get("refs", [])):
            assert before(one, registered) >= POLICIES


def test_pods_start_behind_their_network_policies() -> None:
    registered = all_of_it("3.4")
    service = objects(registered)["LLMInferenceService team-b/llama"]
    assert before(service, registered) >= {
        "NetworkPolicy team-b/llama-workload",
        "NetworkPolicy team-b/llama-picker",
    }


def test_the_guard_stands_before_the_policies() -> None:
    """Kuadrant writes no filter for a gateway without a route, so a policy alone closes nothing."""
    registered = all_of_it("3.4")
    found = objects(registered)
    guard = found[f"HTTPRoute {GATEWAY}-guard"]
    assert not any(rule.get("backendRefs") for rule in guard.inputs["spec"]["rules"])
    for policy in POLICIES:
        assert guard.label in before(found[policy], registered)


def test_keys_are_made_and_removed_by_themselves() -> None:
    """A new revision and the removal of an old one are never one replaced resource."""
    registered = all_of_it("3.4")
    keys = [one for one in registered if one.type == "kubernetes:core/v1:Secret"]
    assert [key.name for key in keys] == [
        "kuadrant-system/maas-gateway-alice-1",
        "kuadrant-system/maas-gateway-alice-2",
    ]
    assert len({key.urn for key in keys}) == 2
