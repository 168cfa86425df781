"""Real Envoy with what the translator tells it, and the stand-in for Kuadrant's filter in it."""

import http.server
import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelgate.local.lab.gateway import Address
from modelgate.local.lab.gateway.asking import Answered, Asked, ask
from modelgate.local.lab.gateway.envoy import Envoy
from modelgate.local.lab.gateway.stand_in import StandIn
from modelgate.local.lab.gateway.state import ACCESS_LOG, FILTER_LOG
from modelgate.local.lab.gateway.translate import gateway_ports, translate
from modelgate.local.lab.ports import free_ports
from modelgate.local.waiting import until
from tests.lab.world_of import Body, gateway, listener, made, pod, route, rule, service, world
from tests.picker.certificates import Certificates, make
from tests.plugins.built import envoy

SECONDS = 30


class Echo(http.server.BaseHTTPRequestHandler):
    """A pod that tells what reached it."""

    def do_GET(self) -> None:
        told = f"{self.path} {self.headers.get('x-tier', '-')}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture(scope="module")
def target() -> Iterator[int]:
    """The port of a pod on loopback."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make(tmp_path_factory.mktemp("certificates"))


class Plane:
    """Envoy and the stand-in, whose Authorino does not answer."""

    def __init__(self, executable: Path, folder: Path) -> None:
        self._folder = folder
        self._stand_in = StandIn("127.0.0.1:1", folder / FILTER_LOG)
        self._envoy = Envoy(executable, folder, self._stand_in.port)
        self._version = 0
        self._ports: dict[str, int] = {}

    def serve(self, *bodies: Body) -> Address:
        """Serve the only port of these objects' Gateway."""
        stored = world(*bodies)
        for key in gateway_ports(stored):
            if key not in self._ports:
                (self._ports[key],) = free_ports(1)
        told = translate(stored, self._ports, str(self._folder / ACCESS_LOG))
        self._stand_in.use(told.filters)
        self._version += 1
        self._envoy.publish(str(self._version), told.listeners, told.clusters)
        assert until(lambda: self._envoy.accepted(str(self._version)), SECONDS)
        (address,) = told.addresses
        return address

    def refused(self, *bodies: Body) -> list[str]:
        """What Envoy says of objects that it cannot serve."""
        told = translate(world(*bodies), self._ports, str(self._folder / ACCESS_LOG))
        self._envoy.publish("refused", told.listeners, told.clusters)
        assert until(lambda: bool(self._envoy.refusals()), SECONDS)
        return self._envoy.refusals()

    def ask(self, address: Address, path: str, *headers: tuple[str, str], **more: str) -> Answered:
        asked = Asked("GET", path, more.get("host", "a.example.com"), headers)
        return ask(address, asked, self._folder)

    def stop(self) -> None:
        self._envoy.child.stop()
        self._stand_in.stop()


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    plane = Plane(envoy(), tmp_path_factory.mktemp("plane"))
    yield plane
    plane.stop()


def rewritten(to: str) -> Body:
    path = {"type": "ReplacePrefixMatch", "replacePrefixMatch": to}
    return {"type": "URLRewrite", "urlRewrite": {"path": path}}


@pytest.mark.parametrize(
    ("prefix", "to", "sent", "reached"),
    [
        ("/llm/qwen", "/", "/llm/qwen/v1/models?a=b", "/v1/models?a=b"),
        ("/llm/qwen", "/", "/llm/qwen", "/"),
        ("/llm/qwen/v1", "/v1", "/llm/qwen/v1/chat", "/v1/chat"),
        ("/", "/v1", "/models", "/v1/models"),
        ("/a", "/b/", "/a/c", "/b/c"),
        ("/a", "/b", "/x/../a/./c", "/b/c"),
    ],
)
def test_a_prefix_is_replaced_as_gateway_api_says(
    plane: Plane, target: int, prefix: str, to: str, sent: str, reached: str
) -> None:
    one = route("r", rule(prefix, filters=[rewritten(to)]))
    address = plane.serve(gateway(), one, service(target=target), pod())
    answered = plane.ask(address, sent)
    assert (answered.status, answered.body.decode().split()[0]) == (200, reached)


def test_the_log_says_which_rule_and_pod_a_request_took(plane: Plane, target: int) -> None:
    change = {"set": [{"name": "x-tier", "value": "gold"}]}
    changed = {"type": "RequestHeaderModifier", "requestHeaderModifier": change}
    one = route("r", rule("/a"), rule("/b", name="named", filters=[changed]))
    address = plane.serve(gateway(), one, service(target=target), pod())
    answered = plane.ask(address, "/b", ("x-tier", "free"))
    assert answered.body == b"/b gold"
    line = answered.line
    assert line is not None
    assert (line.status, line.name, line.pod) == (200, "named", f"127.0.0.1:{target}")
    assert line.place == {
        "listener": "llm/maas/http",
        "route": "HTTPRoute/llm/r",
        "rule": "1",
        "match": "0",
    }
    nowhere = plane.ask(address, "/c")
    assert nowhere.line is not None
    assert (nowhere.status, nowhere.line.details) == (404, "route_not_found")


