"""What EnvoyFilters change of a gateway: what is understood is done, the rest named, not guessed.

Source: istio/istio 1.28, pilot/pkg/networking/core/envoyfilter; kuadrant-operator 1.5.2,
internal/istio/utils.go (EnvoyFilter kuadrant-<gateway>, inserted right before the router, that is
behind the picker's filter).
"""

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from modelgate.local.lab.gateway.backends import EXT_PROC
from modelgate.local.lab.gateway.world import Body, Config, NotUnderstoodError, World, name_of

ISTIO: Final = "1.28.0"
_ROOT_NAMESPACE: Final = "istio-system"
_GATEWAY_NAME: Final = "gateway.networking.k8s.io/gateway-name"
_FOREIGN: Final = ("WasmPlugin", "AuthorizationPolicy", "RequestAuthentication", "VirtualService")


@dataclass(frozen=True)
class Patches:
    """`filter` is the configuration of Kuadrant's filter, `merges` by name of route, "" for all."""

    filter: Body | None = None
    merges: list[tuple[str, Config]] = field(default_factory=list)


def patches(gateway: Body, world: World) -> Patches:
    """Of the EnvoyFilters that apply to `gateway`. Raises NotUnderstoodError."""
    _check_others(gateway, world)
    found: Body | None = None
    merges: list[tuple[str, Config]] = []
    for one in _chosen(gateway, world):
        for patch in one["spec"].get("configPatches", ()):
            if not _applies(patch.get("match", {})):
                continue
            configuration = plugin_configuration(patch)
            if configuration is not None:
                found = configuration
            elif (patch["applyTo"], patch["patch"]["operation"]) == ("HTTP_ROUTE", "MERGE"):
                merges.append(_merge_of(patch, one))
            elif (patch["applyTo"], patch["patch"]["operation"]) != ("CLUSTER", "ADD"):
                what = f"{patch['patch']['operation']} of {patch['applyTo']}"
                raise NotUnderstoodError(f"EnvoyFilter {name_of(one)}: {what}")
    return Patches(found, merges)


def plugin_configuration(patch: Body) -> Body | None:
    """What kuadrant-operator tells its filter, where `patch` installs that."""
    typed: Any = patch.get("patch", {}).get("value", {}).get("typed_config", {})
    value = typed.get("value", {}).get("config", {}) if isinstance(typed, Mapping) else {}
    if value.get("name") != "kuadrant-wasm-shim":
        return None
    configuration: Body = json.loads(value["configuration"]["value"])
    return configuration


def patched(route: Config, merges: Iterable[tuple[str, Config]]) -> Config:
    """`route` after the patches for its name."""
    result = copy.deepcopy(route)
    for name, value in merges:
        if name in ("", result["name"]):
            _merge(result, value)
    return result


def _chosen(gateway: Body, world: World) -> list[Body]:
    """The lowest priority first, then the oldest."""
    chosen = [one for one in world.of("EnvoyFilter") if _selects(one, gateway)]
    return sorted(
        chosen,
        key=lambda one: (
            one["spec"].get("priority", 0),
            one["metadata"].get("creationTimestamp", ""),
            name_of(one),
        ),
    )


def _selects(one: Body, gateway: Body) -> bool:
    """Without a selector every proxy of the namespace; of the root namespace, every proxy."""
    place, name = gateway["metadata"]["namespace"], gateway["metadata"]["name"]
    spec = one["spec"]
    if one["metadata"]["namespace"] not in (place, _ROOT_NAMESPACE):
        return False
    if "targetRefs" in spec:
        references = spec["targetRefs"]
        return any(each["kind"] == "Gateway" and each["name"] == name for each in references)
    labels = spec.get("workloadSelector", {}).get("labels", {})
    known = {_GATEWAY_NAME: name, **gateway["spec"].get("infrastructure", {}).get("labels", {})}
    if labels.get(_GATEWAY_NAME, name) != name:
        return False
    unknown = sorted(set(labels) - set(known))
    if unknown:
        raise NotUnderstoodError(f"EnvoyFilter {name_of(one)}: selects pods by label {unknown[0]}")
    return all(known[key] == value for key, value in labels.items())


def _applies(match: Body) -> bool:
    version = match.get("proxy", {}).get("proxyVersion", "")
    gateways = match.get("context", "ANY") in ("ANY", "GATEWAY")
    return gateways and re.search(version, ISTIO) is not None


def _merge_of(patch: Body, one: Body) -> tuple[str, Config]:
    told = patch.get("match", {}).get("routeConfiguration", {})
    host = told.get("vhost", {})
    route = host.get("route", {})
    known = set(told) <= {"vhost"} and set(host) <= {"route"} and set(route) <= {"name"}
    value = patch["patch"]["value"]
    filters = set(value.get("typed_per_filter_config", {}))
    if not known or set(value) != {"typed_per_filter_config"} or filters != {EXT_PROC}:
        raise NotUnderstoodError(f"EnvoyFilter {name_of(one)}: its match or value of HTTP_ROUTE")
    return route.get("name", ""), dict(value)


def _merge(into: Config, value: Mapping[str, Any]) -> None:
    """Entries of a map are replaced, not merged."""
    for key, new in value.items():
        into[key] = {**into.get(key, {}), **new}


def _check_others(gateway: Body, world: World) -> None:
    for body in _foreign(gateway, world):
        raise NotUnderstoodError(f"{body['kind']} {name_of(body)}")


def _foreign(gateway: Body, world: World) -> Iterator[Body]:
    """What else could change a gateway; one that names another gateway only does not."""
    place, name = gateway["metadata"]["namespace"], gateway["metadata"]["name"]
    for kind in _FOREIGN:
        for body in world.of(kind):
            spec = body.get("spec", {})
            references = spec.get("targetRefs", [spec["targetRef"]] if "targetRef" in spec else [])
            elsewhere = references and all(each["name"] != name for each in references)
            if body["metadata"]["namespace"] in (place, _ROOT_NAMESPACE) and not elsewhere:
                yield body
