"""Each component works by itself in somebody else's Pulumi program."""

from collections.abc import Callable

import pulumi
import pytest

from components.body_mode_filter import BodyModeFilter
from components.llm_inference_service import LLMInferenceService
from components.maas_gateway import MaasGateway
from components.manifests.network import GatewayPods
from components.model_namespace import ModelNamespace
from components.model_network import ModelNetwork
from components.model_route import ModelRoute
from components.open_test_gateway import OpenTestGateway
from components.stack import ModelStack
from modelgate import versions
from modelgate.config import Access, ApiKey, Gateway, Model, Versions
from modelgate.config import OpenTestGateway as OpenTestGatewaySettings
from modelgate.errors import ConfigurationError
from tests.components.recording import SECRET, before, objects, record
from tests.components.samples import ten_lines

MODEL = Model(name="granite", uri="hf://ibm-granite/granite-3.3-8b-instruct")
GATEWAY = Gateway(hostname="maas.example.com", certificate="maas-tls")
RELEASE = versions.table().release("3.4")
KEY = ApiKey(id="alice-1", user="alice", tier="standard")
KEYED = GATEWAY.model_copy(update={"access": Access(keys=(KEY,))})


@pytest.mark.parametrize(
    ("build", "declared"),
    [
        (
            lambda: MaasGateway("maas", GATEWAY, ["models"]),
            [
                "AuthPolicy openshift-ingress/maas-gateway-auth",
                "Gateway openshift-ingress/maas-gateway",
                "GatewayClass maas-gateway-class",
                "HTTPRoute openshift-ingress/maas-gateway-guard",
                "RateLimitPolicy openshift-ingress/maas-gateway-limits",
                "TokenRateLimitPolicy openshift-ingress/maas-gateway-token-limits",
            ],
        ),
        (
            lambda: OpenTestGateway(
                "test", OpenTestGatewaySettings(certificate="tls"), RELEASE, "class", ["models"]
            ),
            ["Gateway openshift-ingress/openshift-ai-inference"],
        ),
        (
            lambda: LLMInferenceService("granite", MODEL, RELEASE),
            ["LLMInferenceService models/granite"],
        ),
        (
            lambda: ModelRoute("granite", MODEL, GATEWAY, RELEASE),
            ["HTTPRoute models/granite-maas-gateway"],
        ),
        (
            lambda: ModelNetwork("granite", MODEL, [GatewayPods("g", "ns")]),
            ["NetworkPolicy models/granite-picker", "NetworkPolicy models/granite-workload"],
        ),
        (lambda: ModelNamespace("models"), ["Namespace models"]),
        (
            lambda: BodyModeFilter("g", "g", "ns", [(MODEL, ["models.granite.0"])]),
            ["EnvoyFilter ns/fix-extproc-body-mode-g"],
        ),
    ],
)
def test_alone(build: Callable[[], pulumi.ComponentResource], declared: list[str]) -> None:
    registered = record(build)
    assert sorted(objects(registered)) == declared
    component = registered[0]
    assert component.type.startswith("modelgate:index:")
    assert {one.parent for one in registered[1:]} == {component.urn}


def test_children_wait_for_what_the_component_waits_for() -> None:
    def program() -> None:
        namespace = ModelNamespace("models")
        after = pulumi.ResourceOptions(depends_on=[namespace])
        LLMInferenceService("granite", MODEL, RELEASE, opts=after)

    registered = record(program)
    service = objects(registered)["LLMInferenceService models/granite"]
    namespace = objects(registered)["Namespace models"]
    assert namespace.urn in service.dependencies


def test_a_key_is_a_secret_and_nothing_else_holds_it() -> None:
    value = pulumi.Output.from_input("sk-alice")
    registered = record(lambda: MaasGateway("maas", KEYED, ["models"], {"alice-1": value}))
    secret = objects(registered)["Secret kuadrant-system/maas-gateway-alice-1"].inputs
    assert SECRET in secret["stringData"]
    assert secret["metadata"]["labels"] == {
        "app.kubernetes.io/component": "api-key",
        "app.kubernetes.io/managed-by": "modelgate",
        "app.kubernetes.io/part-of": "maas-gateway",
        "authorino.kuadrant.io/managed-by": "authorino",
    }
    others = [one for one in registered if one.type != "kubernetes:core/v1:Secret"]
    assert "sk-alice" not in repr(others)


def test_a_key_without_a_value_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="alice-1 of gateway maas-gateway has no value"):
        record(lambda: MaasGateway("maas", KEYED, ["models"]))


def test_a_hostname_on_the_listener_is_refused_where_the_filter_cannot_hold_it() -> None:
    named = GATEWAY.model_copy(update={"hostname_on_listener": True})
    stated = Versions(kuadrant="1.5.2")
    with pytest.raises(ConfigurationError, match="needs Kuadrant"):
        record(lambda: MaasGateway("maas", named, ["models"], versions=stated))
    with pytest.raises(ConfigurationError, match="not stated"):
        record(lambda: MaasGateway("maas", named, ["models"]))


def test_another_context_gets_a_provider_of_its_own() -> None:
    config = ten_lines("3.4", cluster={"context": "prod-eu"})
    registered = record(lambda: ModelStack("platform", config))
    provider = next(one for one in registered if one.type == "pulumi:providers:kubernetes")
    assert provider.inputs["context"] == "prod-eu"
    made = [one for one in registered if one.type.startswith("kubernetes:")]
    assert all(one.provider.startswith(provider.urn) for one in made)


def test_a_route_is_made_behind_a_gateway_of_the_same_program() -> None:
    """The example of the package's first page."""

    def program() -> None:
        maas = MaasGateway("maas", GATEWAY, [MODEL.namespace])
        service = LLMInferenceService("granite", MODEL, RELEASE)
        after = pulumi.ResourceOptions(depends_on=[*maas.closed, service])
        ModelRoute("granite", MODEL, GATEWAY, RELEASE, opts=after)

    registered = record(program)
    route = objects(registered)["HTTPRoute models/granite-maas-gateway"]
    assert "AuthPolicy openshift-ingress/maas-gateway-auth" in before(route, registered)


def test_outputs_name_urls_and_the_model_of_requests() -> None:
    outputs: dict[str, object] = {}
    record(lambda: outputs.update(ModelStack("platform", ten_lines("3.4")).outputs))
    assert outputs == {
        "release": "OpenShift AI 3.4",
        "gateways": ["openshift-ingress/maas-gateway"],
        "models": {
            "models/granite": {
                "url": "https://maas.example.com/models/granite",
                "model": "ibm-granite/granite-3.3-8b-instruct",
            }
        },
    }
