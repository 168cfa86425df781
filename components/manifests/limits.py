"""Every user of every tier is limited, in requests and in tokens, by counters that resolve.

`auth.identity` holds what the AuthPolicy exports as filter `identity`, here userid and tier;
without that export a limit would silently not apply (Kuadrant/kuadrant-operator issue 2152).
"""

from collections.abc import Callable, Sequence
from typing import Any

from components.manifests.gateway import target_ref
from components.manifests.objects import Manifest, manifest
from modelgate.config import Gateway, Rate, Tier


def rate_limit_policy(gateway: Gateway) -> Manifest:
    """Requests for each user; counted per HTTPRoute, as Kuadrant counts."""
    return _policy(gateway, "kuadrant.io/v1", "RateLimitPolicy", "limits", _requests)


def token_rate_limit_policy(gateway: Gateway) -> Manifest:
    """Tokens for each user, as model servers report them."""
    return _policy(gateway, "kuadrant.io/v1alpha1", "TokenRateLimitPolicy", "token-limits", _tokens)


def _policy(
    gateway: Gateway,
    api_version: str,
    kind: str,
    suffix: str,
    rates: Callable[[Tier], Sequence[Rate]],
) -> Manifest:
    limits = {tier.name: _limit(tier, rates(tier)) for tier in gateway.tiers}
    return manifest(
        api_version,
        kind,
        f"{gateway.name}-{suffix}",
        gateway.namespace,
        spec={
            "targetRef": target_ref(gateway),
            "overrides": {"strategy": "atomic", "limits": limits},
        },
    )


def _limit(tier: Tier, rates: Sequence[Rate]) -> dict[str, Any]:
    return {
        "rates": [{"limit": rate.limit, "window": rate.window} for rate in rates],
        "counters": [{"expression": "auth.identity.userid"}],
        "when": [{"predicate": f'auth.identity.tier == "{tier.name}"'}],
    }


def _requests(tier: Tier) -> Sequence[Rate]:
    return tier.requests


def _tokens(tier: Tier) -> Sequence[Rate]:
    return tier.tokens
