"""The habits of checks: one file, one place in the list, one heading in the page."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from modelgate.doctor.check import Check, Layer, see
from modelgate.doctor.checks import ALL, drift
from modelgate.doctor.kinds import (
    DECIDING,
    DEPLOYMENT,
    GATEWAY,
    HTTP_ROUTE,
    MODEL_SERVICE,
    SERVICE,
    WANTED,
    Kind,
    decides,
)
from modelgate.doctor.results import Result, Status
from modelgate.doctor.runner import examine
from modelgate.doctor.snapshot import Snapshot
from modelgate.doctor.view import View
from modelgate.inputs.cluster import KINDS
from modelgate.topology.answers import Report
from modelgate.topology.judge import Analysis
from modelgate.topology.objects import Object
from policies.judgement import report
from tests.doctor import faults
from tests.doctor.clusters import VERSIONS, cluster

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "modelgate" / "doctor" / "checks"


def anchors(page: Path) -> list[str]:
    """The anchors of a page's headings below its title, as GitHub makes them."""
    headings = re.findall(r"^##+ (.+)$", page.read_text(), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_every_check_is_a_file_and_every_file_is_listed_once() -> None:
    ids = [check.ID for check in ALL]
    assert len(ids) == len(set(ids))
    files = {path.stem.replace("_", "-") for path in FOLDER.glob("*.py")} - {"--init--"}
    assert set(ids) == files


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.ID)
def test_a_check_states_a_fact_and_a_way_out(check: Check) -> None:
    assert not check.TITLE.endswith(".")
    assert check.TITLE[0].islower() or check.TITLE.split()[0] in PROPER
    assert check.WAY_OUT


PROPER = ("API", "Envoy", "Kuadrant", "Kuadrant's", "Kuadrant,", "LLMInferenceService")


def test_what_a_check_needs_comes_before_it_and_not_above_it() -> None:
    layers = list(Layer)
    seen: dict[str, Layer] = {}
    for check in ALL:
        assert set(check.NEEDS) <= seen.keys(), check.ID
        for need in check.NEEDS:
            assert layers.index(seen[need]) <= layers.index(check.LAYER), check.ID
        seen[check.ID] = check.LAYER
    assert sorted(seen.values(), key=layers.index) == list(seen.values())


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.ID)
def test_the_link_of_a_check_leads_to_its_heading(check: Check) -> None:
    page, _, anchor = see(check).partition("#")
    assert anchor in anchors(ROOT / page)


def test_no_two_headings_share_an_anchor_and_no_check_is_only_in_the_page() -> None:
    text = (ROOT / "docs" / "doctor.md").read_text()
    found = anchors(ROOT / "docs" / "doctor.md")
    assert len(found) == len(set(found))
    assert re.findall(r"^### (.+)$", text, re.MULTILINE) == [check.ID for check in ALL]


def test_what_the_judge_needs_is_read() -> None:
    assert {group: DECIDING[group] for group in KINDS} == dict(KINDS)
    assert DECIDING.keys() <= WANTED.keys()


class Recording(View):
    """A view that keeps which kinds are asked for; the judge asks for all that decide."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.asked: set[Kind] = set()
        self.by_judge: set[Kind] = set()
        super().__init__(snapshot, self.judged)

    def judged(self, analysis: Analysis) -> Report:
        self.by_judge = {kind for kind in self.snapshot.served if decides(kind)}
        return report(analysis)

    def of(self, *kinds: Kind) -> list[Object]:
        self.asked |= set(kinds)
        return super().of(*kinds)

    def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        self.asked.add(kind)
        return super().find(kind, namespace, name)


LOOKED_UP = {GATEWAY, HTTP_ROUTE, SERVICE, MODEL_SERVICE, DEPLOYMENT}
"""What tells gateways that serve models from others: without it, all of them are looked at."""


@pytest.fixture(scope="module")
def asked() -> dict[str, tuple[set[Kind], set[Kind]]]:
    """Check to the kinds that it asked for, by itself and through the judge, on every cluster."""
    found: dict[str, tuple[set[Kind], set[Kind]]] = {check.ID: (set(), set()) for check in ALL}
    for one in [*map(cluster, VERSIONS), *(fault.cluster() for fault in faults.ALL)]:
        for check in ALL:
            view = Recording(one.snapshot())
            check.run(view)
            found[check.ID] = (found[check.ID][0] | view.asked, found[check.ID][1] | view.by_judge)
    return found


Asked = dict[str, tuple[set[Kind], set[Kind]]]


@pytest.mark.parametrize("check", [one for one in ALL if one is not drift], ids=lambda one: one.ID)
def test_a_check_reads_what_it_says(check: Check, asked: Asked) -> None:
    own, by_judge = asked[check.ID]
    assert set(check.READS) <= own | by_judge
    assert own - set(check.READS) <= LOOKED_UP


@pytest.mark.parametrize("check", [one for one in ALL if one.READS], ids=lambda check: check.ID)
def test_a_check_is_skipped_where_what_it_reads_may_not_be_seen(check: Check) -> None:
    healthy = cluster("3.5").snapshot()
    for kind in check.READS:
        unread = {kind.resource: f"you may not list {kind}"}
        seen = replace(healthy, unread=unread)
        alone = {one.check.ID: one.result for one in examine(View(seen, report), ALL).checked}
        assert alone[check.ID] == Result(Status.SKIPPED, f"you may not list {kind}")


def test_the_role_in_the_page_covers_what_is_read() -> None:
    rules = role()["rules"]
    for group, names in WANTED.items():
        mine = [rule for rule in rules if group in rule["apiGroups"]]
        resources = {resource for rule in mine for resource in rule["resources"]}
        assert all("list" in rule["verbs"] for rule in mine if "/" not in rule["resources"][0])
        assert resources == {"*"} if names is None else len(resources) >= len(names)


def role() -> dict[str, list[dict[str, list[str]]]]:
    """The ClusterRole of the page."""
    text = (ROOT / "docs" / "doctor.md").read_text()
    loaded: dict[str, list[dict[str, list[str]]]] = yaml.safe_load(
        text.partition("```yaml\n")[2].partition("```")[0]
    )
    return loaded
