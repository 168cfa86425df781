"""What stands behind the gateway: picker and scores, pods, and the names of the model."""

import json

import pytest

from modelgate.topology import Outcome
from tests.topology.guide_platform import CHAT, maas, said, traced


def body(model: object) -> str:
    return json.dumps({"model": model, "messages": []})


@pytest.mark.parametrize(
    ("release", "scores"),
    [
        ("3.2", "prefix cache 2, load 1"),
        ("3.4", "queue depth 2, prefix cache 3"),
        ("3.5", "queue depth 2, KV cache usage 2, prefix cache 3"),
    ],
)
def test_the_picker_is_told_with_the_scores_it_is_started_with(release: str, scores: str) -> None:
    versions = {"openshift-ai": release}
    told = said(traced(maas(), **versions)[0], "picker")
    assert told[0].startswith(
        "Service my-first-model/qwen3-0-6b-epp-service: is asked on port 9002"
    )
    assert told[1].startswith(f"scores: default: {scores}")


def test_a_catch_all_goes_to_the_service_without_a_picker() -> None:
    (answer,) = traced(maas("/my-first-model/qwen3-0-6b/v1/models", "GET"))
    assert said(answer, "picker")[0].startswith("none: not asked")
    service = "Service my-first-model/qwen3-0-6b-kserve-workload-svc"
    pods = "Deployment my-first-model/qwen3-0-6b-kserve (replicas: 2)"
    assert said(answer, "backend") == [f"{service}: port 8000: {pods}"]
    assert said(answer, "model") == [
        "LLMInferenceService my-first-model/qwen3-0-6b: sees GET /v1/models"
    ]


def test_the_served_name_is_answered() -> None:
    (answer,) = traced(maas(body=body("Qwen/Qwen3-0.6B")))
    assert (answer.status, said(answer, "fix")) == (200, [])
    assert 'model "Qwen/Qwen3-0.6B" is served' in said(answer, "model")[0]


def test_the_kubernetes_name_is_called_out_with_the_right_one() -> None:
    (answer,) = traced(maas(body=body("qwen3-0-6b")))
    assert (answer.outcome, answer.status) == (Outcome.REACHES_MODEL, 404)
    assert answer.reason == (
        'model "qwen3-0-6b" is the Kubernetes name, vLLM registered "Qwen/Qwen3-0.6B"'
    )
    assert said(answer, "fix") == [': send "model": "Qwen/Qwen3-0.6B"']
    assert said(answer, "answer")[0].startswith("404: `model does not exist`")


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        (body("Qwen/Qwen3-0.6b"), 404, "did you mean Qwen/Qwen3-0.6B?"),
        (body(7), 400, "the body names no model"),
        ("[]", 400, "the body names no model"),
        ("{", 400, "the body is not JSON"),
        ("[" * 100_000, 400, "the body is not JSON"),
    ],
)
def test_a_body_that_vllm_refuses_is_told(sent: str, status: int, words: str) -> None:
    (answer,) = traced(maas(body=sent))
    assert answer.status == status
    assert words in said(answer, "model")[0]


def test_a_body_does_not_hide_a_refusal() -> None:
    (answer,) = traced(maas(body=body("qwen3-0-6b"), key=""))
    assert (answer.outcome, answer.status) == (Outcome.REFUSED, 401)


def test_newer_releases_serve_the_publishers_name_too() -> None:
    name = "publishers/my-first-model/models/Qwen/Qwen3-0.6B"
    newer, older = {"openshift-ai": "3.5"}, {"openshift-ai": "3.4"}
    assert traced(maas(body=body(name)), **newer)[0].status == 200
    assert traced(maas(body=body(name)), **older)[0].status == 404


def test_adapters_are_served_names() -> None:
    adapter = """\
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata: {name: base, namespace: llm}
spec:
  model: {uri: hf://x/base, name: x/base, lora: {adapters: [{name: polite, uri: hf://x/polite}]}}
  router:
    scheduler: {}
    route: {}
    gateway: {refs: [{name: maas-gateway, namespace: openshift-ingress}]}
"""
    path = "/llm/base/v1/chat/completions"
    assert traced(maas(path, body=body("polite")), adapter)[0].status == 200
    told = said(traced(maas(path, body=body("base")), adapter)[0], "model")
    assert 'vLLM registered "x/base" or "polite"' in told[0]


PLAIN = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: plain, namespace: llm}
spec:
  parentRefs: [{name: maas-gateway, namespace: openshift-ingress}]
  rules:
    - matches: [{path: {value: /plain}}]
      filters:
        - {type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}
      backendRefs: [{name: plain, port: 8000}]
    - matches: [{path: {value: /llm/plain}}]
      backendRefs: [{name: plain, port: 8000}]
---
apiVersion: v1
kind: Service
metadata: {name: plain, namespace: llm}
spec: {selector: {app: plain}, ports: [{port: 8000}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: plain, namespace: llm}
spec:
  template:
    metadata: {labels: {app: plain}}
    spec:
      containers:
        - {name: vllm, image: vllm, args: [serve, /m, --served-model-name, a/b, c, --port, "8000"]}
"""


def test_names_are_read_from_the_arguments_of_plain_pods() -> None:
    path = "/plain/v1/chat/completions"
    assert traced(maas(path, body=body("c")), PLAIN)[0].status == 200
    told = said(traced(maas(path, body=body("serve")), PLAIN)[0], "model")
    assert told[0].startswith("model server: sees POST /v1/chat/completions; ")
    assert "is not served" in told[0]


def test_a_path_that_is_not_rewritten_is_told() -> None:
    (answer,) = traced(maas("/llm/plain/v1/chat/completions"), PLAIN)
    assert "no model server knows this path" in said(answer, "model")[0]


def test_an_envoy_filter_that_touches_pickers_is_on_the_way() -> None:
    changed = """\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: fix, namespace: openshift-ingress}
spec:
  workloadSelector: {labels: {gateway.networking.k8s.io/gateway-name: maas-gateway}}
  configPatches:
    - applyTo: HTTP_ROUTE
      patch:
        operation: MERGE
        value: {typed_per_filter_config: {envoy.filters.http.ext_proc: {}}}
"""
    told = said(traced(maas(CHAT), changed)[0], "picker")
    assert told[-1].startswith("EnvoyFilter openshift-ingress/fix: changes how Envoy asks pickers")
