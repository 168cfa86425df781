"""Every caller of a model is counted by some limit.

A limit that reads what the AuthPolicy does not export, or that a query string dodges, is silently
not there. Who has valid credentials then uses all that the GPUs give.
"""

from collections.abc import Iterator, Sequence
from itertools import product

from modelgate.findings import Confidence, Finding, Severity, Verdict
from modelgate.topology import Analysis
from modelgate.topology.effective import LIMIT_POLICIES, Effective
from modelgate.topology.values import mapping, mappings
from policies.model_paths import Limits, ModelPath, model_paths
from policies.quota import Quota

ID = "unlimited-model"
SUMMARY = "requests with valid credentials reach a model uncounted"
REMEDY = (
    "put a RateLimitPolicy or TokenRateLimitPolicy on the Gateway whose limits cover every caller, "
    "by properties that the AuthPolicy exports in `response.success.filters.identity`"
)
DENY_ON_FAILURE = "RATELIMIT_CHECK_SERVICE_FAILURE_MODE"
"""Environment of the Kuadrant operator (kuadrant-operator, internal/wasm/utils.go)."""


def check(analysis: Analysis) -> Iterator[Finding]:
    kinds = [Limits(analysis, kind) for kind in LIMIT_POLICIES]
    quotas: dict[tuple[int, ...], Quota] = {}
    found: dict[tuple[str, str], list[ModelPath]] = {}
    limited: ModelPath | None = None
    for path in model_paths(analysis):
        if path.door.verdict is not Verdict.PROTECTED:
            continue
        possible = [limits.on(path) for limits in kinds]
        why = _why(path, possible, quotas)
        if why:
            found.setdefault((path.door.gateway, why), []).append(path)
        if any(possible):
            limited = limited or path
    for (gateway, why), paths in found.items():
        yield _finding(gateway, why, paths)
    if limited is not None and not _denies_on_failure(analysis):
        yield _fails_open(limited)


def _why(
    path: ModelPath,
    possible: Sequence[tuple[Effective, ...]],
    quotas: dict[tuple[int, ...], Quota],
) -> str:
    """A caller whom nothing counts, under some possible order of policies."""
    for auth, *chosen in product(path.auths, *(orders or (None,) for orders in possible)):
        limits = [limit for limit in chosen if limit is not None]
        assert auth is not None
        key = (id(auth), *map(id, limits))
        if key not in quotas:
            quotas[key] = Quota(auth, limits)
        why = quotas[key].unlimited(path)
        if why:
            return why
    return ""


def _finding(gateway: str, why: str, paths: Sequence[ModelPath]) -> Finding:
    routes = dict.fromkeys(path.door.route for path in paths)
    first = paths[0].door
    one = len(routes) == 1
    rules = "" if one else f" on {len(routes)} routes"
    return Finding(
        rule=ID,
        severity=Severity.MEDIUM,
        resource=first.route if one else f"Gateway {gateway}",
        message=f"on Gateway {gateway}{rules}: {why}",
        remedy=REMEDY,
        source=first.source,
        confidence=Confidence.CERTAIN if why.startswith("no RateLimit") else Confidence.LIKELY,
        evidence=tuple(routes),
    )


def _denies_on_failure(analysis: Analysis) -> bool:
    """Whether an operator's Subscription in view has the filter refuse where Limitador is down."""
    return any(
        variable.get("name") == DENY_ON_FAILURE and variable.get("value") == "deny"
        for obj in analysis.topology.of("Subscription")
        for variable in mappings(mapping(obj.spec.get("config")).get("env"))
    )


def _fails_open(path: ModelPath) -> Finding:
    return Finding(
        rule=ID,
        severity=Severity.LOW,
        resource=f"Gateway {path.door.gateway}",
        message="limits fail open: while Limitador cannot be reached, nobody is counted",
        remedy=f"set {DENY_ON_FAILURE}=deny in the Kuadrant operator's Subscription, where an "
        "uncounted request is worse than a refused one",
        confidence=Confidence.LIKELY,
    )
