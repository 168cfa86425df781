"""Who somebody is comes from the credential, never from a header that the caller may send.

Kuadrant's filter appends the headers of `response.success.headers` to those of the request: what a
client sent stands first (Kuadrant/wasm-shim, src/kuadrant/pipeline/tasks/auth.rs). So a header
that carries an identity must be refused when a request brings it
(opendatahub-io/models-as-a-service, pull request 1365).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.findings import Confidence, Finding, Severity
from modelgate.topology import Analysis
from modelgate.topology.conditions import holds
from modelgate.topology.effective import Effective, Policy, named_patterns
from modelgate.topology.values import items, mapping
from policies.expressions import headers, reads
from policies.model_paths import (
    ModelPath,
    auth_policies,
    caller,
    compared_with,
    credential_headers,
    entries,
    refuses_header,
)

ID = "forgeable-identity-header"
SUMMARY = "a header that says who the caller is can be sent by the caller"
REMEDY = (
    "refuse it in authorization: patternMatching with the predicate "
    '`!("<header>" in request.headers)`'
)

IDENTITY = re.compile(
    r"user|group|tenant|subscription|role|tier|team|account|principal|identity|email|admin|org\b"
)
"""Words in names of headers that say who somebody is or what he may."""

Said = tuple[Policy, Severity, str]


def check(analysis: Analysis) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for effective, path in auth_policies(analysis):
        for policy, severity, message in (
            *_passed_on(effective, path),
            *_believed(effective, path),
            *_copied(effective),
        ):
            if (policy.key, message) not in seen:
                seen.add((policy.key, message))
                yield Finding(
                    rule=ID,
                    severity=severity,
                    resource=policy.object.ref,
                    message=message,
                    remedy=REMEDY,
                    source=policy.object.source,
                    confidence=Confidence.LIKELY,
                )


def _passed_on(effective: Effective, path: ModelPath) -> Iterator[Said]:
    """Headers that the policy sets for the backend and that a request may bring already."""
    plain = caller(path, {})
    patterns = named_patterns(effective)
    for name, entry, policy in entries(effective, "response.success.headers"):
        header = name.lower()
        applies = holds(entry.get("when"), plain, patterns) is not False
        if applies and not _guarded(effective, path, header):
            grave = bool(IDENTITY.search(header))
            yield (
                policy,
                Severity.HIGH if grave else Severity.MEDIUM,
                f"{header} is added to what the client sent: the backend may read the client's",
            )


def _guarded(effective: Effective, path: ModelPath, header: str) -> bool:
    """Whether a request that brings `header` is refused, or may be: by a rule that reads it."""
    if refuses_header(effective, path, header):
        return True
    for _, entry, _ in entries(effective, "authorization"):
        read = headers(reads(entry.get("when")))
        if "opa" in entry:
            read |= headers(reads(entry["opa"]))
        if header in read or "*" in read:
            return True
    return False


def _believed(effective: Effective, path: ModelPath) -> Iterator[Said]:
    """Authorization that a header of the client's choice satisfies."""
    for name, entry, policy in entries(effective, "authorization"):
        believed = sorted(_identity_headers(effective, entry))
        if any(_guarded(effective, path, header) for header in believed):
            continue
        for header in believed:
            if "patternMatching" not in entry or _satisfied(effective, path, entry, header):
                yield policy, Severity.HIGH, f"authorization {name} believes the header {header}"


def _satisfied(
    effective: Effective, path: ModelPath, entry: Mapping[str, Any], header: str
) -> bool:
    """Whether some value of `header` makes patterns hold that do not hold without it."""
    patterns = named_patterns(effective)
    wanted = items(mapping(entry["patternMatching"]).get("patterns"))
    if holds(wanted, caller(path, {}), patterns) is True:
        return False
    return any(
        holds(wanted, caller(path, {header: value}), patterns) is not False
        for value in compared_with(effective)
    )


def _copied(effective: Effective) -> Iterator[Said]:
    """Properties of an identity, or of what limits read, that are copied from a header."""
    for section in ("authentication", "response.success.filters"):
        for name, entry, policy in entries(effective, section):
            parts = {key: entry.get(key) for key in ("overrides", "defaults", "json")}
            for header in sorted(_identity_headers(effective, parts)):
                yield policy, Severity.HIGH, f"{section} {name} copies the header {header}"


def _identity_headers(effective: Effective, part: Any) -> set[str]:
    found = {name for name in headers(reads(part)) if IDENTITY.search(name)}
    return found - credential_headers(effective)
