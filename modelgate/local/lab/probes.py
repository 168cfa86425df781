"""A container is ready when the probe that it declares says so, asked at the pod's address."""

import http.client
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from http import HTTPStatus
from typing import Any, Final

import grpc

_SECONDS: Final = 1
_CHECK: Final = "/grpc.health.v1.Health/Check"
_SERVING: Final = b"\x08\x01"


def ready(container: Mapping[str, Any], host: str) -> bool:
    """Without a probe a running container is ready, as for a kubelet."""
    probe = container.get("readinessProbe", {})
    if "grpc" in probe:
        return _serving(host, probe["grpc"]["port"], probe["grpc"].get("service", ""))
    if "httpGet" in probe:
        asked = probe["httpGet"]
        port = _number(container, asked["port"])
        return _answers(host, port, asked.get("path", "/"), asked.get("scheme", "HTTP") == "HTTPS")
    if "tcpSocket" in probe:
        return _listens(host, _number(container, probe["tcpSocket"]["port"]))
    return True


def _number(container: Mapping[str, Any], port: object) -> int:
    """A port's number, also where a probe gives its name; nobody answers at that of no port."""
    for each in container.get("ports", []):
        if each.get("name") == port:
            return int(each["containerPort"])
    return int(str(port)) if str(port).isdecimal() else 0


def _serving(host: str, port: int, service: str) -> bool:
    """The health service of gRPC, whose messages are one text and one number."""
    asked = b"\x0a" + bytes([len(service)]) + service.encode() if service else b""
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        check = channel.unary_unary(_CHECK, bytes, bytes)
        try:
            return bool(check(asked, timeout=_SECONDS) == _SERVING)
        except grpc.RpcError:
            return False


def _answers(host: str, port: int, path: str, secure: bool) -> bool:
    """As a kubelet does, without looking at the certificate."""
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    connection = (
        http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=trust)
        if secure
        else http.client.HTTPConnection(host, port, timeout=_SECONDS)
    )
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return HTTPStatus.OK <= status < HTTPStatus.BAD_REQUEST


def _listens(host: str, port: int) -> bool:
    try:
        with closing(socket.create_connection((host, port), _SECONDS)):
            return True
    except OSError:
        return False
