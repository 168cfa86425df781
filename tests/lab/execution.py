"""What became of each request is what the released controllers made of the objects.

Topologies go into the lab in batches, each in namespaces of its own, object by object in step, so
that of two objects of a topology whose age counts the earlier one is older by a full second.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from modelgate.errors import ModelgateError
from modelgate.local.api import Api
from modelgate.local.lab import Lab
from modelgate.local.lab.gateway import State
from modelgate.local.lab.gateway.action_sets import (
    BrokenConfigError,
    FailedPredicateError,
    Filter,
    Sent,
)
from modelgate.local.lab.gateway.patches import plugin_configuration
from modelgate.local.waiting import until
from modelgate.topology import Request
from tests.lab.ext_authz import Authorino
from tests.lab.through_envoy import Envoys
from tests.lab.topologies import KUADRANT, Body, Topology

_AGES = ("AuthPolicy", "RateLimitPolicy", "TokenRateLimitPolicy", "HTTPRoute", "GRPCRoute")
_QUIET_SECONDS = 2.5
_SETTLE_SECONDS = 25
_SEEN_SECONDS = 90
_PASSES = 200


@dataclass(frozen=True)
class Executed:
    """One topology, as it was `moved` to be put to the lab, and what its gateways' filters hold.

    `refused` says why it could not be put; then there are no filters.
    """

    topology: Topology
    moved: Topology
    filters: Mapping[str, Filter | BrokenConfigError]
    refused: str = ""


class Executor:
    """A lab, and the questions to it."""

    def __init__(self, lab: Lab) -> None:
        self._api = Api(lab.kubeconfig)
        self._authorino = Authorino(lab.authorino)
        self._number = 0
        self.envoys = Envoys(lab) if State.read(lab.gateway) else None
        """The real Envoy; None where it is not installed."""

    def close(self) -> None:
        self._authorino.close()
        if self.envoys is not None:
            self.envoys.close()

    def run(self, topologies: Sequence[Topology]) -> Iterator[Executed]:
        """Put `topologies` into the lab at once, yield each once all has settled, remove them.

        All of them have a Kuadrant object, or none has.
        """
        moved = [each.apart(self._number + index) for index, each in enumerate(topologies)]
        self._number += len(moved)
        change = self._api.create if has_kuadrant(moved[0]) else self._api.delete
        change(KUADRANT)
        refused = self._create([each.with_platform() for each in moved])
        if has_kuadrant(moved[0]):
            self._await_all_seen(self._number)
        self._settle()
        filters, routes = self._filters(), self._routes()
        try:
            if self.envoys is not None:
                self.envoys.furnish(moved)
            for topology, each in zip(topologies, moved, strict=True):
                said = refused.get(each.name, "")
                yield Executed(topology, each, {} if said else _of(each, filters, routes), said)
        finally:
            if self.envoys is not None:
                self.envoys.clear()
            self._remove(moved)

    def statuses(self, executed: Executed, request: Request) -> set[int]:
        """What the filter or Authorino may answer; 200 where the request passes both."""
        found = executed.filters.get(request.gateway)
        if found is None:
            return {_PASSES}
        if isinstance(found, BrokenConfigError):
            return {503}
        headers = {name.lower(): value for name, value in request.headers.items()}  # as Envoy does
        sent = Sent(request.host, request.method, request.scheme, request.path, headers)
        try:
            chosen = found.possible(sent)
        except FailedPredicateError:
            return {500}
        return {self._ask(each.auth_configs, sent) for each in chosen}

    def _ask(self, auth_configs: Sequence[str], sent: Sent) -> int:
        answers = (self._authorino.status(name, sent) for name in auth_configs)
        return next((status for status in answers if status != _PASSES), _PASSES)

    def _create(self, topologies: Sequence[Topology]) -> dict[str, str]:
        refused: dict[str, str] = {}
        for each in topologies:
            for namespace in _namespaces(each):
                self._api.create(_namespace(namespace))
        rows = [[body for body in each.bodies if body["kind"] != "Kuadrant"] for each in topologies]
        for row in zip_longest(*rows):
            for topology, body in zip(topologies, row, strict=True):
                if body is not None and topology.name not in refused:
                    self._create_one(topology, body, refused)
            if any(body is not None and body["kind"] in _AGES for body in row):
                _let_another_second_begin()
        return refused

    def _create_one(self, topology: Topology, body: Body, refused: dict[str, str]) -> None:
        try:
            self._api.create(body)
        except ModelgateError as error:
            refused[topology.name] = error.message

    def _await_all_seen(self, number: int) -> None:
        """Wait until the operator has seen an object of each kind that is younger than all."""
        last = _last(number)
        for body in last:
            self._api.create(body)
        filter_name = f"last-{number}/last"
        if not until(lambda: filter_name in self._filters(), _SEEN_SECONDS):
            raise ModelgateError(
                f"kuadrant-operator wrote no filter for Gateway {filter_name} in {_SEEN_SECONDS} s",
                "look at its log in the lab's folder; on a busy machine, try again",
            )
        for body in reversed(last[1:]):
            self._api.delete(body)

    def _settle(self) -> None:
        """Wait until the controllers have nothing left to write, or never stop writing."""
        seen, since = self._written(), time.monotonic()

        def quiet() -> bool:
            nonlocal seen, since
            now = self._written()
            if now != seen:
                seen, since = now, time.monotonic()
            return time.monotonic() > since + _QUIET_SECONDS

        until(quiet, _SETTLE_SECONDS)

    def _written(self) -> set[tuple[str, str]]:
        kinds = (
            ("networking.istio.io/v1alpha3", "EnvoyFilter"),
            ("authorino.kuadrant.io/v1beta3", "AuthConfig"),
        )
        return {
            (item["metadata"]["uid"], item["metadata"]["resourceVersion"])
            for kind in kinds
            for item in self._api.list(*kind)
        }

    def _filters(self) -> dict[str, Mapping[str, Any]]:
        """The configuration of Kuadrant's filter by `namespace/gateway`."""
        found = {}
        for body in self._api.list("networking.istio.io/v1alpha3", "EnvoyFilter"):
            gateway = body["metadata"]["name"].removeprefix("kuadrant-")
            for patch in body["spec"].get("configPatches", ()):
                configuration = plugin_configuration(patch)
                if configuration is not None:
                    found[f"{body['metadata']['namespace']}/{gateway}"] = configuration
        return found

    def _routes(self) -> dict[str, str]:
        """The route (`namespace/name`) of each AuthConfig, which kuadrant-operator notes on it."""
        found = {}
        for body in self._api.list("authorino.kuadrant.io/v1beta3", "AuthConfig"):
            for noted in body["metadata"].get("annotations", {}).values():
                route, rule, _ = noted.rpartition(":")[2].partition("#")
                if rule:
                    found[body["metadata"]["name"]] = route
        return found

    def _remove(self, topologies: Sequence[Topology]) -> None:
        for kinds in (("AuthPolicy",), ("HTTPRoute", "GRPCRoute"), ()):
            for each in topologies:
                for body in each.of_kind(*kinds) if kinds else each.bodies:
                    if body["kind"] not in ("Namespace", "Kuadrant"):
                        self._delete(body)

    def _delete(self, body: Body) -> None:
        try:
            self._api.delete(body)
        except ModelgateError:
            return  # a kind that is not served, or an object that was refused


