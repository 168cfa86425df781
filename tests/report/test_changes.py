"""What a run changes is told with its end first, and never with what an output holds."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modelgate.engine.results import Change, Diagnostic, Outcome, Run, Violation
from modelgate.report import changes
from modelgate.topology import UNKNOWN
from tests.report.samples import HOSTILE


def change(operation: str, name: str, *properties: str, **more: Any) -> Change:
    kind = "kubernetes:core/v1:Namespace"
    urn = f"urn:pulumi:prod::maas::{kind}::{name}"
    return Change(urn, kind, name, operation, properties, **{"done": True, **more})


def namespace(**labels: str) -> dict[str, Any]:
    return {"kind": "Namespace", "metadata": {"name": "models", "labels": labels}}


SECRET = {"kind": "Secret", "metadata": {"name": "keys", "namespace": "chat"}, "data": UNKNOWN}


PREVIEW = Run(
    operation="preview",
    stack="prod",
    outcome=Outcome.SUCCEEDED,
    changes=(
        change("create", "chat"),
        change("update", "models", before=namespace(tier="free"), after=namespace(tier="all")),
        change("replace", "keys", "data", before=SECRET, after=SECRET),
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
    golden(f"run-{name}.json", json.dumps(changes.document(RUNS[name]), indent=2))


def test_a_run_carries_no_escape() -> None:
    run = replace(
        PREVIEW,
        stack=HOSTILE,
        changes=(change("update", HOSTILE, HOSTILE),),
        violations=(Violation(HOSTILE, "modelgate", "mandatory", "", HOSTILE),),
        diagnostics=(Diagnostic("error", HOSTILE),),
    )
    assert "\x1b" not in changes.text(run)


def test_outputs_are_never_shown() -> None:
    shown = changes.text(PREVIEW) + str(changes.document(PREVIEW))
    assert "secret.example.com" not in shown
