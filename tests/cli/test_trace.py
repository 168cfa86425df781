"""`modelgate trace` as people call it: one request told, compared, drawn, or a batch answered."""

import io
import json
import sys
from pathlib import Path

import pytest

from modelgate.cli import main
from tests.topology.guide_platform import CHAT, KEY, PLATFORM

URL = f"https://maas.example.com{CHAT}"
MAAS = ("--gateway", "openshift-ingress/maas-gateway")


@pytest.fixture
def platform(tmp_path: Path) -> str:
    file = tmp_path / "platform.yaml"
    file.write_text(PLATFORM)
    return str(file)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["trace", *words, "--assume", "openshift-ai=3.2"]) == 0
    return capsys.readouterr().out


def test_a_table_shows_the_way_at_every_gateway(
    platform: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = run(capsys, "POST", URL, "-f", platform)
    first, second = shown.split("\n\n")[:2]
    assert first.startswith("reaches-model 200 at openshift-ingress/openshift-ai-inference: ")
    assert second.startswith("refused 401 at openshift-ingress/maas-gateway: ")


def test_json_keeps_to_the_worst_answer(platform: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(run(capsys, "POST", URL, "-f", platform, "-o", "json"))
    (answer,) = document["answers"]
    assert document["schema"] == "modelgate/trace/v1"
    assert answer["gateway"] == "openshift-ingress/openshift-ai-inference"
    assert {"at", "object", "text"} == answer["steps"][0].keys()


def test_the_body_is_compared_and_no_credential_shown(
    platform: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "body.json"
    file.write_text('{"model": "qwen3-0-6b", "prompt": "my secret"}')
    header = ("-H", f"Authorization: APIKEY {KEY}")
    shown = run(capsys, "POST", URL, *header, "-d", f"@{file}", "-f", platform, *MAAS)
    assert '  fix          send "model": "Qwen/Qwen3-0.6B"' in shown
    assert KEY not in shown
    assert "my secret" not in shown


def test_a_picture_is_of_the_worst_answer(
    platform: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = run(capsys, "POST", URL, "-f", platform, "-o", "mermaid")
    assert shown.startswith("sequenceDiagram\n")
    assert "participant gateway as Gateway openshift-ingress/openshift-ai-inference" in shown


def test_findings_on_the_way_are_told_below_it(
    platform: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "more.yaml").write_text("""\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: fix, namespace: openshift-ingress}
spec:
  workloadSelector: {labels: {gateway.networking.k8s.io/gateway-name: maas-gateway}}
  configPatches:
    - applyTo: HTTP_ROUTE
      match:
        context: GATEWAY
        routeConfiguration:
          vhost: {route: {name: my-first-model.qwen3-0-6b-kserve-route.1}}
      patch:
        operation: MERGE
        value:
          typed_per_filter_config:
            envoy.filters.http.ext_proc:
              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute
              overrides: {processing_mode: {request_body_mode: BUFFERED}}
""")
    shown = run(capsys, "POST", URL, "-f", str(tmp_path), *MAAS, "-H", "Authorization: APIKEY x")
    assert "high[picker-bypass] EnvoyFilter openshift-ingress/fix: " in shown


def test_a_batch_is_answered_in_order(
    capsys: pytest.CaptureFixture[str], platform: str, tmp_path: Path
) -> None:
    batch = tmp_path / "requests.json"
    batch.write_text(json.dumps([{"host": "a.b", "path": CHAT}, {"host": "a.b"}]))
    shown = run(capsys, "--batch", str(batch), "-f", platform, "-o", "json")
    assert [one["outcome"] for one in json.loads(shown)["answers"]] == [
        "reaches-model",
        "no-route",
    ]
    told = run(capsys, "--batch", str(batch), "-f", platform)
    assert told.count("\n\n") == 1


def test_a_batch_takes_no_body_and_draws_no_picture(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--batch", "x.json", "-d", "{}"]) == 2
    assert main(["trace", "--batch", "x.json", "-o", "mermaid"]) == 2
    assert "give it alone" in capsys.readouterr().err


def test_a_terminal_gets_the_same_words(
    platform: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", "400")
    assert main(["trace", "POST", URL, "-f", platform, "--assume", "openshift-ai=3.2"]) == 0
    assert "would take this host too; there it is refused 401" in screen.getvalue()