def _last(number: int) -> list[Body]:
    namespace = f"last-{number}"
    place = {"name": "last", "namespace": namespace}
    listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    target = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "last"}
    gateway = {"gatewayClassName": "istio", "listeners": [listener]}
    policy = {"targetRef": target, "rules": {"authentication": {"all": {"anonymous": {}}}}}
    route = {"parentRefs": [{"name": "last"}], "rules": [{}]}
    return [
        _namespace(namespace),
        _made("gateway.networking.k8s.io/v1", "Gateway", place, gateway),
        _made("kuadrant.io/v1", "AuthPolicy", place, policy),
        _made("gateway.networking.k8s.io/v1", "HTTPRoute", place, route),
    ]


def _made(api_version: str, kind: str, metadata: Body, spec: Body) -> Body:
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def _let_another_second_begin() -> None:
    """Ages of objects are whole seconds; of two with the same the name decides."""
    now = int(time.time())
    until(lambda: int(time.time()) > now, 2)


def _of(
    topology: Topology, configurations: Mapping[str, Mapping[str, Any]], routes: Mapping[str, str]
) -> dict[str, Filter | BrokenConfigError]:
    found: dict[str, Filter | BrokenConfigError] = {}
    for gateway in topology.of_kind("Gateway"):
        key = f"{gateway['metadata']['namespace']}/{gateway['metadata']['name']}"
        if key in configurations:
            try:
                found[key] = Filter(configurations[key], routes)
            except BrokenConfigError as error:
                found[key] = error
    return found


def has_kuadrant(topology: Topology) -> bool:
    return bool(topology.with_platform().of_kind("Kuadrant"))


def _namespaces(topology: Topology) -> set[str]:
    used = {body["metadata"].get("namespace", "") for body in topology.bodies}
    declared = {body["metadata"]["name"] for body in topology.of_kind("Namespace")}
    return used - declared - {""}


def _namespace(name: str) -> Body:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
