"""Rules of the managed HTTPRoute: every match that can reach the model is there.

Sources: KServe's config-llm-router-route preset, stripModelBasedRoutingRules and
expandLoRAAdapterMatches in router.go, isDefaultBackendRef in config_merge.go.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelgate.releases import RouteRule
from modelgate.topology.derive.merge import section
from modelgate.topology.derive.service import MODEL_HEADER, Service
from modelgate.topology.objects import UNKNOWN, Object, Unknown
from modelgate.topology.values import items, mapping, mappings, text

PORT = 8000
UNKNOWN_BACKEND = {"group": UNKNOWN, "kind": UNKNOWN, "name": UNKNOWN, "port": PORT}
UNKNOWN_RULE = {"matches": UNKNOWN, "backendRefs": [UNKNOWN_BACKEND]}
"""Stand for what may be there, so that a reader of the route meets one rule and not none."""
ROUTING_ENABLED = "serving.kserve.io/model-based-routing-enabled"


def route_rules(service: Service, own: Any, group: str, gateways: Sequence[Object]) -> Any:
    """The rules of `own` (`route.http.spec.rules`) or of the release, with backends settled.

    `group` is the InferencePool's; `gateways` are the route's parents that are in view.
    """
    if own is UNKNOWN:
        return [UNKNOWN_RULE]
    rules = list(items(own)) or [_preset_rule(service, rule) for rule in service.release.rules]
    if any(rule.model_header for rule in service.release.rules):
        rules = list(_model_routed(service, rules, gateways))
    return [_with_backends(service, rule, group) for rule in rules]


def _fill(service: Service, template: str) -> Any:
    model = service.model
    if "{model}" in template and isinstance(model, Unknown):
        return UNKNOWN
    return (
        template.replace("{namespace}", service.namespace)
        .replace("{service}", service.name)
        .replace("{model}", text(model))
    )


def _model_header(value: Any) -> dict[str, Any]:
    return {"type": "Exact", "name": MODEL_HEADER, "value": value}


def _preset_rule(service: Service, rule: RouteRule) -> dict[str, Any]:
    paths = [{"type": "PathPrefix", "value": _fill(service, rule.prefix)}] if rule.prefix else []
    paths += [{"type": "Exact", "value": value} for value in rule.exact]
    matches: list[dict[str, Any]] = [{"path": path} for path in paths] or [{}]
    if rule.model_header:
        header = _model_header(_fill(service, "publishers/{namespace}/models/{model}"))
        matches = [{**match, "headers": [header]} for match in matches]
    result: dict[str, Any] = {"name": rule.name} if rule.name else {}
    result["matches"] = matches
    if rule.rewrite:
        path = {"type": "ReplacePrefixMatch", "replacePrefixMatch": rule.rewrite}
        result["filters"] = [{"type": "URLRewrite", "urlRewrite": {"path": path}}]
    result["backendRefs"] = [_backend(service, rule.to)]
    result["timeouts"] = {"backendRequest": "0s", "request": "0s"}
    return result


def _backend(service: Service, to: str) -> dict[str, Any]:
    if to == "picker":
        names = {"group": service.release.pool_groups[0], "kind": "InferencePool"}
        return {**names, "name": service.names.pool, "port": PORT, "weight": 1}
    name = service.names.workload_service
    return {"kind": "Service", "name": name, "port": PORT, "weight": 1}


def _model_routed(
    service: Service, rules: Sequence[Any], gateways: Sequence[Object]
) -> Iterator[Any]:
    """`rules` with header matches for every adapter, or without any where they are switched off."""
    enabled = _routing_enabled(service, gateways)
    for rule in rules:
        matches = rule.get("matches") if isinstance(rule, Mapping) else None
        if not isinstance(matches, list | tuple) or not matches:
            yield rule
            continue
        kept = [match for match in matches if enabled or not _by_model(match)]
        if enabled:
            by_model = [match for match in mappings(matches) if _by_model(match)]
            kept += [_for_adapter(match, name) for match in by_model for name in _adapters(service)]
        if kept:
            yield {**rule, "matches": kept}


def _routing_enabled(service: Service, gateways: Sequence[Object]) -> bool:
    """Unless service or gateway surely say otherwise: a match too many hides no door."""
    own = mapping(section(service.spec, "annotations")).get(ROUTING_ENABLED, "true")
    if isinstance(own, str) and own != "true":
        return False
    return all(
        mapping(gateway.metadata.get("annotations")).get(ROUTING_ENABLED) != "false"
        for gateway in gateways
    )


def _by_model(match: Any) -> bool:
    headers = mappings(mapping(match).get("headers"))
    return any(text(header.get("name")).lower() == MODEL_HEADER.lower() for header in headers)


def _adapters(service: Service) -> list[Any]:
    """The value of the model header for each LoRA adapter; UNKNOWN where its name is."""
    adapters = mapping(section(section(service.spec, "model"), "lora")).get("adapters")
    if adapters is UNKNOWN:
        return [UNKNOWN]
    names = [mapping(adapter).get("name") for adapter in items(adapters)]
    prefix = f"publishers/{service.namespace}/models/"
    known = [prefix + name for name in names if isinstance(name, str)]
    return sorted(known) + [name for name in names if isinstance(name, Unknown)]


def _for_adapter(match: Mapping[str, Any], value: Any) -> dict[str, Any]:
    headers = [
        {**header, "value": value}
        if text(header.get("name")).lower() == MODEL_HEADER.lower()
        else header
        for header in mappings(match.get("headers"))
    ]
    return {**match, "headers": headers}


def _with_backends(service: Service, rule: Any, group: str) -> Any:
    if not isinstance(rule, Mapping):
        return UNKNOWN_RULE
    backends = rule.get("backendRefs")
    if backends is UNKNOWN:
        return {**rule, "backendRefs": [UNKNOWN_BACKEND]}
    refs = [_settled(service, ref, group) for ref in items(backends)]
    if mapping(service.route).get("group") not in (None, ""):
        # members of a routing group share this route: their backends are not in view here
        refs.append(UNKNOWN_BACKEND)
    return {**rule, "backendRefs": refs} if refs else rule


def _settled(service: Service, ref: Any, group: str) -> Any:
    """`ref` as the operator writes it: only a reference to the service's own pool is changed."""
    if not isinstance(ref, Mapping):
        return UNKNOWN_BACKEND
    if (ref.get("kind"), ref.get("name")) != ("InferencePool", service.names.pool):
        return ref
    scheduler, pool = service.scheduler, service.pool_ref
    if scheduler is None:
        return {**ref, "group": "", "kind": "Service", "name": service.names.workload_service}
    if isinstance(scheduler, Unknown):
        return {**ref, "group": UNKNOWN, "kind": UNKNOWN, "name": UNKNOWN}
    if isinstance(pool, Unknown) or pool:
        return {**ref, "name": pool}
    return {**ref, "group": group}
