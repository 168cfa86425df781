"""What EnvoyFilters do to the filter that asks the picker: patches of its routes and of its base.

Values may be written as protobuf's JSON allows: camelCase or snake_case, enumerations as numbers,
wrapped in a TypedStruct or a FilterConfig.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelgate.topology import UNKNOWN, Object
from modelgate.topology.opaque import EXT_PROC
from modelgate.topology.values import mapping, mappings, text, unknown_paths

ISTIO_GROUP = "networking.istio.io"
BODY_MODES = ("NONE", "STREAMED", "BUFFERED", "BUFFERED_PARTIAL", "FULL_DUPLEX_STREAMED")
HEADER_MODES = ("DEFAULT", "SEND", "SKIP")


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A patch of ext_proc; `route` is the name of the routes that it changes, "" for all.

    `config` is the override of a route, or the configuration of the listener's filter (`base`).
    `unknown` is the place of a value that is not known before the update, or empty.
    """

    filter: Object
    base: bool
    operation: str
    route: str
    config: Mapping[str, Any]
    proxy_version: str
    unknown: str

    @property
    def overrides(self) -> Mapping[str, Any]:
        return mapping(self.config.get("overrides"))

    @property
    def cluster(self) -> str:
        """The cluster that it asks; empty where it says none."""
        asked = self.config if self.base else self.overrides
        service = mapping(asked.get("grpc_service"))
        envoy, google = mapping(service.get("envoy_grpc")), mapping(service.get("google_grpc"))
        return text(envoy.get("cluster_name")) or text(google.get("target_uri"))

    def mode(self, part: str) -> str:
        """The mode of `request_body`, `response_header` and the like, by name; "" for none."""
        asked = self.config if self.base else self.overrides
        value = mapping(asked.get("processing_mode")).get(f"{part}_mode")
        names = BODY_MODES if part.endswith("body") else HEADER_MODES
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(names):
            return names[value]
        return text(value)

    @property
    def sends(self) -> bool:
        """Whether it says that headers or bodies of requests are sent."""
        return self.mode("request_header") == "SEND" or self.mode("request_body") not in (
            "",
            "NONE",
        )

    def applies(self, istio: str) -> bool:
        """Whether a proxy of this version takes it (`match.proxy.proxyVersion`)."""
        try:
            return re.search(self.proxy_version, istio) is not None
        except re.error:
            return True


def ext_proc_patches(envoy_filter: Object) -> Iterator[Patch]:
    """Every patch of ext_proc on gateways, in order."""
    for index, item in enumerate(mappings(envoy_filter.spec.get("configPatches"))):
        match, patch = mapping(item.get("match")), mapping(item.get("patch"))
        if match.get("context", "ANY") not in ("ANY", "GATEWAY", UNKNOWN):
            continue
        found = _route_config(item, patch), _base_config(item, match, patch)
        for base, config in enumerate(found):
            if config is not None:
                yield Patch(
                    filter=envoy_filter,
                    base=bool(base),
                    operation=text(patch.get("operation")),
                    route=_route_name(match),
                    config=config,
                    proxy_version=text(mapping(match.get("proxy")).get("proxyVersion")),
                    unknown=next(unknown_paths(item, f"spec.configPatches[{index}]"), ""),
                )


def _route_name(match: Mapping[str, Any]) -> str:
    vhost = mapping(mapping(match.get("routeConfiguration")).get("vhost"))
    return text(mapping(vhost.get("route")).get("name"))


def _route_config(item: Mapping[str, Any], patch: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The override of a route, or of all routes of a virtual host or table."""
    if item.get("applyTo") not in ("HTTP_ROUTE", "VIRTUAL_HOST", "ROUTE_CONFIGURATION"):
        return None
    value = mapping(_snake(patch.get("value")))
    entry = mapping(value.get("typed_per_filter_config")).get(EXT_PROC)
    return None if entry is None else _unwrapped(mapping(entry))


def _base_config(
    item: Mapping[str, Any], match: Mapping[str, Any], patch: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    if item.get("applyTo") != "HTTP_FILTER" or text(patch.get("operation")).startswith("INSERT"):
        return None
    chain = mapping(mapping(match.get("listener")).get("filterChain"))
    inner = mapping(mapping(chain.get("filter")).get("subFilter"))
    value = mapping(_snake(patch.get("value")))
    if EXT_PROC not in (inner.get("name"), value.get("name")):
        return None
    return _unwrapped(mapping(value.get("typed_config")))


def _unwrapped(config: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = text(config.get("@type"))
    inner = {"TypedStruct": "value", "FilterConfig": "config"}.get(kind.rpartition(".")[2], "")
    return {**config, **mapping(config.get(inner))} if inner else config


def _snake(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_snake_name(str(key)): _snake(item) for key, item in value.items()}
    return [_snake(item) for item in value] if isinstance(value, list | tuple) else value


def _snake_name(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", name)
