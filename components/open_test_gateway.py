"""The release's default gateway without credentials, for stacks that are not production."""

from collections.abc import Sequence

import pulumi

from components.component import Component
from components.manifests import gateway
from modelgate.config import OpenTestGateway as Settings
from modelgate.releases import Release


class OpenTestGateway(Component):
    """The open Gateway that the guide tests with, `openshift-ai-inference` on OpenShift AI.

    It is open on purpose: `modelgate.config.load` refuses it on production stacks, and so does the
    policy pack, whoever declares it.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        release: Release,
        class_name: str,
        namespaces: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`class_name` is its GatewayClass; routes may come from `namespaces`."""
        namespace, _, gateway_name = release.default_gateway.partition("/")
        super().__init__("OpenTestGateway", name, opts, {"name": gateway_name})
        self.gateway = self.declare(
            gateway.open_test_gateway(
                gateway_name, namespace, class_name, settings.certificate, namespaces
            )
        )
        self.register_outputs({"name": gateway_name, "namespace": namespace})
