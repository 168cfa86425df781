"""What a rule's match asks of a request, in Envoy's words, and which match is tried first.

Source: istio/istio 1.28, pilot/pkg/config/kube/gateway/conversion.go (createURIMatch,
sortHTTPRoutes) and pilot/pkg/networking/core/route/route.go (TranslateRouteMatch, SortVHostRoutes).
"""

from collections.abc import Mapping
from typing import Any, Final

import re2

from modelgate.local.lab.gateway.world import Body, Config, NotUnderstoodError

_RANKS: Final = {"Everything": 0, "RegularExpression": 1, "PathPrefix": 2, "Exact": 3}
_EVERYTHING: Final[Body] = {"path": {"type": "PathPrefix", "value": "/"}}


def matches_of(rule: Body, kind: str) -> list[Body]:
    """Those of a rule of an HTTPRoute or, in its words, of a GRPCRoute; without any, everything."""
    matches = rule.get("matches")
    if kind == "HTTPRoute":
        return list(matches or [_EVERYTHING])
    return [{**match, "path": _path_of_method(match.get("method"))} for match in matches or [{}]]


def _path_of_method(told: Body | None) -> Body:
    """The path of a gRPC call is /SERVICE/METHOD."""
    if told is None:
        return {"type": "Everything", "value": ""}
    service, method = told.get("service"), told.get("method")
    if told.get("type", "Exact") == "RegularExpression":
        return _regular(f"/{service or '[^/]+'}/{method or '.+'}")
    if method is None:
        return {"type": "PathPrefix", "value": f"/{service}/"}
    if service is None:
        return _regular(f"/[^/]+/{method}")
    return {"type": "Exact", "value": f"/{service}/{method}"}


def _regular(value: str) -> Body:
    return {"type": "RegularExpression", "value": value}


def match_config(match: Body) -> Config:
    """Envoy's RouteMatch. Raises NotUnderstoodError."""
    kind, value = path_of(match)
    headers = [
        {"name": name, **_value("string_match", each)} for name, each in _headers(match).items()
    ]
    if isinstance(match.get("method"), str):  # of a gRPC call it is in the path
        headers.append({"name": ":method", "string_match": {"exact": match["method"]}})
    parameters = [
        {"name": name, **_value("string_match", each)}
        for name, each in _by_name(match.get("queryParams", ())).items()
    ]
    return {
        **_path(kind, value),
        **({"headers": headers} if headers else {}),
        **({"query_parameters": parameters} if parameters else {}),
    }


def precedence(match: Body) -> tuple[int, ...]:
    """Smaller comes first: kind of path, its length, a method, then headers and parameters."""
    kind, value = path_of(match)
    return (
        -_RANKS[kind],
        -len(value),
        not isinstance(match.get("method"), str),
        -len(_headers(match)),
        -len(match.get("queryParams", ())),
    )


def takes_everything(config: Mapping[str, Any]) -> bool:
    """No other route of its VirtualService follows such a one, and it ends its virtual host."""
    return bool(config["match"] == {"prefix": "/"})


def path_of(match: Body) -> tuple[str, str]:
    """Its kind and value; a slash at the end of a prefix does not count."""
    path = match.get("path", {})
    kind, value = path.get("type", "PathPrefix"), path.get("value", "/")
    if kind not in _RANKS:
        raise NotUnderstoodError(f"path match of type {kind}")
    if kind == "PathPrefix" and value != "/":
        value = value.removesuffix("/")
    return kind, value


def _path(kind: str, value: str) -> Config:
    if kind == "Exact":
        return {"path": value}
    if kind == "RegularExpression":
        return {"safe_regex": _regex(value)}
    return {"prefix": "/"} if value in ("/", "") else {"path_separated_prefix": value}


def _regex(value: str) -> Config:
    """Envoy refuses all routes of a port for one that its engine does not compile."""
    try:
        re2.compile(value)
    except re2.error:
        raise NotUnderstoodError(f"regular expression {value}, which Envoy refuses") from None
    return {"regex": value}


def _headers(match: Body) -> dict[str, Body]:
    return _by_name(match.get("headers", ()))


def _by_name(items: Any) -> dict[str, Body]:
    return {each["name"]: each for each in items}


def _value(field: str, each: Body) -> Config:
    match each.get("type", "Exact"):
        case "Exact":
            return {field: {"exact": each["value"]}}
        case "RegularExpression":
            return {field: {"safe_regex": _regex(each["value"])}}
        case other:
            raise NotUnderstoodError(f"match of type {other} for {each['name']}")
