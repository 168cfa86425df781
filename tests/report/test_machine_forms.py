"""Scripts, code hosts and CI systems find in a report what they ask for."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from modelgate.report import as_json, junit, sarif
from modelgate.topology.answers import Report
from tests.report import samples

TEXT = {"type": "string", "minLength": 1}
MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": TEXT, "markdown": TEXT}}
# The parts of the SARIF 2.1.0 schema that this project emits, with what GitHub requires of them.
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "$schema": {"type": "string", "pattern": "sarif-2\\.1\\.0"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/run"}},
    },
    "additionalProperties": False,
    "$defs": {
        "run": {
            "type": "object",
            "required": ["tool", "results"],
            "additionalProperties": False,
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "additionalProperties": False,
                    "properties": {
                        "driver": {
                            "type": "object",
                            "required": ["name", "rules"],
                            "additionalProperties": False,
                            "properties": {
                                "name": TEXT,
                                "semanticVersion": {"pattern": r"^\d+\.\d+\.\d+"},
                                "rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}},
                            },
                        }
                    },
                },
                "automationDetails": {"type": "object", "properties": {"id": TEXT}},
                "invocations": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["executionSuccessful"],
                        "properties": {"executionSuccessful": {"type": "boolean"}},
                    },
                },
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
        },
        "rule": {
            "type": "object",
            "required": ["id", "shortDescription", "help", "properties"],
            "properties": {
                "id": TEXT,
                "name": TEXT,
                "shortDescription": MESSAGE,
                "fullDescription": MESSAGE,
                "help": MESSAGE,
                "defaultConfiguration": {
                    "properties": {"level": {"enum": ["none", "note", "warning", "error"]}}
                },
                "properties": {
                    "required": ["tags", "security-severity"],
                    "properties": {"security-severity": {"pattern": r"^\d+\.\d$"}},
                },
            },
        },
        "result": {
            "type": "object",
            "required": ["ruleId", "message", "locations", "partialFingerprints"],
            "additionalProperties": False,
            "properties": {
                "ruleId": TEXT,
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": MESSAGE,
                "locations": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["physicalLocation"],
                        "properties": {
                            "physicalLocation": {
                                "type": "object",
                                "required": ["artifactLocation", "region"],
                                "properties": {
                                    "artifactLocation": {"properties": {"uri": TEXT}},
                                    "region": {
                                        "required": ["startLine"],
                                        "properties": {"startLine": {"minimum": 1}},
                                    },
                                },
                            }
                        },
                    },
                },
                "partialFingerprints": {"type": "object", "minProperties": 1},
                "properties": {"type": "object"},
            },
        },
    },
}


def as_sarif(report: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(sarif.check(report, {}, "0.1.0", "Pulumi.prod.yaml"))
    return document


@pytest.mark.parametrize("report", [*samples.ALL.values(), samples.ATTACK])
def test_sarif_is_what_a_code_host_accepts(report: Report) -> None:
    jsonschema.validate(as_sarif(report), SARIF)


def test_a_finding_points_at_its_line_or_at_the_place_that_was_judged() -> None:
    results = as_sarif(samples.MIXED)["runs"][0]["results"]
    places = {
        result["ruleId"]: (
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            result["locations"][0]["physicalLocation"]["region"]["startLine"],
        )
        for result in results
    }
    assert places == {
        "unauthenticated-inference": ("gateways.yaml", 12),
        "unstated-version": ("Pulumi.prod.yaml", 1),
        "credentials-over-http": ("gateways.yaml", 15),
    }


@pytest.mark.parametrize(
    ("source", "uri"),
    [("a b/c#d.yaml:3", "a%20b/c%23d.yaml"), ("/srv/x y.yaml:1", "file:///srv/x%20y.yaml")],
)
def test_a_place_is_a_uri(source: str, uri: str) -> None:
    report = replace(samples.MIXED, findings=(replace(samples.FINDING, source=source),))
    location = as_sarif(report)["runs"][0]["results"][0]["locations"][0]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_fingerprint_survives_a_moved_line() -> None:
    moved = replace(samples.MIXED, findings=(replace(samples.FINDING, source="gateways.yaml:99"),))
    same = replace(samples.MIXED, findings=(samples.FINDING,))
    prints = [as_sarif(r)["runs"][0]["results"][0]["partialFingerprints"] for r in (moved, same)]
    assert prints[0] == prints[1]


def test_json_carries_the_agreed_fields() -> None:
    document = json.loads(as_json.check(samples.MIXED))
    assert document["schema"] == "modelgate/check/v1"
    assert document["verdict"] == "EXPOSED"
    exposed = next(door for door in document["doors"] if door["verdict"] == "EXPOSED")
    assert exposed["request"] == {
        "method": "GET",
        "scheme": "http",
        "host": "models.example.com",
        "port": 80,
        "path": "/my-first-model/qwen3-0-6b/v1/models",
        "headers": {},
        "query": {},
    }
    agreed = {"verdict", "gateway", "listener", "hostname", "route", "rule", "match", "backend"}
    agreed |= {"reason", "policies", "request", "assumptions"}
    assert agreed <= exposed.keys()
    found = {"rule", "severity", "resource", "message", "remedy", "source"}
    assert all(found <= finding.keys() for finding in document["findings"])


def test_a_trace_carries_the_agreed_fields() -> None:
    document = json.loads(as_json.trace(samples.ANSWERS))
    assert document["schema"] == "modelgate/trace/v1"
    agreed = {"outcome", "authenticated", "status", "reason", "gateway", "listener", "route"}
    agreed |= {"rule", "match", "backend", "through_picker", "policies", "steps"}
    assert all(agreed == answer.keys() for answer in document["answers"])


def junit_counts(report: Report) -> dict[str, tuple[str | None, ...]]:
    root = ET.fromstring(junit.check(report))
    keys = ("tests", "failures", "skipped")
    return {str(suite.get("name")): tuple(map(suite.get, keys)) for suite in root}


def test_junit_fails_what_the_gate_rejects() -> None:
    assert junit_counts(samples.MIXED) == {"doors": ("4", "2", "1"), "findings": ("2", "1", "0")}
    assert junit_counts(samples.WARNED) == {"doors": ("2", "0", "0"), "findings": ("1", "0", "0")}
