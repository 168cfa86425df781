"""What scripts rely on: `modelgate/check/v1` and `modelgate/trace/v1`.

Fields may be added to a schema, none is ever renamed, removed or given another meaning.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from modelgate.findings import Finding
from modelgate.topology.answers import Answer, Door, Report

CHECK_SCHEMA: Final = "modelgate/check/v1"
TRACE_SCHEMA: Final = "modelgate/trace/v1"


def check(report: Report) -> str:
    """The text of `modelgate check -o json`."""
    return json.dumps(check_document(report), indent=2)


def check_document(report: Report) -> dict[str, Any]:
    """The document of `modelgate check`."""
    return {
        "schema": CHECK_SCHEMA,
        "verdict": str(report.verdict),
        "environment": report.environment,
        "doors": [door_document(door) for door in report.doors],
        "findings": [finding_document(finding) for finding in report.findings],
        "inside_only": list(report.inside_only),
        "assumptions": list(report.assumptions),
        "notes": list(report.notes),
    }


def trace(answers: Sequence[Answer]) -> str:
    """The text of `modelgate trace -o json`: one answer a request, in order."""
    document = {"schema": TRACE_SCHEMA, "answers": [_answer(answer) for answer in answers]}
    return json.dumps(document, indent=2)


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding."""
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "confidence": str(finding.confidence),
        "resource": finding.resource,
        "message": finding.message,
        "remedy": finding.remedy,
        "source": finding.source,
        "evidence": list(finding.evidence),
    }


def door_document(door: Door) -> dict[str, Any]:
    """One door; its request is null where it has none."""
    return {
        "verdict": str(door.verdict),
        "gateway": door.gateway,
        "listener": door.listener,
        "hostname": door.hostname,
        "route": door.route,
        "rule": door.rule,
        "match": door.match,
        "backend": door.backend,
        "reason": door.reason,
        "policies": list(door.policies),
        "request": door.request.as_json() if door.request else None,
        "opened_by": door.opened_by,
        "source": door.source,
        "remedy": door.remedy,
        "derived_from": door.derived_from,
        "depends_on_version": door.depends_on_version,
        "assumptions": list(door.assumptions),
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "outcome": str(answer.outcome),
        "authenticated": answer.authenticated,
        "status": answer.status or None,
        "reason": answer.reason,
        "gateway": answer.gateway,
        "listener": answer.listener,
        "route": answer.route,
        "rule": answer.rule,
        "match": answer.match,
        "backend": answer.backend,
        "through_picker": answer.through_picker,
        "policies": list(answer.policies),
        "steps": [
            {"at": step.at, "object": step.object, "text": step.text} for step in answer.steps
        ],
    }
