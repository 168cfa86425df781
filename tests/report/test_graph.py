"""A picture shows every door that was judged, and nothing in it lies on anything else."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import pytest

from modelgate.engine.in_process import evaluate
from modelgate.findings import Verdict
from modelgate.report.graph import Picture, dot, mermaid, page, picture, svg
from modelgate.report.graph.colours import INK, LOOKS, PAPER
from modelgate.report.graph.nodes import graph
from modelgate.topology import Object, Settings, analyze, read
from tests.cli.manifests import CLOSED, OPEN
from tests.report.drawing import Drawing
from tests.report.samples import ATTACK, ESCAPE
from tests.report.sight import SIGHTS, contrast, difference
from tests.topology.case_files import Side, sides

ROOT = Path(__file__).parents[2]
STATED = {"kuadrant": "1.5.3", "gateway-api": "1.5.1", "openshift-ai": "3.4", "istio": "1.28.5"}
MODEL = """\
      - name: model-{0:02}
        namespace: team-{1}
        uri: hf://Qwen/Qwen3-0.6B
        replicas: 1
"""


def drawn(objects: Sequence[Object]) -> Picture:
    return picture(analyze(objects, Settings(installed=True, assume=STATED)))


@pytest.fixture(scope="module", params=["one", "thirty", "guide"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Picture:
    """The stacks of this repository, and one of thirty models."""
    if request.param != "thirty":
        return drawn(evaluate(ROOT, {"one": "dev", "guide": "guide"}[request.param]).objects)
    root = tmp_path_factory.mktemp("thirty")
    for name in ("Pulumi.yaml", "__main__.py"):
        (root / name).write_bytes((ROOT / name).read_bytes())
    head = (ROOT / "Pulumi.prod.yaml").read_text().partition("    models:\n")[0]
    models = "".join(MODEL.format(number, number % 6) for number in range(30))
    (root / "Pulumi.prod.yaml").write_text(f"{head}    models:\n{models}")
    return drawn(evaluate(root, "prod").objects)


def test_nothing_overlaps(stack: Picture) -> None:
    assert [*Drawing(svg.text(stack, "stack")).faults()] == []


@pytest.mark.parametrize("side", [*sides()], ids=lambda side: side.name)
def test_nothing_overlaps_in_any_case_of_the_judge(side: Side) -> None:
    found = picture(analyze(side.objects, side.settings))
    drawing = Drawing(svg.text(found, side.name))
    assert [*drawing.faults()] == []
    assert len([box for box in drawing.boxes if box.text[:1] in "✖?○✔"]) == len(found.ways)


def test_every_door_is_in_every_form(stack: Picture) -> None:
    drawing = svg.text(stack, "stack")
    counted = dict.fromkeys(Verdict, 0)
    for way in stack.ways:
        counted[way.door.verdict] += 1
    for verdict, count in counted.items():
        assert len(re.findall(rf">[✖?○✔] {verdict} PathPrefix<", drawing)) == count
        assert mermaid.text(stack).count(f":::{verdict.lower()}") == count
    assert len(re.findall(r"label=\"[✖?○✔] ", dot.text(stack, "x"))) == len(stack.ways)


def test_pools_have_their_picker_and_the_services_of_their_pods() -> None:
    found = drawn(evaluate(ROOT, "dev").objects)
    (pool,) = found.backends
    assert pool.name == "InferencePool my-first-model/qwen3-0-6b-inference-pool"
    assert pool.picker == "Service my-first-model/qwen3-0-6b-epp-service"
    assert "Service my-first-model/qwen3-0-6b-kserve-workload-svc" in pool.services
    policies = {way.gateway: way.policies for way in found.ways}
    assert policies["openshift-ingress/openshift-ai-inference"] == ()
    assert (
        "AuthPolicy openshift-ingress/maas-gateway-auth"
        in policies["openshift-ingress/maas-gateway"]
    )


def test_a_gateway_without_doors_is_drawn() -> None:
    second = OPEN.replace(
        "{name: maas, namespace: ingress}\nspec", "{name: idle, namespace: ingress}\nspec"
    )
    objects = [
        *read(CLOSED, "a.yaml"),
        *(one for one in read(second, "b.yaml") if one.name == "idle"),
    ]
    found = drawn(objects)
    assert found.idle == ("ingress/idle",)
    assert [*Drawing(svg.text(found, "x")).faults()] == []
    assert "no door to a model" in dot.text(found, "x")


def test_nothing_at_all_is_a_drawing_too() -> None:
    found = drawn(read("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n", "x.yaml"))
    assert [*Drawing(svg.text(found, "nothing")).faults()] == []
    assert mermaid.text(found).startswith("flowchart LR")


class Page(HTMLParser):
    """The ids, links and tags of a page, and the words of each door."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            {"id": self.ids, "href": self.links, "src": self.sources}.get(name, []).append(
                value or ""
            )


