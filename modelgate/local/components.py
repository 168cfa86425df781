"""Who may talk to the API is decided by one fresh token in one private file, over TLS.

The flags of the three processes, which work in the state folder: a path that they are given is
relative to it, so no length limit of a socket's path and no character of the folder's matters.
"""

import base64
import http.client
import secrets
import shutil
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import yaml

from modelgate.local.state import Folder, write_private

ETCD_SOCKET = "etcd.sock:0"
_CONTEXT = "modelgate-local"
_CONTROLLERS = (
    "namespace-controller",  # without it a namespace stays Terminating for ever
    "garbage-collector-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
)


WORKLOADS = ("deployment-controller", "replicaset-controller")
"""Controllers that make pods, for a control plane with something that runs them."""


@dataclass(frozen=True)
class Access:
    """How the API is reached. `reserved` keeps the port ours until the API server has it."""

    folder: Folder
    port: int
    token: str
    reserved: socket.socket

    @classmethod
    def fresh(cls, folder: Folder) -> Self:
        """A free loopback port, a new token, nothing of last time. Raises OSError."""
        shutil.rmtree(folder.path / "certs", ignore_errors=True)
        (folder.path / ETCD_SOCKET).unlink(missing_ok=True)
        reserved = socket.socket()
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind(("127.0.0.1", 0))
        token = secrets.token_urlsafe(32)
        write_private(folder.path / "tokens.csv", f"{token},admin,admin,system:masters\n")
        return cls(folder, reserved.getsockname()[1], token, reserved)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def _certificate(self) -> Path:
        return self.folder.path / "certs" / "apiserver.crt"

    def ready(self) -> bool:
        """Whether the API server answers that it is ready; then the kubeconfig is there."""
        try:
            trust = ssl.create_default_context(cafile=self._certificate)
            api = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=trust)
            api.request("GET", "/readyz", headers={"Authorization": f"Bearer {self.token}"})
            answer = api.getresponse().status
            api.close()
        except (OSError, http.client.HTTPException):
            return False
        if answer == http.client.OK:
            self._write_kubeconfig()
        return answer == http.client.OK

    def _write_kubeconfig(self) -> None:
        trust = base64.b64encode(self._certificate.read_bytes()).decode()
        cluster = {"server": self.url, "certificate-authority-data": trust}
        context = {"cluster": _CONTEXT, "user": _CONTEXT, "namespace": "default"}
        kubeconfig = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": _CONTEXT, "cluster": cluster}],
            "users": [{"name": _CONTEXT, "user": {"token": self.token}}],
            "contexts": [{"name": _CONTEXT, "context": context}],
            "current-context": _CONTEXT,
        }
        write_private(self.folder.kubeconfig, yaml.safe_dump(kubeconfig, sort_keys=False))


def etcd_arguments() -> list[str]:
    return ["-data-dir=data", f"-client-socket={ETCD_SOCKET}"]


def apiserver_arguments(port: int) -> list[str]:
    """It makes its own certificate in `certs`, whose key also signs service account tokens."""
    return [
        f"--etcd-servers=unix://{ETCD_SOCKET}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        "--permit-port-sharing=true",
        "--cert-dir=certs",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--service-account-key-file=certs/apiserver.key",
        "--service-account-signing-key-file=certs/apiserver.key",
        "--authorization-mode=RBAC",
        "--token-auth-file=tokens.csv",
        "--disable-admission-plugins=ServiceAccount",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--allow-privileged=true",
        "--endpoint-reconciler-type=none",
    ]


def manager_arguments(*more: str) -> list[str]:
    """`more` controllers than a control plane without nodes needs."""
    return [
        "--kubeconfig=kubeconfig",
        f"--controllers={','.join((*_CONTROLLERS, *more))}",
        "--leader-elect=false",
        "--secure-port=0",
        "--service-account-private-key-file=certs/apiserver.key",
        "--root-ca-file=certs/apiserver.crt",
    ]
