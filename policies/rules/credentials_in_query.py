"""Credentials travel in headers: a query string ends in every access log on the way."""

from collections.abc import Iterator

from modelgate.findings import Finding, Severity
from modelgate.topology import Analysis
from modelgate.topology.values import mapping, text
from policies.model_paths import auth_policies, entries

ID = "credentials-in-query"
SUMMARY = "credentials are taken from the query string, which is logged"
REMEDY = "read them from a header: `credentials.authorizationHeader` or `customHeader`"


def check(analysis: Analysis) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for effective, _ in auth_policies(analysis):
        for name, entry, policy in entries(effective, "authentication"):
            where = mapping(entry.get("credentials"))
            if "queryString" not in where or (policy.key, name) in seen:
                continue
            seen.add((policy.key, name))
            parameter = text(mapping(where["queryString"]).get("name"))
            yield Finding(
                rule=ID,
                severity=Severity.MEDIUM,
                resource=policy.object.ref,
                message=f"identity {name} reads its credential from the parameter {parameter!r}",
                remedy=REMEDY,
                source=policy.object.source,
            )