def test_no_pod_and_no_service_are_told_apart(plane: Plane, target: int) -> None:
    one = route("r", rule("/a"), rule("/b", to={"name": "none", "port": 80}))
    address = plane.serve(gateway(), one, service(target=target))
    assert [plane.ask(address, path).status for path in ("/a", "/b")] == [503, 500]


def test_a_secure_listener_answers_by_the_name_that_is_asked_for(
    plane: Plane, target: int, certificates: Certificates
) -> None:
    pair = certificates.trusted
    data = {
        each: b64encode((pair.folder / each).read_bytes()).decode()
        for each in ("tls.crt", "tls.key")
    }
    secret = {"kind": "Secret", "metadata": {"name": "tls", "namespace": "llm"}, "data": data}
    tls = {"certificateRefs": [{"name": "tls"}]}
    secure = listener("https", 443, "HTTPS", hostname="*.example.com", tls=tls)
    address = plane.serve(
        gateway(secure), secret, route("r", rule("/")), service(target=target), pod()
    )
    assert address.url.startswith("https://")
    assert plane.ask(address, "/x").body == b"/x -"
    assert plane.ask(address, "/x", host="A.EXAMPLE.com:443").status == 200


def kuadrant(*action_sets: Body) -> Body:
    """The EnvoyFilter that kuadrant-operator writes for these action sets."""
    settings = {"services": {"auth": {"type": "auth"}}, "actionSets": list(action_sets)}
    config = {"name": "kuadrant-wasm-shim", "configuration": {"value": json.dumps(settings)}}
    value = {"typed_config": {"value": {"config": config}}}
    patch = {"applyTo": "HTTP_FILTER", "patch": {"operation": "INSERT_BEFORE", "value": value}}
    return made("EnvoyFilter", "kuadrant-maas", {"configPatches": [patch]})


def action_set(predicate: str) -> Body:
    conditions = {"hostnames": ["a.example.com"], "predicates": [predicate]}
    actions = [{"service": "auth", "scope": "some-auth-config"}]
    return {"name": "guarded", "routeRuleConditions": conditions, "actions": actions}


@pytest.mark.parametrize(
    ("predicate", "host", "status", "reason"),
    [
        ("request.url_path.startsWith('/x')", "a.example.com", 500, "Authorino does not answer"),
        ("request.url_path.startsWith('/x')", "b.example.com", 200, ""),
        ("request.headers['none'] == 'x'", "a.example.com", 500, "a predicate fails"),
        ("request.url_path == 'it's'", "b.example.com", 503, "does not load its configuration"),
    ],
)
def test_what_fails_lets_no_request_pass(
    plane: Plane, target: int, predicate: str, host: str, status: int, reason: str
) -> None:
    filtered = kuadrant(action_set(predicate))
    one = route("r", rule("/"))
    address = plane.serve(gateway(), filtered, one, service(target=target), pod())
    answered = plane.ask(address, "/x", host=host)
    assert answered.status == status
    assert answered.heard is not None
    assert answered.heard.status == status
    assert reason in answered.heard.reason


def test_what_envoy_refuses_is_said_and_what_it_took_before_stays(
    plane: Plane, target: int
) -> None:
    address = plane.serve(gateway(), route("r", rule("/a")), service(target=target), pod())
    kind = "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute"
    value = {"typed_per_filter_config": {"envoy.filters.http.ext_proc": {"@type": kind}}}
    patch = {"applyTo": "HTTP_ROUTE", "patch": {"operation": "MERGE", "value": value}}
    empty = made("EnvoyFilter", "empty", {"configPatches": [patch]})
    others = (gateway(), service(target=target), pod())
    (said,) = plane.refused(empty, route("r", rule("/b")), *others)
    assert said.startswith("llm/maas:80: ")
    assert [plane.ask(address, path).status for path in ("/a", "/b")] == [200, 404]


def test_a_broken_regular_expression_answers_501_and_others_are_served(
    plane: Plane, target: int
) -> None:
    broken = {"path": {"type": "RegularExpression", "value": "/("}}
    address = plane.serve(gateway(), route("r", rule(broken)), service(target=target), pod())
    answered = plane.ask(address, "/x")
    assert answered.status == 501
    assert b"regular expression /(" in answered.body
