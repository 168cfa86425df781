"""A certificate that nobody trusts unless told to: for gateways of the lab."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modelgate.errors import ModelgateError

_DAYS: Final = 30


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as PEM."""

    certificate: str
    key: str


def self_signed(hostname: str) -> Certificate:
    """For `hostname` and this machine. Raises ModelgateError where openssl is missing or fails."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise ModelgateError(
            "openssl is not on PATH, and the lab makes a gateway's certificate with it",
            "install it, as with apt-get install openssl, or declare the Secret in the stack",
        )
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder, "key"), Path(folder, "crt")
        made = subprocess.run(
            [
                *(openssl, "req", "-x509", "-nodes", "-days", str(_DAYS)),
                *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                *("-subj", "/CN=modelgate lab"),
                *("-addext", f"subjectAltName=DNS:{hostname},DNS:localhost,IP:127.0.0.1"),
                *("-keyout", str(key), "-out", str(certificate)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise ModelgateError(
                f"openssl made no certificate for {hostname}: {made.stderr.strip()[-300:]}",
                "declare the gateway's certificate Secret in the stack",
            )
        return Certificate(certificate.read_text(), key.read_text())
