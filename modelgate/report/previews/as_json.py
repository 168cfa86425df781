"""What scripts rely on: `modelgate/preview/v1`. Fields may be added, none is renamed or removed."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from modelgate.report import changes
from modelgate.report.as_json import check_document, door_document, finding_document
from modelgate.report.previews.outcome import OPEN, Preview, exit_code
from modelgate.topology.changes import Comparison

SCHEMA: Final = "modelgate/preview/v1"


def text(previews: Sequence[Preview]) -> str:
    """The text of `modelgate preview -o json`, whatever the number of stacks."""
    document = {
        "schema": SCHEMA,
        "exit_code": exit_code(previews),
        "stacks": [_preview(preview) for preview in previews],
    }
    return json.dumps(document, indent=2)


def _preview(preview: Preview) -> dict[str, Any]:
    change, error = preview.comparison, preview.error
    before = change.before if change else None
    return {
        "stack": preview.stack,
        "exit_code": preview.exit_code,
        "error": {"message": error.message, "hint": error.hint} if error else None,
        "against": preview.against,
        "before": check_document(before.report) if before else None,
        "check": check_document(change.after.report) if change else None,
        "changes": _changes(change) if change else None,
        "run": changes.document(preview.run) if preview.run else None,
        "not_known": list(preview.unknown),
    }


def _changes(change: Comparison) -> dict[str, Any]:
    doors = change.doors
    return {
        "doors": {
            "introduced": [door_document(door) for door in doors.introduced(*OPEN)],
            "fixed": [door_document(door) for door in doors.fixed(*OPEN)],
            "unchanged": [door_document(door) for door in doors.unchanged(*OPEN)],
        },
        "findings": {
            "introduced": [finding_document(finding) for finding in change.introduced],
            "fixed": [finding_document(finding) for finding in change.fixed],
        },
        "limits": [asdict(limit) for limit in change.limits],
        "envoy_filters": [asdict(gate) for gate in change.gates],
        "interruptions": [
            {
                "object": item.object,
                "text": item.text,
                "doors": [door_document(door) for door in item.doors],
            }
            for item in change.interruptions
        ],
        "resources": [asdict(resource) for resource in change.resources],
    }
