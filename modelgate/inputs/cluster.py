"""A cluster is read and never written, and a kind that may not be read is never taken as absent.

Only lists are asked for, of the kinds that decide who gets in. Secrets are not among them.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import DynamicApiError, ForbiddenError, NotFoundError
from urllib3.exceptions import HTTPError

from modelgate.errors import ModelgateError
from modelgate.topology.objects import Object

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
_TIMEOUT: Final = (10, 60)
_NOISE: Final = ("managedFields",)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that answers, and the name by which people know it."""

    name: str
    client: DynamicClient

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """The JSON document at `path`. Raises DynamicApiError, or ModelgateError if unreachable."""
        try:
            answer = self.client.request(
                "GET",
                path,
                query_params=list(query.items()),
                serializer=lambda _, document: document,
                _request_timeout=_TIMEOUT,
            )
        except HTTPError as error:
            raise ModelgateError(
                f"cluster {self.name} does not answer: {_cause(error)}",
                "try `kubectl get --raw /version`: --live uses the same KUBECONFIG and context",
            ) from error
        if not isinstance(answer, dict):
            raise ModelgateError(f"cluster {self.name}: {path} did not answer with JSON")
        return answer


def connect(context: str | None = None) -> Cluster:
    """The cluster of KUBECONFIG, else of ~/.kube/config, else of the pod this runs in.

    It is not asked anything yet. Raises ModelgateError.
    """
    # The client looks at KUBECONFIG only once, when it is imported.
    file = os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    if not any(Path(part).is_file() for part in file.split(os.pathsep)):
        return _in_cluster()
    try:
        contexts, current = config.list_kube_config_contexts(config_file=file)
        name = context or current["name"]
        known = [known["name"] for known in contexts]
        if name not in known:
            raise ModelgateError(
                f"{file} has no context {name}", f"it has: {', '.join(known)}", exit_code=2
            )
        api = config.new_client_from_config(config_file=file, context=name)
    except ConfigException as error:
        raise ModelgateError(f"{file}: {error}", exit_code=2) from error
    return Cluster(name, _dynamic(api))


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


def _in_cluster() -> Cluster:
    try:
        config.load_incluster_config()
    except ConfigException:
        raise ModelgateError(
            "no cluster to read: there is no kubeconfig, and this is not a pod",
            "set KUBECONFIG, or log in (`oc login`)",
        ) from None
    return Cluster("in-cluster", _dynamic(client.ApiClient()))


def _dynamic(api: client.ApiClient) -> DynamicClient:
    """Without the client's own discovery, which keeps a cache in a shared temporary folder."""
    return DynamicClient(api, discoverer=lambda _client, _cache_file: None)


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


def _cause(error: BaseException) -> str:
    """The innermost reason in one line; never the request, whose headers hold the token."""
    reason = getattr(error, "reason", None)
    return _cause(reason) if isinstance(reason, BaseException) else str(error).split(": ", 1)[-1]
