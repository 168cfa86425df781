"""A namespace for models."""

import pulumi

from components.component import Component
from components.manifests.network import namespace


class ModelNamespace(Component):
    """A Namespace that models are served in."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ModelNamespace", name, opts, {"name": name})
        self.namespace = self.declare(namespace(name))
        self.register_outputs({"name": name})
