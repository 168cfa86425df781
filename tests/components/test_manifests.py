"""Details on which a door, a picker or a limit depends."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
import yaml

from components.manifests import access, envoy_filter, gateway, limits, picker, routes
from components.manifests import model as models
from components.manifests.network import GatewayPods, workload_policy
from components.manifests.objects import child_name
from components.manifests.tls import destination_rules
from modelgate import versions
from modelgate.config import Gateway, Lora, Model, Pods
from modelgate.releases import Release
from modelgate.topology.derive import derive
from modelgate.topology.objects import Object
from tests.components.samples import RELEASES, everything

MODEL = Model(name="granite", uri="hf://ibm-granite/granite-3.3-8b-instruct")
SPLIT = MODEL.model_copy(update={"prefill": Pods(), "lora": (Lora(name="a", uri="hf://a/b"),)})
GATEWAY = Gateway(hostname="maas.example.com", certificate="maas-tls")
TABLE = versions.table()
RULE = "DestinationRule"


def release(name: str) -> Release:
    return TABLE.release(name)


def config_of(form: dict[str, Any], profile: Release) -> dict[str, Any]:
    """The picker's configuration, in whichever form the release takes it."""
    if profile.picker.passing == "inline":
        inline: dict[str, Any] = form["config"]["inline"]
        return inline
    *_, text = form["template"]["containers"][0]["args"]
    config: dict[str, Any] = yaml.safe_load(text)
    return config


def test_names_as_kserve_makes_them() -> None:
    parent = "a-very-long-llm-inference-service-name-for-testing-truncation"
    assert child_name("qwen3-0-6b", "-inference-pool") == "qwen3-0-6b-inference-pool"
    assert (
        child_name(parent, "-inference-pool")
        == "a-very-long-llm-f9ace5bb3bef5703c25b0c5ca906b58b-inference-pool"
    )


@pytest.mark.parametrize("name", RELEASES)
def test_weights_are_said_and_no_argument_of_the_preset_is_lost(name: str) -> None:
    profile = release(name)
    form = picker.scheduler(MODEL, profile.picker)
    config = config_of(form, profile)
    [only] = config["schedulingProfiles"]
    kv_cache = "kv-cache-scorer" if name == "kserve-0.16" else "kv-cache-utilization-scorer"
    weights = {one["pluginRef"]: one.get("weight") for one in only["plugins"]}
    assert weights == {
        "queue-scorer": 2,
        kv_cache: 2,
        "prefix-cache-scorer": 3,
        "max-score-picker": None,
    }
    if profile.picker.passing == "args":
        args = form["template"]["containers"][0]["args"]
        kept = [one for one in profile.picker.preset if "{" not in one]
        assert [one for one in args if one in kept] == kept
        assert ("--cert-path" in args) is profile.picker.secure
        assert "granite-inference-pool" in args


@pytest.mark.parametrize("name", RELEASES)
@pytest.mark.parametrize("model", [MODEL, SPLIT])
def test_a_picker_knows_every_plugin_it_is_given(name: str, model: Model) -> None:
    profile = release(name)
    config = config_of(picker.scheduler(model, profile.picker), profile)
    known = profile.picker.scorers | profile.picker.other_plugins
    defined = {one["type"] for one in config["plugins"]}
    assert defined <= known
    for one in config["schedulingProfiles"]:
        assert {plugin["pluginRef"] for plugin in one["plugins"]} <= defined


def rules(bodies: Iterable[Any]) -> dict[str, tuple[str, str]]:
    """Mode and name of the certificate, by host."""
    found = {}
    for body in bodies:
        tls = body["spec"]["trafficPolicy"]["tls"]
        found[body["spec"]["host"]] = (tls["mode"], tls["sni"])
    return found


@pytest.mark.parametrize("name", ["granite", "a-model-whose-name-is-so-long-that-kserve-hashes-it"])
def test_upstream_is_given_the_rules_that_openshift_ai_writes(name: str) -> None:
    model = MODEL.model_copy(update={"name": name})
    service = models.llm_inference_service(model, release("3.5"), route={})
    declared = Object(service["apiVersion"], service["kind"], "models", name, service)
    written = [one.body for one in derive([declared], release("3.5")) if one.kind == RULE]
    upstream = release("kserve-0.20")
    assert rules(destination_rules(model, upstream, pods=True)) == rules(written)
    [picker_only] = destination_rules(model, upstream, pods=False)
    assert "epp-service" in picker_only["spec"]["host"]
    assert not list(destination_rules(model, release("3.5"), pods=False))


