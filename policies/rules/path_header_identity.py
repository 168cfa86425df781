"""The model that is asked for is the model that is authorized.

Where a route picks the model by a header and authorization reads the path, or the other way round,
a caller with the right to one model names it in one place and another model in the other
(opendatahub-io/odh-model-controller, PUBLISHER-PATH-AUTH.md).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """What authorization goes by: the path, headers that name a model; `mentioned` whatever how."""

    by_path: bool
    by_headers: frozenset[str]
    mentions_path: bool
    mentioned: frozenset[str]


def check(analysis: Analysis) -> Iterator[Finding]:
    seen: set[tuple[str, str, str]] = set()
    asked: dict[int, _Asked] = {}
    for path in model_paths(analysis):
        for effective in path.auths:
            if id(effective) not in asked:
                asked[id(effective)] = _asked(effective)
            why = _gap(path, asked[id(effective)])
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


def _asked(effective: Effective) -> _Asked:
    rules = [entry for _, entry, _ in entries(effective, "authorization")]
    rules += [entry for _, entry, _ in entries(effective, "metadata")] if rules else []
    deciding = [_decides_by(entry) for entry in rules]
    read = reads(rules)
    return _Asked(
        by_path=any(_reads_path(chains) for chains in deciding),
        by_headers=frozenset(
            name for chains in deciding for name in headers(chains) if "model" in name
        ),
        mentions_path=_reads_path(read),
        mentioned=headers(read),
    )


def _gap(path: ModelPath, asked: _Asked) -> str:
    """What a caller can name twice; a header read by a computed name may be any."""
    routed_by = {item.name for item in path.match.headers if "model" in item.name}
    if routed_by and asked.by_path and not asked.mentioned & {*routed_by, "*"}:
        name = min(routed_by)
        return f"the model is picked by the header {name}, authorization reads the path"
    if asked.by_headers and not routed_by and not asked.mentions_path:
        name = min(asked.by_headers)
        return f"the model is picked by the path, authorization reads the header {name}"
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
