"""A whole platform, in an order that never leaves a door open.

Made: namespaces and their NetworkPolicies, the gateway, its policies, then routes, then models:
KServe waits for the route that a model names. Removed in the reverse order, so a route goes before
the policy that closes it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.body_mode_filter import BodyModeFilter
from components.component import Component
from components.llm_inference_service import LLMInferenceService
from components.maas_gateway import MaasGateway
from components.manifests.envoy_filter import NAME, decide, managed_routes, own_routes
from components.manifests.model import Form
from components.manifests.network import GatewayPods
from components.manifests.routes import route_name
from components.model_namespace import ModelNamespace
from components.model_network import ModelNetwork
from components.model_route import ModelRoute
from components.open_test_gateway import OpenTestGateway
from modelgate.config import Model, StackConfig

Options = pulumi.ResourceOptions


class ModelStack(Component):
    """Everything that a StackConfig asks for."""

    outputs: Mapping[str, Any]
    """Release, gateways, and for each model its URL and the name that requests must use."""

    def __init__(
        self,
        name: str,
        config: StackConfig,
        api_keys: Mapping[str, pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`api_keys` holds the secret value for each id in `config.gateway.access.keys`."""
        super().__init__("ModelStack", name, _with_provider(config, opts), {})
        self._config = config
        self._release = config.release_profile
        namespaces: list[pulumi.Resource] = []
        if config.create_namespaces:
            namespaces = [ModelNamespace(one, self._child()) for one in config.namespaces]
        gateway = MaasGateway(
            config.gateway.name,
            config.gateway,
            config.namespaces,
            api_keys,
            config.versions,
            self._child(),
        )
        tests = self._test_gateway(gateway)
        for model in config.models:
            self._model(model, namespaces, gateway, tests)
        self._filters([gateway, *tests])
        self.outputs = self._outputs()
        self.register_outputs(dict(self.outputs))

    def _child(self, after: Sequence[pulumi.Resource] = ()) -> Options:
        return Options(parent=self, depends_on=list(after))

    def _test_gateway(self, gateway: MaasGateway) -> list[pulumi.Resource]:
        settings = self._config.test_gateway
        if settings is None:
            return []
        config = self._config
        name = self._release.default_gateway.partition("/")[2]
        return [
            OpenTestGateway(
                name,
                settings,
                self._release,
                config.gateway.class_name,
                config.namespaces,
                self._child([gateway.gateway]),
            )
        ]

    def _model(
        self,
        model: Model,
        namespaces: Sequence[pulumi.Resource],
        gateway: MaasGateway,
        tests: Sequence[pulumi.Resource],
    ) -> None:
        config = self._config
        name = model.path.removeprefix("/")
        before: list[pulumi.Resource] = list(namespaces)
        if config.network.policies:
            monitoring = config.network.monitoring
            before.append(
                ModelNetwork(name, model, self._gateways(), monitoring, self._child(namespaces))
            )
        gateway_form, route_form = self._router(model)
        if config.test_gateway is not None:
            before += tests
        if model.route == "managed":
            before += gateway.closed
        else:
            after = self._child([*namespaces, *gateway.closed])
            istio = config.versions.istio_or_openshifts
            before.append(ModelRoute(name, model, config.gateway, self._release, istio, after))
        LLMInferenceService(
            name,
            model,
            self._release,
            gateway_form,
            route_form,
            self._child(before),
            pods_tls=config.model_tls,
        )

    def _router(self, model: Model) -> tuple[Form | None, Form]:
        """The forms of `router.gateway` and `router.route`.

        A route of ours that no field names is none of KServe's: OpenShift AI's build then writes
        no DestinationRules, and gateways speak plain text to what speaks TLS.
        """
        config = self._config
        test_namespace, _, test_name = self._release.default_gateway.partition("/")
        refs = [{"name": config.gateway.name, "namespace": config.gateway.namespace}]
        if config.test_gateway is not None:
            refs.append({"name": test_name, "namespace": test_namespace})
        if model.route == "managed":
            return {"refs": refs}, {}
        if config.test_gateway is not None:
            return {}, {}
        return None, {"http": {"refs": [{"name": route_name(model, config.gateway)}]}}

    def _gateways(self) -> list[GatewayPods]:
        config = self._config
        gateways = [GatewayPods(config.gateway.name, config.gateway.namespace)]
        if config.test_gateway is not None:
            namespace, _, name = self._release.default_gateway.partition("/")
            gateways.append(GatewayPods(name, namespace))
        return gateways

    def _filters(self, after: Sequence[pulumi.Resource]) -> None:
        """One EnvoyFilter for each gateway, where the mode, the picker and Istio call for it."""
        config, release = self._config, self._release
        decision = decide(config.envoy_filter, release, config.versions.istio_or_openshifts)
        verb = "declared" if decision.declared else "left out"
        if pulumi.runtime.is_dry_run():
            pulumi.log.info(f"EnvoyFilter {NAME} is {verb}: {decision.reason}", self)
        if not decision.declared:
            return
        main, *tests = self._gateways()
        on_main = [
            (
                model,
                own_routes(model, config.gateway, release)
                if model.route == "own"
                else managed_routes(model, release),
            )
            for model in config.models
        ]
        on_tests = [(model, managed_routes(model, release)) for model in config.models]
        for gateway, routes in [(main, on_main), *((test, on_tests) for test in tests)]:
            if any(names for _, names in routes):
                BodyModeFilter(
                    gateway.name, gateway.name, gateway.namespace, routes, self._child(after)
                )

    def _outputs(self) -> dict[str, Any]:
        config = self._config
        return {
            "release": self._release.title,
            "gateways": [f"{one.namespace}/{one.name}" for one in self._gateways()],
            "models": {
                model.path.removeprefix("/"): {
                    "url": f"https://{config.gateway.hostname}{model.path}",
                    "model": model.served_as,
                }
                for model in config.models
            },
        }


def _with_provider(config: StackConfig, opts: Options | None) -> Options:
    """The default provider, unless the settings name a context of the kubeconfig."""
    opts = opts or Options()
    if config.cluster is None:
        return opts
    provider = k8s.Provider("cluster", context=config.cluster.context)
    return Options.merge(opts, Options(providers=[provider]))