def test_empty_forms_are_kept() -> None:
    plain = MODEL.model_copy(update={"weights": None, "worker": {}})
    spec = models.llm_inference_service(plain, release("3.4"), {}, {})["spec"]
    assert spec["router"] == {"scheduler": {}, "gateway": {}, "route": {}}
    assert spec["worker"] == {}


def test_absent_forms_are_absent() -> None:
    spec = models.llm_inference_service(MODEL, release("3.4"))["spec"]
    assert list(spec["router"]) == ["scheduler"]


def test_what_a_user_says_of_the_container_wins() -> None:
    template = {"containers": [{"name": "main", "env": [{"name": "A", "value": "1"}]}]}
    theirs = MODEL.model_copy(update={"template": template})
    [main] = models.llm_inference_service(theirs, release("3.4"))["spec"]["template"]["containers"]
    assert main["env"] == [{"name": "A", "value": "1"}]
    assert main["resources"] == {"limits": {"nvidia.com/gpu": "1"}}


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("3.2", ["completions", "chat/completions"]),
        ("3.4", ["completions", "chat/completions", "responses"]),
        ("3.5", ["completions", "chat/completions", "responses", "messages"]),
        ("kserve-0.16", ["completions", "chat/completions"]),
    ],
)
def test_completions_go_through_the_picker_and_the_rest_to_the_service(
    name: str, paths: list[str]
) -> None:
    group = TABLE.pool_group(release(name))
    rules = routes.http_route(MODEL, GATEWAY, release(name), group)["spec"]["rules"]
    prefixes = [rule["matches"][0]["path"]["value"] for rule in rules]
    assert prefixes == [*(f"/models/granite/v1/{path}" for path in paths), "/models/granite"]
    *pools, service = [rule["backendRefs"][0] for rule in rules]
    assert {(one["group"], one["kind"], one["name"]) for one in pools} == {
        (group, "InferencePool", "granite-inference-pool")
    }
    assert (service["kind"], service["name"]) == ("Service", "granite-kserve-workload-svc")
    assert all(
        {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["Authorization"]}}
        in rule["filters"]
        for rule in rules
    )
    assert all(rule["timeouts"] == {"request": "0s", "backendRequest": "0s"} for rule in rules)


def test_no_hostname_unless_asked_for() -> None:
    declared = gateway.maas_gateway(GATEWAY, ["models"])["spec"]["listeners"]
    route = routes.http_route(MODEL, GATEWAY, release("3.4"), TABLE.pool_group(release("3.4")))
    assert [listener.get("hostname") for listener in declared] == [None]
    assert "hostnames" not in route["spec"]


def test_every_tier_is_limited_by_what_the_policy_exports() -> None:
    settings = everything("3.4").gateway
    rules = access.auth_policy(settings)["spec"]["overrides"]["rules"]
    exported = rules["response"]["success"]["filters"]["identity"]["json"]["properties"]
    assert set(exported) == {"userid", "tier"}
    for policy in (limits.rate_limit_policy(settings), limits.token_rate_limit_policy(settings)):
        declared = policy["spec"]["overrides"]["limits"]
        assert set(declared) == {"free", "gold"}
        for tier, limit in declared.items():
            assert limit["counters"] == [{"expression": "auth.identity.userid"}]
            assert limit["when"] == [{"predicate": f'auth.identity.tier == "{tier}"'}]


def test_every_identity_says_who_and_which_tier() -> None:
    rules = access.auth_policy(everything("3.4").gateway)["spec"]["overrides"]["rules"]
    assert set(rules["authentication"]) == {"api-key", "jwt", "token-review"}
    for identity in rules["authentication"].values():
        assert set(identity["overrides"]) == {"userid", "tier", "method"}
    assert '"maas" in auth.identity.aud' in str(rules["authorization"]["jwt-audience"])
    assert "model-access" in rules["authorization"]


