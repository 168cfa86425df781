"""Certificates for a picker: one that Envoy trusts, and one that it does not."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import grpc
import pytest


@dataclass(frozen=True)
class Certificate:
    """A certificate that its key signed: `tls.crt` and `tls.key` in `folder`."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "tls.crt"

    @property
    def key(self) -> Path:
        return self.folder / "tls.key"

    @property
    def credentials(self) -> grpc.ServerCredentials:
        return grpc.ssl_server_credentials([(self.key.read_bytes(), self.file.read_bytes())])


@dataclass(frozen=True)
class Certificates:
    """Two that know nothing of each other."""

    trusted: Certificate
    other: Certificate


def make(folder: Path) -> Certificates:
    """Certificates for `localhost`; skips where there is no openssl."""
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl on PATH to make certificates with")
    return Certificates(*(_certificate(openssl, folder / name) for name in ("one", "other")))


def _certificate(openssl: str, folder: Path) -> Certificate:
    folder.mkdir()
    made = Certificate(folder)
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    subject = ("-subj", f"/CN={folder.name}", "-addext", "subjectAltName=DNS:localhost")
    files = ("-days", "2", "-keyout", str(made.key), "-out", str(made.file))
    command = [openssl, "req", "-x509", *curve, *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    return made
