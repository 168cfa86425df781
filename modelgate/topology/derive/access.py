"""Service accounts and what they may do, as KServe's controller writes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from modelgate.topology.derive.service import Service, made
from modelgate.topology.objects import Object

RBAC = "rbac.authorization.k8s.io"


def account(service: Service, name: str, labels: Mapping[str, Any]) -> Object:
    return service.make("v1", "ServiceAccount", name, {}, labels)


def role(
    service: Service, name: str, rules: Sequence[Mapping[str, Any]], labels: Mapping[str, Any]
) -> Object:
    return service.make(f"{RBAC}/v1", "Role", name, {"rules": list(rules)}, labels)


def role_binding(
    service: Service, name: str, pair: tuple[str, str], labels: Mapping[str, Any]
) -> Object:
    """Binds the Role `pair[0]` to the ServiceAccount `pair[1]`, both in the service's namespace."""
    body = _binding(service, "Role", *pair)
    return service.make(f"{RBAC}/v1", "RoleBinding", name, body, labels)


def cluster_role_binding(
    service: Service, name: str, pair: tuple[str, str], labels: Mapping[str, Any]
) -> Object:
    """Binds the ClusterRole `pair[0]` to the service's ServiceAccount `pair[1]`."""
    body = _binding(service, "ClusterRole", *pair)
    return made(service.declared, f"{RBAC}/v1", "ClusterRoleBinding", ("", name), body, labels, {})


def _binding(service: Service, kind: str, role_name: str, account_name: str) -> dict[str, Any]:
    subject = {"kind": "ServiceAccount", "name": account_name, "namespace": service.namespace}
    return {
        "subjects": [subject],
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": role_name},
    }
