"""What a judgement depends on besides the objects: versions, environment, exemptions, the day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase

from modelgate.releases import UPSTREAM_PREFIX, Release
from modelgate.versions import table

ISTIO_CONTROLLERS = ("istio.io/gateway-controller", "openshift.io/gateway-controller/v1")
"""Controllers whose gateways Kuadrant is taken to serve: kuadrant-operator's default and the one
that OpenShift sets in `ISTIO_GATEWAY_CONTROLLER_NAMES` (kuadrant-operator, development.md)."""

VERSIONED = ("kuadrant", "gateway-api", "openshift-ai", "kserve", "istio")
"""What `assume` may state; `kserve` stands for upstream KServe instead of OpenShift AI."""


@dataclass(frozen=True, slots=True)
class Exemption:
    """A door that is open on purpose: a shell pattern over `Door.name`; `until` is the last day."""

    door: str
    reason: str
    owner: str
    until: date

    def covers(self, name: str) -> bool:
        return fnmatchcase(name, self.door)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the versions in force do to a request (the version table says which do)."""

    kuadrant: str
    gateway_api: str
    host_case_sensitive: bool
    first_colon_cut: bool
    grpc_routes: bool
    query_match_answers_500: bool
    rule_names_kept: bool
    rule_names_used: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """How to judge. `assume` maps a component to its version; unstated means the newest known.

    `harmless` lists backends (`Service ns/name`) that serve no model. `installed` says that the
    platform brings Kuadrant and the gateway classes, so that they need not be in view; `everything`
    that all objects of the cluster are given, those that controllers made included.
    """

    environment: str = "production"
    assume: Mapping[str, str] = field(default_factory=dict)
    exemptions: tuple[Exemption, ...] = ()
    today: date = date.max
    harmless: frozenset[str] = frozenset()
    controllers: tuple[str, ...] = ISTIO_CONTROLLERS
    installed: bool = False
    everything: bool = False

    @property
    def production(self) -> bool:
        return self.environment == "production"

    def version(self, component: str) -> str:
        """The stated version, or the newest that the table knows."""
        return self.assume.get(component) or table().newest(component)

    @property
    def release(self) -> Release:
        if "kserve" in self.assume and "openshift-ai" not in self.assume:
            return table().release(f"{UPSTREAM_PREFIX}{self.assume['kserve']}")
        return table().release(self.version("openshift-ai"))

    @property
    def unstated(self) -> tuple[str, ...]:
        """Components whose version nobody stated; the newest known one stands in for each."""
        platform = {"openshift-ai", "kserve"}
        needed = [name for name in VERSIONED if name not in platform]
        if not platform & self.assume.keys():
            needed.append("openshift-ai")
        return tuple(name for name in needed if name not in self.assume)

    @property
    def behaviour(self) -> Behaviour:
        return behaviour(self.version("kuadrant"), self.version("gateway-api"))


def behaviour(kuadrant: str, gateway_api: str) -> Behaviour:
    """Raises ConfigurationError for a version that cannot be read."""
    filter_ = table().kuadrant(kuadrant)
    crds = table().gateway_api(gateway_api)
    return Behaviour(
        kuadrant=kuadrant,
        gateway_api=gateway_api,
        host_case_sensitive=filter_.host_case_sensitive,
        first_colon_cut=filter_.first_colon_cut,
        grpc_routes=filter_.grpc_routes,
        query_match_answers_500=filter_.query_match_answers_500,
        rule_names_kept=crds.keeps_rule_names,
        rule_names_used=filter_.uses_rule_names,
    )
