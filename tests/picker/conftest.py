"""A lab for each test: pods, a scripted picker and a real Envoy, all gone when it ends."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import which
from typing import Any

import grpc
import pytest

from tests.picker import guide
from tests.picker.envoy import Answer, Envoy, binary
from tests.picker.lab import Gateway, Result, result
from tests.picker.pods import Pods
from tests.picker.scripted import Picker, Script, streaming


class Lab:
    """Pods and a picker that run, and a gateway that starts with `start`."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.pods = stack.enter_context(Pods())

    def picker(
        self, script: Script = streaming, credentials: grpc.ServerCredentials | None = None
    ) -> Picker:
        """A running picker; it chooses the last pod, where round-robin begins with the first."""
        picker = self.stack.enter_context(Picker(script, credentials))
        picker.pod = self.pods.addresses[-1]
        return picker

    def start(self, picker: Picker | None, *, address: str | None = None, **more: Any) -> Envoy:
        """Envoy before the guide's route; `address` is where it looks for the picker."""
        known = f"127.0.0.1:{picker.port}" if picker and address is None else address or ""
        settings = {"route_manifests": [guide.own_route()], "pickers": {guide.CLUSTER: known}}
        gateway = Gateway(pods=self.pods, **{**settings, **more})
        return self.stack.enter_context(gateway.running(self.folder))

    def send_in_vain(self, envoy: Envoy, picker: Picker, path: str, body: bytes) -> Answer:
        """A client that sends its body once the picker was asked, and gives up after 2 seconds."""
        asked = partial(picker.asked.wait, 60)
        return envoy.send("POST", path, body, patience=2, before_body=asked)

    def became(self, answer: Answer, picker: Picker) -> Result:
        return result(answer, self.pods, picker)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    binary()
    with ExitStack() as stack:
        yield Lab(tmp_path, stack)


@dataclass(frozen=True)
class Certificate:
    """A certificate that its key signed."""

    key: Path
    file: Path

    @property
    def credentials(self) -> grpc.ServerCredentials:
        return grpc.ssl_server_credentials([(self.key.read_bytes(), self.file.read_bytes())])


@pytest.fixture
def certificates(tmp_path: Path) -> tuple[Certificate, Certificate]:
    """Two that know nothing of each other."""
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl on PATH to make certificates with")
    return _certificate(openssl, tmp_path, "one"), _certificate(openssl, tmp_path, "other")


def _certificate(openssl: str, folder: Path, name: str) -> Certificate:
    made = Certificate(folder / f"{name}.key.pem", folder / f"{name}.pem")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    subject = ("-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-days", "2")
    files = ("-keyout", str(made.key), "-out", str(made.file))
    command = [openssl, "req", "-x509", *curve, *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    return made
