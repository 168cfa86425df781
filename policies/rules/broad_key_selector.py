"""Who has credentials is decided by one party, not by anybody who can make some.

An API key is any Secret that the selector finds, a Kubernetes token any pod's, a JWT any that the
issuer signed for whatever application: each passes unless something narrower is asked.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.findings import Finding, Severity
from modelgate.topology import Analysis
from modelgate.topology.effective import Effective
from modelgate.topology.values import items, mapping, text, unknown_paths
from policies.expressions import reads
from policies.model_paths import auth_policies, entries

ID = "broad-key-selector"
SUMMARY = "an identity admits more callers than somebody chose"
REMEDY = (
    "select keys by a label of this gateway's own in Kuadrant's namespace; "
    "bind tokens by an authorization rule (access review, `aud`, groups)"
)

ASKS_ELSEWHERE = ("kubernetesSubjectAccessReview", "opa", "spicedb")
CLAIMS = frozenset(
    {"aud", "azp", "client_id", "entitlements", "groups", "iss", "permissions", "realm_access"}
    | {"resource_access", "roles", "scope", "scp"}
)
"""Claims that bind a token to an audience, an application or a group of users."""

Flaw = tuple[Severity, str]


def check(analysis: Analysis) -> Iterator[Finding]:
    seen: set[tuple[str, str, str]] = set()
    for effective, _ in auth_policies(analysis):
        for name, entry, policy in entries(effective, "authentication"):
            for severity, why in _flaws(entry, effective):
                if (policy.key, name, why) in seen:
                    continue
                seen.add((policy.key, name, why))
                yield Finding(
                    rule=ID,
                    severity=severity,
                    resource=policy.object.ref,
                    message=f"identity {name}: {why}",
                    remedy=REMEDY,
                    source=policy.object.source,
                )


def _flaws(entry: Mapping[str, Any], effective: Effective) -> Iterator[Flaw]:
    for method in ("apiKey", "x509"):
        if method in entry:
            yield from _selected(method, mapping(entry[method]))
    if "kubernetesTokenReview" in entry and not _asks(effective, claims=None):
        yield _token_review(mapping(entry["kubernetesTokenReview"]))
    if "jwt" in entry and not _asks(effective, claims=CLAIMS):
        why = "every JWT of the issuer passes, for whatever application it was made: "
        yield Severity.MEDIUM, why + "no authorization reads `aud` or another claim that binds it"


def _selected(method: str, source: Mapping[str, Any]) -> Iterator[Flaw]:
    selector = source.get("selector")
    everywhere = source.get("allNamespaces") is True
    where = "any namespace" if everywhere else "Kuadrant's namespace"
    found = mapping(selector)
    empty = not mapping(found.get("matchLabels")) and not items(found.get("matchExpressions"))
    if empty and not any(unknown_paths(selector, "")):
        yield Severity.HIGH, f"{method}.selector is empty: it takes every Secret in {where}"
    elif everywhere:
        yield (
            Severity.MEDIUM,
            f"{method}.allNamespaces: whoever may create a Secret in {where} makes credentials",
        )


def _token_review(source: Mapping[str, Any]) -> Flaw:
    audiences = [text(item) for item in items(source.get("audiences"))]
    if any(audience and "kubernetes.default" not in audience for audience in audiences):
        return (
            Severity.MEDIUM,
            f"every token for {', '.join(audiences)} passes: no authorization asks who it is",
        )
    why = "every service account of the cluster passes, each pod has its token: "
    return Severity.HIGH, why + "no authorization asks who it is"


def _asks(effective: Effective, claims: frozenset[str] | None) -> bool:
    """Whether authorization looks at who it is; at one of `claims`, where they are given."""
    for _, entry, _ in entries(effective, "authorization"):
        if any(method in entry for method in ASKS_ELSEWHERE):
            return True
        read = [chain for chain in reads(entry) if chain[:2] == ("auth", "identity")]
        if claims is None and read:
            return True
        if claims is not None and any(claims.intersection(chain[2:]) for chain in read):
            return True
    return False
