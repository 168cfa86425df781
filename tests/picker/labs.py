"""The same lab with two kinds of pickers: scripted ones, and the real one."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.picker import guide
from tests.picker.certificates import Certificates
from tests.picker.envoy import Answer, Envoy
from tests.picker.lab import Gateway, Picker, Result, result
from tests.picker.pods import Pods
from tests.picker.real import Epp, Pool, Real
from tests.picker.scripted import Script, Scripted, frozen, streaming


class Serving(StrEnum):
    """How a picker is served: its arguments."""

    PLAIN = "--secure-serving=false"
    CERTIFICATE = "--secure-serving --cert-path"
    SELF_SIGNED = "--secure-serving"


@dataclass
class Lab(ABC):
    """Pods, a picker that runs, and a gateway that starts with `start`."""

    folder: Path
    stack: ExitStack
    pods: Pods
    certificates: Certificates

    @abstractmethod
    def picker(self, serving: Serving = Serving.PLAIN) -> Picker:
        """A running picker."""

    @abstractmethod
    def frozen(self) -> Picker:
        """A picker that takes connections and never answers."""

    @property
    def ca(self) -> Path:
        """The authority that a gateway trusts."""
        return self.certificates.trusted.file

    def start(self, picker: Picker | None, *, address: str | None = None, **more: Any) -> Envoy:
        """Envoy before the guide's route; `address` is where it looks for the picker."""
        known = f"127.0.0.1:{picker.port}" if picker and address is None else address or ""
        settings = {"route_manifests": [guide.own_route()], "pickers": {guide.CLUSTER: known}}
        gateway = Gateway(pods=self.pods, **{**settings, **more})
        return self.stack.enter_context(gateway.running(self.folder))

    def send_in_vain(self, envoy: Envoy, picker: Picker, path: str, body: bytes) -> Answer:
        """A client that sends its body once the picker was asked, and gives up after a second."""
        return envoy.send("POST", path, body, patience=1, before_body=picker.wait_until_asked)

    def became(self, answer: Answer, picker: Picker) -> Result:
        return result(answer, self.pods, picker)


class ScriptedLab(Lab):
    """Its pickers follow a script, and choose the last pod, where round-robin begins first."""

    def picker(self, serving: Serving = Serving.PLAIN, script: Script = streaming) -> Scripted:
        credentials = {
            Serving.PLAIN: None,
            Serving.CERTIFICATE: self.certificates.trusted.credentials,
            Serving.SELF_SIGNED: self.certificates.other.credentials,
        }
        picker = self.stack.enter_context(Scripted(script, credentials[serving]))
        picker.pod = self.pods.addresses[-1]
        return picker

    def frozen(self) -> Scripted:
        return self.picker(script=frozen)


@dataclass
class RealLab(Lab):
    """Its picker is the real one, shared by all tests that serve it in the same way."""

    pool: Pool
    epps: Callable[..., Epp]
    fresh: Callable[..., Epp]

    def picker(self, serving: Serving = Serving.PLAIN) -> Real:
        return Real(self.epps(*self._arguments(serving)))

    def frozen(self) -> Real:
        picker = Real(self.stack.enter_context(self.fresh(self._arguments(Serving.PLAIN))))
        picker.epp.freeze()
        return picker

    def _arguments(self, serving: Serving) -> tuple[str, ...]:
        trusted = f"--cert-path={self.certificates.trusted.folder}"
        return {
            Serving.PLAIN: ("--secure-serving=false",),
            Serving.CERTIFICATE: ("--secure-serving=true", trusted),
            Serving.SELF_SIGNED: ("--secure-serving=true",),
        }[serving]
