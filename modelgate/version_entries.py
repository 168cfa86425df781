"""Entries of the version table about components: what holds where, and what to stay away from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from modelgate.version_ranges import Version, in_ranges, nearest_older


@dataclass(frozen=True, slots=True)
class Flag:
    """A behaviour of a component, in the ranges where it holds."""

    name: str
    ranges: tuple[str, ...]
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Component:
    """A component whose version changes verdicts: known versions, oldest first, and flags."""

    name: str
    title: str
    versions: tuple[str, ...]
    flags: Mapping[str, Flag]
    source: str

    @property
    def newest(self) -> str:
        return self.versions[-1]

    def note(self, version: str) -> str:
        """Empty for a listed version, else a sentence about what stands in for it."""
        if any(Version(version) == Version(one) for one in self.versions):
            return ""
        older = nearest_older(version, self.versions)
        stands_in = older or self.versions[0]
        return f"{self.title} {version} is not in the version table; {stands_in} stands in for it."

    def holds(self, flag: str, version: str) -> bool:
        return in_ranges(version, self.flags[flag].ranges)


@dataclass(frozen=True, slots=True)
class KnownBad:
    """A combination to stay away from; `effect` is "opens" or "breaks"."""

    id: str
    component: str
    ranges: tuple[str, ...]
    effect: str
    what: str
    remedy: str
    source: str
    with_component: str = ""
    with_ranges: tuple[str, ...] = ()

    def holds(self, versions: Mapping[str, str]) -> bool:
        """Whether `versions` (component name to version) has this combination."""
        version = versions.get(self.component)
        if not version or not in_ranges(version, self.ranges):
            return False
        other = versions.get(self.with_component, "")
        return not self.with_component or (bool(other) and in_ranges(other, self.with_ranges))


@dataclass(frozen=True, slots=True)
class EnvoyFilterGate:
    """Where the EnvoyFilter fix-extproc-body-mode may exist at all."""

    istio: str
    proxy_version: str
    source: str

    def allows(self, istio: str) -> bool:
        return in_ranges(istio, [self.istio])

    def helps(self, istio: str, body_modes: Iterable[str]) -> bool:
        """Whether BUFFERED is what the picker needs: only one that answers nothing else."""
        return self.allows(istio) and "BUFFERED" in body_modes


def build_component(name: str, one: Mapping[str, Any]) -> Component:
    flags = {
        flag: Flag(flag, tuple(raw["ranges"]), raw["text"], raw["source"])
        for flag, raw in one.get("flags", {}).items()
    }
    return Component(name, one["title"], tuple(one["versions"]), flags, one["source"])


def build_known_bad(one: Mapping[str, Any]) -> KnownBad:
    other = one.get("with", {"component": "", "ranges": ()})
    return KnownBad(
        id=one["id"],
        component=one["component"],
        ranges=tuple(one["ranges"]),
        effect=one["effect"],
        what=one["what"],
        remedy=one["remedy"],
        source=one["source"],
        with_component=other["component"],
        with_ranges=tuple(other["ranges"]),
    )
