"""Which limits may have answered 429: those on the gateway, and those on the request's route."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from modelgate.doctor.access_log import Line
from modelgate.topology.values import mapping, text


@dataclass(frozen=True, slots=True)
class Limits:
    """RateLimitPolicies and TokenRateLimitPolicies as (`Kind ns/name`, target) pairs."""

    policies: tuple[tuple[str, str], ...] = ()

    def with_(self, kind: str, policies: Iterable[Mapping[str, Any]]) -> "Limits":
        """These and the policies of one kind as the API lists them."""
        return Limits((*self.policies, *(_named(kind, one) for one in policies)))

    def on(self, line: Line) -> list[str]:
        """The policies that may apply to a request: by its route's name, or by a gateway.

        Istio names a route `namespace.route.index`, or as the rule is named.
        """
        if line.status != 429:
            return []
        return [
            name
            for name, target in self.policies
            if target.startswith("Gateway ") or line.route.startswith(f"{target}.")
        ]


def _named(kind: str, policy: Mapping[str, Any]) -> tuple[str, str]:
    metadata = mapping(policy.get("metadata"))
    namespace = text(metadata.get("namespace"))
    ref = mapping(mapping(policy.get("spec")).get("targetRef"))
    name = f"{kind} {namespace}/{text(metadata.get('name'))}"
    target = text(ref.get("name"))
    if text(ref.get("kind")) == "Gateway":
        return name, f"Gateway {namespace}/{target}"
    return name, f"{namespace}.{target}"
