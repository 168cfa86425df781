"""Gateways speak TLS to what speaks TLS, where KServe itself does not tell Istio so.

OpenShift AI's build of KServe writes these DestinationRules, upstream's does not (kserve/kserve,
router_platform_networking_default.go). A picker speaks TLS unless it is told otherwise, whatever
KServe's configuration says of models (inference extension, cmd/epp, --secure-serving).
"""

from collections.abc import Iterator

from components.manifests.objects import Manifest, child_name, manifest
from modelgate.config import Model
from modelgate.releases import Release, shadow_service


def destination_rules(model: Model, release: Release, pods: bool) -> Iterator[Manifest]:
    """Rules for upstream's picker, and where `pods` speak TLS for their Service and their pool.

    Their certificates are of KServe's own making, so no gateway can verify them; NetworkPolicies
    keep others away.
    """
    if release.destination_rules is not None:
        return
    yield _rule(model, "-picker-tls", child_name(model.name, "-epp-service"))
    if pods:
        workload = child_name(model.name, "-kserve-workload-svc")
        yield _rule(model, "-pods-tls", workload)
        pool = shadow_service(child_name(model.name, "-inference-pool"))
        yield _rule(model, "-pool-tls", pool, workload)


def _rule(model: Model, suffix: str, service: str, certified: str = "") -> Manifest:
    """For gateways' connections to `service`, whose certificate names it, or `certified`."""
    domain = f"{model.namespace}.svc.cluster.local"
    tls = {"mode": "SIMPLE", "insecureSkipVerify": True, "sni": f"{certified or service}.{domain}"}
    return manifest(
        "networking.istio.io/v1",
        "DestinationRule",
        child_name(model.name, suffix),
        model.namespace,
        spec={
            "host": f"{service}.{domain}",
            "trafficPolicy": {"tls": tls},
            "exportTo": ["*"],
        },
    )
