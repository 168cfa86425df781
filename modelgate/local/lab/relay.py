"""Connections to an address lead to a port of the network on which the relay runs.

`python relay.py SOCKET` is told over the socket what leads where, and ends with it. It is given
listening sockets of another network, or listens on its own.
"""

import asyncio
import json
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

_PIECE: Final = 64 * 1024
_MESSAGE: Final = 4096
Address = tuple[str, int]


class Control:
    """The supervisor's end. The working directory is the state folder, whose path may be long."""

    def __init__(self, name: str) -> None:
        self._name = f"{name}.sock"
        Path(self._name).unlink(missing_ok=True)
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.bind(self._name)
        self._server.listen()
        self._server.setblocking(False)
        self._peer: socket.socket | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """What Python is started with."""
        return "-I", "-S", __file__, self._name

    def connected(self) -> bool:
        """Whether the relay is there."""
        with suppress(BlockingIOError):
            self._peer = self._peer or self._server.accept()[0]
        return self._peer is not None

    def give(self, address: Address, listening: socket.socket, port: int | None = None) -> None:
        """Connections to a socket that listens lead to `port`; without one they are reset."""
        self._say({"do": "take", "address": address, "to": port}, listening)

    def listen(self, address: Address) -> None:
        """The relay itself listens too, on its own network."""
        self._say({"do": "listen", "address": address})

    def lend(self, address: Address) -> socket.socket:
        """A socket that listens there on the relay's network."""
        self._say({"do": "lend", "address": address})
        assert self._peer is not None
        _, [descriptor], _, _ = socket.recv_fds(self._peer, _MESSAGE, 1)
        return socket.socket(fileno=descriptor)

    def lead(self, address: Address, port: int | None) -> None:
        """From now on connections go to `port`; with None they are reset."""
        self._say({"do": "lead", "address": address, "to": port})

    def close(self, address: Address) -> None:
        self._say({"do": "close", "address": address})

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
        self._servers: dict[Address, list[asyncio.Server]] = {}
        self._targets: dict[Address, int | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.ended = asyncio.Event()

    def hear(self) -> None:
        text, descriptors, _, _ = socket.recv_fds(self._control, _MESSAGE, 1)
        if not text:
            self.ended.set()
            return
        message: dict[str, Any] = json.loads(text)
        host, port = message["address"]
        address = host, port
        if message["do"] in ("take", "lead"):
            self._targets[address] = message["to"]
        match message["do"]:
            case "take":
                self._serve(address, socket.socket(fileno=descriptors[0]))
            case "listen":
                self._serve(address, socket.create_server(address))
            case "lend":
                with socket.create_server(address) as lent:
                    socket.send_fds(self._control, [b"lent"], [lent.fileno()])
            case "close":
                for server in self._servers.pop(address, []):
                    server.close()

    def _serve(self, address: Address, listening: socket.socket) -> None:
        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _carry(reader, writer, self._targets.get(address))

        async def serve() -> None:
            server = await asyncio.start_server(carry, sock=listening)
            self._servers.setdefault(address, []).append(server)

        task = asyncio.ensure_future(serve())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


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
