"""The smallest platforms that can be judged: one model behind one gateway."""

GATEWAY = """\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: istio}
spec: {controllerName: istio.io/gateway-controller}
---
apiVersion: kuadrant.io/v1beta1
kind: Kuadrant
metadata: {name: kuadrant, namespace: kuadrant-system}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: maas, namespace: ingress}
spec:
  gatewayClassName: istio
  listeners:
    - name: https
      port: 443
      protocol: HTTPS
      tls: {certificateRefs: [{name: maas-tls}]}
      allowedRoutes: {namespaces: {from: All}}
"""

MODEL = """\
apiVersion: v1
kind: Namespace
metadata: {name: llm}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: granite, namespace: llm}
spec:
  parentRefs: [{name: maas, namespace: ingress}]
  rules:
    - matches: [{path: {type: PathPrefix, value: /llm/granite}}]
      backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: granite}]
---
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: granite, namespace: llm}
spec:
  selector: {matchLabels: {app: granite}}
  targetPorts: [{number: 8000}]
  endpointPickerRef: {name: granite-epp, port: {number: 9002}}
"""

POLICY = """\
apiVersion: kuadrant.io/v1
kind: AuthPolicy
metadata: {name: maas-auth, namespace: ingress}
spec:
  targetRef: {group: gateway.networking.k8s.io, kind: Gateway, name: maas}
  overrides:
    strategy: atomic
    rules:
      authentication:
        keys:
          apiKey: {selector: {matchLabels: {app: maas}}}
          credentials: {authorizationHeader: {prefix: Bearer}}
"""

OPEN = f"{GATEWAY}---\n{MODEL}"
CLOSED = f"{OPEN}---\n{POLICY}"
