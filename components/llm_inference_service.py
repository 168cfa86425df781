"""A model's LLMInferenceService."""

import pulumi

from components.component import Component
from components.manifests import model as manifests
from components.manifests.tls import destination_rules
from modelgate.config import Model
from modelgate.releases import Release


class LLMInferenceService(Component):
    """A model: workload, endpoint picker and InferencePool, made by KServe from one object.

    The apiVersion and the form in which the picker's weights are passed are the release's. Where
    KServe tells gateways nothing of TLS, the DestinationRules for picker and pods are made first.
    """

    def __init__(
        self,
        name: str,
        model: Model,
        release: Release,
        gateway: manifests.Form | None = None,
        route: manifests.Form | None = None,
        opts: pulumi.ResourceOptions | None = None,
        *,
        pods_tls: bool = False,
    ) -> None:
        """`gateway` and `route` are passed through as `router.gateway` and `router.route`.

        None leaves the field out; `{}` is kept: `route={}` has KServe write the HTTPRoute.
        `pods_tls`: whether upstream KServe has model pods speak TLS.
        """
        super().__init__("LLMInferenceService", name, opts, {"path": model.path})
        rules = [self.declare(one) for one in destination_rules(model, release, pods_tls)]
        self.service = self.declare(
            manifests.llm_inference_service(model, release, gateway, route), after=rules
        )
        self.register_outputs({"model": model.served_as, "path": model.path})
