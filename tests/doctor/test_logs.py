"""An access log is read line by line, in both of Istio's forms, and explained in words."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelgate.cli import main
from modelgate.doctor.access_log import Line, parse
from modelgate.doctor.limits import Limits
from modelgate.doctor.traffic import backend, meaning, picker_word
from tests.doctor import logs
from tests.doctor.clusters import NAME, NAMESPACE, Cluster, line
from tests.doctor.kubelet import Kubelet
from tests.doctor.live import Writer
from tests.picker.evidence import Evidence, recorded

POOL = f"InferencePool {NAMESPACE}/{NAME}-inference-pool"
GATEWAYS = {"pod": "", "details": ""}

PICKED, PASSED_BY = recorded("picked"), recorded("timed_out")


def test_istios_text_format_is_read_without_what_a_client_sent() -> None:
    written = PICKED.text.splitlines()[0]
    found = parse(written.replace("/v1/chat/completions", "/v1/chat/completions?api_key=secret"))
    assert found is not None
    assert found == parse(written)
    assert (found.method, found.status, found.received, found.sni) == ("POST", 200, 145, "")
    assert found.path == f"/{NAMESPACE}/{NAME}/v1/chat/completions"
    assert (backend(found), found.authority) == (POOL, "maas.example.com")


@pytest.mark.parametrize("name", ["picked", "no_pod_ready"])
def test_the_tests_write_lines_of_envoy_s_form(name: str) -> None:
    for written in recorded(name).text.splitlines():
        found = parse(written)
        assert found is not None
        (again,) = logs.access_log([found]).splitlines()
        assert _form(again) == _form(written)


def _form(text: str) -> str:
    """The line with a letter for each value: quoted, in brackets, or bare (it may be empty)."""
    quoted = re.sub(r'"[^"]*"', "Q", re.sub(r"\[[^\]]*\]", "B", text))
    return re.sub(r"[^ QB]+", "v", quoted)


def test_a_quote_in_an_agent_does_not_hide_a_request() -> None:
    text = logs.access_log([line(3)]).replace("curl/8.1", 'a "b" c')
    found = parse(text)
    assert found is not None
    assert (found.status, found.pod) == (200, line(3).pod)


def test_the_json_form_is_read() -> None:
    document = json.loads(PICKED.picks.splitlines()[0])
    del document["x_went_into_resp_headers"]
    found = parse(json.dumps(document))
    assert found is not None
    assert found == parse(PICKED.text.splitlines()[0])
    assert found.picked is None


@pytest.mark.parametrize(("evidence", "picked"), [(PICKED, True), (PASSED_BY, False)], ids=str)
def test_a_format_that_holds_the_pick_tells_it(evidence: Evidence, picked: bool) -> None:
    found = parse(evidence.picks.splitlines()[0])
    assert found is not None
    assert found.picked is picked


def test_a_header_that_names_a_pod_proves_nothing() -> None:
    """Where the picker is passed by, it is the client's."""
    document = json.loads(PASSED_BY.picks.splitlines()[0])
    document["x_gateway_destination_endpoint"] = document["upstream_host"]
    found = parse(json.dumps(document))
    assert found is not None
    assert found.picked is False


