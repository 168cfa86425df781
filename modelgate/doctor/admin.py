"""What Envoy itself counts about its upstreams, read through the API's port-forward (`--deep`).

Only `/clusters` is asked for: Istio drops the statistics of these clusters from `/stats` (its
default stats matcher), and the configuration dump may hold what is secret.
"""

import http.client
from collections.abc import Iterable, Mapping
from typing import Final

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import portforward

from modelgate.doctor.api import Api, UnreachableError
from modelgate.doctor.snapshot import Upstream
from modelgate.topology.objects import Object

PORT: Final = 15000
_TIMEOUT: Final = 20
_COUNTERS: Final = {
    "cx_total": "connected",
    "cx_connect_fail": "connect_failed",
    "rq_total": "requests",
    "rq_error": "failed",
}


def upstreams(api: Api, pod: Object, wanted: Iterable[str]) -> tuple[Upstream, ...]:
    """Counts of the clusters whose names hold one of `wanted` (`|service.namespace.`).

    Raises UnreachableError where the port cannot be forwarded or Envoy does not answer.
    """
    return parse(_ask(api, pod, "/clusters"), wanted)


def _ask(api: Api, pod: Object, path: str) -> str:
    core = client.CoreV1Api(api.client.client)
    try:
        forward = portforward(
            core.connect_get_namespaced_pod_portforward, pod.name, pod.namespace, ports=str(PORT)
        )
    except ApiException as error:
        raise UnreachableError(
            f"port {PORT} of {pod.ref} cannot be forwarded: {_why(error)}"
        ) from None
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=_TIMEOUT)
    connection.sock = forward.socket(PORT)
    connection.sock.settimeout(_TIMEOUT)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        reason = forward.error(PORT) or type(error).__name__
        raise UnreachableError(
            f"Envoy of {pod.ref} does not answer at port {PORT}: {reason}"
        ) from None
    finally:
        forward.close()


def _why(error: ApiException) -> str:
    """The reason without headers and bodies, which may hold a token."""
    text = str(error.reason or "")
    return "403 Forbidden" if "403" in text else text.partition(" -+-+- ")[0]


def parse(text: str, wanted: Iterable[str]) -> tuple[Upstream, ...]:
    """The counts in the text of `/clusters`; a cluster without endpoints has an empty host."""
    names = tuple(wanted)
    counted: dict[tuple[str, str], dict[str, int]] = {}
    known: dict[str, None] = {}
    for line in text.splitlines():
        cluster, _, rest = line.partition("::")
        if not any(name in cluster for name in names):
            continue
        known[cluster] = None
        host, _, last = rest.rpartition("::")[0].rpartition("::")
        value = rest.rpartition("::")[2]
        if last in _COUNTERS and value.isdecimal():
            counted.setdefault((cluster, host), {})[_COUNTERS[last]] = int(value)
    found = [_upstream(cluster, host, counts) for (cluster, host), counts in counted.items()]
    with_hosts = {one.cluster for one in found}
    return (*found, *(Upstream(cluster, "") for cluster in known if cluster not in with_hosts))


def _upstream(cluster: str, host: str, counts: Mapping[str, int]) -> Upstream:
    return Upstream(cluster, host, **counts)
