"""A model's way in through the gateway."""

import pulumi

from components.component import Component
from components.manifests.routes import http_route
from modelgate import versions
from modelgate.config import Gateway, Model
from modelgate.releases import Release


class ModelRoute(Component):
    """The HTTPRoute of a model: completions through its picker, everything else to its Service.

    Let it depend on the gateway's policies (`MaasGateway.closed`), so that it is made after them
    and removed before them. A model has this route or a managed one on a gateway, never both.
    """

    def __init__(
        self,
        name: str,
        model: Model,
        gateway: Gateway,
        release: Release,
        istio: str = "",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`istio` is the gateway's version: of two pools that a release makes, it reads one."""
        pool_group = versions.table().pool_group(release, istio)
        super().__init__("ModelRoute", name, opts, {"path": model.path})
        self.route = self.declare(http_route(model, gateway, release, pool_group))
        self.register_outputs({"url": f"https://{gateway.hostname}{model.path}"})
