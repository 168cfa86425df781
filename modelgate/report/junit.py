"""A report as JUnit XML: one test case a door, one a finding, for CI systems that show tests.

A door fails where the gate would close: outside production it is passed, with its details as
output. An EXEMPT door is skipped, because nobody proved it. Plain text holds printable characters
only, and all of these are allowed in XML.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable

from modelgate.findings import Finding, Verdict
from modelgate.report import words
from modelgate.report.safe import plain
from modelgate.report.text import labelled
from modelgate.report.words import Line
from modelgate.topology.answers import Door, Report
from policies.judgement import REJECTING


def check(report: Report) -> str:
    """The whole report of `modelgate check` as one `testsuites` document."""
    root = ET.Element("testsuites", name="modelgate")
    production = report.environment == words.PRODUCTION
    doors = ET.SubElement(root, "testsuite", name="doors")
    for door in words.worst_first(report.doors):
        _door(doors, door, production)
    findings = ET.SubElement(root, "testsuite", name="findings")
    for finding in words.further_findings(report):
        _finding(findings, finding, production)
    for suite in (doors, findings):
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
        suite.set("errors", "0")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _door(suite: ET.Element, door: Door, production: bool) -> None:
    case = ET.SubElement(suite, "testcase", classname="door", name=plain(door.name))
    if door.verdict is Verdict.PROTECTED:
        return
    if door.verdict is Verdict.EXEMPT:
        ET.SubElement(case, "skipped", message=plain(door.reason))
        return
    _outcome(case, production, f"{door.verdict}: {door.reason}", words.details(door))


def _finding(suite: ET.Element, finding: Finding, production: bool) -> None:
    name = plain(finding.resource)
    case = ET.SubElement(suite, "testcase", classname=plain(finding.rule), name=name)
    fails = production and finding.severity in REJECTING
    _outcome(case, fails, f"{finding.severity}: {finding.message}", words.finding_lines(finding))


def _outcome(case: ET.Element, fails: bool, message: str, lines: Iterable[Line]) -> None:
    text = "\n".join(labelled(lines, indent=0))
    if fails:
        ET.SubElement(case, "failure", message=plain(message)).text = text
    else:
        ET.SubElement(case, "system-out").text = f"{plain(message)}\n{text}"
