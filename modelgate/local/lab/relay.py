"""A pod's address and port lead to its process, and to nobody while the process is down.

`python -m modelgate.local.lab.relay SOCKET` carries the connections. It is told over the socket and
ends with it. It is given listening sockets, so who makes them decides on which network they are.
"""

import asyncio
import json
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

MODULE: Final = "modelgate.local.lab.relay"
_SOCKET: Final = "relay.sock"
_PIECE: Final = 64 * 1024
_MESSAGE: Final = 4096
Address = tuple[str, int]


class Control:
    """The supervisor's end. The working directory is the state folder, whose path may be long."""

    def __init__(self) -> None:
        Path(_SOCKET).unlink(missing_ok=True)
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.bind(_SOCKET)
        self._server.listen()
        self._server.setblocking(False)
        self._peer: socket.socket | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """What Python is started with."""
        return "-P", "-m", MODULE, _SOCKET

    def connected(self) -> bool:
        """Whether the relay is there."""
        with suppress(BlockingIOError):
            self._peer = self._peer or self._server.accept()[0]
        return self._peer is not None

    def open(self, address: Address) -> None:
        """Listen there from now on. Raises OSError where somebody else does."""
        with socket.create_server(address) as listening:
            self._say({"address": address, "to": None}, listening)

    def lead(self, address: Address, port: int | None) -> None:
        """Connections go to `port` of the loopback interface; with None they are refused."""
        self._say({"address": address, "to": port})

    def close(self, address: Address) -> None:
        self._say({"address": address, "to": None, "close": True})

    def end(self) -> None:
        """The relay ends, and with it every connection."""
        for each in filter(None, (self._peer, self._server)):
            each.close()

    def _say(self, message: object, listening: socket.socket | None = None) -> None:
        assert self._peer is not None
        descriptors = [listening.fileno()] if listening else []
        socket.send_fds(self._peer, [json.dumps(message).encode()], descriptors)


class _Relay:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._servers: dict[Address, asyncio.Server] = {}
        self._targets: dict[Address, int | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.ended = asyncio.Event()

    def hear(self) -> None:
        text, descriptors, _, _ = socket.recv_fds(self._control, _MESSAGE, 1)
        if not text:
            self.ended.set()
            return
        message = json.loads(text)
        host, port = message["address"]
        address = host, port
        self._targets[address] = message["to"]
        if message.get("close"):
            self._servers.pop(address).close()
        for descriptor in descriptors:
            task = asyncio.ensure_future(self._serve(address, socket.socket(fileno=descriptor)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, address: Address, listening: socket.socket) -> None:
        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _carry(reader, writer, self._targets.get(address))

        self._servers[address] = await asyncio.start_server(carry, sock=listening)


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int | None
) -> None:
    """Both ways until both sides have ended. Without a process the connection is reset."""
    try:
        if port is None:
            raise ConnectionRefusedError
        there = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.transport.abort()
        return
    await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))
    for each in (there[1], writer):
        each.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


async def _run(path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
        control.connect(path)
        relay = _Relay(control)
        asyncio.get_running_loop().add_reader(control, relay.hear)
        await relay.ended.wait()


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1]))
