"""Who reaches a model from inside the cluster."""

from collections.abc import Sequence

import pulumi

from components.component import Component
from components.manifests.network import GatewayPods, picker_policy, workload_policy
from modelgate.config import Model


class ModelNetwork(Component):
    """NetworkPolicies of a model: its pods accept gateways, picker, each other, and monitoring.

    Without them every pod of the cluster reaches the model, past the gateway.
    """

    def __init__(
        self,
        name: str,
        model: Model,
        gateways: Sequence[GatewayPods],
        monitoring: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`monitoring` are the namespaces that read metrics."""
        super().__init__("ModelNetwork", name, opts, {"path": model.path})
        self.declare(workload_policy(model, gateways, monitoring))
        self.declare(picker_policy(model, gateways, monitoring))
        self.register_outputs({})
