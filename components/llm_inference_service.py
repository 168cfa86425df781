"""A model's LLMInferenceService."""

import pulumi

from components.component import Component
from components.manifests import model as manifests
from modelgate.config import Model
from modelgate.releases import Release


class LLMInferenceService(Component):
    """A model: workload, endpoint picker and InferencePool, made by KServe from one object.

    The apiVersion and the form in which the picker's weights are passed are the release's.
    """

    def __init__(
        self,
        name: str,
        model: Model,
        release: Release,
        gateway: manifests.Form | None = None,
        route: manifests.Form | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`gateway` and `route` are passed through as `router.gateway` and `router.route`.

        None leaves the field out; `{}` is kept: `route={}` has KServe write the HTTPRoute.
        """
        super().__init__("LLMInferenceService", name, opts, {"path": model.path})
        self.service = self.declare(manifests.llm_inference_service(model, release, gateway, route))
        self.register_outputs({"model": model.served_as, "path": model.path})
