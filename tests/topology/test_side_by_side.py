"""The three gateways of OpenShift AI are known in any set of manifests, side by side."""

from modelgate.report import markdown, text, words
from modelgate.topology import Settings, read
from policies.judgement import judge
from tests.topology.guide_platform import PLATFORM, VERSIONS

REPORT = judge(read(PLATFORM, "platform.yaml"), Settings(assume=VERSIONS))


def test_each_gateway_says_what_it_is_for_and_who_gets_in() -> None:
    assert words.gateways(REPORT)[1:] == [
        [
            "openshift-ingress/data-science-gateway",
            "dashboard, notebooks, pipelines; never for models",
            "no",
            "its own login, not judged",
            "no",
            "-",
        ],
        [
            "openshift-ingress/openshift-ai-inference",
            "testing model access",
            "yes",
            "none (open!)",
            "yes",
            "3 exposed",
        ],
        [
            "openshift-ingress/maas-gateway",
            "production model access",
            "yes",
            "API key",
            "yes",
            "3 protected",
        ],
    ]


def test_text_and_markdown_show_the_table_once() -> None:
    assert text.check(REPORT).count("none (open!)") == 1
    shown = markdown.check(REPORT)
    assert "<summary>gateways side by side</summary>" in shown
    assert "| `openshift-ingress/maas-gateway` | `production model access` |" in shown


def test_one_gateway_alone_needs_no_table() -> None:
    objects = [obj for obj in read(PLATFORM, "platform.yaml") if obj.name != "maas-gateway"]
    alone = [obj for obj in objects if obj.name != "data-science-gateway"]
    assert words.gateways(judge(alone, Settings(assume=VERSIONS))) == []
