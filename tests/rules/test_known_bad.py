"""An entry of the version table is a finding where what it speaks of is in view, and only there."""

import pytest

from modelgate.topology import Settings, analyze, read
from modelgate.versions import table
from policies.rules import known_bad_version as rule
from tests.rules.cases import HERE

POLICY = """
apiVersion: kuadrant.io/v1
kind: AuthPolicy
metadata: {{name: auth, namespace: ingress}}
spec:
  targetRef: {{group: gateway.networking.k8s.io, kind: Gateway, name: maas}}
  rules: {{authentication: {{caller: {method}}}}}
"""
KEYS = POLICY.format(method="{apiKey: {selector: {matchLabels: {app: maas}}}}")
TOKENS = POLICY.format(method="{kubernetesTokenReview: {audiences: [maas]}}")
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: {name}, namespace: llm}}
spec:
  parentRefs: [{{name: maas, namespace: ingress}}]
  hostnames: [{hostname}]
  rules:
    - name: chat
      {matches}
      backendRefs: [{{group: inference.networking.k8s.io, kind: InferencePool, name: granite}}]
"""
PLAIN = {"kind": "HTTPRoute", "name": "other", "hostname": "", "matches": ""}
ON_RULE = """
apiVersion: kuadrant.io/v1
kind: RateLimitPolicy
metadata: {name: limits, namespace: llm}
spec:
  targetRef: {group: gateway.networking.k8s.io, kind: HTTPRoute, name: granite, sectionName: chat}
  limits: {all: {rates: [{limit: 1, window: 1m}]}}
"""
SERVICE = """
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata: {{name: granite, namespace: llm}}
spec:
  model: {{uri: "hf://ibm-granite/granite-3.3-8b-instruct"}}
  router: {router}
"""
PORTS = """
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: two, namespace: llm}
spec:
  selector: {matchLabels: {app: two}}
  targetPorts: [{number: 8000}, {number: 8001}]
  endpointPickerRef: {name: two-epp, port: {number: 9002}}
"""
ANNOTATED = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: other, namespace: ingress, annotations: {opendatahub.io/managed: "false"}}
spec:
  gatewayClassName: istio
  listeners: [{name: https, port: 443, protocol: HTTPS}]
"""
OBJECT = "apiVersion: {}\nkind: {}\nmetadata: {{name: some, namespace: ingress}}\nspec: {{}}\n"
QUERY = "matches: [{path: {value: /q}, queryParams: [{name: a, value: b}]}]"
LOST = "{route: {}, scheduler: {template: {containers: [{name: main, args: [--v=4]}]}}}"

SHOWN = {
    "authorino-forwards-credential": ("authorino=0.22.0", KEYS),
    "authorino-timeout-opens": ("authorino=0.27.0", KEYS),
    "authorino-token-review-load": ("authorino=0.27.0", TOKENS),
    "gateway-api-rule-names": ("gateway-api=1.3.0", ON_RULE),
    "kserve-managed-route-refs": (
        "kserve=0.16",
        SERVICE.format(router="{route: {}, gateway: {refs: [{name: maas, namespace: ingress}]}}"),
    ),
    "kserve-stuck-route": ("kserve=0.17.0", SERVICE.format(router="{route: {}}")),
    "kuadrant-forwards-credential": ("kuadrant=1.4.0", KEYS),
    "kuadrant-grpc-routes": ("kuadrant=1.4.6", ROUTE.format(**PLAIN | {"kind": "GRPCRoute"})),
    "kuadrant-host-case": ("kuadrant=1.5.2", ROUTE.format(**PLAIN | {"hostname": "a.example.com"})),
    "kuadrant-listener-set": (
        "kuadrant=1.5.3,istio=1.28.5",
        OBJECT.format("gateway.networking.x-k8s.io/v1alpha1", "XListenerSet"),
    ),
    "kuadrant-query-match": ("kuadrant=1.5.3", ROUTE.format(**PLAIN | {"matches": QUERY})),
    "kuadrant-wildcard-hostname": (
        "kuadrant=1.5.3",
        ROUTE.format(**PLAIN | {"hostname": '"*.example.com"'}),
    ),
    "istio-several-pools": ("istio=1.28.0", ROUTE.format(**PLAIN)),
    "istio-several-target-ports": ("istio=1.28.0", PORTS),
    "openshift-ai-managed-annotation": ("openshift-ai=3.2", ANNOTATED),
    "openshift-ai-picker-arguments": ("openshift-ai=3.2", SERVICE.format(router=LOST)),
    "openshift-service-mesh-subscription": (
        "openshift=4.20",
        OBJECT.format("operators.coreos.com/v1alpha1", "Subscription"),
    ),
    "picker-body-modes": (
        "inference-extension=1.0.0",
        OBJECT.format("networking.istio.io/v1alpha3", "EnvoyFilter"),
    ),
}
WHEREVER_POOLS_ARE = {
    "istio-completions-500",
    "istio-ignores-failure-mode",
    "istio-loses-body",
    "istio-pool-version",
}


def found(assumed: str, beside: str = "") -> set[str]:
    """The ids of entries that are findings for one model on an open gateway, with `beside`."""
    names = ("gateway", "model", "pool")
    objects = [
        obj
        for name in names
        for obj in read((HERE / "parts" / f"{name}.yaml").read_text(), f"{name}.yaml")
    ]
    assume = dict(pair.split("=") for pair in assumed.split(","))
    analysis = analyze([*objects, *read(beside, "beside.yaml")], Settings(assume=assume))
    return {finding.message.partition(":")[0] for finding in rule.check(analysis)}


@pytest.mark.parametrize("entry", SHOWN)
def test_an_entry_is_found_with_its_trigger_and_not_without(entry: str) -> None:
    assumed, beside = SHOWN[entry]
    assert entry in found(assumed, beside)
    assert entry not in found(assumed)


def test_entries_about_pools_are_found_wherever_one_is() -> None:
    assert {"istio-ignores-failure-mode", "istio-loses-body"} <= found("istio=1.26.2")
    assert "istio-pool-version" in found("istio=1.28.5,openshift-ai=3.2")
    assert "istio-completions-500" in found("istio=1.29.1")


def test_every_trigger_is_shown_and_belongs_to_an_entry() -> None:
    ids = {entry.id for entry in table().known_bad}
    assert rule.TRIGGERS.keys() == SHOWN.keys() | WHEREVER_POOLS_ARE
    assert rule.TRIGGERS.keys() <= ids
    assert set(rule.JUDGED) <= rule.TRIGGERS.keys()