@given(st.one_of(st.text(), st.dictionaries(st.text(), st.integers()).map(json.dumps)))
def test_what_is_no_request_is_no_line(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (line(0, status=400), "the server got no body or a bad one"),
        (line(0, status=404), "the server does not know the model that the request names"),
        (line(0, status=401, **GATEWAYS), "no valid credentials at the door my-first-model."),
        (line(0, status=403, **GATEWAYS), "valid credentials that may not pass"),
        (line(0, status=429, **GATEWAYS), "over a limit"),
        (line(0, status=503, pod="", details="wasm_fail_stream"), "filter is not loaded"),
        (line(0, status=503, pod="", flags="UH", details="no_healthy_upstream"), "no pod of the"),
        (line(0, status=404, pod="", flags="NR", details="route_not_found"), "no route for this"),
        (line(0, status=404, **GATEWAYS), "Authorino has no configuration for this host yet"),
        (line(0, status=413, **GATEWAYS), "larger than a filter buffers"),
        (line(0, status=500, **GATEWAYS), "a filter failed"),
        (line(0, status=0, flags="DC", duration=9000), "before the answer after 9.0 s"),
        (line(0, status=200), ""),
    ],
    ids=lambda one: f"{one.status}-{one.flags}{one.details}" if isinstance(one, Line) else "",
)
def test_a_status_is_explained(one: Line, words: str) -> None:
    assert words in meaning(one)
    assert bool(meaning(one)) is bool(words)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (line(0), "to the pool"),
        (line(0, picked=True), "the picker chose"),
        (line(0, picked=False), "past the picker"),
        (line(0, to=f"outbound|8000||{NAME}-kserve-workload-svc"), "not by the picker"),
        (line(0, cluster=""), "to no backend"),
    ],
    ids=str,
)
def test_the_pickers_part_is_told_as_far_as_it_is_known(one: Line, words: str) -> None:
    assert picker_word(one).startswith(words)


def test_a_limit_is_named_where_it_is_known() -> None:
    policy = {
        "metadata": {"name": "limits", "namespace": NAMESPACE},
        "spec": {"targetRef": {"kind": "HTTPRoute", "name": f"{NAME}-kserve-route"}},
    }
    limits = Limits().with_("RateLimitPolicy", [policy])
    refused = line(0, status=429, **GATEWAYS)
    assert limits.on(refused) == [f"RateLimitPolicy {NAMESPACE}/limits"]
    assert limits.on(line(0)) == []
    assert meaning(refused, limits.on(refused)).endswith(f": RateLimitPolicy {NAMESPACE}/limits")


def test_a_file_is_told_line_by_line_and_summed_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "access.log"
    file.write_text(logs.access_log([line(0), line(1, status=404)]) + "info: ready\n")
    assert main(["logs", str(file)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("11:00:00 POST /my-first-model/qwen3-0-6b/v1/chat/completions 200")
    assert f"{POOL} (to the pool) pod 10.128.16.25:8000" in shown[0]
    assert "2 requests, 1 other lines" in shown
    assert "       1  404: the server does not know the model that the request names" in shown


def test_json_is_one_document_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "access.log"
    file.write_text(logs.access_log([line(0)]))
    assert main(["logs", str(file), "-o", "json"]) == 0
    first, total = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["schema"], first["backend"]) == ("modelgate/logs/v1", POOL)
    assert (total["schema"], total["requests"]) == ("modelgate/logs-summary/v1", 1)


@pytest.mark.parametrize("args", [[], ["--follow"]])
def test_a_cluster_is_read_through_the_pod_log_api(
    args: list[str], writer: Writer, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["logs", "--live", "--gateway", "openshift-ingress/maas-gateway", *args]) == 0
    shown = capsys.readouterr().out
    assert "21 requests" in shown
    assert "not by the picker: to the Service" in shown


def test_a_log_that_cannot_be_read_is_told(
    writer: Writer,
    healthy: Cluster,
    node: Kubelet,
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    node.logs.clear()
    assert main(["logs", "--live"]) == 3
    assert "the log of Pod openshift-ingress/maas-gateway-0 answered" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["logs", "--follow"], "are for --live"),
        (["logs", "--live", "a.log"], "give no files with it"),
        (["logs", "missing.log"], "missing.log: cannot read it"),
        (["doctor", "--wait", "soon", "--list-checks"], "is no duration"),
        (["doctor", "--check", "gateway-pod"], "did you mean gateway-pods?"),
        (["doctor", "--from-bundle", __file__], "no bundle of this version"),
        (["doctor", "--from-bundle", __file__, "-s", "dev"], "give it alone"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_sentence(
    args: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(args) == 2
    assert words in capsys.readouterr().err