def test_a_door_of_the_page_leads_to_its_request_and_its_reason(stack: Picture) -> None:
    text = page.text(stack, "stack")
    found = Page(text)
    ids = [f"door-{index}" for index in range(len(stack.ways))]
    assert found.ids == ids
    assert [link for link in found.links if link != "#none"] == [f"#{name}" for name in ids]
    assert found.sources == []
    assert "script" not in found.tags
    assert "default-src &#x27;none&#x27;" in text
    for way in stack.ways:
        aside = text.partition(f'id="door-{stack.ways.index(way)}"')[2].partition("</aside>")[0]
        assert (way.door.request is None) or "curl" in aside


def test_no_name_is_more_than_a_name() -> None:
    analysis = analyze(read(OPEN, "open.yaml"), Settings(assume=STATED))
    evil = picture(analysis, ATTACK.doors)
    drawing = svg.text(evil, ATTACK.doors[0].gateway)
    assert [*Drawing(drawing).faults()] == []
    text = page.text(evil, ATTACK.doors[0].gateway)
    for form in (drawing, text, mermaid.text(evil), dot.text(evil, ATTACK.doors[0].gateway)):
        assert ESCAPE not in form
        assert "\u202e" not in form
    assert "img" not in Page(text).tags
    chart = mermaid.text(evil)
    assert not set("`<>@|&") & set(
        chart.replace("<br/>", "").replace("-->", "").replace("-. asks .->", "")
    )
    for line in dot.text(evil, "x").splitlines():
        assert re.sub(r'"(?:[^"\\]|\\.)*"', "", line).count('"') == 0


def test_past_every_gateway_there_is_no_listener_and_no_policy() -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: front, namespace: llm}\n"
    service += "spec: {type: LoadBalancer, selector: {app: granite}, ports: [{port: 80}]}\n"
    objects = [*read(CLOSED, "a.yaml"), *read(service, "b.yaml")]
    analysis = analyze(objects, Settings(installed=True, assume=STATED))
    beside = [door for door in analysis.doors if not door.gateway]
    chart = mermaid.text(picture(analysis, beside))
    assert len(beside) == 1
    assert "past every gateway" in chart
    assert "no listener" not in chart
    assert "no policy" not in chart


def test_only_some_doors_can_be_drawn() -> None:
    analysis = analyze(evaluate(ROOT, "dev").objects, Settings(installed=True, assume=STATED))
    some = picture(analysis, analysis.doors[:1])
    assert [way.door for way in some.ways] == [*analysis.doors[:1]]
    assert len(graph(some).nodes) < len(graph(picture(analysis)).nodes)


def test_a_chart_that_no_code_host_draws_is_known_as_such(stack: Picture) -> None:
    many = replace(stack, ways=stack.ways * 200)
    assert mermaid.too_big(many, mermaid.text(many))
    few = replace(stack, ways=stack.ways[:3], backends=())
    assert not mermaid.too_big(few, mermaid.text(few))


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize(("one", "other"), [*combinations(LOOKS, 2)])
def test_verdicts_are_told_apart_by_whoever_looks(sight: str, one: Verdict, other: Verdict) -> None:
    assert difference(LOOKS[one].line, LOOKS[other].line, sight) > 20


def test_verdicts_are_told_apart_without_any_colour() -> None:
    lines = {(look.dash, look.width) for look in LOOKS.values()}
    assert len(lines) == len(LOOKS)


@pytest.mark.parametrize("verdict", LOOKS)
def test_a_door_is_readable(verdict: Verdict) -> None:
    assert contrast(INK, LOOKS[verdict].fill) > 7
    assert contrast(LOOKS[verdict].line, PAPER) > 3
