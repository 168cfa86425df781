"""A way in lines and in a picture: nothing from a manifest or request breaks out of either."""

import re
from collections.abc import Callable
from dataclasses import replace

from modelgate.report import trace
from modelgate.topology.answers import Answer, Outcome, Request, Step
from tests.report.samples import FINDING, HOSTILE

REQUEST = Request("maas.example.com", "POST", path="/llm/qwen/v1/chat/completions")
WAY = Answer(
    Outcome.REACHES_MODEL,
    "identity keys accepts the credentials",
    200,
    authenticated=True,
    gateway="openshift-ingress/maas-gateway",
    backend="InferencePool llm/qwen-inference-pool",
    through_picker=True,
    policies=("openshift-ingress/maas-auth",),
    steps=(
        Step("listener", "https", "HTTPS on port 443; TLS ends here"),
        Step("route", "HTTPRoute llm/qwen", "rule 0 match 0: PathPrefix /llm/qwen"),
        Step("route", "HTTPRoute llm/qwen", "rule 1 match 0 matches too"),
        Step("rewrite", "HTTPRoute llm/qwen", "the model sees /v1/chat/completions"),
        Step("limits", "RateLimitPolicy openshift-ingress/limits", "free: 5 requests in 2m"),
        Step("picker", "Service llm/qwen-epp-service", "is asked on port 9002"),
        Step("picker", "scores", "default: queue depth 2"),
        Step("model", "LLMInferenceService llm/qwen", "sees POST /v1/chat/completions"),
        Step("answer", "200", "the model answers"),
    ),
)
LINE = re.compile(r"    (actor|participant|Note over|\w+-?->>\w+)\b")


def test_a_picture_shows_who_asks_whom(golden: Callable[[str, str], None]) -> None:
    golden("trace.mermaid", trace.picture(WAY, REQUEST))


def test_a_refused_request_ends_at_the_gateway() -> None:
    refused = replace(WAY, outcome=Outcome.REFUSED, status=401, steps=WAY.steps[:2])
    drawn = trace.picture(refused, replace(REQUEST, port=8443))
    assert "https://maas.example.com:8443/llm" in drawn
    assert "authorino-->>gateway: refused" in drawn
    assert "picker" not in drawn


def test_hostile_values_stay_in_their_line() -> None:
    steps = tuple(replace(step, object=HOSTILE, text=f"{HOSTILE};end#") for step in WAY.steps)
    way = replace(WAY, gateway=HOSTILE, backend=HOSTILE, policies=(HOSTILE,), steps=steps)
    drawn = trace.picture(way, replace(REQUEST, host=HOSTILE)).split("\n")
    assert [line for line in drawn[1:] if not LINE.match(line)] == []
    bare = [re.sub(r"#\d+;|-?->>", "", line) for line in drawn]
    assert [line for line in bare if re.search(r"[<>#;|`\[\x1b]", line)] == []
    told = trace.text([way], [replace(FINDING, message=HOSTILE)])
    assert "\x1b" not in told


def test_a_label_stands_before_the_first_of_its_lines() -> None:
    lines = [line.label for line in trace.stations(WAY)]
    assert lines[1:4] == ["route", "", "rewrite"]
    told = trace.text([WAY])
    assert "  route        HTTPRoute llm/qwen  rule 0" in told
    assert "\n               rule 1 match 0 matches too" in told


def test_findings_on_the_way_stand_below_it_with_their_page() -> None:
    last = trace.text([WAY], [FINDING]).split("\n")[-1]
    assert last.startswith("found here   medium[credentials-over-http] Gateway ")
    assert last.endswith("(docs/rules/credentials-over-http.md)")
