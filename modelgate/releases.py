"""What one release of OpenShift AI or KServe generates, as typed values of the version table."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelgate.version_ranges import in_ranges

X_POOL_GROUP = "inference.networking.x-k8s.io"
V1_POOL_GROUP = "inference.networking.k8s.io"
UPSTREAM_PREFIX = "kserve-"
_LONGEST_NAME = 63


def shadow_service(pool: str) -> str:
    """The Service that Istio makes for an InferencePool (istio/istio, InferencePoolServiceName)."""
    suffix = f"-ip-{hashlib.sha256(pool.encode()).hexdigest()[:8]}"
    return pool[: _LONGEST_NAME - len(suffix)] + suffix


@dataclass(frozen=True, slots=True)
class Plugin:
    """A scorer and its weight."""

    name: str
    weight: float


@dataclass(frozen=True, slots=True)
class Disaggregation:
    """What prefill and decode profiles need: a handler with parameters, and `others` beside it."""

    handler: str
    parameters: Mapping[str, Any]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picker:
    """The endpoint picker of a release.

    `passing` is "args" (a `--config-text` argument that replaces the preset's list) or "inline"
    (`router.scheduler.config.inline`). `preset_field` ("args" or "command") and `preset` are the
    preset's own flags with {namespace}, {service} and {child:-suffix} to fill in; `config_flag`
    names the argument that holds a configuration as text. `ports` are
    (name, number) in order. `scorers` and `other_plugins` are the names it knows.
    `default`, `prefill` and `decode` are the scorers of the configuration that the operator writes
    itself, the last two for a service with a prefill section; `lora` joins them for adapters.
    `reads` are (API groups, resources) that its Role lets it get, list and watch.
    """

    name: str
    passing: str
    preset_field: str
    preset: tuple[str, ...]
    config_flag: str
    secure: bool
    ports: tuple[tuple[str, int], ...]
    config_api_version: str
    default: tuple[Plugin, ...]
    lora: tuple[Plugin, ...]
    prefill: tuple[Plugin, ...]
    decode: tuple[Plugin, ...]
    disaggregation: Disaggregation
    scorers: frozenset[str]
    other_plugins: frozenset[str]
    inference_extension: str
    llm_d: str
    body_modes: tuple[str, ...]
    reads: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    source: str

    @property
    def kv_cache_scorer(self) -> str:
        """The scorer for free KV cache; its name changed with inference extension 1.0."""
        return next(name for name in self.scorers if name.startswith("kv-cache-"))


@dataclass(frozen=True, slots=True)
class RouteRule:
    """One rule of the generated HTTPRoute; `to` is "picker" or "workload".

    Matches: a PathPrefix `prefix`, or one Exact match for each of `exact`; `model_header` adds
    X-Gateway-Model-Name to each (or is the only match). Texts hold {namespace}, {service}, {model}.
    """

    name: str
    prefix: str
    exact: tuple[str, ...]
    model_header: bool
    rewrite: str
    to: str


@dataclass(frozen=True, slots=True)
class DestinationRules:
    """DestinationRules of the OpenShift build; `verified` of "scheduler", "workload", "shadow"."""

    shadow_suffix: str
    verified: frozenset[str]
    source: str


@dataclass(frozen=True, slots=True)
class OdhController:
    """What odh-model-controller adds and how a Gateway opts out.

    `opt_out`: where `opendatahub.io/managed: "false"` is read ("label", "annotation"; label wins).
    `driven_by`: "service" (policies appear with an LLMInferenceService) or "gateway".
    `filter_needs_auth`: enable-auth "false" also keeps the EnvoyFilter away.
    `reads_allowed_routes`: a reference counts only if a listener admits the service's namespace.
    """

    opt_out: tuple[str, ...]
    tls_bootstrap: bool
    driven_by: str
    filter_needs_auth: bool
    reads_allowed_routes: bool
    gateway_policy: str
    source: str


@dataclass(frozen=True, slots=True)
class Release:
    """One release of OpenShift AI, or of upstream KServe (`kserve-…`).

    `name` is the profile's, `asked` what was asked for; `exact` is False and `note` a sentence
    where an older profile stands in. `emit` is the apiVersion that the release accepts from us.
    `pools` are the apiVersions of the InferencePools it creates, the primary first;
    `migrated_annotation` marks a managed HTTPRoute that moved to inference.networking.k8s.io.
    `controller` is the generation of its controller, 1 or 2 (versions.toml says what differs).
    `inference_model` is "" where none is made, "own-pool" where a pool of somebody else's has none,
    else "always".
    """

    name: str
    asked: str
    exact: bool
    note: str
    title: str
    kserve: str
    crd_profile: str
    served_versions: tuple[str, ...]
    stored_version: str
    emit: str
    pools: tuple[str, ...]
    migrated_annotation: str
    controller: int
    rules: tuple[RouteRule, ...]
    picker: Picker
    destination_rules: DestinationRules | None
    inference_model: str
    monitoring: bool
    managed_route_takes_refs: bool
    default_gateway: str
    kserve_namespace: str
    odh: OdhController | None
    source: str

    @property
    def upstream(self) -> bool:
        """Whether this is upstream KServe, without the parts that OpenShift AI adds."""
        return self.name.startswith(UPSTREAM_PREFIX)

    @property
    def pool_groups(self) -> tuple[str, ...]:
        """The groups of `pools`, the primary first."""
        return tuple(pool.partition("/")[0] for pool in self.pools)


Raw = Mapping[str, Any]


def build_releases(raw: Raw) -> tuple[Release, ...]:
    """All profiles of the table, in its order; raises KeyError where it does not fit together."""
    pickers = {name: _picker(name, one, raw) for name, one in raw["picker"].items()}
    rules = {name: tuple(_rule(one) for one in many) for name, many in raw["rules"].items()}
    return tuple(_release(one, pickers, rules, raw) for one in raw["release"])


def _release(
    one: Raw,
    pickers: Mapping[str, Picker],
    rules: Mapping[str, tuple[RouteRule, ...]],
    raw: Raw,
) -> Release:
    destination_rules = one["destination_rules"]
    return Release(
        name=one["name"],
        asked=one["name"],
        exact=True,
        note="",
        title=one["title"],
        kserve=one["kserve"],
        crd_profile=one["crd_profile"],
        served_versions=tuple(one["served_versions"]),
        stored_version=one["stored_version"],
        emit=f"serving.kserve.io/{one['served_versions'][0]}",
        pools=tuple(one["pools"]),
        migrated_annotation=one.get("migrated_annotation", ""),
        controller=one["controller"],
        rules=rules[one["rules"]],
        picker=pickers[one["picker"]],
        destination_rules=_destination_rules(raw["destination_rules"][destination_rules])
        if destination_rules
        else None,
        inference_model=one["inference_model"],
        monitoring=one["monitoring"],
        managed_route_takes_refs=one["managed_route_takes_refs"],
        default_gateway=one["default_gateway"],
        kserve_namespace=one["kserve_namespace"],
        odh=_odh(raw["odh"][one["odh"]]) if one["odh"] else None,
        source=one["source"],
    )


def body_modes(generations: list[Raw], version: str, streaming: bool = True) -> tuple[str, ...]:
    """The ext_proc body modes that a picker of this inference extension version answers."""
    for one in generations:
        if one["streaming"] == streaming and in_ranges(version, [one["range"]]):
            return tuple(one["body_modes"])
    return ()


def _picker(name: str, one: Raw, raw: Raw) -> Picker:
    plugins = raw["plugins"][one["plugin_set"]]
    handler = raw["disaggregation"][one["disaggregation"]]
    return Picker(
        name=name,
        passing=one["passing"],
        preset_field=one["preset_field"],
        preset=tuple(one["preset"]),
        config_flag=one.get("config_flag", "--config-text"),
        secure=one.get("secure", True),
        ports=tuple(_port(port) for port in one["ports"]),
        config_api_version=one["config_api_version"],
        default=_plugins(one["default"]),
        lora=_plugins(one.get("lora", [])),
        prefill=_plugins(one["prefill"]),
        decode=_plugins(one["decode"]),
        disaggregation=Disaggregation(
            one["disaggregation"],
            one.get("disaggregation_parameters", handler["parameters"]),
            tuple(handler["others"]),
        ),
        scorers=frozenset(plugins["scorers"]),
        other_plugins=frozenset(plugins["others"]),
        inference_extension=one["inference_extension"],
        llm_d=one["llm_d"],
        body_modes=body_modes(raw["picker_generation"], one["inference_extension"]),
        reads=tuple(
            (tuple(each["groups"]), tuple(each["resources"])) for each in raw["reads"][one["reads"]]
        ),
        source=one["source"],
    )


def _port(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    return name, int(number)


def _plugins(texts: list[str]) -> tuple[Plugin, ...]:
    pairs = (text.partition("=") for text in texts)
    return tuple(Plugin(name, float(weight)) for name, _, weight in pairs)


def _rule(one: Raw) -> RouteRule:
    return RouteRule(
        name=one.get("name", ""),
        prefix=one.get("prefix", ""),
        exact=tuple(one.get("exact", ())),
        model_header=one.get("model_header", False),
        rewrite=one.get("rewrite", ""),
        to=one["to"],
    )


def _destination_rules(one: Raw) -> DestinationRules:
    return DestinationRules(one["shadow_suffix"], frozenset(one["verified"]), one["source"])


def _odh(one: Raw) -> OdhController:
    return OdhController(
        opt_out=tuple(one["opt_out"]),
        tls_bootstrap=one["tls_bootstrap"],
        driven_by=one["driven_by"],
        filter_needs_auth=one.get("filter_needs_auth", False),
        reads_allowed_routes=one.get("reads_allowed_routes", False),
        gateway_policy=one["gateway_policy"],
        source=one["source"],
    )
