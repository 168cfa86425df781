"""The guide's cluster in one text: three gateways, one model, one policy, limits and two keys."""

from modelgate.topology import Answer, Request, Settings, read, trace_everywhere

PLATFORM = """\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: openshift}
spec: {controllerName: openshift.io/gateway-controller/v1}
---
apiVersion: kuadrant.io/v1beta1
kind: Kuadrant
metadata: {name: kuadrant, namespace: kuadrant-system}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: data-science-gateway, namespace: openshift-ingress}
spec:
  gatewayClassName: openshift
  listeners:
    - {name: https, port: 443, protocol: HTTPS, hostname: rhoai.example.com}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: openshift-ai-inference
  namespace: openshift-ingress
  labels: {opendatahub.io/managed: "false"}
spec:
  gatewayClassName: openshift
  listeners:
    - {name: https, port: 443, protocol: HTTPS, allowedRoutes: {namespaces: {from: All}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: maas-gateway
  namespace: openshift-ingress
  labels: {opendatahub.io/managed: "false"}
spec:
  gatewayClassName: openshift
  listeners:
    - name: https
      port: 443
      protocol: HTTPS
      tls: {certificateRefs: [{name: maas-tls}]}
      allowedRoutes: {namespaces: {from: All}}
status: {addresses: [{value: lb.example.net}]}
---
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata: {name: qwen3-0-6b, namespace: my-first-model}
spec:
  replicas: 2
  model: {uri: hf://Qwen/Qwen3-0.6B, name: Qwen/Qwen3-0.6B}
  router:
    scheduler: {}
    route: {}
    gateway:
      refs:
        - {name: openshift-ai-inference, namespace: openshift-ingress}
        - {name: maas-gateway, namespace: openshift-ingress}
---
apiVersion: kuadrant.io/v1
kind: AuthPolicy
metadata: {name: maas-auth, namespace: openshift-ingress}
spec:
  targetRef: {group: gateway.networking.k8s.io, kind: Gateway, name: maas-gateway}
  overrides:
    strategy: atomic
    rules:
      authentication:
        keys:
          apiKey: {selector: {matchLabels: {app: maas}}}
          credentials: {authorizationHeader: {prefix: APIKEY}}
      authorization:
        tiers: {patternMatching: {patterns: [{predicate: 'auth.identity.tier in ["free"]'}]}}
      response:
        success:
          filters:
            identity: {json: {properties: {tier: {expression: auth.identity.tier}}}}
---
apiVersion: kuadrant.io/v1
kind: RateLimitPolicy
metadata: {name: maas-limits, namespace: openshift-ingress}
spec:
  targetRef: {group: gateway.networking.k8s.io, kind: Gateway, name: maas-gateway}
  limits:
    free:
      rates: [{limit: 5, window: 2m}]
      counters: [{expression: auth.identity.tier}]
      when: [{predicate: auth.identity.tier == "free"}]
    other-method:
      rates: [{limit: 1, window: 1h}]
      when: [{predicate: request.method == "GET"}]
    unknown-user:
      rates: [{limit: 9, window: 1h}]
      counters: [{expression: auth.identity.userid}]
---
apiVersion: v1
kind: Secret
metadata:
  name: alice
  namespace: kuadrant-system
  labels: {app: maas}
  annotations: {secret.kuadrant.io/user-id: alice, secret.kuadrant.io/plan-id: free}
"""

VERSIONS = {"openshift-ai": "3.2", "istio": "1.26.2", "kuadrant": "1.5.2", "gateway-api": "1.4"}
CHAT = "/my-first-model/qwen3-0-6b/v1/chat/completions"
KEY = "s3cr3t-key"


def traced(request: Request, more: str = "", **versions: str) -> list[Answer]:
    """The answers to `request` on the platform and the objects of `more`."""
    objects = [*read(PLATFORM, "platform.yaml"), *read(more, "more.yaml")]
    return trace_everywhere(objects, Settings(assume={**VERSIONS, **versions}), request)


def maas(path: str = CHAT, method: str = "POST", body: str = "", key: str = KEY) -> Request:
    """A request to the closed gateway; without a key it is anonymous."""
    headers = {"authorization": f"APIKEY {key}"} if key else {}
    return Request(
        "maas.example.com",
        method,
        path=path,
        headers=headers,
        gateway="openshift-ingress/maas-gateway",
        body=body,
    )


def said(answer: Answer, at: str) -> list[str]:
    """`object: text` of every step at a station."""
    return [f"{step.object}: {step.text}" for step in answer.steps if step.at == at]
