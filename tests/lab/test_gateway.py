"""A request's whole way in the lab: real operator, Envoy and Authorino, and a pod of the test."""

import http.server
import threading
import time
from base64 import b64encode
from collections.abc import Iterator

import pytest

from modelgate.local.api import Api
from modelgate.local.lab import Lab
from modelgate.local.lab.gateway import Address, State
from modelgate.local.lab.gateway.asking import Answered, Asked, ask
from modelgate.local.waiting import until
from tests.lab.test_data_plane import Echo
from tests.lab.through_envoy import give_addresses
from tests.lab.topologies import Body
from tests.plugins.built import envoy

SPACE = "data-plane"
GATEWAY_API = "gateway.networking.k8s.io"
SECONDS = 60


def made(api_version: str, kind: str, spec: Body, **metadata: object) -> Body:
    place = {"name": "shop", "namespace": SPACE, **metadata}
    return {"apiVersion": api_version, "kind": kind, "metadata": place, "spec": spec}


def objects(port: int) -> Iterator[Body]:
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}
    ports = [{"name": "http", "port": 80, "targetPort": port}]
    yield made("v1", "Service", {"selector": {"app": "shop"}, "ports": ports})
    container = {"name": "main", "image": "none"}
    yield made("v1", "Pod", {"containers": [container]}, labels={"app": "shop"})
    listener = {"name": "http", "port": 80, "protocol": "HTTP", "hostname": "shop.example.com"}
    gateway = {"gatewayClassName": "istio", "listeners": [listener]}
    yield made(f"{GATEWAY_API}/v1", "Gateway", gateway)
    match = {"path": {"type": "PathPrefix", "value": "/v1"}}
    rule = {"matches": [match], "backendRefs": [{"name": "shop", "port": 80}]}
    yield made(
        f"{GATEWAY_API}/v1", "HTTPRoute", {"parentRefs": [{"name": "shop"}], "rules": [rule]}
    )
    secret = {"api_key": b64encode(b"open-sesame").decode()}
    labels = {"app": "shop", "authorino.kuadrant.io/managed-by": "authorino"}
    place = {"name": "shop-key", "namespace": "kuadrant-system", "labels": labels}
    yield {"apiVersion": "v1", "kind": "Secret", "metadata": place, "data": secret}
    target = {"group": GATEWAY_API, "kind": "Gateway", "name": "shop"}
    keys = {"apiKey": {"selector": {"matchLabels": {"app": "shop"}}}}
    policy = {"targetRef": target, "rules": {"authentication": {"keys": keys}}}
    yield made("kuadrant.io/v1", "AuthPolicy", policy)


@pytest.fixture
def shop(lab: Lab) -> Iterator[Address]:
    """A gateway that asks for an API key, in front of one pod."""
    api = Api(lab.kubeconfig)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stored = [api.create(body) for body in objects(server.server_address[1])]
        give_addresses(api, [body for body in stored if body["kind"] == "Pod"])
        try:
            yield address(lab)
        finally:
            for body in reversed(stored[1:]):
                api.delete(body)
            server.shutdown()


def address(lab: Lab) -> Address:
    envoy()
    now = time.time()

    def found() -> list[Address]:
        state = State.read(lab.gateway)
        assert state is not None
        served = state.addresses if state.seen > now else []
        return [each for each in served if each.gateway == f"{SPACE}/shop" and each.hosts]

    assert until(lambda: bool(found()), SECONDS)
    return found()[0]


def test_authorino_decides_and_every_hop_says_what_it_did(lab: Lab, shop: Address) -> None:
    def answered(*headers: tuple[str, str]) -> Answered:
        return ask(shop, Asked("GET", "/v1/models", "shop.example.com", headers), lab.gateway)

    assert until(lambda: answered().status == 401, SECONDS)
    refused, wrong = answered(), answered(("Authorization", "Bearer mellon"))
    right = answered(("Authorization", "Bearer open-sesame"))
    assert [each.status for each in (refused, wrong, right)] == [401, 401, 200]
    assert right.body == b"/v1/models -"
    assert [each.heard and each.heard.reason for each in (refused, wrong)] == [
        "credential not found",
        "the API Key provided is invalid",
    ]
    assert right.heard is not None
    assert right.heard.code == 0
    assert right.heard.action_set
    assert right.line is not None
    assert (right.line.place["route"], right.line.details) == (
        f"HTTPRoute/{SPACE}/shop",
        "via_upstream",
    )
    assert "open-sesame" not in "".join(
        path.read_text(errors="replace") for path in lab.gateway.glob("*.log")
    )
