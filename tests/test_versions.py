"""The version table fits together, and says what was read and run of each release."""

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from modelgate.errors import ConfigurationError
from modelgate.releases import body_modes
from modelgate.version_ranges import Version, in_ranges, nearest_older
from modelgate.versions import OPENSHIFT_AI, table
from tests.versions_page import render

ROOT = Path(__file__).parent.parent
RAW = tomllib.loads(resources.files("modelgate").joinpath("versions.toml").read_text())


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.9", "1.10"),
        ("1.26.2", "1.26.10"),
        ("1.26", "1.26.1"),
        ("1.26.99", "1.26-latest"),
        ("1.26-latest", "1.27.0"),
        ("0.14.1", "1.0"),
    ],
)
def test_versions_are_ordered_by_number(older: str, newer: str) -> None:
    assert Version(older) < Version(newer)
    assert not Version(newer) < Version(older)
    assert Version(older) != Version(newer)


@pytest.mark.parametrize("text", ["1.26.2", "v1.26.2", "OSSM_1.26.2", "1.26.2-redhat", "1.26.2+x"])
def test_the_same_version_is_written_in_many_ways(text: str) -> None:
    assert Version(text) == Version("1.26.2")
    assert hash(Version(text)) == hash(Version("1.26.2"))


@pytest.mark.parametrize("text", ["", "latest", "stable-3.2", "x1.2", "1.2.3.4.5.6.7x."])
def test_what_is_not_a_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        Version(text)


@pytest.mark.parametrize(
    ("version", "ranges", "inside"),
    [
        ("1.26.5", [">=1.26.2 <1.27"], True),
        ("1.27.0", [">=1.26.2 <1.27"], False),
        ("1.28.4", ["<1.20", "=1.28.4"], True),
        ("1.28.4", ["1.28.4"], True),
        ("1.28.5", ["<=1.28.4"], False),
        ("1.28.4", [">1.28.4"], False),
        ("v1.28-latest", ["<1.28.5"], False),
        ("9", [">=0"], True),
        ("1.0", [], False),
    ],
)
def test_all_of_a_range_and_one_of_many(version: str, ranges: list[str], inside: bool) -> None:
    assert in_ranges(version, ranges) == inside


def test_the_nearest_older_one_is_found() -> None:
    known = ["3.0", "3.2", "3.10"]
    assert nearest_older("3.9", known) == "3.2"
    assert nearest_older("3.2", known) == "3.2"
    assert nearest_older("4", known) == "3.10"
    assert nearest_older("2.25", known) is None


