"""What a gateway is for: the three of OpenShift AI are known in any stack, manifest or cluster.

The operator's own gateway is recognised by its name, which it fixes (opendatahub-operator,
GatewayConfig); the test gateway is the release's default one (KServe, inferenceservice-config).
"""

from enum import StrEnum

from modelgate.topology.graph import Topology
from modelgate.topology.routes import Gateway

PLATFORM_GATEWAY = "data-science-gateway"


class Role(StrEnum):
    """What a gateway is for, in words."""

    PLATFORM = "dashboard, notebooks, pipelines; never for models"
    TEST = "testing model access"
    MODELS = "production model access"
    REDIRECT = "redirects only"
    NOTHING = "leads to no backend"


def role(topology: Topology, gateway: Gateway) -> Role:
    """The role of `gateway` among the objects in view."""
    if PLATFORM_GATEWAY in (gateway.object.name, gateway.class_name.removesuffix("-class")):
        return Role.PLATFORM
    attached = {item.route for item in topology.attachments.get(gateway.key, ())}
    rules = [rule for route in attached for rule in route.rules]
    if not any(rule.backends for rule in rules):
        redirects = any(rule.redirect for rule in rules)
        return Role.REDIRECT if redirects else Role.NOTHING
    if gateway.key == topology.settings.release.default_gateway and not closed(topology, gateway):
        return Role.TEST
    return Role.MODELS


def closed(topology: Topology, gateway: Gateway) -> bool:
    """Whether some AuthPolicy is put on the gateway itself."""
    return any(policy.target == f"Gateway {gateway.key}" for policy in topology.auth_policies)
