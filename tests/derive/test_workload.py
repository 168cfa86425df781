"""Pods, pools and the picker are the ones that the cluster will run."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from modelgate.topology.objects import UNKNOWN, Object
from modelgate.versions import table
from tests.derive.samples import (
    NAME,
    NAMESPACE,
    OPENSHIFT_AI,
    RELEASES,
    derived,
    gateway,
    managed,
    manifest,
    service,
    to,
)

PICKER = f"Deployment {NAMESPACE}/{NAME}-kserve-router-scheduler"
WORKLOAD = f"Deployment {NAMESPACE}/{NAME}-kserve"
EPP = f"Service {NAMESPACE}/{NAME}-epp-service"
POOL = f"InferencePool {NAMESPACE}/{NAME}-inference-pool"


def main(deployment: Object) -> Mapping[str, Any]:
    containers = deployment.spec["template"]["spec"]["containers"]
    return next(one for one in containers if one["name"] == "main")


def args(deployment: Object) -> list[Any]:
    return list(main(deployment)["args"])


def config(deployment: Object) -> Any:
    given = args(deployment)
    flag = next(one for one in ("--config-text", "--configText") if one in given)
    return json.loads(given[given.index(flag) + 1])


def weights(profile: Mapping[str, Any]) -> dict[str, float]:
    return {one["pluginRef"]: one["weight"] for one in profile["plugins"] if "weight" in one}


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("3.0", {"prefix-cache-scorer": 2, "load-aware-scorer": 1}),
        ("3.2", {"prefix-cache-scorer": 2, "load-aware-scorer": 1}),
        ("3.3", {"prefix-cache-scorer": 2, "load-aware-scorer": 1}),
        ("3.4", {"queue-scorer": 2, "prefix-cache-scorer": 3}),
        (
            "3.5",
            {
                "queue-scorer": 2,
                "kv-cache-utilization-scorer": 2,
                "prefix-cache-scorer": 3,
                "no-hit-lru-scorer": 2,
            },
        ),
    ],
)
def test_the_default_weights_of_each_release(release: str, expected: dict[str, float]) -> None:
    found = config(derived(release, service(managed()))[PICKER])
    assert weights(found["schedulingProfiles"][0]) == expected
    assert found["apiVersion"] == table().release(release).picker.config_api_version


@pytest.mark.parametrize("release", RELEASES)
def test_every_plugin_of_a_default_configuration_is_declared_and_known(release: str) -> None:
    picker = table().release(release).picker
    for more in ((), ("prefill",)):
        found = config(derived(release, service(managed(), **{key: {} for key in more}))[PICKER])
        declared = {one["type"] for one in found["plugins"]}
        used = {one["pluginRef"] for p in found["schedulingProfiles"] for one in p["plugins"]}
        assert used <= declared <= picker.scorers | picker.other_plugins
        assert [p["name"] for p in found["schedulingProfiles"]] == (
            ["prefill", "decode"] if more else ["default"]
        )


def test_adapters_bring_their_scorer_in_35() -> None:
    model = {"uri": "hf://a/b", "lora": {"adapters": [{"name": "sql"}]}}
    found = config(derived("3.5", service(managed(), model=model))[PICKER])
    assert weights(found["schedulingProfiles"][0])["lora-affinity-scorer"] == 4


@pytest.mark.parametrize("release", OPENSHIFT_AI)
def test_own_arguments_replace_the_presets_up_to_33(release: str) -> None:
    """The well-known sample that drops --cert-path (rh-aiservices-bu/rhaoi3-llm-d)."""
    own = ["--pool-name", "mine", "--config-text", "{}"]
    scheduler = {"template": {"containers": [{"name": "main", "args": own}]}}
    deployment = derived(release, service(managed(scheduler=scheduler)))[PICKER]
    assert args(deployment) == own
    kept = [*main(deployment).get("command", []), *args(deployment)]
    certified = any(str(one).startswith("--cert-path") for one in kept)
    assert certified == (table().release(release).picker.preset_field == "command")


def test_the_first_controller_knows_a_configuration_by_its_own_spelling() -> None:
    given = ["--config-text", "{}", "--configText", "{}"]
    for release, own in (("3.2", given[:2]), ("kserve-0.16", given[2:])):
        for arguments in (given[:2], given[2:]):
            scheduler = {"template": {"containers": [{"name": "main", "args": arguments}]}}
            made = args(derived(release, service(managed(scheduler=scheduler)))[PICKER])
            assert (made == arguments) == (arguments == own)


def test_an_inline_configuration_is_handed_on_from_34() -> None:
    inline = {"kind": "EndpointPickerConfig", "plugins": []}
    router = managed(scheduler={"config": {"inline": inline}, "replicas": 2})
    found = derived("3.4", service(router))[PICKER]
    assert config(found) == inline
    assert "--ha-enable-leader-election" in args(found)
    assert config(derived("3.3", service(router))[PICKER]) != inline


def test_a_configuration_in_a_config_map_is_not_known() -> None:
    router = managed(scheduler={"config": {"ref": {"name": "weights"}}})
    assert args(derived("3.5", service(router))[PICKER])[-1] is UNKNOWN


@pytest.mark.parametrize("release", RELEASES)
def test_the_pickers_service_has_its_ports(release: str) -> None:
    ports = [one["name"] for one in derived(release, service(managed()))[EPP].spec["ports"]]
    zmq = release in ("3.3", "3.4", "3.5", "kserve-0.20")
    assert ports == ["grpc", "grpc-health", "metrics", *(["zmq"] if zmq else [])]


@pytest.mark.parametrize(
    ("release", "groups"),
    [
        ("3.2", ["inference.networking.x-k8s.io"]),
        ("3.3", ["inference.networking.x-k8s.io", "inference.networking.k8s.io"]),
        ("3.5", ["inference.networking.k8s.io", "inference.networking.x-k8s.io"]),
    ],
)
def test_pools_are_made_in_every_group(release: str, groups: list[str]) -> None:
    found = derived(release, service(managed())).values()
    pools = [one for one in found if one.kind == "InferencePool"]
    assert [one.group for one in pools] == groups


def test_what_the_service_says_of_its_pool_is_in_both_forms() -> None:
    spec = {
        "extensionRef": {"name": "own-epp", "failureMode": "FailClose"},
        "selector": {"tier": "gold"},
        "targetPortNumber": 9000,
    }
    found = derived("3.4", service(managed(scheduler={"pool": {"spec": spec}})))
    newer = found[POOL].spec
    older = found[f"inference.networking.x-k8s.io/{POOL}"].spec
    assert newer["endpointPickerRef"]["failureMode"] == "FailClose"
    assert newer["selector"]["matchLabels"] == older["selector"] == {"tier": "gold"}
    assert newer["targetPorts"] == [{"number": 9000}]
    assert older["targetPortNumber"] == 9000
    assert f"Service {NAMESPACE}/own-epp" in found


@pytest.mark.parametrize("release", RELEASES)
def test_a_service_without_a_router_still_has_a_service(release: str) -> None:
    found = derived(release, service())
    assert f"Service {NAMESPACE}/{NAME}-kserve-workload-svc" in found
    assert not {"InferencePool", "HTTPRoute", "DestinationRule"} & {
        one.kind for one in found.values()
    }


def test_workers_run_in_a_leader_worker_set() -> None:
    found = derived("3.4", service(worker={}, prefill={"worker": {}, "template": {}}))
    assert WORKLOAD not in found
    sets = found[f"LeaderWorkerSet {NAMESPACE}/{NAME}-kserve-mn"].spec["leaderWorkerTemplate"]
    assert "kserve.io/component" not in sets["workerTemplate"]["metadata"]["labels"]
    assert sets["leaderTemplate"]["metadata"]["labels"]["llm-d.ai/role"] == "decode"
    prefill = found[f"LeaderWorkerSet {NAMESPACE}/{NAME}-kserve-mn-prefill"]
    leader = prefill.spec["leaderWorkerTemplate"]["leaderTemplate"]["metadata"]["labels"]
    assert leader["llm-d.ai/role"] == "prefill"
    assert f"Role {NAMESPACE}/{NAME}-kserve-mn-role" in found
    assert f"Role {NAMESPACE}/{NAME}-kserve-role" in found


def test_workers_without_a_sidecar_have_an_account_and_no_rights() -> None:
    found = derived("3.4", service(worker={}))
    assert f"ServiceAccount {NAMESPACE}/{NAME}-kserve-mn" in found
    assert not [one for one in found.values() if one.kind == "Role"]


def test_the_services_labels_are_handed_on_from_34() -> None:
    own = service(labels={"team": "models", "llm-d.ai/role": "mine"})
    deployment = derived("3.4", own)[WORKLOAD]
    found = deployment.spec["template"]["metadata"]["labels"]
    assert (found["team"], found["llm-d.ai/role"]) == ("models", "mine")
    assert deployment.spec["selector"]["matchLabels"] == found == deployment.metadata["labels"]
    older = derived("3.3", own)[WORKLOAD].spec["template"]["metadata"]["labels"]
    assert "team" not in older


def verified(release: str, *objects: Object) -> set[str]:
    found = derived(release, *objects).values()
    return {
        one.name
        for one in found
        if one.kind == "DestinationRule"
        and not one.spec["trafficPolicy"]["tls"]["insecureSkipVerify"]
    }


@pytest.mark.parametrize(
    ("release", "suffixes"),
    [
        ("3.0", ()),
        ("3.2", ("-kserve-scheduler", "-kserve-workload-svc", "-kserve-workload")),
        ("3.3", ("-kserve-workload-svc",)),
        ("3.4", ("-kserve-workload-svc",)),
        ("3.5", ("-kserve-workload-svc",)),
    ],
)
def test_which_destination_rules_verify(release: str, suffixes: tuple[str, ...]) -> None:
    assert verified(release, service(managed())) == {f"{NAME}{suffix}" for suffix in suffixes}
    prefill = verified(release, service(managed(), prefill={}))
    assert f"{NAME}-kserve-workload-svc" not in prefill


@pytest.mark.parametrize(
    ("controller", "made"),
    [("openshift.io/gateway-controller/v1", True), ("gateway.envoyproxy.io/controller", False)],
)
def test_destination_rules_are_for_istio_only(controller: str, made: bool) -> None:
    version = "gateway.networking.k8s.io/v1"
    spec = {"spec": {"controllerName": controller}}
    kind = manifest(version, "GatewayClass", ("", "openshift-default"), spec)
    own = service(managed(gateway=to("maas-gateway")))
    found = derived("3.4", own, gateway(), kind).values()
    assert any(one.kind == "DestinationRule" for one in found) == made
