"""A cluster is read and never written, and a kind that may not be read is never taken as absent.

Only lists are asked for, of the kinds that decide who gets in. Secrets are not among them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubernetes.dynamic.exceptions import DynamicApiError, ForbiddenError, NotFoundError

from modelgate.errors import ModelgateError
from modelgate.kubernetes_api import Cluster, connect
from modelgate.topology.objects import Object

__all__ = ["KINDS", "Cluster", "connect", "read"]

KINDS: Final[Mapping[str, frozenset[str] | None]] = {
    "": frozenset({"Namespace", "Service", "Pod"}),
    "authorino.kuadrant.io": None,
    "discovery.k8s.io": frozenset({"EndpointSlice"}),
    "extensions.istio.io": None,
    "gateway.networking.k8s.io": None,
    "gateway.networking.x-k8s.io": None,
    "inference.networking.k8s.io": None,
    "inference.networking.x-k8s.io": None,
    "inference.opendatahub.io": None,
    "kuadrant.io": None,
    "maas.opendatahub.io": None,
    "networking.istio.io": None,
    "networking.k8s.io": frozenset({"Ingress", "NetworkPolicy"}),
    "route.openshift.io": None,
    "security.istio.io": None,
    "serving.kserve.io": None,
}
"""The kinds that are read of each group; None for all of them."""

_PAGE: Final = 500
_NOISE: Final = ("managedFields",)


def read(cluster: Cluster) -> list[Object]:
    """Every object of KINDS that the cluster serves, in the order of kinds and names.

    Raises ModelgateError naming every kind that may not be listed: what cannot be seen may be a
    door, so nothing is judged.
    """
    objects: list[Object] = []
    forbidden: list[str] = []
    for group, version, resource in _served(cluster):
        try:
            objects.extend(_objects(cluster, group, version, resource))
        except ForbiddenError:
            forbidden.append(f"{resource['name']}.{group}".rstrip("."))
    if forbidden:
        raise ModelgateError(
            f"cluster {cluster.name} does not let you list {', '.join(forbidden)}:"
            " nothing was judged",
            "ask for the read-only role in docs/cli.md, `kubectl auth can-i list ... -A` tests it",
        )
    return objects


def _served(cluster: Cluster) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Group, version and resource of every wanted kind, in the best version that has it.

    The preferred version of a group does not hold all of its kinds: ReferenceGrant is v1beta1
    where HTTPRoute is v1, and TCPRoute v1alpha2.
    """
    try:
        versions = {"": ["v1"]}
        for group in cluster.get("/apis")["groups"]:
            best = group["preferredVersion"]["version"]
            others = [found["version"] for found in group["versions"]]
            versions[group["name"]] = list(dict.fromkeys([best, *others]))
        for group in sorted(KINDS.keys() & versions.keys()):
            seen: set[str] = set()
            for version in versions[group]:
                for resource in _listed(cluster, group, version):
                    if resource["kind"] not in seen:
                        seen.add(resource["kind"])
                        yield group, version, resource
    except DynamicApiError as error:
        raise ModelgateError(
            f"cluster {cluster.name} does not say what it serves: {error.status} {error.reason}",
            "log in again (`oc login`), or check the context",
        ) from error


def _listed(cluster: Cluster, group: str, version: str) -> Iterator[dict[str, Any]]:
    wanted = KINDS[group]
    for resource in cluster.get(_root(group, version))["resources"]:
        whole = "/" not in resource["name"] and "list" in resource["verbs"]
        if whole and (wanted is None or resource["kind"] in wanted):
            yield resource


def _objects(
    cluster: Cluster, group: str, version: str, resource: Mapping[str, Any]
) -> Iterator[Object]:
    api_version = f"{group}/{version}" if group else version
    token = ""
    while True:
        page = _page(cluster, f"{_root(group, version)}/{resource['name']}", token)
        for item in page.get("items") or []:
            metadata = {k: v for k, v in item["metadata"].items() if k not in _NOISE}
            kind = resource["kind"]
            yield Object(
                api_version=api_version,
                kind=kind,
                namespace=metadata.get("namespace", ""),
                name=metadata["name"],
                body={**item, "apiVersion": api_version, "kind": kind, "metadata": metadata},
                source=f"cluster {cluster.name}",
            )
        token = page.get("metadata", {}).get("continue") or ""
        if not token:
            return


def _page(cluster: Cluster, path: str, token: str) -> dict[str, Any]:
    query: dict[str, str | int] = {"limit": _PAGE}
    if token:
        query["continue"] = token
    try:
        return cluster.get(path, **query)
    except NotFoundError:
        return {}
    except ForbiddenError:
        raise
    except DynamicApiError as error:
        raise ModelgateError(
            f"cluster {cluster.name}: listing {path} failed: {error.status} {error.reason}",
            "nothing was judged; run it again",
        ) from error


def _root(group: str, version: str) -> str:
    return f"/apis/{group}/{version}" if group else f"/api/{version}"
