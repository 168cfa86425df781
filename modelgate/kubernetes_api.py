"""A cluster is asked with GET alone, and one that does not answer is told by name.

KUBECONFIG and the client's own files say which; no token ever stands in an error.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException
from kubernetes.dynamic import DynamicClient
from urllib3.exceptions import HTTPError

from modelgate.errors import ModelgateError

Seconds = tuple[int, int]
"""Until connected, and until answered; the client tries to connect four times."""

PATIENT: Final[Seconds] = (10, 60)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that answers, and the name by which people know it."""

    name: str
    client: DynamicClient
    timeout: Seconds = PATIENT

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """The JSON document at `path`. Raises DynamicApiError, or ModelgateError if unreachable."""
        try:
            answer = self.client.request(
                "GET",
                path,
                query_params=list(query.items()),
                serializer=lambda _, document: document,
                _request_timeout=self.timeout,
            )
        except HTTPError as error:
            raise ModelgateError(
                f"cluster {self.name} does not answer: {_cause(error)}",
                "try `kubectl get --raw /version`, which uses the same KUBECONFIG and context",
            ) from error
        if not isinstance(answer, dict):
            raise ModelgateError(f"cluster {self.name}: {path} did not answer with JSON")
        return answer


def connect(context: str | None = None, timeout: Seconds = PATIENT) -> Cluster:
    """The cluster of KUBECONFIG, else of ~/.kube/config, else of the pod this runs in.

    It is not asked anything yet. Raises ModelgateError.
    """
    # The client looks at KUBECONFIG only once, when it is imported.
    file = os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    if not any(Path(part).is_file() for part in file.split(os.pathsep)):
        return _in_cluster(timeout)
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
    return Cluster(name, _dynamic(api), timeout)


def _in_cluster(timeout: Seconds) -> Cluster:
    try:
        config.load_incluster_config()
    except ConfigException:
        raise ModelgateError(
            "no cluster to read: there is no kubeconfig, and this is not a pod",
            "set KUBECONFIG, or log in (`oc login`)",
        ) from None
    return Cluster("in-cluster", _dynamic(client.ApiClient()), timeout)


def _dynamic(api: client.ApiClient) -> DynamicClient:
    """Without the client's own discovery, which keeps a cache in a shared temporary folder."""
    return DynamicClient(api, discoverer=lambda _client, _cache_file: None)


def _cause(error: BaseException) -> str:
    """The innermost reason in one line; never the request, whose headers hold the token."""
    reason = getattr(error, "reason", None)
    return _cause(reason) if isinstance(reason, BaseException) else str(error).split(": ", 1)[-1]
