"""Renders docs/versions.md: everything in it comes from the version table."""

from collections.abc import Iterable, Iterator, Sequence

from modelgate.releases import Picker, Plugin, Release
from modelgate.version_entries import Component, KnownBad
from modelgate.versions import OpenShift, VersionTable

HEAD = """# Versions

What differs between releases, as modelgate knows it. This page is written from
`modelgate/versions.toml` by `pytest tests/test_versions.py --update-golden`; edit the table, not
the page.

A version that is newer than this table is judged by the nearest older entry, and the output says
so. A version that is not stated is taken as the newest one here.
"""


def render(table: VersionTable) -> str:
    """docs/versions.md as text, with a newline at its end."""
    parts = [HEAD, *_openshift(table), *_releases(table), *_pickers(table)]
    parts += [*_components(table), *_known_bad(table)]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _code(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _openshift(table: VersionTable) -> Iterator[str]:
    yield "## OpenShift\n\nThe Istio that the ingress operator installs for Gateways, oldest first."
    found = [table.openshift(version) for version in table.supported("openshift")]
    rows = [
        [one.version, ", ".join(one.istio_versions), _install(one), one.source] for one in found
    ]
    yield _table(["OpenShift", "Istio", "installed by", "source"], rows)


def _install(one: OpenShift) -> str:
    words = {"olm": "OLM (an `Istio` resource)", "sail-library": "Sail Library (no resource)"}
    later = f"; Sail Library from {one.library_from}" if one.library_from else ""
    return words[one.installed_by] + later


def _releases(table: VersionTable) -> Iterator[str]:
    yield "## OpenShift AI and KServe"
    head = ["release", "LLMInferenceService", "InferencePools (first is primary)", "route rules"]
    head += ["picker", "default gateway", "verified DestinationRules", "source"]
    yield _table(head, [_release(one) for one in table.releases])
    yield "### odh-model-controller"
    head = ["release", 'where `opendatahub.io/managed: "false"` is read', "TLS bootstrap"]
    head += ["driven by", "gateway policy", "source"]
    yield _table(head, [row for one in table.releases if (row := _odh(one))])
    yield "### Rules of the generated HTTPRoute"
    for title, rules in _rule_sets(table):
        yield f"{title}:\n"
        yield _table(["rule", "matches", "rewritten to", "goes through the picker"], rules)


def _release(one: Release) -> list[str]:
    served = ", ".join(
        f"**{version}**" if version == one.stored_version else version
        for version in one.served_versions
    )
    rules = one.destination_rules
    verified = ", ".join(sorted(rules.verified)) or "none" if rules else "no DestinationRules"
    pools = _code(one.pools)
    return [
        one.title,
        f"{served} (stored in bold)",
        pools,
        str(len(one.rules)),
        f"{one.picker.name}: configuration by {_passing(one.picker)}",
        f"`{one.default_gateway}`",
        verified,
        one.source,
    ]


def _passing(picker: Picker) -> str:
    if picker.passing == "inline":
        return "`router.scheduler.config.inline`"
    return f"`{picker.config_flag}` among the container's arguments, all others repeated"


def _odh(one: Release) -> list[str]:
    odh = one.odh
    if odh is None:
        return []
    bootstrap = "yes" if odh.tls_bootstrap else "no"
    where = " and ".join(odh.opt_out)
    return [one.title, where, bootstrap, odh.driven_by, odh.gateway_policy, odh.source]


def _rule_sets(table: VersionTable) -> Iterator[tuple[str, list[list[str]]]]:
    seen: dict[tuple[object, ...], list[str]] = {}
    for one in table.releases:
        seen.setdefault(one.rules, []).append(one.title)
    for one in table.releases:
        titles = seen.pop(one.rules, None)
        if titles:
            yield ", ".join(titles), [_rule(one, index) for index in range(len(one.rules))]


def _rule(one: Release, index: int) -> list[str]:
    rule = one.rules[index]
    paths = [f"PathPrefix `{rule.prefix}`"] if rule.prefix else []
    paths += [f"`{path}`" for path in rule.exact]
    header = "with the model's header" if rule.model_header else ""
    matches = " ".join(part for part in (", ".join(paths), header) if part)
    through = "yes" if rule.to == "picker" else "no"
    return [rule.name or str(index), matches, f"`{rule.rewrite}`" if rule.rewrite else "", through]


def _pickers(table: VersionTable) -> Iterator[str]:
    yield "## Endpoint pickers"
    seen = {one.picker.name: one.picker for one in table.releases}
    head = ["picker", "inference extension", "body modes", "ports", "default", "prefill", "decode"]
    yield _table(head, [_picker(one) for one in seen.values()])


def _picker(one: Picker) -> list[str]:
    ports = ", ".join(f"{name} {number}" for name, number in one.ports)
    weights = [_weights(plugins) for plugins in (one.default, one.prefill, one.decode)]
    return [one.name, one.inference_extension, ", ".join(one.body_modes), ports, *weights]


def _weights(plugins: Iterable[Plugin]) -> str:
    return ", ".join(f"{one.name} {one.weight:g}" for one in plugins)


def _components(table: VersionTable) -> Iterator[str]:
    for component in table.components.values():
        yield f"## {component.title}\n\nKnown: {', '.join(component.versions)}."
        if component.flags:
            yield _table(["versions", "what holds there", "source"], _flags(component))


def _flags(component: Component) -> list[list[str]]:
    return [[_ranges(one.ranges), one.text, one.source] for one in component.flags.values()]


def _ranges(ranges: Iterable[str]) -> str:
    return " or ".join("all" if one == ">=0" else f"`{one}`" for one in ranges)


def _known_bad(table: VersionTable) -> Iterator[str]:
    yield "## Known-bad versions\n\nEach with what it opens or breaks, and the way out."
    head = ["id", "versions", "effect", "what", "what to do", "source"]
    yield _table(head, [_bad(one) for one in table.known_bad])


def _bad(one: KnownBad) -> list[str]:
    versions = f"{one.component} {_ranges(one.ranges)}"
    if one.with_component:
        versions += f" with {one.with_component} {_ranges(one.with_ranges)}"
    return [one.id, versions, one.effect, one.what, one.remedy, f"<{one.source}>"]
