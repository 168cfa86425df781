"""The virtual hosts of one port: every rule that a gateway would try, in the order it would.

Source: istio/istio 1.28: pilot/pkg/config/kube/gateway/route_collections.go (one VirtualService per
listener and hostname, merged oldest route first), pilot/pkg/networking/core/gateway.go
(buildGatewayHTTPRouteConfig: the routes of each VirtualService behind those of older ones) and
pilot/pkg/networking/core/route/route.go (BuildHTTPRoutesForVirtualService, TranslateRoute).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from modelgate.local.lab.gateway.attaching import Listener, attached
from modelgate.local.lab.gateway.backends import Backends
from modelgate.local.lab.gateway.filters import header_changes, redirect, rewrite
from modelgate.local.lab.gateway.hostnames import intersection
from modelgate.local.lab.gateway.matches import (
    match_config,
    matches_of,
    path_of,
    precedence,
    takes_everything,
)
from modelgate.local.lab.gateway.world import Body, Config, NotUnderstoodError, World

METADATA: Final = "modelgate"
_FILTERS: Final = frozenset(
    {"RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite"}
)
_RULE_FIELDS: Final = frozenset({"name", "matches", "filters", "backendRefs", "timeouts"})
_RETRIES: Final[Config] = {
    "retry_on": "connect-failure,refused-stream,unavailable,cancelled",
    "num_retries": 2,
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {
                "@type": "type.googleapis.com/"
                "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
            },
        }
    ],
    "host_selection_retry_max_attempts": 5,
}


def virtual_hosts(listeners: Sequence[Listener], world: World, backends: Backends) -> list[Config]:
    """Of listeners that share a port and its routes. Raises NotUnderstoodError for a match."""
    found: dict[str, list[Config]] = {}
    for listener in sorted(listeners, key=lambda each: each.name):
        for hostname, routes in _by_hostname(listener, world):
            shared = intersection(listener.hostname, hostname)
            if shared is None:
                continue
            entries = [entry for route in routes for entry in _entries(route, listener, backends)]
            entries.sort(key=lambda entry: entry[0])
            configs = _until_everything(config for _, config in entries)
            found.setdefault(shared.lower(), []).extend(configs)
    return [
        {
            "name": f"{hostname}:{listeners[0].port}",
            "domains": [hostname],
            "include_request_attempt_count": True,
            "routes": sorted(routes, key=takes_everything),
        }
        for hostname, routes in found.items()
    ]


def _until_everything(configs: Iterable[Config]) -> Iterator[Config]:
    for config in configs:
        yield config
        if takes_everything(config):
            return


def _by_hostname(listener: Listener, world: World) -> list[tuple[str, list[Body]]]:
    """Routes by the hostname that they declare, kind by kind; that of the oldest comes first."""
    found: dict[tuple[str, str], list[Body]] = {}
    for route in attached(listener, world):
        for hostname in route["spec"].get("hostnames") or ["*"]:
            found.setdefault((hostname, route["kind"]), []).append(route)
    ordered = sorted(
        found.items(),
        key=lambda item: (item[1][0]["metadata"].get("creationTimestamp", ""), item[0][0]),
    )
    return [(hostname, routes) for (hostname, _), routes in ordered]


def _entries(
    route: Body, listener: Listener, backends: Backends
) -> Iterator[tuple[tuple[int, ...], Config]]:
    for number, rule in enumerate(route["spec"].get("rules", ())):
        for index, match in enumerate(matches_of(rule, route["kind"])):
            yield precedence(match), _entry(route, number, index, listener, backends)


def _entry(route: Body, number: int, index: int, listener: Listener, backends: Backends) -> Config:
    rule = route["spec"]["rules"][number]
    match = matches_of(rule, route["kind"])[index]
    metadata = route["metadata"]
    name = rule.get("name") or f"{metadata['namespace']}.{metadata['name']}.{number}"
    place = {
        "listener": f"{listener.owner}/{listener.name}",
        "route": f"{route['kind']}/{_place(route)}",
        "rule": str(number),
        "match": str(index),
    }
    head = {
        "name": name,
        "match": match_config(match),
        "metadata": {"filter_metadata": {METADATA: place}},
    }
    try:
        return {**head, **_action(route, rule, match, listener, backends)}
    except NotUnderstoodError as error:
        return {**head, **not_understood(f"{route['kind']} {_place(route)} rule {number}: {error}")}


def not_understood(text: str) -> Config:
    """The answer where a gateway's own would be a guess."""
    said = f"modelgate's lab does not know what a gateway does here: {text}\n"
    return {"direct_response": {"status": 501, "body": {"inline_string": said}}}


def _action(route: Body, rule: Body, match: Body, listener: Listener, backends: Backends) -> Config:
    filters = rule.get("filters", ())
    _check(rule, filters)
    kind, path = path_of(match)
    prefix = path if kind == "PathPrefix" else None
    headers = header_changes(filters)
    elsewhere = redirect(filters, prefix, listener.port)
    if elsewhere is not None:
        return {"redirect": elsewhere, **headers}
    found = backends.of_rule(route, rule, listener)
    if found is None:
        return {"direct_response": {"status": 500}, **headers}
    action = {
        **found.target,
        "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR",
        "timeout": _timeout(rule),
        "retry_policy": _RETRIES,
        **rewrite(filters, prefix),
    }
    overrides = {"typed_per_filter_config": found.per_filter} if found.per_filter else {}
    return {"route": action, **headers, **overrides}


def _check(rule: Body, filters: Sequence[Body]) -> None:
    unknown = [each["type"] for each in filters if each["type"] not in _FILTERS]
    if unknown:
        raise NotUnderstoodError(f"filter {unknown[0]}")
    fields = sorted(set(rule) - _RULE_FIELDS)
    if fields:
        raise NotUnderstoodError(f"field {fields[0]}")


def _timeout(rule: Body) -> str:
    """In Envoy's form; without one a gateway waits for ever."""
    told = rule.get("timeouts", {})
    backend = _seconds(str(told.get("backendRequest", "0s")))
    return backend if backend != "0s" else _seconds(str(told.get("request", "0s")))


def _seconds(duration: str) -> str:
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    total, number, unit = 0.0, "", ""
    for char in duration + "0":
        if char.isdigit() and unit:
            total, number, unit = total + int(number) * units[unit], "", ""
        if char.isdigit():
            number += char
        else:
            unit += char
    return f"{total:g}s"


def _place(body: Body) -> str:
    return f"{body['metadata']['namespace']}/{body['metadata']['name']}"
