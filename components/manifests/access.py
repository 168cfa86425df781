"""No request passes the gateway without one of the identities, whatever a route says.

Only `overrides` with strategy `atomic` hold against a policy further down: with `merge` a route
could add an anonymous identity, and Authorino takes any one identity.
"""

from typing import Any

from components.manifests.gateway import target_ref
from components.manifests.objects import Manifest, manifest
from modelgate.config import TIER_ANNOTATION, USER_ANNOTATION, Access, ApiKey, Gateway, TokenReview

Expression = dict[str, str]

FAIRNESS_HEADER = "x-gateway-inference-fairness-id"
OBJECTIVE_HEADER = "x-gateway-inference-objective"
IDENTITY_HEADERS = (
    FAIRNESS_HEADER,
    OBJECTIVE_HEADER,
    "x-maas-group",
    "x-maas-groups",
    "x-maas-subscription",
    "x-maas-user",
    "x-maas-username",
)
"""Headers that pickers and model servers take for the caller's identity.

A request that brings one is refused. Setting them is not enough: the filter appends to what the
client sent (Kuadrant/wasm-shim, src/kuadrant/pipeline/tasks/auth.rs).
"""
WAIT = {"pulumi.com/waitFor": "condition=Enforced"}
"""The guard route lets Kuadrant enforce the policy before there is a route to a model."""

MODEL_HEADER = "x-gateway-model-name"
"""Selects a model besides the path (KServe 0.19 and later); access review goes by the path."""


def auth_policy(gateway: Gateway) -> Manifest:
    """The AuthPolicy of the gateway: identities, what they must satisfy, what limits read."""
    rules = {
        "authentication": _authentication(gateway),
        "authorization": _authorization(gateway),
        "response": {
            "success": {
                "headers": {
                    FAIRNESS_HEADER: {"plain": _cel("auth.identity.userid")},
                    OBJECTIVE_HEADER: {"plain": _cel("auth.identity.tier")},
                },
                "filters": {
                    "identity": {
                        "json": {
                            "properties": {
                                "userid": _cel("auth.identity.userid"),
                                "tier": _cel("auth.identity.tier"),
                            }
                        }
                    }
                },
            }
        },
    }
    return manifest(
        "kuadrant.io/v1",
        "AuthPolicy",
        f"{gateway.name}-auth",
        gateway.namespace,
        annotations=WAIT if gateway.wait_for_policy else None,
        spec={
            "targetRef": target_ref(gateway),
            "overrides": {"strategy": "atomic", "rules": rules},
        },
    )


def api_key(gateway: Gateway, key: ApiKey) -> Manifest:
    """The Secret of one key, without its value: that is `stringData.api_key`.

    Authorino looks for keys in Kuadrant's namespace and hears of changes to Secrets with its
    managed-by label only (Kuadrant/authorino, docs/features.md).
    """
    return manifest(
        "v1",
        "Secret",
        f"{gateway.name}-{key.id}",
        gateway.access.kuadrant_namespace,
        labels={"authorino.kuadrant.io/managed-by": "authorino", **gateway.key_labels},
        annotations={USER_ANNOTATION: key.user, TIER_ANNOTATION: key.tier},
        type="Opaque",
    )


def _cel(expression: str) -> Expression:
    return {"expression": expression}


def _identity(
    method: str, source: dict[str, Any], userid: str, tier: Any, priority: int = 0
) -> dict[str, Any]:
    """An identity whose userid, tier and method are set by us, not by what it was read from.

    Those of a later priority are asked where the earlier ones fail: no API key is sent to the
    Kubernetes API for review.
    """
    overrides = {"userid": _cel(userid), "tier": tier, "method": {"value": method}}
    bearer = {"authorizationHeader": {"prefix": "Bearer"}}
    later = {"priority": priority} if priority else {}
    return {**source, **later, "credentials": bearer, "overrides": overrides}


def _authentication(gateway: Gateway) -> dict[str, Any]:
    access = gateway.access
    annotation = 'auth.identity.metadata.annotations["{}"]'.format
    selector = {"matchLabels": gateway.key_labels}
    identities = {
        "api-key": _identity(
            "api-key",
            {"apiKey": {"selector": selector}},
            annotation(USER_ANNOTATION),
            _cel(annotation(TIER_ANNOTATION)),
        )
    }
    if access.jwt is not None:
        identities["jwt"] = _identity(
            "jwt",
            {"jwt": {"issuerUrl": access.jwt.issuer_url}},
            f"auth.identity.{access.jwt.user_claim}",
            {"value": access.jwt.tier},
            priority=1,
        )
    if access.token_review is not None:
        identities["token-review"] = _identity(
            "token-review",
            {"kubernetesTokenReview": {"audiences": list(access.token_review.audiences)}},
            "auth.identity.user.username",
            {"value": access.token_review.tier},
            priority=2,
        )
    return identities


def _authorization(gateway: Gateway) -> dict[str, Any]:
    access = gateway.access
    tiers = ", ".join(f'"{tier.name}"' for tier in gateway.tiers)
    rules = {
        "known-user": _all('auth.identity.userid != ""', f"auth.identity.tier in [{tiers}]"),
        "own-identity-headers": _all(*(_absent(header) for header in _refused_headers(access))),
    }
    if access.jwt is not None:
        audience = access.jwt.audience.replace("\\", "\\\\").replace('"', '\\"')
        rules["jwt-audience"] = _all(
            f'auth.identity.method != "jwt" || auth.identity.aud == "{audience}" '
            f'|| "{audience}" in auth.identity.aud'
        )
    if access.token_review is not None:
        rules["model-access"] = _model_access()
    return rules


def _refused_headers(access: Access) -> tuple[str, ...]:
    by_path: TokenReview | None = access.token_review
    return IDENTITY_HEADERS if by_path is None else (*IDENTITY_HEADERS, MODEL_HEADER)


def _absent(header: str) -> str:
    return f'!("{header}" in request.headers)'


def _all(*predicates: str) -> dict[str, Any]:
    patterns = [{"predicate": predicate} for predicate in predicates]
    return {"patternMatching": {"patterns": patterns}}


def _model_access() -> dict[str, Any]:
    """Who may `get` the LLMInferenceService that the path names, for Kubernetes tokens."""
    segment = 'request.url_path.split("/")[{}]'.format
    return {
        "when": [{"predicate": 'auth.identity.method == "token-review"'}],
        "kubernetesSubjectAccessReview": {
            "user": _cel("auth.identity.user.username"),
            "authorizationGroups": _cel("auth.identity.user.groups"),
            "resourceAttributes": {
                "group": {"value": "serving.kserve.io"},
                "resource": {"value": "llminferenceservices"},
                "namespace": _cel(segment(1)),
                "name": _cel(segment(2)),
                "verb": {"value": "get"},
            },
        },
    }
