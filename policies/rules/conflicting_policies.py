"""One target has one policy of a kind, else the order of creation decides.

Kuadrant accepts all of them: of two defaults the newest wins, of two overrides the oldest, and
nobody can read the order from manifests (Kuadrant/kuadrant-operator, issue 1052).
"""

from collections.abc import Iterator
from dataclasses import replace

from modelgate.findings import Finding, Severity
from modelgate.topology import Analysis
from modelgate.topology.effective import AUTH_POLICY, Policy, effectives
from policies.model_paths import of_odh_controller

ID = "conflicting-policies"
SUMMARY = "several policies of one kind on one target: the order of creation decides"
REMEDY = "merge them into one policy, or target different sections"


def check(analysis: Analysis) -> Iterator[Finding]:
    topology = analysis.topology
    groups: dict[tuple[str, str, str], list[Policy]] = {}
    for policy in (*topology.auth_policies, *topology.limit_policies):
        if not of_odh_controller(policy.object):
            key = (policy.object.kind, policy.target, policy.section)
            groups.setdefault(key, []).append(policy)
    for (kind, target, section), policies in groups.items():
        if len(policies) > 1 and _order_matters(policies):
            yield _finding(kind, f"{target} section {section}" if section else target, policies)


def _order_matters(policies: list[Policy]) -> bool:
    ageless = [replace(policy, created="") for policy in policies]
    possible, complete = effectives([ageless])
    return len(possible) > 1 or not complete


def _finding(kind: str, target: str, policies: list[Policy]) -> Finding:
    known = all(policy.created for policy in policies)
    grave = kind == AUTH_POLICY and not known
    names = ", ".join(policy.key for policy in policies)
    now = "; their ages decide, and change when one is created anew" if known else ""
    first = policies[0].object
    return Finding(
        rule=ID,
        severity=Severity.HIGH if grave else Severity.MEDIUM,
        resource=first.ref,
        message=f"{target} has several {kind} objects: {names}{now}",
        remedy=REMEDY,
        source=first.source,
        evidence=tuple(policy.object.ref for policy in policies),
    )
