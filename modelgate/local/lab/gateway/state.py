"""What the data plane says of itself, in a file: where it listens, and what Envoy serves by now."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from modelgate.local.state import write_private

ACCESS_LOG: Final = "access.log"
FILTER_LOG: Final = "filter.log"
_FILE: Final = "gateway.json"
_PORTS: Final = "ports.json"


@dataclass(frozen=True)
class Address:
    """A port of a Gateway and the loopback port on which the lab serves it (0: it does not).

    `listeners` by name, `hosts` for which it has routes, `problems` why one is not served.
    """

    gateway: str
    number: int
    secure: bool
    listeners: tuple[str, ...]
    hosts: tuple[str, ...]
    port: int
    problems: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.gateway}:{self.number}"

    @property
    def url(self) -> str:
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class State:
    """`seen` is when the objects were read that Envoy serves now (seconds, Unix time).

    `refused` says that Envoy does not take what it was told last.
    """

    admin: str
    addresses: Sequence[Address]
    seen: float = 0
    refused: str = ""

    def write(self, folder: Path) -> None:
        """Raises OSError."""
        write_private(folder / _FILE, json.dumps(asdict(self)))

    @staticmethod
    def forget(folder: Path) -> None:
        """What an earlier process wrote is no longer true. Raises OSError."""
        (folder / _FILE).unlink(missing_ok=True)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """None where no data plane runs, or none yet."""
        try:
            told = json.loads((folder / _FILE).read_text())
        except FileNotFoundError:
            return None
        addresses = [_address(each) for each in told.pop("addresses")]
        return cls(addresses=addresses, **told)


def _address(told: dict[str, Any]) -> Address:
    lists = {name: tuple(told[name]) for name in ("listeners", "hosts", "problems")}
    return Address(**{**told, **lists})


def remembered_ports(folder: Path) -> dict[str, int]:
    """The loopback port of each port of a Gateway that this lab has ever served."""
    try:
        ports: dict[str, int] = json.loads((folder / _PORTS).read_text())
    except FileNotFoundError:
        return {}
    return ports


def remember_ports(folder: Path, ports: Mapping[str, int]) -> None:
    """Raises OSError."""
    write_private(folder / _PORTS, json.dumps(ports))
