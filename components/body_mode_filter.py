"""The EnvoyFilter that the guide ends with, for one gateway."""

from collections.abc import Sequence

import pulumi

from components.component import Component
from components.manifests.envoy_filter import NAME, envoy_filter
from modelgate.config import Model


class BodyModeFilter(Component):
    """EnvoyFilter `fix-extproc-body-mode`: bodies go to the picker as BUFFERED.

    Ask `components.manifests.envoy_filter.decide` first: no picker of a supported release answers
    that mode.
    """

    def __init__(
        self,
        name: str,
        gateway: str,
        namespace: str,
        routes: Sequence[tuple[Model, Sequence[str]]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`routes`: for each model, Istio's names of its route rules that go to the picker."""
        super().__init__("BodyModeFilter", name, opts, {"gateway": gateway, "kind": NAME})
        self.filter = self.declare(envoy_filter(gateway, namespace, routes))
        self.register_outputs({})
