"""Each rule finds what its bad cases show, and is silent about the good ones beside them."""

import pytest

from modelgate.findings import Severity
from tests.rules.cases import Case, cases


@pytest.mark.parametrize("case", [*cases("bad"), *cases("ok")], ids=str)
def test_a_rule_finds_what_a_case_expects(case: Case) -> None:
    found = sorted((item.severity, item.resource, item.message) for item in case.findings())
    assert [(severity, resource) for severity, resource, _ in found] == [
        (severity, resource) for severity, resource, _ in case.expected
    ]
    parts = [part for _, _, part in case.expected]
    messages = [message for _, _, message in found]
    assert all(any(part in message for message in messages) for part in parts), messages


@pytest.mark.parametrize("case", cases("bad"), ids=str)
def test_a_bad_case_expects_a_finding_with_a_way_out(case: Case) -> None:
    assert case.expected
    assert all(item.rule == case.rule.ID and item.remedy for item in case.findings())


@pytest.mark.parametrize("case", cases("ok"), ids=str)
def test_a_good_case_has_at_most_something_to_know(case: Case) -> None:
    assert {severity for severity, _, _ in case.expected} <= {Severity.LOW}


@pytest.mark.parametrize("case", [*cases("bad"), *cases("ok")], ids=str)
def test_a_case_says_first_what_it_shows(case: Case) -> None:
    assert case.title.startswith("# ")
    assert case.title.endswith(".")
    assert len(case.title) > 12
