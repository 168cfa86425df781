"""Findings as SARIF 2.1.0 that a code host accepts.

GitHub shows a result only when it has a physical location with a relative URI and a line, takes
its severity from `security-severity` of the rule, and recognises a result across commits by its
fingerprint (GitHub documentation, "SARIF support for code scanning").
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from modelgate.findings import Finding, Severity
from modelgate.report import words
from modelgate.report.safe import block, code, markdown, plain
from modelgate.topology.answers import Report

_LEVEL: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
}
_SCORE: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.0",
    Severity.LOW: "3.0",
}
_FILE_AND_LINE: Final = re.compile(r"(?P<file>[^:\s][^:]*):(?P<line>[1-9]\d*)")


def check(report: Report, summaries: Mapping[str, str], version: str, fallback: str) -> str:
    """The findings of `modelgate check` as one run.

    `summaries` gives each rule's one-line description by id; `fallback` is the file to point at
    where a finding does not know its own (an object of a cluster, one made by a controller).
    """
    findings = report.findings
    ids = words.unique(finding.rule for finding in findings)
    run = {
        "tool": {
            "driver": {
                "name": "modelgate",
                "semanticVersion": version,
                "rules": [_rule(rule, summaries.get(rule, rule), findings) for rule in ids],
            }
        },
        "automationDetails": {"id": f"modelgate/{report.environment}/"},
        "invocations": [{"executionSuccessful": True}],
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, ids, fallback) for finding in findings],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, indent=2)


def _rule(rule: str, summary: str, findings: Sequence[Finding]) -> dict[str, Any]:
    gravest = next(finding.severity for finding in findings if finding.rule == rule)
    text = f"{summary}. See {words.page(rule)}."
    return {
        "id": rule,
        "name": "".join(part.capitalize() for part in rule.split("-")),
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": {"text": text, "markdown": f"{markdown(summary)}. See {code(words.page(rule))}."},
        "defaultConfiguration": {"level": _LEVEL[gravest]},
        "properties": {"tags": ["security"], "security-severity": _SCORE[gravest]},
    }


def _result(finding: Finding, ids: list[str], fallback: str) -> dict[str, Any]:
    lines = [f"{finding.resource}: {finding.message}", *finding.evidence, f"fix: {finding.remedy}"]
    text = "\n".join(plain(line) for line in lines)
    return {
        "ruleId": finding.rule,
        "ruleIndex": ids.index(finding.rule),
        "level": _LEVEL[finding.severity],
        "message": {"text": text, "markdown": block(text)},
        "locations": [_location(finding, fallback)],
        "partialFingerprints": {"modelgate/v1": _fingerprint(finding)},
        "properties": {"confidence": str(finding.confidence)},
    }


def _location(finding: Finding, fallback: str) -> dict[str, Any]:
    place = _FILE_AND_LINE.fullmatch(finding.source)
    file, line = (place["file"], int(place["line"])) if place else (fallback, 1)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(file)},
            "region": {"startLine": line},
        },
        "logicalLocations": [{"fullyQualifiedName": plain(finding.resource), "kind": "resource"}],
    }


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _fingerprint(finding: Finding) -> str:
    """The same for the same flaw of the same object, wherever in the file it moves."""
    named = f"{finding.rule}\0{finding.resource}\0{finding.message}"
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()
