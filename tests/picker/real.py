"""The endpoint picker itself: cmd/epp of the inference extension, with a pool on a real API server.

Without a kubelet pods are created with their addresses in `status`. The picker and the simulator
listen on every interface: they have no flag for that.
"""

import http.client
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modelgate.builds import Progress, load_tool, place_of
from modelgate.builds.crds import module_folders
from modelgate.local.api import Api
from modelgate.local.crds import install_crds
from tests.picker.pods import HOSTS
from tests.picker.process import Process, free_port, until

NAMESPACE: Final = "picker-proof"
POOL: Final = "pool"
MODEL: Final = "Qwen/Qwen3-0.6B"
_MODULE: Final = "sigs.k8s.io/gateway-api-inference-extension"
_LABELS: Final = {"app": "model"}
_LISTENING: Final = '"gRPC server listening"'
_RECEIVED: Final = "EPP received request"
_SCHEDULED: Final = re.compile(
    r'^inference_extension_scheduler_attempts_total\{.*status="success".*\} (\d+)$', re.MULTILINE
)
_READY_PODS: Final = re.compile(r"^inference_pool_ready_pods\{.*\} (\d+)$", re.MULTILINE)


class Simulator(Process):
    """A simulator of vLLM on a free port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        command = [
            str(place_of(load_tool("llm-d-inference-sim"))),
            "--port",
            str(self.port),
            "--model",
            MODEL,
        ]
        command += ["--mode", "random", "--max-model-len", "4096", "--seed", "1"]
        super().__init__(command, folder / "simulator.log")

    def ready(self) -> bool:
        return bool(_get(self.port, "/v1/models"))


class Pool:
    """An InferencePool with its pods, as the picker sees them."""

    def __init__(self, kubeconfig: Path, port: int, progress: Progress) -> None:
        self.kubeconfig = kubeconfig
        found = module_folders(load_tool("epp").module, progress)[_MODULE]
        install_crds(kubeconfig, sorted((found / "config/crd/bases").glob("*.yaml")), progress)
        api = Api(kubeconfig)
        for body in [_namespace(), _account(), _pool(port), *map(_pod, HOSTS)]:
            api.create(body)
        self.set_ready(True)

    def set_ready(self, ready: bool) -> None:
        """What the kubelet says of every pod."""
        api = Api(self.kubeconfig)  # the server ends connections that were idle for long
        condition = {"type": "Ready", "status": str(ready)}
        for host in HOSTS:
            status = {"phase": "Running", "podIP": host, "podIPs": [{"ip": host}]}
            api.patch_status(_pod(host), {**status, "conditions": [condition]})

    @contextmanager
    def nobody_ready(self) -> Iterator[None]:
        self.set_ready(False)
        try:
            yield
        finally:
            self.set_ready(True)

    def remove(self) -> None:
        api = Api(self.kubeconfig)
        for host in HOSTS:
            api.delete(_pod(host))
        api.delete(_namespace())


class Epp(Process):
    """A picker of `pool` on free ports; `more` are further arguments, as of TLS."""

    def __init__(self, pool: Pool, folder: Path, more: Sequence[str]) -> None:
        self.port, self._metrics, health = free_port(), free_port(), free_port()
        command = [
            *(
                str(place_of(load_tool("epp"))),
                f"--pool-name={POOL}",
                f"--pool-namespace={NAMESPACE}",
            ),
            *(f"--grpc-port={self.port}", f"--grpc-health-port={health}"),
            *(f"--metrics-port={self._metrics}", "--metrics-endpoint-auth=false"),
            *("--tracing=false", "--enable-pprof=false", "--refresh-metrics-interval=500ms"),
            "--refresh-prometheus-metrics-interval=200ms",
            *more,
        ]
        super().__init__(command, folder / "epp.log", {"KUBECONFIG": str(pool.kubeconfig)})

    def ready(self) -> bool:
        return self._listens() and self.ready_pods == len(HOSTS)

    def _listens(self) -> bool:
        """Its health server says the same, and sooner."""
        return f'{_LISTENING},"name":"ext-proc"' in self.log.read_text()

    @property
    def ready_pods(self) -> int:
        return self._metric(_READY_PODS)

    @property
    def scheduled(self) -> int:
        return self._metric(_SCHEDULED)

    def _metric(self, pattern: re.Pattern[str]) -> int:
        text = "" if self.frozen else _get(self._metrics, "/metrics")
        return sum(map(int, pattern.findall(text)))

    @property
    def received(self) -> int:
        return self.log.read_text().count(_RECEIVED)

    def wait_for_pods(self, count: int) -> None:
        until(lambda: self.ready_pods == count, f"{count} ready pods")


@dataclass
class Real:
    """A running picker as one test sees it: what it did since the test began."""

    epp: Epp

    def __post_init__(self) -> None:
        self._received, self._scheduled = self.epp.received, self.epp.scheduled
        self._read = len(self.epp.log.read_text())

    @property
    def port(self) -> int:
        return self.epp.port

    @property
    def heard(self) -> int:
        return self.epp.received - self._received

    @property
    def picks(self) -> int:
        return self.epp.scheduled - self._scheduled

    def wait_until_asked(self) -> None:
        until(lambda: self.heard > 0, "the picker is asked")

    def may_choose(self, pod: str) -> bool:
        return pod.partition(":")[0] in HOSTS

    def log(self) -> str:
        """That it began to listen, and what it logged since the test began."""
        text = self.epp.log.read_text()
        started = text[: self._read].splitlines(keepends=True)
        return "".join(line for line in started if _LISTENING in line) + text[self._read :]


def _get(port: int, path: str) -> str:
    """What answers there; nothing where nobody does."""
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
    except OSError:
        return ""


def _namespace() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}


def _account() -> dict[str, Any]:
    """Made by kube-controller-manager too, but later."""
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata("default")}


def _metadata(name: str) -> dict[str, Any]:
    return {"name": name, "namespace": NAMESPACE}


def _pool(port: int) -> dict[str, Any]:
    spec = {
        "selector": {"matchLabels": _LABELS},
        "targetPorts": [{"number": port}],
        "endpointPickerRef": {"name": "picker", "port": {"number": 9002}},
    }
    kind = {"apiVersion": "inference.networking.k8s.io/v1", "kind": "InferencePool"}
    return {**kind, "metadata": _metadata(POOL), "spec": spec}


def _pod(host: str) -> dict[str, Any]:
    name = f"model-{host.rpartition('.')[2]}"
    spec = {"containers": [{"name": "main", "image": "vllm"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**_metadata(name), "labels": _LABELS},
        "spec": spec,
    }
