"""What policies ask of a request: CEL predicates, selectors, patterns; in three values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import re2

from modelgate.topology import cel
from modelgate.topology.cel_syntax import CelSyntaxError, parse
from modelgate.topology.values import mapping, mappings, text

Patterns = Mapping[str, list[Mapping[str, Any]]]
Truth = bool | cel.CelError | cel.Unsure


def _attributes(
    method: str, scheme: str, host: str, path: str, headers: Mapping[str, str]
) -> dict[str, Any]:
    url_path, _, query = path.partition("?")
    pseudo = {":authority": host, ":method": method, ":path": path, ":scheme": scheme}
    return {
        "method": method,
        "scheme": scheme,
        "host": host,
        "path": path,
        "url_path": url_path,
        "query": query,
        "headers": {**pseudo, **headers},
        "protocol": cel.Unsure("the protocol"),
        "id": cel.Unsure("the request id"),
        "time": cel.Unsure("the time"),
        "size": cel.Unsure("the size"),
        "total_size": cel.Unsure("the size"),
        "useragent_path": cel.Unsure("the user agent"),
        "referer": headers.get("referer", ""),
        "useragent": headers.get("user-agent", ""),
    }


@dataclass(frozen=True, slots=True)
class Attributes:
    """One request as the filter and Authorino see it.

    `trusted` says that credentials in the request are taken as valid (a trace with a key);
    for a proof they never are.
    """

    filter_env: Mapping[str, Any]
    authorino_env: Mapping[str, Any]
    trusted: bool = False

    def carries(self, credentials: Any) -> bool:
        """Whether the request brings something where `credentials` says they are looked for."""
        request = self.authorino_env["request"]
        if not self.trusted or not isinstance(request, Mapping):
            return False
        where, headers = mapping(credentials), request["headers"]
        if "customHeader" in where:
            return text(mapping(where["customHeader"]).get("name")).lower() in headers
        if "queryString" in where:
            name = text(mapping(where["queryString"]).get("name"))
            return f"{name}=" in request["query"]
        if "cookie" in where:
            return f"{text(mapping(where['cookie']).get('name'))}=" in headers.get("cookie", "")
        prefix = text(mapping(where.get("authorizationHeader")).get("prefix"), "Bearer")
        return str(headers.get("authorization", "")).startswith(f"{prefix} ")

    def resolve(self, source: Mapping[str, Any]) -> Any:
        """The value of a `{value | selector | expression}`; None where there is none."""
        if "value" in source:
            return source["value"]
        if "expression" in source:
            try:
                return cel.evaluate(parse(text(source["expression"])), self.authorino_env)
            except CelSyntaxError as error:
                return cel.Unsure(str(error))
        return select(text(source.get("selector")), self.authorino_env)


def attributes(
    method: str,
    scheme: str,
    host: str,
    path: str,
    headers: Mapping[str, str],
    trusted: bool = False,
) -> Attributes:
    request = _attributes(method, scheme, host, path, headers)
    return _with(request, trusted)


def _with(request: Any, trusted: bool = False) -> Attributes:
    unknown = {
        name: cel.Unsure(f"{name} (set by the network)")
        for name in ("source", "destination", "connection", "metadata")
    }
    http = {"request": {"http": request}} if isinstance(request, dict) else {"request": request}
    anonymous = {"identity": cel.Unsure("auth.identity"), "metadata": cel.Unsure("auth.metadata")}
    return Attributes(
        filter_env={"request": request, "auth": {}, **unknown},
        authorino_env={"request": request, "context": http, "auth": anonymous, **unknown},
        trusted=trusted,
    )


ANY_REQUEST = _with(cel.Unsure("the request"))
"""A request of which nothing is known: what is refused to it is refused to every request."""


_SEGMENT = re.compile(r"(?:\\.|[^.\\])+")


def select(selector: str, env: Mapping[str, Any]) -> Any:
    """The value at a plain dotted Authorino selector; None where there is none."""
    if not selector or any(char in selector for char in "@#|{}*?[]"):
        return cel.Unsure(f"the selector {selector!r}, which is not understood")
    value: Any = env
    for segment in _SEGMENT.findall(selector):
        key = segment.replace("\\", "")
        if isinstance(value, cel.Unsure):
            return value
        if not isinstance(value, Mapping):
            return None
        if value is env and key not in env:
            return cel.Unsure(f"the selector {selector!r}, which is not understood")
        value = value.get(key)
    return value


def holds(conditions: Any, request: Attributes, patterns: Patterns) -> Truth:
    """Whether all of `conditions` (Authorino's pattern language) hold for `request`."""
    return _all([_one(item, request, patterns) for item in mappings(conditions)])


def _all(answers: list[Truth]) -> Truth:
    if False in answers:
        return False
    return next((answer for answer in answers if answer is not True), True)


def _some(answers: list[Truth]) -> Truth:
    if True in answers:
        return True
    return next((answer for answer in answers if answer is not False), False)


def _one(item: Mapping[str, Any], request: Attributes, patterns: Patterns) -> Truth:
    if "predicate" in item:
        try:
            return cel.holds(parse(text(item["predicate"])), request.authorino_env)
        except CelSyntaxError as error:
            return cel.Unsure(str(error))
    if "patternRef" in item:
        name = text(item["patternRef"])
        if name not in patterns:
            return cel.Unsure(f"the pattern {name}, which is not defined")
        return holds(patterns[name], request, {})
    if "all" in item:
        return holds(item["all"], request, patterns)
    if "any" in item:
        return _some([_one(each, request, patterns) for each in mappings(item["any"])])
    return _pattern(item, request)


def _pattern(item: Mapping[str, Any], request: Attributes) -> Truth:
    value = select(text(item.get("selector")), request.authorino_env)
    if isinstance(value, cel.Unsure):
        return value
    actual, wanted = "" if value is None else str(value), text(item.get("value"))
    match item.get("operator"):
        case "eq":
            return actual == wanted
        case "neq":
            return actual != wanted
        case "incl" | "excl" as operator if value is None or isinstance(value, str):
            among = value is not None and actual == wanted  # a text is a list of itself
            return among is (operator == "incl")
        case "matches":
            try:
                return re2.search(wanted, actual) is not None
            except re2.error:
                return cel.Unsure(f"the pattern {wanted!r}, which is not a regular expression")
    return cel.Unsure(f"the operator {item.get('operator')!r}, which is not understood")
