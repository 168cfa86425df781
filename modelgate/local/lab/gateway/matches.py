"""What a rule's match asks of a request, in Envoy's words, and which match is tried first.

Source: istio/istio 1.28, pilot/pkg/config/kube/gateway/conversion.go (createURIMatch,
sortHTTPRoutes) and pilot/pkg/networking/core/route/route.go (TranslateRouteMatch, SortVHostRoutes).
"""

from collections.abc import Mapping
from typing import Any, Final

from modelgate.local.lab.gateway.world import Body, Config, NotUnderstoodError

_RANKS: Final = {"RegularExpression": 0, "PathPrefix": 1, "Exact": 2}
_EVERYTHING: Final[Body] = {"path": {"type": "PathPrefix", "value": "/"}}


def matches_of(rule: Body) -> list[Body]:
    """A rule without matches takes everything."""
    return list(rule.get("matches") or [_EVERYTHING])


def match_config(match: Body) -> Config:
    """Envoy's RouteMatch. Raises NotUnderstoodError."""
    kind, value = path_of(match)
    headers = [
        {"name": name, **_value("string_match", each)} for name, each in _headers(match).items()
    ]
    if "method" in match:
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
        "method" not in match,
        -len(_headers(match)),
        -len(match.get("queryParams", ())),
    )


def takes_everything(config: Mapping[str, Any]) -> bool:
    """Such a route goes behind all others of its virtual host."""
    match = config["match"]
    everything = match.get("prefix") == "/" or match.get("safe_regex", {}).get("regex") == ".*"
    return everything and "headers" not in match and "query_parameters" not in match


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
        return {"safe_regex": {"regex": value}}
    return {"prefix": "/"} if value == "/" else {"path_separated_prefix": value}


def _headers(match: Body) -> dict[str, Body]:
    return _by_name(match.get("headers", ()))


def _by_name(items: Any) -> dict[str, Body]:
    return {each["name"]: each for each in items}


def _value(field: str, each: Body) -> Config:
    match each.get("type", "Exact"):
        case "Exact":
            return {field: {"exact": each["value"]}}
        case "RegularExpression":
            return {field: {"safe_regex": {"regex": each["value"]}}}
        case other:
            raise NotUnderstoodError(f"match of type {other} for {each['name']}")
