"""The model that is asked for is the model that is authorized.

Where a route picks the model by a header and authorization reads the path, or the other way round,
a caller with the right to one model names it in one place and another model in the other
(opendatahub-io/odh-model-controller, PUBLISHER-PATH-AUTH.md).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.findings import Finding, Severity
from modelgate.topology import Analysis
from modelgate.topology.effective import Effective
from policies.expressions import Chain, headers, reads
from policies.model_paths import ModelPath, entries, model_paths

ID = "path-header-identity"
SUMMARY = "a route picks the model by one thing, authorization reads another"
REMEDY = (
    "refuse the model header in authorization where the path decides "
    '(`!("x-gateway-model-name" in request.headers)`), or have both read the same'
)

PATHS = (("request", "path"), ("request", "url_path"))


def check(analysis: Analysis) -> Iterator[Finding]:
    seen: set[tuple[str, str, str]] = set()
    for path in model_paths(analysis):
        for effective in path.auths:
            why = _gap(path, effective)
            key = (path.door.route, path.door.gateway, why)
            if why and key not in seen:
                seen.add(key)
                yield Finding(
                    rule=ID,
                    severity=Severity.HIGH,
                    resource=path.door.route,
                    message=f"on Gateway {path.door.gateway}: {why}",
                    remedy=REMEDY,
                    source=path.door.source,
                    evidence=effective.policies,
                )


def _gap(path: ModelPath, effective: Effective) -> str:
    rules = [entry for _, entry, _ in entries(effective, "authorization")]
    rules += [entry for _, entry, _ in entries(effective, "metadata")] if rules else []
    by_path = any(_reads_path(_decides_by(entry)) for entry in rules)
    by_header = {name for entry in rules for name in _model_headers(_decides_by(entry))}
    mentioned = {name for entry in rules for name in headers(reads(entry))}
    routed_by = {item.name for item in path.match.headers if "model" in item.name}
    if routed_by and by_path and not routed_by & (mentioned | _any_header(mentioned)):
        name = min(routed_by)
        return f"the model is picked by the header {name}, authorization reads the path"
    if by_header and not routed_by and not any(_reads_path(reads(entry)) for entry in rules):
        return f"the model is picked by the path, authorization reads the header {min(by_header)}"
    return ""


def _decides_by(entry: Mapping[str, Any]) -> frozenset[Chain]:
    """What an entry reads to decide who may; empty where it asks nothing about the caller."""
    asked = {key: value for key, value in entry.items() if key != "when"}
    read = reads(asked)
    about_caller = "kubernetesSubjectAccessReview" in entry or "http" in entry
    if about_caller or any(chain[0] == "auth" for chain in read):
        return read
    return frozenset()


def _reads_path(read: frozenset[Chain]) -> bool:
    return any(chain[:2] in PATHS for chain in read)


def _model_headers(read: frozenset[Chain]) -> Iterator[str]:
    return (name for name in headers(read) if "model" in name)


def _any_header(mentioned: set[str]) -> set[str]:
    """A computed header name may be any: then nothing can be said against it."""
    return {"x-gateway-model-name"} if "*" in mentioned else set()
