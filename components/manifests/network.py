"""Inside the cluster, model pods and pickers hear only those who have to speak to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from components.manifests.objects import NAMESPACE_NAME, Manifest, child_name, manifest
from modelgate.config import Model

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
COMPONENT = "app.kubernetes.io/component"
PICKER = "llminferenceservice-router-scheduler"


@dataclass(frozen=True, slots=True)
class GatewayPods:
    """The pods of one Gateway; Istio labels them with the Gateway's name."""

    name: str
    namespace: str


def namespace(name: str) -> Manifest:
    """A namespace for models."""
    return manifest("v1", "Namespace", name)


def workload_policy(
    model: Model, gateways: Sequence[GatewayPods], monitoring: Sequence[str]
) -> Manifest:
    """All pods of the model but its picker: workload, prefill and decode, further nodes.

    They are selected by what they are not: pods of further nodes carry no label that says so.
    """
    not_picker = {"key": COMPONENT, "operator": "NotIn", "values": [PICKER]}
    workload = {"matchLabels": _labels(model), "matchExpressions": [not_picker]}
    ingress = [
        {"from": [_gateway(one) for one in gateways], "ports": _ports(8000)},
        {"from": [{"podSelector": {"matchLabels": _labels(model)}}]},
        *_scraped(monitoring, 8000),
    ]
    return _policy(model, "-workload", workload, ingress)


def picker_policy(
    model: Model, gateways: Sequence[GatewayPods], monitoring: Sequence[str]
) -> Manifest:
    """The picker: asked by gateways, told of cached prefixes by the model's pods."""
    picker = {"matchLabels": {**_labels(model), COMPONENT: PICKER}}
    ingress = [
        {"from": [_gateway(one) for one in gateways], "ports": _ports(9002)},
        {"from": [{"podSelector": {"matchLabels": _labels(model)}}], "ports": _ports(5557)},
        *_scraped(monitoring, 9090),
    ]
    return _policy(model, "-picker", picker, ingress)


def _policy(
    model: Model, suffix: str, selector: dict[str, Any], ingress: list[dict[str, Any]]
) -> Manifest:
    return manifest(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        child_name(model.name, suffix),
        model.namespace,
        spec={"podSelector": selector, "policyTypes": ["Ingress"], "ingress": ingress},
    )


def _labels(model: Model) -> dict[str, str]:
    """What KServe puts on every pod of a service, its picker included."""
    return {
        "app.kubernetes.io/name": model.name,
        "app.kubernetes.io/part-of": "llminferenceservice",
    }


def _gateway(pods: GatewayPods) -> dict[str, Any]:
    return {
        "namespaceSelector": {"matchLabels": {NAMESPACE_NAME: pods.namespace}},
        "podSelector": {"matchLabels": {GATEWAY_NAME: pods.name}},
    }


def _scraped(monitoring: Sequence[str], port: int) -> list[dict[str, Any]]:
    if not monitoring:
        return []
    chosen = {"key": NAMESPACE_NAME, "operator": "In", "values": list(monitoring)}
    peer = {"namespaceSelector": {"matchExpressions": [chosen]}}
    return [{"from": [peer], "ports": _ports(port)}]


def _ports(*ports: int) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": port} for port in ports]
