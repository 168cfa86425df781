"""EnvoyFilters as they are found, each with what the rule picker-bypass says that it does."""

from copy import deepcopy
from typing import Any, Final

import pytest

from modelgate.local.lab.gateway.backends import EXT_PROC
from tests.picker import guide, istio
from tests.picker.lab import Result
from tests.picker.labs import Lab, ScriptedLab

DIRECT: Final = f"/{guide.MODEL.namespace}/{guide.MODEL.name}/tokenize"
NAMED: Final = "v1-chat-completions-path"
Config = dict[str, Any]


def changed(envoy_filter: Config, *, name: str = "", without: str = "", mode: str = "") -> Config:
    """`envoy_filter` with another route name or body mode, or without a field of its override."""
    result = deepcopy(envoy_filter)
    for patch in result["spec"]["configPatches"]:
        override = patch["patch"]["value"]["typed_per_filter_config"][EXT_PROC]
        override["overrides"].pop(without, None)
        if mode:
            override["overrides"]["processing_mode"] |= body_modes(mode)
        if name:
            patch["match"]["routeConfiguration"]["vhost"]["route"]["name"] = name
    return result


def body_modes(mode: str) -> dict[str, str]:
    return {"request_body_mode": mode, "response_body_mode": mode}


def base_patch(mode: str, timeout: str = "1s") -> Config:
    """Merges the picker's cluster and a body mode into the filter of the listener."""
    modes = {"request_header_mode": "SEND", "response_header_mode": "SEND"}
    value = {
        "grpc_service": {"envoy_grpc": {"cluster_name": guide.CLUSTER}},
        "failure_mode_allow": True,
        "processing_mode": modes | body_modes(mode),
        "message_timeout": timeout,
    }
    inner = {
        "name": "envoy.filters.network.http_connection_manager",
        "subFilter": {"name": EXT_PROC},
    }
    patch = {
        "applyTo": "HTTP_FILTER",
        "match": {"context": "GATEWAY", "listener": {"filterChain": {"filter": inner}}},
        "patch": {"operation": "MERGE", "value": {"typed_config": value}},
    }
    metadata = {"name": "base", "namespace": istio.ROOT_NAMESPACE}
    return {"metadata": metadata, "spec": {"configPatches": [patch]}}


@pytest.mark.parametrize("mode", ["BUFFERED", "STREAMED"])
def test_a_patch_of_the_base_does_nothing_to_a_pool_s_route(lab: Lab, mode: str) -> None:
    picker = lab.picker()
    envoy = lab.start(picker, envoy_filters=[base_patch(mode)])
    assert lab.became(envoy.send("POST", guide.CHAT, guide.BODY), picker) is Result.PICKED


@pytest.mark.parametrize("mode", ["BUFFERED", "STREAMED"])
def test_a_patch_of_the_base_makes_every_other_route_wait(lab: Lab, mode: str) -> None:
    picker = lab.picker()
    envoy = lab.start(picker, envoy_filters=[base_patch(mode)])
    assert lab.became(envoy.send("POST", DIRECT, guide.BODY), picker) is Result.BYPASSED
    assert picker.heard == 1
    assert envoy.counted("ext_proc.message_timeouts") == 1


@pytest.mark.parametrize(("mode", "status"), [("BUFFERED", 500), ("STREAMED", 200)])
def test_a_patch_of_the_base_breaks_or_picks_a_get(lab: Lab, mode: str, status: int) -> None:
    picker = lab.picker()
    envoy = lab.start(picker, envoy_filters=[base_patch(mode, "60s")])
    assert envoy.send("GET", guide.MODELS).status == status
    (received,) = lab.pods.received
    assert received.headers["x-gateway-destination-endpoint"] == received.pod


def test_without_its_cluster_an_override_asks_nobody(lab: Lab) -> None:
    picker = lab.picker()
    found = changed(guide.own_filter(), without="grpc_service")
    envoy = lab.start(picker, envoy_filters=[found])
    assert lab.became(envoy.send("POST", guide.CHAT, guide.BODY), picker) is Result.BYPASSED
    assert picker.heard == 0


def test_a_name_of_another_release_changes_nothing(lab: Lab) -> None:
    picker = lab.picker()
    found = changed(guide.own_filter(), name=NAMED)
    envoy = lab.start(picker, envoy_filters=[found])
    assert lab.became(envoy.send("POST", guide.CHAT, guide.BODY), picker) is Result.PICKED


def test_cors_on_a_pool_s_route_takes_its_picker_away(lab: Lab) -> None:
    picker = lab.picker()
    route = guide.own_route()
    for rule in route["spec"]["rules"]:
        rule["filters"].append({"type": "CORS", "cors": {"allowOrigins": ["https://example.com"]}})
    envoy = lab.start(picker, route_manifests=[route])
    assert lab.became(envoy.send("POST", guide.CHAT, guide.BODY), picker) is Result.BYPASSED
    assert picker.heard == 0


def test_a_bare_rule_name_sends_every_model_to_one_picker(scripted_lab: ScriptedLab) -> None:
    """OpenShift AI 3.5 and KServe 0.20 give the rules of all models the same names."""
    own, others = scripted_lab.picker(), scripted_lab.picker()
    pickers = {guide.MODEL.name: own, "other": others}
    found = changed(guide.own_filter(), name=NAMED, mode="FULL_DUPLEX_STREAMED")
    envoy = scripted_lab.start(
        None,
        route_manifests=[named_route(model) for model in pickers],
        pickers={
            guide.CLUSTER.replace(guide.MODEL.name, model): f"127.0.0.1:{picker.port}"
            for model, picker in pickers.items()
        },
        envoy_filters=[found],
    )
    answer = envoy.send("POST", "/other/v1/chat/completions", guide.BODY)
    assert scripted_lab.became(answer, own) is Result.PICKED
    assert own.received
    assert others.received == []


def named_route(model: str) -> Config:
    """A route with one rule through the model's picker, as named rules are."""
    route = guide.own_route()
    rule = route["spec"]["rules"][1] | {"name": NAMED}
    rule["matches"] = [{"path": {"type": "PathPrefix", "value": f"/{model}/v1/chat/completions"}}]
    rule["backendRefs"][0]["name"] = f"{model}-inference-pool"
    return route | {"spec": {"rules": [rule]}}


@pytest.mark.parametrize("gateway", ["maas-gateway", "openshift-ai-inference"])
def test_a_filter_with_a_selector_leaves_other_gateways_alone(lab: Lab, gateway: str) -> None:
    picker = lab.picker()
    elsewhere = {"maas-gateway": guide.managed_filter, "openshift-ai-inference": guide.own_filter}
    found = elsewhere[gateway]()
    found["spec"]["configPatches"] = guide.own_filter()["spec"]["configPatches"]
    envoy = lab.start(picker, name=gateway, envoy_filters=[found])
    assert lab.became(envoy.send("POST", guide.CHAT, guide.BODY), picker) is Result.PICKED


def test_a_filter_without_a_selector_reaches_every_gateway(lab: Lab) -> None:
    picker = lab.picker()
    found = guide.own_filter()
    del found["spec"]["workloadSelector"]
    envoy = lab.start(picker, name="any-gateway", envoy_filters=[found], message_timeout="1s")
    assert lab.became(envoy.send("POST", guide.CHAT, guide.BODY), picker) is Result.BYPASSED
