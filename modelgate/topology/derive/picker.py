"""The endpoint picker: its Deployment with all arguments, Service, account and rights.

Sources: KServe's config-llm-scheduler preset and scheduler.go.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelgate.releases import Picker, Plugin, Release
from modelgate.topology.derive.access import account, cluster_role_binding, role, role_binding
from modelgate.topology.derive.merge import either, merged, section
from modelgate.topology.derive.names import child_name
from modelgate.topology.derive.pool import makes_picker, picker_service_name, scheduler_labels
from modelgate.topology.derive.service import Service
from modelgate.topology.derive.workload import passed_on
from modelgate.topology.objects import UNKNOWN, Object, Unknown
from modelgate.topology.values import items, mapping, mappings, number, text, unknown_paths

CONFIG_FLAGS = frozenset(
    {"--config-text", "-config-text", "--config-file", "-config-file"}
    | {"--configText", "-configText", "--configFile", "-configFile"}
)


def picker(service: Service) -> Iterator[Object]:
    """Everything of the picker but the pool; nothing where the operator makes none."""
    if not makes_picker(service):
        return
    labels = scheduler_labels(service)
    template = section(service.scheduler, "template")
    pod = _pod_spec(service, template)
    yield from _access(service, template, labels)
    yield _deployment(service, pod, labels)
    name = picker_service_name(service)
    spec = {"selector": labels, "ports": _ports(service, pod)}
    yield service.make("v1", "Service", text(name), {"spec": spec}, labels)


def _access(service: Service, template: Any, labels: Mapping[str, str]) -> Iterator[Object]:
    names = service.names
    own = text(mapping(template).get("serviceAccountName"))
    name = own or names.child("-epp-sa")
    if not own or service.release.controller < 2:
        yield account(service, name, labels)
    yield role(service, names.child("-epp-role"), _rights(service.release), labels)
    yield role_binding(service, names.child("-epp-rb"), (names.child("-epp-role"), name), labels)
    yield cluster_role_binding(
        service,
        child_name(service.namespace, f"-{service.name}-epp-auth-rb"),
        ("system:auth-delegator", name),
        labels,
    )


def _rights(release: Release) -> list[dict[str, Any]]:
    read = ["get", "list", "watch"]
    reads = [
        ([""], ["pods"]),
        *release.picker.reads,
        (["discovery.k8s.io"], ["endpointslices"]),
    ]
    rules = [
        {"apiGroups": list(groups), "resources": list(resources), "verbs": read}
        for groups, resources in reads
    ]
    if release.controller > 1:
        verbs = [*read, "create", "update", "patch", "delete"]
        rules.append(
            {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": verbs}
        )
    return rules


def _pod_spec(service: Service, template: Any) -> Any:
    """The preset's container under the service's own template, with a configuration in `args`."""
    if isinstance(template, Unknown):
        return UNKNOWN
    kind = service.release.picker
    ports = [
        {"name": name, "containerPort": number, "protocol": "TCP"} for name, number in kind.ports
    ]
    main = {"name": "main", "ports": ports, kind.preset_field: preset_flags(service)}
    base = {"serviceAccountName": service.names.child("-epp-sa"), "containers": [main]}
    pod = merged(base, dict(mapping(template)))
    containers = [
        _configured(service, container) if mapping(container).get("name") == "main" else container
        for container in items(pod.get("containers"))
    ]
    return {**pod, "containers": containers}


def preset_flags(service: Service) -> list[str]:
    """The preset's flags for this service, in the preset's order."""
    return [_flag(service, flag) for flag in service.release.picker.preset]


def _flag(service: Service, flag: str) -> str:
    if flag.startswith("{child:"):
        return service.names.child(flag.removeprefix("{child:").removesuffix("}"))
    return flag.replace("{namespace}", service.namespace)


def _configured(service: Service, container: Mapping[str, Any]) -> dict[str, Any]:
    args = container.get("args")
    if isinstance(args, Unknown):
        return dict(container)
    own, inline = list(items(args)), _inline(service)
    if number(mapping(service.scheduler).get("replicas")) > 1 and service.release.controller > 1:
        own.append("--ha-enable-leader-election")
    known = _config_flags(service.release.picker)
    if inline is None and any(arg in known for arg in own if isinstance(arg, str)):
        return {**container, "args": own}
    config = default_config(service) if inline is None else inline
    return {**container, "args": [*own, service.release.picker.config_flag, _as_text(config)]}


def _config_flags(kind: Picker) -> frozenset[str]:
    """The flags by which the operator sees that arguments hold a configuration already.

    Where arguments are the only way to pass one, it knows the flags in its own spelling only.
    """
    if kind.passing == "inline":
        return CONFIG_FLAGS
    camel = kind.config_flag == "--configText"
    return frozenset(flag for flag in CONFIG_FLAGS if ("config-" not in flag) == camel)


def _as_text(config: Any) -> Any:
    """A configuration as one argument; UNKNOWN where a part of it is not known yet."""
    if any(True for _ in unknown_paths(config, "")):
        return UNKNOWN
    return config if isinstance(config, str) else json.dumps(config)


def _inline(service: Service) -> Any:
    """`router.scheduler.config` where the release reads it: an object, a text, or UNKNOWN."""
    config = section(service.scheduler, "config")
    if service.release.picker.passing != "inline" or config is None:
        return None
    if isinstance(config, Unknown) or config.get("ref") is not None:
        return UNKNOWN
    inline = config.get("inline")
    return inline if isinstance(inline, Mapping | Unknown | str) else None


def default_config(service: Service) -> dict[str, Any]:
    """The EndpointPickerConfig that the operator writes for a service that has none.

    Equal in meaning to the operator's text, not in bytes.
    """
    kind = service.release.picker
    if service.prefill is None:
        plugins: list[dict[str, Any]] = [{"type": "single-profile-handler"}]
        profiles = {"default": _profile(_scorers(service, kind), "")}
    else:
        handler = kind.disaggregation
        plugins = [{"type": name} for name in (*handler.others, "prefill-filter", "decode-filter")]
        plugins.append({"type": handler.handler, "parameters": dict(handler.parameters)})
        profiles = {
            "prefill": _profile(kind.prefill, "prefill-filter"),
            "decode": _profile(kind.decode, "decode-filter"),
        }
    scorers = dict.fromkeys(one.name for one in _scorers(service, kind))
    plugins += [{"type": name} for name in (*scorers, "max-score-picker")]
    return {
        "apiVersion": kind.config_api_version,
        "kind": "EndpointPickerConfig",
        "plugins": plugins,
        "schedulingProfiles": [{"name": name, "plugins": refs} for name, refs in profiles.items()],
    }


def _scorers(service: Service, kind: Picker) -> Sequence[Plugin]:
    if service.prefill is not None:
        return (*kind.prefill, *kind.decode)
    adapters = mapping(section(section(service.spec, "model"), "lora")).get("adapters")
    return kind.default if adapters is None else (*kind.default, *kind.lora)


def _profile(scorers: Sequence[Plugin], selecting: str) -> list[dict[str, Any]]:
    refs: list[dict[str, Any]] = [{"pluginRef": selecting}] if selecting else []
    refs += [{"pluginRef": one.name, "weight": one.weight} for one in scorers]
    return [*refs, {"pluginRef": "max-score-picker"}]


def _deployment(service: Service, pod: Any, labels: Mapping[str, str]) -> Object:
    scheduler, newer = service.scheduler, service.release.controller > 1
    labels = passed_on(service, scheduler, labels)
    spec: dict[str, Any] = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    if newer:
        spec["strategy"] = {"type": "Recreate"}
    replicas = mapping(scheduler).get("replicas") if newer else None
    if replicas is not None:
        spec["replicas"] = replicas
    name = service.names.child("-kserve-router-scheduler")
    return service.make("apps/v1", "Deployment", name, {"spec": spec}, labels)


def _ports(service: Service, pod: Any) -> Any:
    """One Service port for each known name among the containers' ports, sorted by name."""
    if isinstance(pod, Unknown):
        return UNKNOWN
    known = {name for name, _ in service.release.picker.ports}
    found = {
        text(port.get("name")): port
        for container in mappings(pod.get("containers"))
        for port in mappings(container.get("ports"))
        if text(port.get("name")) in known
    }
    return [
        {
            "name": name,
            "port": port.get("containerPort", UNKNOWN),
            "targetPort": name,
            "protocol": either(port.get("protocol"), "TCP"),
        }
        for name, port in sorted(found.items())
    ]
