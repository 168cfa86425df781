"""Accounts that may do what a ClusterRole says, and no more."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client
from kubernetes.dynamic import DynamicClient

from modelgate.doctor.api import Api
from tests.doctor.live import Writer

PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"
RBAC = "rbac.authorization.k8s.io"

Role = dict[str, Any]


def role() -> Role:
    """The ClusterRole of the doctor's page."""
    text = PAGE.read_text().partition("```yaml\n")[2].partition("```")[0]
    loaded: Role = yaml.safe_load(text)
    return loaded


def without(whole: Role, *resources: str) -> Role:
    """The role without some resources."""
    found = copy.deepcopy(whole)
    for rule in found["rules"]:
        rule["resources"] = [one for one in rule["resources"] if one not in resources]
    found["rules"] = [rule for rule in found["rules"] if rule["resources"]]
    return found


@contextmanager
def account(writer: Writer, granted: Role) -> Iterator[Api]:
    """The API as a service account with that role sees it."""
    namespace = "default"
    metadata = {"name": "doctor", "namespace": namespace}
    subject = {"kind": "ServiceAccount", **metadata}
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": granted["metadata"]["name"]}
    bodies = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        granted,
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "doctor"},
            "subjects": [subject],
            "roleRef": reference,
        },
    ]
    for body in bodies:
        writer.create(body)
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/doctor/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = writer.request("POST", path, request)["status"]["token"]
    settings = copy.copy(writer.client.configuration)
    settings.api_key = {"BearerToken": f"Bearer {token}"}
    settings.refresh_api_key_hook = None
    own = client.ApiClient(settings)
    try:
        yield Api("local", DynamicClient(own, discoverer=lambda _client, _file: None))
    finally:
        for body in bodies:
            writer.delete(body)
