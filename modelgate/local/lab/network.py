"""Programs that listen on every interface have none but loopback, where the machine permits it.

They run on a network of their own. Relays lead the API server's port in, and out what others ask
them: pods at their addresses, Authorino at its port. Where namespaces are not permitted they run
on the machine's network, and only pods' addresses need a relay.
"""

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from modelgate.local.lab import enter
from modelgate.local.lab.relay import Address, Control
from modelgate.local.supervisor import Supervisor

LOOPBACK: Final = "127.0.0.1"
_PYTHON: Final = Path(sys.executable)

Command = tuple[Path, Sequence[str]]


class Network:
    """Where the lab's programs run. Its relays are children of the supervisor."""

    def __init__(self, supervisor: Supervisor) -> None:
        """Raises SystemExit, ChildError as `Supervisor.wait_for` does."""
        self._relay = Control("relay")
        first = self._enter(enter.NEW, _PYTHON, self._relay.arguments)
        supervisor.start(first[0], *first[1], name="relay")
        supervisor.wait_for("relay", self._relay.connected)
        holder = supervisor.children[-1].process.pid
        self._holder = holder if _network(holder) != _network(os.getpid()) else None
        if self._holder:
            self._way_out = Control("way-out")
            supervisor.start(_PYTHON, *self._way_out.arguments, name="way-out")
            supervisor.wait_for("way-out", self._way_out.connected)

    @property
    def own(self) -> bool:
        """Whether it is not the machine's."""
        return self._holder is not None

    def command(self, binary: Path, arguments: Sequence[str]) -> Command:
        """What starts a program there."""
        if self._holder is None:
            return binary, arguments
        return self._enter(str(self._holder), binary, arguments)

    def let_reach(self, port: int) -> None:
        """Programs there reach a port of the machine's loopback interface under its number."""
        if self.own:
            with self._relay.lend((LOOPBACK, port)) as inside:
                self._way_out.give((LOOPBACK, port), inside, port)

    def show(self, port: int) -> None:
        """A port of a program there is reached on the machine's loopback interface."""
        if self.own:
            with socket.create_server((LOOPBACK, port)) as outside:
                self._relay.give((LOOPBACK, port), outside, port)

    def open(self, address: Address) -> None:
        """Listen at a pod's address, on both sides. Raises OSError where somebody has it."""
        with socket.create_server(address) as listening:
            self._relay.give(address, listening)
        if self.own:
            self._relay.listen(address)

    def lead(self, address: Address, port: int | None) -> None:
        """Connections to a pod's address go to the port of its process; with None to nobody."""
        self._relay.lead(address, port)

    def close(self, address: Address) -> None:
        self._relay.close(address)

    def _enter(self, holder: str, binary: Path, arguments: Sequence[str]) -> Command:
        own = ("-I", "-S", enter.__file__, str(os.getpid()), holder)
        return _PYTHON, (*own, str(binary), *arguments)


def _network(pid: int) -> str:
    return str(Path(f"/proc/{pid}/ns/net").readlink())
