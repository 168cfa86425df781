"""What a run changes is told with its end first, and never with what an output holds."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from modelgate.engine.results import Change, Diagnostic, Outcome, Run, Violation
from modelgate.report import changes
from tests.report.samples import HOSTILE


def change(operation: str, name: str, *properties: str, done: bool = True) -> Change:
    kind = "kubernetes:core/v1:Namespace"
    return Change(f"urn:pulumi:prod::maas::{kind}::{name}", kind, name, operation, properties, done)


PREVIEW = Run(
    operation="preview",
    stack="prod",
    outcome=Outcome.SUCCEEDED,
    changes=(
        change("create", "chat"),
        change("update", "models", "metadata.labels.tier"),
        change("delete", "old"),
        change("same", "kept"),
    ),
    violations=(Violation("advice", "modelgate", "advisory", "", "inside only"),),
    diagnostics=(Diagnostic("info", "hello"), Diagnostic("warning", "no cluster\nnot compared")),
    outputs={"url": "https://secret.example.com"},
    seconds=3.2,
)
RUNS = {
    "preview": PREVIEW,
    "up": replace(PREVIEW, operation="up", violations=()),
    "unchanged": replace(PREVIEW, operation="up", changes=(change("same", "kept"),)),
    "rejected": replace(
        PREVIEW,
        outcome=Outcome.REJECTED,
        violations=(
            Violation(
                "unauthenticated-inference", "modelgate", "mandatory", "", "EXPOSED x\nfix: y"
            ),
        ),
    ),
    "cancelled": replace(
        PREVIEW,
        operation="up",
        outcome=Outcome.CANCELLED,
        changes=(change("create", "chat"), change("create", "models", done=False)),
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_reads_as_expected(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"run-{name}.txt", changes.text(RUNS[name]))
    golden(f"run-{name}.md", changes.markdown(RUNS[name]))
    golden(f"run-{name}.json", json.dumps(changes.document(RUNS[name]), indent=2))


def test_a_run_carries_no_escape_and_no_html() -> None:
    run = replace(
        PREVIEW,
        stack=HOSTILE,
        changes=(change("update", HOSTILE, HOSTILE),),
        violations=(Violation(HOSTILE, "modelgate", "mandatory", "", HOSTILE),),
        diagnostics=(Diagnostic("error", HOSTILE),),
    )
    assert "\x1b" not in changes.text(run) + changes.markdown(run)
    assert "<img" not in changes.markdown(run).partition("```")[0]


def test_outputs_are_never_shown() -> None:
    shown = changes.text(PREVIEW) + changes.markdown(PREVIEW) + str(changes.document(PREVIEW))
    assert "secret.example.com" not in shown
