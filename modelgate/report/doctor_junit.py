"""A doctor's report as JUnit XML: one suite a layer, one test case a check."""

import xml.etree.ElementTree as ET
from itertools import groupby

from modelgate.doctor.check import see
from modelgate.doctor.results import Status
from modelgate.doctor.runner import Checked, Examination
from modelgate.report.safe import plain


def text(examination: Examination) -> str:
    """The whole examination as one `testsuites` document."""
    root = ET.Element("testsuites", name="modelgate doctor")
    for layer, group in groupby(examination.checked, key=lambda one: one.check.LAYER):
        suite = ET.SubElement(root, "testsuite", name=str(layer))
        for one in group:
            _case(suite, one)
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
        suite.set("errors", "0")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _case(suite: ET.Element, one: Checked) -> None:
    check, result = one.check, one.result
    case = ET.SubElement(suite, "testcase", classname=check.ID, name=check.TITLE)
    if result.status is Status.SKIPPED:
        ET.SubElement(case, "skipped", message=plain(result.said))
    elif result.status is Status.FAILED:
        first = plain(result.problems[0].what)
        ET.SubElement(case, "failure", message=first).text = _details(one)
    elif result.status is Status.WARNED:
        ET.SubElement(case, "system-out").text = _details(one)


def _details(one: Checked) -> str:
    told = [
        f"{plain(problem.what)}\nfix: {plain(problem.fix or one.check.WAY_OUT)}"
        for problem in one.result.problems
    ]
    return "\n".join([*told, f"see {see(one.check)}"])
