"""The version table: every difference between releases is read from versions.toml, here only.

Lookups never fail on a version that is newer than the table: they take the nearest older entry
and say so in `note` (`exact` is then False).
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from modelgate.errors import ConfigurationError
from modelgate.releases import (
    UPSTREAM_PREFIX,
    V1_POOL_GROUP,
    X_POOL_GROUP,
    DestinationRules,
    OdhController,
    Picker,
    Plugin,
    Release,
    RouteRule,
    build_releases,
)
from modelgate.version_entries import (
    Component,
    EnvoyFilterGate,
    Flag,
    KnownBad,
    build_component,
    build_known_bad,
)
from modelgate.version_ranges import Version, nearest_older

__all__ = [
    "V1_POOL_GROUP",
    "X_POOL_GROUP",
    "Component",
    "DestinationRules",
    "EnvoyFilterGate",
    "Flag",
    "GatewayApiRelease",
    "IstioRelease",
    "KnownBad",
    "KuadrantRelease",
    "OdhController",
    "OpenShift",
    "Picker",
    "Plugin",
    "Release",
    "RouteRule",
    "VersionTable",
    "table",
]

OPENSHIFT_AI = "openshift-ai"


@dataclass(frozen=True, slots=True)
class OpenShift:
    """An OpenShift release: the Istio versions it installed (oldest first) and how.

    `installed_by` is "olm" (an Istio resource exists) or "sail-library" (none does);
    `library_from` is the patch release from which it is the latter, where it changes.
    """

    version: str
    exact: bool
    note: str
    istio_versions: tuple[str, ...]
    installed_by: str
    library_from: str
    source: str

    @property
    def istio(self) -> str:
        """The newest Istio that this release is known to install."""
        return self.istio_versions[-1]


@dataclass(frozen=True, slots=True)
class IstioRelease:
    """What an Istio version does. `pool_group` is the group of the InferencePools it reads.

    `loses_body`: a fail-open picker that fails makes it forward a request without its body.
    """

    version: str
    exact: bool
    note: str
    pool_group: str
    loses_body: bool
    always_fail_open: bool
    listener_sets: bool


@dataclass(frozen=True, slots=True)
class KuadrantRelease:
    """What a Kuadrant version does; `filter_kind` is "EnvoyFilter" or "WasmPlugin".

    The meaning of each flag stands beside it in versions.toml.
    """

    version: str
    exact: bool
    note: str
    host_case_sensitive: bool
    first_colon_cut: bool
    filter_kind: str
    grpc_routes: bool
    query_match_answers_500: bool
    uses_rule_names: bool


@dataclass(frozen=True, slots=True)
class GatewayApiRelease:
    """What the standard CRDs of a Gateway API version keep; the API server prunes the rest."""

    version: str
    exact: bool
    note: str
    keeps_rule_names: bool
    listener_sets: bool


@dataclass(frozen=True, slots=True)
class VersionTable:
    """All of versions.toml."""

    releases: tuple[Release, ...]
    openshifts: tuple[Mapping[str, Any], ...]
    components: Mapping[str, Component]
    known_bad: tuple[KnownBad, ...]
    envoy_filter: EnvoyFilterGate

    def supported(self, component: str) -> tuple[str, ...]:
        """The known versions of a component, oldest first; raises KeyError for an unknown one."""
        if component == OPENSHIFT_AI:
            return tuple(one.name for one in self.releases if not one.upstream)
        if component == "kserve":
            found = (one.name for one in self.releases if one.upstream)
            return tuple(name.removeprefix(UPSTREAM_PREFIX) for name in found)
        if component == "openshift":
            return tuple(str(one["version"]) for one in self.openshifts)
        return self.components[component].versions

    def newest(self, component: str) -> str:
        """The newest known version: what an unstated one is taken as."""
        return self.supported(component)[-1]

    def release(self, name: str) -> Release:
        """The profile of OpenShift AI `3.2` or KServe `kserve-0.20`.

        A newer or skipped version gets the nearest older profile. Raises ConfigurationError with
        the list where nothing fits.
        """
        upstream = name.startswith(UPSTREAM_PREFIX)
        known = {
            one.name.removeprefix(UPSTREAM_PREFIX): one
            for one in self.releases
            if one.upstream == upstream
        }
        names = ", ".join(one.name for one in self.releases)
        asked = name.removeprefix(UPSTREAM_PREFIX)
        older = _nearest(asked, known, f"release {name!r} of OpenShift AI", names)
        profile = known[older]
        if Version(asked).numbers[:2] == Version(older).numbers[:2]:
            return replace(profile, asked=name)
        title = f"KServe {asked}" if upstream else f"OpenShift AI {asked}"
        note = f"{title} is not in the version table; the profile of {profile.title} is used."
        return replace(profile, asked=name, exact=False, note=note)

    def openshift(self, version: str) -> OpenShift:
        """What OpenShift `4.20` or `4.21.22` installs; raises ConfigurationError as `release`."""
        known = {str(one["version"]): one for one in self.openshifts}
        older = _nearest(version, known, f"OpenShift {version!r}", ", ".join(known))
        raw = known[older]
        exact = Version(version).numbers[:2] == Version(older).numbers[:2]
        switched = raw.get("sail_library_from")
        by_library = bool(switched) and Version(version) >= Version(str(switched))
        return OpenShift(
            version=version,
            exact=exact,
            note=""
            if exact
            else f"OpenShift {version} is not in the version table; {older} stands in for it.",
            istio_versions=tuple(raw["istio"]),
            installed_by="sail-library" if by_library else raw["installed_by"],
            library_from=str(switched or ""),
            source=raw["source"],
        )

    def istio(self, version: str, upstream: bool = False) -> IstioRelease:
        """What Istio `version` does; `upstream` for istio/istio instead of the Red Hat build."""
        part = self._component("istio", version)
        v1 = part.holds("v1_pools_upstream" if upstream else "v1_pools", version)
        note = part.note(version)
        return IstioRelease(
            version=version,
            exact=not note,
            note=note,
            pool_group=V1_POOL_GROUP if v1 else X_POOL_GROUP,
            loses_body=part.holds("loses_body", version),
            always_fail_open=part.holds("always_fail_open", version),
            listener_sets=part.holds("listener_sets", version),
        )

    def kuadrant(self, version: str) -> KuadrantRelease:
        """What Kuadrant `version` does to requests; raises ConfigurationError for no version."""
        part = self._component("kuadrant", version)
        note = part.note(version)
        return KuadrantRelease(
            version=version,
            exact=not note,
            note=note,
            host_case_sensitive=part.holds("host_case_sensitive", version),
            first_colon_cut=part.holds("first_colon_cut", version),
            filter_kind="EnvoyFilter" if part.holds("envoy_filter", version) else "WasmPlugin",
            grpc_routes=part.holds("grpc_routes", version),
            query_match_answers_500=part.holds("query_match_answers_500", version),
            uses_rule_names=part.holds("uses_rule_names", version),
        )

    def gateway_api(self, version: str) -> GatewayApiRelease:
        """What the standard CRDs of Gateway API `version` keep; raises as `kuadrant`."""
        part = self._component("gateway-api", version)
        note = part.note(version)
        return GatewayApiRelease(
            version=version,
            exact=not note,
            note=note,
            keeps_rule_names=part.holds("keeps_rule_names", version),
            listener_sets=part.holds("listener_sets", version),
        )

    def known_bad_among(self, versions: Mapping[str, str]) -> tuple[KnownBad, ...]:
        """The known-bad entries that hold for `versions` (component name to version)."""
        return tuple(one for one in self.known_bad if one.holds(versions))

    def pool_group(self, release: Release, istio: str = "") -> str:
        """The group that our own HTTPRoute must write for the pool that `release` generates.

        The primary one; where the pool is created in both groups, the one that `istio` (the
        gateway's version) reads, if given.
        """
        if istio and len(release.pools) > 1:
            return self.istio(istio, upstream=release.upstream).pool_group
        return release.pool_groups[0]

    def _component(self, name: str, version: str) -> Component:
        part = self.components[name]
        try:
            Version(version)
        except ValueError:
            raise ConfigurationError(
                f"{part.title} version {version!r} cannot be read",
                f"write one like {part.newest}; known are {', '.join(part.versions)}",
            ) from None
        return part


def _nearest(asked: str, known: Iterable[str], what: str, names: str) -> str:
    try:
        older = nearest_older(asked, known)
    except ValueError:
        older = None
    if older is None:
        raise ConfigurationError(f"{what} is not known", f"known are {names}")
    return older


@cache
def table() -> VersionTable:
    """The version table of this package, read once."""
    text = resources.files("modelgate").joinpath("versions.toml").read_text(encoding="utf-8")
    return build(tomllib.loads(text))


def build(raw: Mapping[str, Any]) -> VersionTable:
    """A table from the parsed TOML; raises KeyError where it does not fit together."""
    gate = raw["envoy_filter"]
    return VersionTable(
        releases=build_releases(raw),
        openshifts=tuple(raw["openshift"]),
        components={name: build_component(name, one) for name, one in raw["component"].items()},
        known_bad=tuple(build_known_bad(one) for one in raw["known_bad"]),
        envoy_filter=EnvoyFilterGate(gate["istio"], gate["proxy_version"], gate["source"]),
    )