def entries(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every table of the file that states facts, with its path."""
    if isinstance(value, list):
        return [pair for i, one in enumerate(value) for pair in entries(one, f"{path}[{i}]")]
    if not isinstance(value, dict):
        return []
    inner = [pair for key, one in value.items() for pair in entries(one, f"{path}.{key}")]
    stating = {"version", "ranges", "range", "preset", "scorers", "verified", "opt_out", "istio"}
    states = any(isinstance(value.get(key), list | str) for key in stating)
    return [(path, value)] * states + inner


@pytest.mark.parametrize(
    ("path", "entry"), [pair for pair in entries(RAW) if not pair[0].endswith(".with")]
)
def test_every_entry_has_its_source(path: str, entry: dict[str, Any]) -> None:
    assert re.search(r"\w+/\w+|https://", entry["source"])


@pytest.mark.parametrize("release", table().releases, ids=lambda one: one.name)
def test_a_release_is_whole(release: Any) -> None:
    assert release.exact
    assert release.note == ""
    assert release.rules
    assert release.emit == "serving.kserve.io/v1alpha1"
    assert release.stored_version in release.served_versions
    assert release.crd_profile in ("kserve-0.16", "kserve-0.20")
    assert release.upstream == (release.odh is None) == (release.destination_rules is None)
    assert release.picker.body_modes == ("FULL_DUPLEX_STREAMED",)
    for plugins in (release.picker.default, release.picker.prefill, release.picker.decode):
        assert {one.name for one in plugins} <= release.picker.scorers


def test_the_scorer_for_free_cache_was_renamed() -> None:
    assert table().release("kserve-0.16").picker.kv_cache_scorer == "kv-cache-scorer"
    assert table().release("3.0").picker.kv_cache_scorer == "kv-cache-utilization-scorer"


def test_the_releases_that_are_asked_for_are_there() -> None:
    assert table().supported(OPENSHIFT_AI) == ("3.0", "3.2", "3.3", "3.4", "3.5")
    assert table().supported("kserve") == ("0.16", "0.20")
    assert table().supported("openshift") == ("4.19", "4.20", "4.21", "4.22")
    assert table().newest(OPENSHIFT_AI) == "3.5"
    assert table().newest("kuadrant") == "1.5.3"


@pytest.mark.parametrize(
    ("asked", "profile", "note"),
    [
        ("3.2", "3.2", ""),
        ("v3.2.1", "3.2", ""),
        ("kserve-0.20.0", "kserve-0.20", ""),
        ("3.1", "3.0", "OpenShift AI 3.1 is not in the version table"),
        ("3.6", "3.5", "the profile of OpenShift AI 3.5 is used"),
        ("4.0", "3.5", "OpenShift AI 4.0 is not in the version table"),
        ("kserve-0.18", "kserve-0.16", "KServe 0.18 is not in the version table"),
    ],
)
def test_an_unknown_release_uses_the_nearest_older_and_says_so(
    asked: str, profile: str, note: str
) -> None:
    found = table().release(asked)
    assert (found.name, found.asked, found.exact) == (profile, asked, not note)
    assert note in found.note


@pytest.mark.parametrize("asked", ["2.25", "rhoai", "", "kserve-0.11", "kserve-"])
def test_what_cannot_be_a_release_is_refused_with_the_list(asked: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        table().release(asked)
    assert repr(asked) in caught.value.message
    assert "3.0, 3.2, 3.3, 3.4, 3.5, kserve-0.16, kserve-0.20" in caught.value.hint


@pytest.mark.parametrize(
    ("version", "istio", "installed_by", "exact"),
    [
        ("4.19", "1.26.2", "olm", True),
        ("4.20.6", "1.26.8", "olm", True),
        ("4.21.5", "1.27.8", "olm", True),
        ("4.21.22", "1.27.8", "sail-library", True),
        ("4.22", "1.28.5", "sail-library", True),
        ("4.23", "1.28.5", "sail-library", False),
    ],
)
def test_openshift_names_its_istio(
    version: str, istio: str, installed_by: str, exact: bool
) -> None:
    found = table().openshift(version)
    assert (found.istio, found.installed_by, found.exact) == (istio, installed_by, exact)


@pytest.mark.parametrize(
    ("version", "case", "kind", "grpc", "query", "names"),
    [
        ("1.4.2", True, "WasmPlugin", False, False, False),
        ("1.4.6", True, "WasmPlugin", False, True, False),
        ("1.4.7", True, "WasmPlugin", False, True, False),
        ("1.5.0", True, "EnvoyFilter", True, True, True),
        ("1.5.2", True, "EnvoyFilter", True, True, True),
        ("1.5.3", False, "EnvoyFilter", True, True, True),
        ("1.6.0", False, "EnvoyFilter", True, True, True),
    ],
)
def test_what_each_kuadrant_does_to_a_request(
    version: str, case: bool, kind: str, grpc: bool, query: bool, names: bool
) -> None:
    found = table().kuadrant(version)
    assert found.host_case_sensitive == case
    assert found.first_colon_cut
    assert found.filter_kind == kind
    assert found.grpc_routes == grpc
    assert found.query_match_answers_500 == query
    assert found.uses_rule_names == names
    assert found.exact == (version in table().supported("kuadrant"))


def test_a_version_that_is_not_listed_is_named_with_its_stand_in() -> None:
    assert table().kuadrant("1.6.0").note == (
        "Kuadrant 1.6.0 is not in the version table; 1.5.3 stands in for it."
    )
    assert "1.4.0 stands in" in table().kuadrant("1.3.1").note
    with pytest.raises(ConfigurationError, match="Kuadrant version 'new' cannot be read"):
        table().kuadrant("new")


@pytest.mark.parametrize(("version", "kept"), [("1.2.1", False), ("1.3.0", False), ("1.4.0", True)])
def test_rule_names_are_kept_from_gateway_api_14(version: str, kept: bool) -> None:
    assert table().gateway_api(version).keeps_rule_names == kept


@pytest.mark.parametrize(
    ("release", "istio", "group"),
    [
        ("3.2", "1.28.5", "inference.networking.x-k8s.io"),
        ("3.3", "1.26.2", "inference.networking.x-k8s.io"),
        ("3.3", "1.27.3", "inference.networking.k8s.io"),
        ("3.4", "", "inference.networking.k8s.io"),
        ("kserve-0.20", "1.27.3", "inference.networking.x-k8s.io"),
    ],
)
def test_our_own_route_writes_the_group_that_istio_reads(
    release: str, istio: str, group: str
) -> None:
    assert table().pool_group(table().release(release), istio) == group


@pytest.mark.parametrize(
    ("istio", "extension", "streaming", "allowed", "helps"),
    [
        ("1.26.2", "1.2.0", True, True, False),
        ("1.26.8", "0.3.0", False, True, True),
        ("1.26.8", "0.3.0", True, True, False),
        ("1.27.3", "0.3.0", False, False, False),
        ("v1.26-latest", "1.0.0", True, True, False),
    ],
)
def test_the_body_filter_is_gated_by_istio_and_picker(
    istio: str, extension: str, streaming: bool, allowed: bool, helps: bool
) -> None:
    modes = body_modes(RAW["picker_generation"], extension, streaming)
    gate = table().envoy_filter
    assert (gate.allows(istio), gate.helps(istio, modes)) == (allowed, helps)
    assert re.match(gate.proxy_version, "1.26.2")
    assert re.match(gate.proxy_version, "OSSM_1.26.8")
    assert not re.match(gate.proxy_version, "1.27.3")


def test_known_bad_versions_are_many_and_say_what_to_do() -> None:
    known = table().known_bad
    assert len(known) >= 15
    assert len({one.id for one in known}) == len(known)
    for one in known:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", one.id)
        assert one.effect in ("opens", "breaks")
        assert one.source.startswith("https://")
        assert one.what
        assert one.remedy
        assert all(in_ranges("0", [each, ">=0"]) for each in (*one.ranges, *one.with_ranges))


@pytest.mark.parametrize(
    ("versions", "found"),
    [
        ({"kuadrant": "1.5.2"}, "kuadrant-host-case"),
        ({"istio": "1.27.3", OPENSHIFT_AI: "3.2"}, "istio-pool-version"),
        ({"istio": "1.28.4"}, "istio-several-pools"),
        ({"rhcl": "1.4.0"}, "rhcl-silent-bypass"),
        ({"authorino": "0.27.0"}, "authorino-timeout-opens"),
        ({OPENSHIFT_AI: "3.3"}, "openshift-ai-managed-annotation"),
        ({"kserve": "0.17.0"}, "kserve-stuck-route"),
        ({"openshift": "4.20.6"}, "openshift-service-mesh-subscription"),
        ({"inference-extension": "1.2.0"}, "picker-without-config"),
        ({"vllm": "0.29.0"}, "vllm-invocations"),
    ],
)
def test_a_bad_combination_is_found(versions: dict[str, str], found: str) -> None:
    assert found in {one.id for one in table().known_bad_among(versions)}


def test_a_good_combination_has_no_more_than_everybodys_limits() -> None:
    good = {
        "istio": "1.28.5",
        "kuadrant": "1.5.3",
        "gateway-api": "1.4.0",
        OPENSHIFT_AI: "3.4",
        "openshift": "4.22",
    }
    always = {"kuadrant-wildcard-hostname", "kuadrant-listener-set", "kuadrant-query-match"}
    assert {one.id for one in table().known_bad_among(good)} == always
    assert table().known_bad_among({}) == ()


def test_the_page_is_written_from_the_table(request: pytest.FixtureRequest) -> None:
    page = ROOT / "docs" / "versions.md"
    if request.config.getoption("--update-golden"):
        page.write_text(render(table()), encoding="utf-8")
    assert render(table()) == page.read_text(encoding="utf-8")