def test_a_header_that_stands_for_an_identity_is_refused_from_clients() -> None:
    rules = access.auth_policy(GATEWAY)["spec"]["overrides"]["rules"]
    refused = str(rules["authorization"]["own-identity-headers"])
    for header in rules["response"]["success"]["headers"]:
        assert f'!("{header}" in request.headers)' in refused


def test_pulumi_waits_for_the_policy_where_asked_to() -> None:
    wait = {"pulumi.com/waitFor": "condition=Enforced"}
    waiting = GATEWAY.model_copy(update={"wait_for_policy": True})
    assert access.auth_policy(waiting)["metadata"]["annotations"] == wait
    assert "annotations" not in access.auth_policy(GATEWAY)["metadata"]


def test_both_forms_of_unmanaged() -> None:
    """3.0 to 3.3 read the label only."""
    metadata = gateway.maas_gateway(GATEWAY, ["models"])["metadata"]
    assert metadata["labels"]["opendatahub.io/managed"] == "false"
    assert metadata["annotations"]["opendatahub.io/managed"] == "false"


def test_a_model_hears_nobody_else() -> None:
    policy = workload_policy(MODEL, [GatewayPods("maas-gateway", "openshift-ingress")], [])
    assert policy["spec"]["policyTypes"] == ["Ingress"]
    assert all(peer for rule in policy["spec"]["ingress"] for peer in rule["from"])


@pytest.mark.parametrize("name", RELEASES)
@pytest.mark.parametrize("istio", ["1.26.2", "1.27.3", "1.28.5", ""])
def test_no_supported_picker_is_helped_by_the_filter(name: str, istio: str) -> None:
    decision = envoy_filter.decide("auto", release(name), istio)
    assert not decision.declared
    assert "FULL_DUPLEX_STREAMED only" in decision.reason


@pytest.mark.parametrize(
    ("istio", "declared"), [("1.26.2", True), ("1.27.3", False), ("1.28.5", False), ("", False)]
)
def test_a_picker_that_answers_buffered_is_helped(istio: str, declared: bool) -> None:
    """Inference extension 0.3.0 with USE_STREAMING=false."""
    profile = release("3.2")
    old = replace(profile.picker, inference_extension="0.3.0", body_modes=("BUFFERED",))
    decision = envoy_filter.decide("auto", replace(profile, picker=old), istio)
    assert decision.declared is declared


@pytest.mark.parametrize(
    ("istio", "declared", "said"),
    [
        ("1.26.2", True, "once it can, completions hang"),
        ("1.27.0", False, "Istio is 1.27.0"),
        ("", False, "state versions.istio"),
    ],
)
def test_the_guide_s_filter_stops_at_istio_1_27(istio: str, declared: bool, said: str) -> None:
    decision = envoy_filter.decide("guide", release("3.2"), istio)
    assert decision.declared is declared
    assert said in decision.reason
    assert ("stops applying by itself" in decision.reason) is declared


def test_a_patch_repeats_the_whole_override() -> None:
    names = envoy_filter.own_routes(MODEL, GATEWAY, release("3.2"))
    declared = envoy_filter.envoy_filter("maas-gateway", "openshift-ingress", [(MODEL, names)])
    assert declared["spec"]["priority"] > 0
    patches = declared["spec"]["configPatches"]
    assert [
        patch["match"]["routeConfiguration"]["vhost"]["route"]["name"] for patch in patches
    ] == ["models.granite-maas-gateway.0", "models.granite-maas-gateway.1"]
    for patch in patches:
        assert patch["match"]["proxy"]["proxyVersion"] == TABLE.envoy_filter.proxy_version
        config = patch["patch"]["value"]["typed_per_filter_config"][envoy_filter.EXT_PROC]
        service = config["overrides"]["grpc_service"]["envoy_grpc"]["cluster_name"]
        assert service == "outbound|9002||granite-epp-service.models.svc.cluster.local"


def test_off_is_off() -> None:
    assert not envoy_filter.decide("off", release("3.2"), "1.26.2").declared
    assert envoy_filter.managed_routes(MODEL, release("3.2")) == [
        "models.granite-kserve-route.0",
        "models.granite-kserve-route.1",
    ]
