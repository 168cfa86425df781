"""How each controller of the lab is told where its API is and where to listen: on loopback.

Flags of kuadrant-operator 1.5.2, Authorino 0.27.0 and KServe's llmisvc 0.20.0. Two ports cannot be
bound to one interface: Authorino's authorization service and llmisvc's webhooks.
"""

import os
import shutil
from pathlib import Path
from typing import Final

OPERATOR_ENVIRONMENT: Final = {
    "OPERATOR_NAMESPACE": "kuadrant-system",
    "ISTIO_GATEWAY_CONTROLLER_NAMES": "istio.io/gateway-controller,"
    "openshift.io/gateway-controller/v1",
    "WITH_EXTENSIONS": "false",
    "WASM_SERVER_PORT": "0",  # any free port; the filter's code is not served here
    "POD_NAMESPACE": "kserve",
}


def operator_arguments(metrics: int, health: int) -> list[str]:
    return [
        f"--metrics-bind-address=127.0.0.1:{metrics}",
        f"--health-probe-bind-address=127.0.0.1:{health}",
    ]


def authorino_arguments(checks: int, metrics: int, health: int, profiles: int) -> list[str]:
    return [
        "server",
        "--allow-superseding-host-subsets",
        f"--ext-auth-grpc-port={checks}",
        "--ext-auth-http-port=0",
        "--oidc-http-port=0",
        f"--metrics-addr=127.0.0.1:{metrics}",
        f"--health-probe-addr=127.0.0.1:{health}",
        f"--pprof-bind-address=127.0.0.1:{profiles}",
    ]


def llmisvc_arguments(webhooks: int, health: int) -> list[str]:
    """The API server is told of no webhook; llmisvc serves them all the same."""
    return [
        "--metrics-addr=0",
        "--metrics-secure=false",
        f"--webhook-port={webhooks}",
        f"--health-probe-addr=127.0.0.1:{health}",
    ]


def give_certificate(folder: Path, api_certificates: Path) -> None:
    """llmisvc looks for one below TMPDIR and has no flag for it: the API server's will do."""
    place = folder / "k8s-webhook-server" / "serving-certs"
    place.mkdir(parents=True, exist_ok=True)
    for name in ("crt", "key"):
        shutil.copy(api_certificates / f"apiserver.{name}", place / f"tls.{name}")
    os.environ["TMPDIR"] = str(folder)
