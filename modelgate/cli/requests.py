"""Requests as people and scripts write them, taken literally: nothing is decoded or tidied."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from modelgate.errors import ConfigurationError
from modelgate.spelling import did_you_mean
from modelgate.topology.answers import Request

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
FIELDS: Final = ("gateway", "scheme", "host", "sni", "port", "method", "path", "headers")


def from_url(
    method: str, url: str, headers: Sequence[str], gateway: str = "", sni: str = ""
) -> Request:
    """The request that `curl -X METHOD -H ... URL` would send. Raises ConfigurationError."""
    scheme, sign, rest = url.partition("://")
    scheme = scheme.lower()
    if not sign or scheme not in DEFAULT_PORTS:
        raise ConfigurationError(
            f"{url}: not an http or https URL", "for example https://maas.example.com/v1/models"
        )
    end = min((rest.index(sign) for sign in "/?#" if sign in rest), default=len(rest))
    authority, path = rest[:end], rest[end:].partition("#")[0]
    name, port = _authority(authority, scheme, url)
    sent = _headers(headers)
    host = sent.pop("host", authority if port != DEFAULT_PORTS[scheme] else name)
    return Request(
        host=host,
        method=method,
        scheme=scheme,
        port=port,
        path=path if path.startswith("/") else f"/{path}",
        headers=sent,
        gateway=gateway,
        sni=sni or ("" if host.partition(":")[0] == name else name),
    )


def from_batch(text: str, name: str) -> list[Request]:
    """The requests of a `--batch` file. Raises ConfigurationError naming the entry and field."""
    try:
        entries = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{name}:{error.lineno}: not JSON: {error.msg}") from None
    if not isinstance(entries, list):
        raise ConfigurationError(f"{name}: a batch is a list of requests", "docs/cli.md shows one")
    return [_request(entry, f"{name}: request {index}") for index, entry in enumerate(entries)]


def _request(entry: Any, where: str) -> Request:
    if not isinstance(entry, dict):
        raise ConfigurationError(f"{where} is not an object")
    for key in entry:
        if key not in FIELDS:
            raise ConfigurationError(
                f"{where}: {key} is no field of a request{did_you_mean(key, FIELDS)}",
                f"known are {', '.join(FIELDS)}",
            )
    scheme = _text(entry, "scheme", "https", where)
    if scheme not in DEFAULT_PORTS:
        raise ConfigurationError(f"{where}: scheme is {scheme!r}; it is http or https")
    headers = entry.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        raise ConfigurationError(f"{where}: headers is not a mapping of texts")
    return Request(
        host=_text(entry, "host", None, where),
        method=_text(entry, "method", "GET", where),
        scheme=scheme,
        port=_port(entry.get("port", DEFAULT_PORTS[scheme]), where),
        path=_text(entry, "path", "/", where),
        headers={key.lower(): value for key, value in headers.items()},
        gateway=_text(entry, "gateway", "", where),
        sni=_text(entry, "sni", "", where),
    )


def _text(entry: Mapping[str, Any], field: str, default: str | None, where: str) -> str:
    value = entry.get(field)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        what = "is missing" if value is None else "is not a text"
        raise ConfigurationError(f"{where}: {field} {what}")
    return value


def _authority(authority: str, scheme: str, url: str) -> tuple[str, int]:
    if "@" in authority or not authority:
        raise ConfigurationError(f"{url}: a URL needs a host, and takes no user and password")
    name, sign, port = authority.rpartition(":")
    return (name, _port(port, url)) if sign else (authority, DEFAULT_PORTS[scheme])


def _port(value: object, where: str) -> int:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 65536:
        raise ConfigurationError(f"{where}: port is {value!r}; it is a number up to 65535")
    return value


def _headers(texts: Sequence[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition(":")
        if not sign or not name.strip():
            raise ConfigurationError(f"-H {name!r}: not NAME: VALUE", "as in -H 'Accept: */*'")
        headers[name.strip().lower()] = value.strip()
    return headers
