"""A request as a curl command that sends exactly that request when it is pasted.

Curl tidies what it is given: it drops dot segments, expands brackets, lower-cases the host and
takes the SNI from the URL. Doors often stand open exactly there, so each of that is switched
off where it matters. The gateway is reached with `--connect-to`, not `--resolve`: the address of
a cloud load balancer is a name more often than an IP address.
"""

import re
import shlex
from typing import Final

from modelgate.topology.answers import Request

_PLAIN_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_PLACEHOLDER_HOST: Final = "gateway.invalid"


def curl(request: Request, to: str = "$GATEWAY:") -> str:
    """The command that sends `request`; `$GATEWAY` stands for the address of its gateway.

    `to` is another `host:port` for the connection, without a port the request's own.
    """
    parts = ["curl", _flags(request)]
    if request.method not in ("GET", "HEAD"):
        parts += ["-X", quote(request.method)]
    if request.gateway:
        parts += ["--connect-to", f'"::{to}"']
    server = _server_name(request)
    authority = server if _is_default_port(request) else f"{server}:{request.port}"
    if request.host != authority:
        parts += _header("Host", request.host)
    for name, value in request.headers.items():
        parts += _header(name, value)
    parts += _target(request.path, f"{request.scheme}://{authority}")
    return " ".join(parts)


def gateway_address(request: Request) -> str:
    """The command that sets `$GATEWAY`; empty where the request names no gateway."""
    namespace, slash, name = request.gateway.partition("/")
    if not slash:
        return ""
    return (
        f"GATEWAY=$(kubectl get gateway -n {quote(namespace)} {quote(name)}"
        " -o jsonpath='{.status.addresses[0].value}')"
    )


def quote(value: str) -> str:
    """`value` as one word of bash or zsh; what is not printable as `$'\\xNN'`."""
    if value.isprintable():
        return shlex.quote(value)
    return "$'" + "".join(_quoted(char) for char in value) + "'"


def _quoted(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if char.isprintable():
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))


def _flags(request: Request) -> str:
    """Quiet, any certificate, and the answer's status and headers shown."""
    secure = "k" if request.scheme == "https" else ""
    return f"-s{secure}{'I' if request.method == 'HEAD' else 'i'}"


def _header(name: str, value: str) -> list[str]:
    """With a semicolon curl sends a header without value; with a colon it would drop it."""
    return ["-H", quote(f"{name}: {value}" if value else f"{name};")]


def _server_name(request: Request) -> str:
    """The name in the URL: it is what curl resolves and sends as SNI."""
    name = (request.sni or request.host.partition(":")[0]).lower().rstrip(".")
    return name if _PLAIN_HOST.fullmatch(name) else _PLACEHOLDER_HOST


def _is_default_port(request: Request) -> bool:
    return DEFAULT_PORTS.get(request.scheme) == request.port


def _target(path: str, origin: str) -> list[str]:
    if not path.startswith("/"):
        return ["--request-target", quote(path), quote(f"{origin}/")]
    options = []
    if re.search(r"/\.{1,2}(/|\?|$)|/%2e", path, re.IGNORECASE):
        options.append("--path-as-is")
    if re.search(r"[\[\]{}]", path):
        options.append("-g")
    return [*options, quote(f"{origin}{path}")]
