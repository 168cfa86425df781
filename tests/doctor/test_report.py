"""A report is the same in every form, and carries no escape from a manifest."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from modelgate.doctor.checks import ALL
from modelgate.doctor.runner import Examination, examine
from modelgate.doctor.view import View
from modelgate.report import doctor, doctor_json, doctor_junit
from policies.judgement import report
from tests.doctor.clusters import cluster
from tests.doctor.faults.guide import GUIDE

Golden = Callable[[str, str], None]
FORMS: dict[str, Callable[[Examination], str]] = {
    "txt": doctor.table,
    "short.txt": doctor.short,
    "json": doctor_json.text,
    "junit.xml": doctor_junit.text,
}


@pytest.fixture(scope="module")
def broken() -> Examination:
    """The guide's cluster whose picker lost its certificate."""
    fault = next(one for one in GUIDE if one.name == "picker TLS")
    return examine(View(fault.cluster().snapshot(), report), ALL)


@pytest.mark.parametrize("form", FORMS)
def test_a_report_reads_as_it_should(form: str, broken: Examination, golden: Golden) -> None:
    golden(f"broken.{form}", FORMS[form](broken))


def test_the_last_line_is_the_verdict(broken: Examination) -> None:
    last = doctor.table(broken).splitlines()[-1]
    assert last == doctor.verdict(broken) == doctor.short(broken).splitlines()[-1]


def test_the_forms_agree(broken: Examination) -> None:
    document = json.loads(doctor_json.text(broken))
    failed = [one["id"] for one in document["checks"] if one["status"] == "failed"]
    cases = ET.fromstring(doctor_junit.text(broken)).iter("testcase")
    assert failed == [case.get("classname") for case in cases if case.find("failure") is not None]


def test_colour_changes_no_word(broken: Examination) -> None:
    coloured = doctor.table(broken, colour=True)
    assert "\x1b[31m" in coloured
    for code in ("31", "32", "33", "0"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == doctor.table(broken)


def test_a_name_from_a_manifest_carries_no_escape() -> None:
    found = cluster("3.5")
    gateway = found["Gateway openshift-ingress/maas-gateway"]
    gateway["status"]["addresses"] = [{"value": "\x1b[2J"}]
    examination = examine(View(found.snapshot(), report), ALL)
    assert "\\x1b[2J" in doctor.table(examination)
    assert "\x1b" not in doctor.table(examination)
