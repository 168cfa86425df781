"""Every kind that the doctor reads, so that a right that is missing can be named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of the API; `resource` is what `kubectl auth can-i list` takes."""

    name: str
    group: str
    plural: str

    @property
    def resource(self) -> str:
        return f"{self.plural}.{self.group}".rstrip(".")

    def __str__(self) -> str:
        return self.resource


GATEWAY_API: Final = "gateway.networking.k8s.io"
POOL: Final = "inference.networking.k8s.io"
POOL_X: Final = "inference.networking.x-k8s.io"

NAMESPACE: Final = Kind("Namespace", "", "namespaces")
POD: Final = Kind("Pod", "", "pods")
SERVICE: Final = Kind("Service", "", "services")
SECRET: Final = Kind("Secret", "", "secrets")
DEPLOYMENT: Final = Kind("Deployment", "apps", "deployments")
NETWORK_POLICY: Final = Kind("NetworkPolicy", "networking.k8s.io", "networkpolicies")
DEFINITION: Final = Kind(
    "CustomResourceDefinition", "apiextensions.k8s.io", "customresourcedefinitions"
)
GATEWAY_CLASS: Final = Kind("GatewayClass", GATEWAY_API, "gatewayclasses")
GATEWAY: Final = Kind("Gateway", GATEWAY_API, "gateways")
HTTP_ROUTE: Final = Kind("HTTPRoute", GATEWAY_API, "httproutes")
INFERENCE_POOL: Final = Kind("InferencePool", POOL, "inferencepools")
INFERENCE_POOL_X: Final = Kind("InferencePool", POOL_X, "inferencepools")
MODEL_SERVICE: Final = Kind("LLMInferenceService", "serving.kserve.io", "llminferenceservices")
MODEL_CONFIG: Final = Kind(
    "LLMInferenceServiceConfig", "serving.kserve.io", "llminferenceserviceconfigs"
)
KUADRANT: Final = Kind("Kuadrant", "kuadrant.io", "kuadrants")
AUTH_POLICY: Final = Kind("AuthPolicy", "kuadrant.io", "authpolicies")
LIMIT_POLICY: Final = Kind("RateLimitPolicy", "kuadrant.io", "ratelimitpolicies")
TOKEN_POLICY: Final = Kind("TokenRateLimitPolicy", "kuadrant.io", "tokenratelimitpolicies")
AUTH_CONFIG: Final = Kind("AuthConfig", "authorino.kuadrant.io", "authconfigs")
AUTHORINO: Final = Kind("Authorino", "operator.authorino.kuadrant.io", "authorinos")
LIMITADOR: Final = Kind("Limitador", "limitador.kuadrant.io", "limitadors")
ENVOY_FILTER: Final = Kind("EnvoyFilter", "networking.istio.io", "envoyfilters")
WASM_PLUGIN: Final = Kind("WasmPlugin", "extensions.istio.io", "wasmplugins")
DESTINATION_RULE: Final = Kind("DestinationRule", "networking.istio.io", "destinationrules")
OPERATOR: Final = Kind("ClusterServiceVersion", "operators.coreos.com", "clusterserviceversions")
ISTIO: Final = Kind("Istio", "sailoperator.io", "istios")
ISTIO_REVISION: Final = Kind("IstioRevision", "sailoperator.io", "istiorevisions")
OPENSHIFT: Final = Kind("ClusterVersion", "config.openshift.io", "clusterversions")

DECIDING: Final[Mapping[str, frozenset[str] | None]] = {
    "": frozenset({"Namespace", "Service", "Pod"}),
    "authorino.kuadrant.io": None,
    "discovery.k8s.io": frozenset({"EndpointSlice"}),
    "extensions.istio.io": None,
    "extensions.kuadrant.io": None,
    "gateway.networking.k8s.io": None,
    "gateway.networking.x-k8s.io": None,
    "inference.networking.k8s.io": None,
    "inference.networking.x-k8s.io": None,
    "inference.opendatahub.io": None,
    "kuadrant.io": None,
    "maas.opendatahub.io": None,
    "networking.istio.io": None,
    "networking.k8s.io": frozenset({"Ingress", "NetworkPolicy"}),
    "route.openshift.io": None,
    "security.istio.io": None,
    "serving.kserve.io": None,
}
"""The kinds that decide who gets in, by group; None for all of a group."""

WANTED: Final[Mapping[str, frozenset[str] | None]] = {
    **DECIDING,
    "": frozenset({"Namespace", "Service", "Pod", "Secret"}),
    "apps": frozenset({"Deployment"}),
    "apiextensions.k8s.io": frozenset({"CustomResourceDefinition"}),
    "config.openshift.io": frozenset({"ClusterVersion"}),
    "limitador.kuadrant.io": None,
    "operator.authorino.kuadrant.io": None,
    "operators.coreos.com": frozenset({"ClusterServiceVersion"}),
    "sailoperator.io": frozenset({"Istio", "IstioRevision"}),
}
"""All that the doctor lists: what decides, and what says why it does not work."""

METADATA_ONLY: Final = (SECRET, DEFINITION)
"""Kinds of which nothing but metadata travels: what a Secret holds is not asked for."""


def decides(kind: Kind) -> bool:
    """Whether the judge needs all objects of that kind."""
    wanted = DECIDING.get(kind.group, frozenset())
    return wanted is None or kind.name in wanted
