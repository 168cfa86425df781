"""A stand-in for Kuadrant's filter: which action set of the operator's a request gets, and why.

It reads the configuration that the real operator wrote and knows nothing of policies. Selection
as in wasm-shim 0.14.1, executed: the Host up to its first colon, compared with its case; the
nearest hostname's action sets only; the first whose predicates hold. Predicates are evaluated by
cel-python. It shares no code with the judge. Limits are not counted: no Limitador runs.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import celpy
from celpy import celtypes
from celpy.adapter import json_to_cel
from celpy.celparser import CELParseError
from celpy.evaluation import CELEvalError, CELFunction, Context

Body = Mapping[str, Any]
_ESCAPE = re.compile(r"\\(?:[abfnrtv\\\"'`?0-7]|[xX][0-9a-fA-F]{2}|[uU][0-9a-fA-F]{4})")


def _lower(value: Any) -> celtypes.StringType:
    return celtypes.StringType(value.lower())


_FUNCTIONS: dict[str, CELFunction] = {"lowerAscii": _lower}


class BrokenConfigError(Exception):
    """The filter does not load this configuration: a predicate does not compile."""


class FailedPredicateError(Exception):
    """A predicate failed while a request was looked at; the filter answers 500."""


@dataclass(frozen=True)
class Sent:
    """A request as the filter sees it, after Envoy. `path` holds the query."""

    host: str
    method: str
    scheme: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Chosen:
    """An action set: the AuthConfigs that have to answer, in order, and actions of other services.

    Without a `name` none was found, and the request passes.
    """

    name: str = ""
    auth_configs: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


class Filter:
    """The filter of one gateway. Raises BrokenConfigError.

    `routes` names the route (`namespace/name`) of each AuthConfig that is known.
    """

    def __init__(self, plugin_config: Body, routes: Mapping[str, str] | None = None) -> None:
        self._sets: Sequence[Body] = plugin_config["actionSets"]
        self._routes = routes or {}
        services = plugin_config["services"]
        self._auth = {name for name, each in services.items() if each["type"] == "auth"}
        self._environment = celpy.Environment()
        self._programs: dict[str, celpy.Runner] = {}
        for text in self._predicates():
            self._compile(text)

    def chosen(self, sent: Sent) -> Chosen:
        """What is done about `sent`. Raises FailedPredicateError."""
        found = self._find(sent)
        return Chosen() if found is None else self._asked(found, sent)

    def possible(self, sent: Sent) -> list[Chosen]:
        """What may be done about `sent`: several where only map order decides in the operator.

        That is so among the sets of one route; of two routes the older one's come first.
        Raises FailedPredicateError.
        """
        found = self._find(sent)
        if found is None:
            return [Chosen()]
        rivals = [
            each
            for each in self._sets
            if _conditions(each) == _conditions(found) and self._may_be_of_one_route(each, found)
        ]
        return [self._asked(each, sent) for each in rivals]

    def _may_be_of_one_route(self, one: Body, other: Body) -> bool:
        routes = {self._route(one), self._route(other)}
        return "" in routes or len(routes) == 1

    def _route(self, action_set: Body) -> str:
        """Limits have their route for a scope, authentication has its AuthConfig."""
        scopes = [
            self._routes.get(each["scope"], "") if each["service"] in self._auth else each["scope"]
            for each in action_set.get("actions", ())
        ]
        return next(filter(None, scopes), "")

    def _find(self, sent: Sent) -> Body | None:
        name = sent.host.partition(":")[0]
        known = {hostname for each in self._sets for hostname in _hostnames(each)}
        nearest = next((each for each in _wider(name) if each in known), None)
        for each in self._sets:
            if nearest in _hostnames(each) and self._all(_predicates(each), sent):
                return each
        return None

    def _asked(self, action_set: Body, sent: Sent) -> Chosen:
        actions = action_set.get("actions", ())
        auth = [
            action["scope"]
            for action in actions
            if action["service"] in self._auth and self._all(action.get("predicates", ()), sent)
        ]
        others = [each["service"] for each in actions if each["service"] not in self._auth]
        return Chosen(action_set.get("name", ""), tuple(auth), tuple(others))

    def _all(self, predicates: Sequence[str], sent: Sent) -> bool:
        attributes = _attributes(sent)
        return all(self._holds(text, attributes) for text in predicates)

    def _holds(self, text: str, attributes: Context) -> bool:
        try:
            value = self._programs[text].evaluate(attributes)
        except CELEvalError as error:
            raise FailedPredicateError(text) from error
        if not isinstance(value, bool | celtypes.BoolType):
            raise FailedPredicateError(f"{text} is no boolean")
        return bool(value)

    def _predicates(self) -> Iterator[str]:
        for each in self._sets:
            yield from _predicates(each)
            for action in each.get("actions", ()):
                yield from action.get("predicates", ())

    def _compile(self, text: str) -> None:
        if "\\" in _ESCAPE.sub("", text):  # cel-python lets an unknown escape pass
            raise BrokenConfigError(text)
        try:
            parsed = self._environment.compile(text)
        except CELParseError as error:
            raise BrokenConfigError(text) from error
        self._programs[text] = self._environment.program(parsed, functions=_FUNCTIONS)


def _conditions(action_set: Body) -> Body:
    conditions: Body = action_set["routeRuleConditions"]
    return conditions


def _hostnames(action_set: Body) -> Sequence[str]:
    hostnames: Sequence[str] = _conditions(action_set)["hostnames"]
    return hostnames


def _predicates(action_set: Body) -> Sequence[str]:
    predicates: Sequence[str] = _conditions(action_set).get("predicates", ())
    return predicates


def _wider(name: str) -> Iterator[str]:
    """The hostnames that cover `name`, nearest first."""
    yield name
    while "." in name:
        name = name.partition(".")[2]
        yield f"*.{name}"
    yield "*"


def _attributes(sent: Sent) -> Context:
    parts = urlsplit(f"http://host{sent.path}")
    request = {
        "host": sent.host,
        "method": sent.method,
        "scheme": sent.scheme,
        "path": sent.path,
        "url_path": sent.path.partition("?")[0],
        "query": parts.query,
        "protocol": "HTTP/1.1",
        "headers": {":authority": sent.host, ":method": sent.method, **sent.headers},
    }
    source = {"address": "10.0.0.1:40000", "remote_address": "10.0.0.1"}
    return {"request": json_to_cel(request), "source": json_to_cel(source)}
