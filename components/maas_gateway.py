"""The gateway in front of the models, closed by default."""

from collections.abc import Mapping, Sequence

import pulumi

from components.component import Component
from components.manifests import access, gateway, limits
from modelgate.config import ApiKey, Gateway, Versions, hostname_problems
from modelgate.errors import ConfigurationError


class MaasGateway(Component):
    """A Gateway that admits no request without credentials, and limits those that have some.

    Declares GatewayClass, Gateway, AuthPolicy, RateLimitPolicy, TokenRateLimitPolicy, a guard route
    without a backend, the API keys that `settings.access.keys` lists, and where asked for
    DNSPolicy, TLSPolicy and a redirect from HTTP. A route that depends on `closed` is made after
    the policies and removed before them.
    """

    closed: list[pulumi.Resource]
    """What has to stand before a route may: the gateway and all of its policies."""

    def __init__(
        self,
        name: str,
        settings: Gateway,
        namespaces: Sequence[str],
        api_keys: Mapping[str, pulumi.Input[str]] | None = None,
        versions: Versions | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`namespaces` may attach routes; `api_keys` holds the value for each key's id.

        Raises ConfigurationError for a key without a value, and for a hostname on the listener
        where `versions.kuadrant` is not known to hold it.
        """
        for problem in hostname_problems(settings, versions or Versions()):
            raise ConfigurationError(f"{problem.path} {problem.text}")
        super().__init__("MaasGateway", name, opts, {"name": settings.name})
        classes = [self.declare(gateway.gateway_class(settings))] if settings.create_class else []
        allowed = [*namespaces, *settings.route_namespaces]
        self.gateway = self.declare(gateway.maas_gateway(settings, allowed), after=classes)
        guard = self.declare(gateway.guard_route(settings), after=[self.gateway])
        policies = (
            access.auth_policy(settings),
            limits.rate_limit_policy(settings),
            limits.token_rate_limit_policy(settings),
        )
        before = [self.gateway, guard]
        self.closed = [*before, *(self.declare(one, before) for one in policies)]
        for key in settings.access.keys:
            self._api_key(settings, key, api_keys or {})
        self._names(settings, classes)
        self.register_outputs({"name": settings.name, "namespace": settings.namespace})

    def _api_key(
        self, settings: Gateway, key: ApiKey, values: Mapping[str, pulumi.Input[str]]
    ) -> None:
        """Each revision is a resource of its own: a new one is made before an old one goes."""
        if key.id not in values:
            raise ConfigurationError(
                f"API key {key.id} of gateway {settings.name} has no value",
                f"pulumi config set --secret --path 'modelgate:apiKeyValues.{key.id}'",
            )
        value = pulumi.Output.secret(values[key.id])
        self.declare(access.api_key(settings, key), string_data={"api_key": value})

    def _names(self, settings: Gateway, classes: Sequence[pulumi.Resource]) -> None:
        """DNS, certificate and the redirect."""
        if settings.dns is not None:
            self.declare(gateway.dns_policy(settings, settings.dns.provider), self.closed)
        if settings.tls is not None:
            issuer = settings.tls
            self.declare(
                gateway.tls_policy(settings, issuer.issuer, issuer.issuer_kind), [self.gateway]
            )
        if settings.redirect_http:
            redirect = self.declare(gateway.redirect_gateway(settings), classes)
            self.declare(gateway.redirect_route(settings), [redirect])
