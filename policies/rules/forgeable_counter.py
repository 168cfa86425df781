"""What a limit counts by is not the caller's to choose.

A counter over a header is a fresh counter for each value that a client sends, and a `when` that
reads one is left out by a client that sends another.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.findings import Finding, Severity
from modelgate.topology import Analysis
from modelgate.topology.effective import LIMIT_POLICIES, Effective, Policy
from policies.expressions import Chain, headers, reads
from policies.model_paths import (
    Limits,
    ModelPath,
    credential_headers,
    entries,
    exported,
    model_paths,
    refuses_header,
)

ID = "forgeable-counter"
SUMMARY = "a limit counts or applies by something that the client chooses"
REMEDY = (
    "count by `auth.identity`, exported by the AuthPolicy in `response.success.filters.identity`"
)

CHOSEN: Mapping[Chain, str] = {
    ("request", "id"): "the request id",
    ("request", "query"): "the query string",
    ("request", "referer"): "the header referer",
    ("request", "useragent"): "the header user-agent",
}
COUNTED: Mapping[Chain, str] = {
    **CHOSEN,
    ("request", "path"): "request.path, which holds the query string",
}
"""What a client may vary at will and still be answered the same."""

Key = tuple[str, str, str]


def check(analysis: Analysis) -> Iterator[Finding]:
    seen: set[Key] = set()
    kinds = [Limits(analysis, kind) for kind in LIMIT_POLICIES]
    known: set[tuple[int, ...]] = set()
    for path in model_paths(analysis):
        for limits in kinds:
            for effective in limits.on(path):
                auths = path.auths
                place = (id(effective), *map(id, auths), hash(path.match.headers))
                if place in known:
                    continue
                known.add(place)
                for auth in auths or (Effective({}),):
                    yield from _limits(effective, auth, path, seen)


def _limits(
    effective: Effective, auth: Effective, path: ModelPath, seen: set[Key]
) -> Iterator[Finding]:
    for name, entry, policy in entries(effective, "limits"):
        conditions = [entry.get("when"), effective.when]
        for part, attributes, what, severity in (
            (entry.get("counters"), COUNTED, "counts by", Severity.HIGH),
            (conditions, CHOSEN, "applies by", Severity.MEDIUM),
        ):
            for chosen in sorted(_chosen(part, attributes, auth, path)):
                key = (policy.key, name, f"{what} {chosen}")
                if key not in seen:
                    seen.add(key)
                    yield _finding(policy, severity, f"limit {name} {what} {chosen}")


def _chosen(
    part: Any, attributes: Mapping[Chain, str], auth: Effective, path: ModelPath
) -> set[str]:
    read = set(_resolved(reads(part), auth))
    found = {attributes[chain[:2]] for chain in read if chain[:2] in attributes}
    fixed = {item.name for item in path.match.headers if not item.regex}
    for header in headers(read) - fixed - credential_headers(auth):
        if not refuses_header(auth, path, header):
            found.add(f"the header {header}" if header != "*" else "a header")
    return found


def _resolved(read: frozenset[Chain], auth: Effective) -> Iterator[Chain]:
    """What is read in the end: properties of `auth.identity` as what they are exported from."""
    sources = exported(auth)
    for chain in read:
        yield chain
        if chain[:2] == ("auth", "identity") and len(chain) > 2:
            yield from reads(sources.get(chain[2]))


def _finding(policy: Policy, severity: Severity, message: str) -> Finding:
    obj = policy.object
    return Finding(ID, severity, obj.ref, message, REMEDY, source=obj.source)
