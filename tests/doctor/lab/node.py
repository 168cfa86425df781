"""What a cluster would add for a gateway: a pod of its own, and the address of a load balancer.

The lab's Envoy is no pod, so there is no log to be read, and nobody answers at the address: what
the doctor says about traffic says so too.
"""

from collections.abc import Mapping
from typing import Any

from tests.doctor.platform import GATEWAY_LABEL, body

ADDRESS = "192.0.2.1"


def pod_of(gateway: Mapping[str, Any]) -> dict[str, Any]:
    """The pod that a gateway controller makes; the lab's node calls it ready."""
    name, namespace = gateway["metadata"]["name"], gateway["metadata"]["namespace"]
    spec = {"containers": [{"name": "istio-proxy", "image": "istio/proxyv2:1.28.5"}]}
    return body("v1", "Pod", f"{namespace}/{name}-0", labels={GATEWAY_LABEL: name}, spec=spec)


def with_address(gateway: Mapping[str, Any]) -> dict[str, Any]:
    """The gateway with the address that a load balancer gives it."""
    return {**gateway, "status": {"addresses": [{"type": "IPAddress", "value": ADDRESS}]}}
