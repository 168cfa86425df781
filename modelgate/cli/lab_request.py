"""`modelgate lab request`: one request through the lab's Envoy, and what every hop said of it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from modelgate.cli import output
from modelgate.cli.requests import DEFAULT_PORTS
from modelgate.cli.selecting import project_option
from modelgate.errors import ConfigurationError, ModelgateError
from modelgate.report.curl import curl, quote
from modelgate.report.text import labelled
from modelgate.report.words import Line
from modelgate.topology.answers import Request

if TYPE_CHECKING:
    from modelgate.local.lab.gateway import Address
    from modelgate.local.lab.gateway.asking import Answered, Asked
    from modelgate.local.lab.gateway.stand_in import Heard

STATE: Final = Path(".modelgate", "lab")
KEY: Final = "api-key"
_SHOWN_LINES: Final = 12
_SHOWN_CHARACTERS: Final = 2000
_SEEN: Final = "x-went-into-resp-headers"
_POOL: Final = "outbound|54321||"


@click.command("request")
@click.argument("method")
@click.argument("path")
@click.option("--host", default="", help="The Host header; by default the only one that is served.")
@click.option("--gateway", default="", metavar="NS/NAME", help="By default the only one.")
@click.option("--listener", default="", metavar="NAME", help="By default the only one.")
@click.option("-H", "--header", "headers", multiple=True, help="A header, as curl takes it.")
@click.option("-d", "--data", metavar="BODY", default="", help="The body, or @FILE.")
@click.option("--key", is_flag=True, help="Send the lab's API key, which is never printed.")
@project_option
def request(path: str, project: Path, data: str, *, key: bool, **told: Any) -> int:
    """Send one request through the lab's Envoy, and show what every hop said of it.

    Exits with 0 for an answer below 400, with 1 for any other, with 3 where no lab runs.
    """
    from modelgate.local.lab.gateway.asking import Asked, ask

    addresses, folder = _served(project / STATE)
    address = _chosen(addresses, told["gateway"], told["listener"])
    headers = list(_headers(told["headers"], data))
    host = told["host"] or _only_host(address)
    asked = Asked(told["method"], _path(path), host, headers, _body(data))
    answered = ask(address, replace(asked, headers=[*headers, *_key(project, key)]), folder)
    for line in _shown(address, answered):
        output.answer(line)
    for line in _command(address, asked, data, project if key else None):
        output.answer(line)
    return 0 if answered.status < 400 else 1


def _served(state: Path) -> "tuple[Sequence[Address], Path]":
    from modelgate.local import lab as controllers
    from modelgate.local.lab.gateway import INSTALL, State

    running = controllers.status(state)
    if running is None:
        raise ModelgateError("no lab is running", "`modelgate lab up` starts one")
    found = State.read(running.gateway)
    if found is None:
        raise ModelgateError("the lab runs without Envoy, which is not installed", INSTALL)
    served = [each for each in found.addresses if each.port]
    if not served:
        raise ModelgateError(
            "no gateway listens in the lab",
            "declare a Gateway of class istio; `modelgate lab status` says why one is not served",
        )
    return served, running.gateway


def _chosen(addresses: "Sequence[Address]", gateway: str, listener: str) -> "Address":
    found = [
        each
        for each in addresses
        if gateway in ("", each.gateway) and (not listener or listener in each.listeners)
    ]
    if len(found) == 1:
        return found[0]
    told = "; ".join(f"{each.gateway} {', '.join(each.listeners)}" for each in addresses)
    which = "several listeners" if found else "no such listener"
    raise ConfigurationError(
        f"{which}: say which with --gateway and --listener", f"there are: {told}"
    )


def _only_host(address: "Address") -> str:
    """A hostname that the only served one means."""
    if len(address.hosts) != 1:
        told = ", ".join(address.hosts) or "none"
        raise ConfigurationError("say which host with --host", f"there are routes for: {told}")
    return address.hosts[0].replace("*", "any.example.com" if address.hosts[0] == "*" else "any")


def _path(path: str) -> str:
    """As it stands: what a gateway makes of odd forms is what one wants to see."""
    if not path.isprintable() or " " in path:
        raise ConfigurationError(f"{path!r} is no path of a request", "as in /v1/models")
    return path


def _headers(texts: Sequence[str], data: str) -> Iterator[tuple[str, str]]:
    """A body is JSON where nothing else is said."""
    names = []
    for text in texts:
        name, sign, value = text.partition(":")
        if not sign or not name.strip():
            raise ConfigurationError(f"-H {name!r}: not NAME: VALUE", "as in -H 'Accept: */*'")
        names.append(name.strip().lower())
        yield name.strip(), value.strip()
    if data and "content-type" not in names:
        yield "Content-Type", "application/json"


def _body(data: str) -> bytes:
    if not data.startswith("@"):
        return data.encode()
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{data[1:]}: {error.strerror}") from None


def _key(project: Path, wanted: bool) -> Iterator[tuple[str, str]]:
    if wanted:
        path = project / STATE / KEY
        try:
            yield "Authorization", f"Bearer {path.read_text().strip()}"
        except OSError:
            raise ModelgateError(
                f"the lab has no API key at {path}", "`modelgate lab up -s STACK` makes one"
            ) from None


def _shown(address: "Address", answered: "Answered") -> Iterator[str]:
    after = f"{answered.seconds:.2f} s"
    yield f"{answered.status} after {after} from {address.gateway} at {address.url}"
    yield from labelled(_hops(answered))
    body = answered.body.decode(errors="replace")[:_SHOWN_CHARACTERS].splitlines()
    yield from labelled(
        Line("" if index else "body", text) for index, text in enumerate(body[:_SHOWN_LINES])
    )


def _hops(answered: "Answered") -> Iterator[Line]:
    line = answered.line
    if line is None:
        yield Line("Envoy", "logged no request: it did not take this for HTTP")
        return
    place = line.place
    if place:
        yield Line("listener", place["listener"])
        rule = f"rule {place['rule']} ({line.name}), match {place['match']}"
        yield Line("route", f"{place['route']} {rule}")
    else:
        yield Line("route", line.name or "none matches")
    yield from _asked_of(answered.heard)
    yield Line("picker", _picker(answered))
    yield Line("pod", f"{line.pod or 'none'}  {line.cluster}".rstrip())
    yield Line("Envoy", f"{line.details or 'no details'}  flags {line.flags or '-'}")


def _asked_of(heard: "Heard | None") -> Iterator[Line]:
    if heard is None:
        yield Line("filter", "nobody was asked: no AuthPolicy here, or answered before the filter")
        return
    asks = f" asks AuthConfig {heard.auth_config}" if heard.auth_config else " asks nobody"
    if heard.action_set:
        yield Line("filter", f"action set {heard.action_set}{asks} (stand-in)")
    else:
        yield Line("filter", f"{heard.reason or 'no action set: the request passes'} (stand-in)")
    if heard.not_executed:
        yield Line("", f"not executed here: {', '.join(dict.fromkeys(heard.not_executed))}")
    if heard.auth_config:
        said = "no answer" if heard.code is None else f"code {heard.code}"
        outcome = "lets pass" if heard.code == 0 else f"refuses with {heard.status}"
        yield Line("Authorino", ": ".join(filter(None, (f"{outcome}, {said}", heard.reason))))


def _picker(answered: "Answered") -> str:
    line = answered.line
    assert line is not None
    heard = re.search(r"\brh:\d+:0\b", line.picker) is not None
    if not heard and not line.cluster.startswith(_POOL):
        return "not asked: the rule leads to no InferencePool"
    if heard and not line.pod:
        return f"asked before the request was refused ({line.picker})"
    if answered.headers.get(_SEEN) == "true":
        return f"in the loop, picked {line.destination or 'nothing'} ({line.picker})"
    return f"not in the loop ({line.picker})"


def _command(address: "Address", asked: "Asked", data: str, project: Path | None) -> Iterator[str]:
    scheme = "https" if address.secure else "http"
    request = Request(
        host=asked.host,
        method=asked.method,
        scheme=scheme,
        port=DEFAULT_PORTS[scheme],
        path=asked.path,
        headers=dict(asked.headers),
        gateway=address.gateway,
    )
    command = curl(request, f"127.0.0.1:{address.port}")
    if project is not None:
        yield f"KEY=$(cat {quote(str(project / STATE / KEY))})"
        command += ' -H "Authorization: Bearer $KEY"'
    yield command + (f" --data-binary {quote(data)}" if data else "")
