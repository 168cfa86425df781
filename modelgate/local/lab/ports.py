"""Ports that nobody had a moment ago, for programs that take no socket."""

import socket


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface; all different."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
