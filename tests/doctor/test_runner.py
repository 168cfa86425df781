"""What a failure blocks is skipped, visibly; toy checks, so that no real one hides a fault."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from modelgate.doctor.check import Check, Layer
from modelgate.doctor.results import Problem, Result, Status, judged, skipped, warning
from modelgate.doctor.runner import examine, select, watch
from modelgate.doctor.snapshot import Snapshot
from modelgate.doctor.view import View
from modelgate.errors import ConfigurationError
from policies.judgement import report

FAILS = judged([Problem("broken")])
HOLDS = judged([])
DOUBTS = judged([warning("odd")])


def toy(id_: str, result: Result | Callable[[], Result], *needs: str, **more: Any) -> Check:
    def run(_view: View) -> Result:
        return result() if callable(result) else result

    fields = {"LAYER": Layer.CLUSTER, "READS": (), "WAITS": True, "WAY_OUT": "mend it", **more}
    check = SimpleNamespace(ID=id_, TITLE=f"{id_} holds", NEEDS=needs, run=run, **fields)
    return cast("Check", check)


def statuses(*checks: Check) -> dict[str, str]:
    examination = examine(View(Snapshot(), report), checks)
    return {one.check.ID: f"{one.result.status} {one.result.said}" for one in examination.checked}


def test_what_a_failure_blocks_is_skipped_to_the_top() -> None:
    assert statuses(
        toy("apple", FAILS), toy("banana", HOLDS, "apple"), toy("cherry", HOLDS, "banana")
    ) == {
        "apple": "failed ",
        "banana": "skipped needs apple",
        "cherry": "skipped needs banana",
    }


def test_neither_a_doubt_nor_a_check_that_was_not_asked_for_blocks() -> None:
    assert statuses(
        toy("apple", DOUBTS),
        toy("banana", skipped("no right")),
        toy("cherry", HOLDS, "apple", "banana"),
    ) == {"apple": "warned ", "banana": "skipped no right", "cherry": "passed "}


@pytest.mark.parametrize(
    ("result", "code"), [(HOLDS, 0), (DOUBTS, 0), (skipped("x"), 0), (FAILS, 1)]
)
def test_only_a_failure_is_an_error(result: Result, code: int) -> None:
    assert examine(View(Snapshot(), report), [toy("apple", result)]).exit_code == code


def test_a_cluster_that_did_not_answer_is_no_verdict() -> None:
    examination = examine(View(Snapshot(fault="gone"), report), [toy("apple", HOLDS)])
    assert examination.exit_code == 3


def test_failures_come_before_doubts() -> None:
    result = judged([warning("odd"), Problem("broken")])
    assert result.status is Status.FAILED
    assert [problem.what for problem in result.problems] == ["broken", "odd"]


def test_what_a_check_needs_is_selected_with_it() -> None:
    checks = [toy("apple", HOLDS), toy("banana", HOLDS, "apple"), toy("cherry", HOLDS)]
    assert [check.ID for check in select(checks, ["banana"])] == ["apple", "banana"]
    assert select(checks) == checks


def test_a_layer_is_selected_with_what_it_needs() -> None:
    checks = [
        toy("apple", HOLDS),
        toy("banana", HOLDS),
        toy("cherry", HOLDS, "banana", LAYER=Layer.DOORS),
    ]
    assert [check.ID for check in select(checks, layers=["doors"])] == ["banana", "cherry"]


def test_an_unknown_check_is_told() -> None:
    with pytest.raises(ConfigurationError, match="there is no check aple; did you mean apple"):
        select([toy("apple", HOLDS)], ["aple"])


def test_waiting_looks_again_until_it_holds() -> None:
    answers = iter([FAILS, FAILS, HOLDS])
    waited: list[str] = []
    examination = watch(
        Snapshot,
        [toy("apple", lambda: next(answers))],
        report,
        wait_seconds=600,
        pause=lambda _seconds, what: waited.append(what),
    )
    assert waited == ["apple", "apple"]
    assert examination.status is Status.PASSED


@pytest.mark.parametrize(
    ("check", "seconds"), [(toy("apple", FAILS, WAITS=False), 600), (toy("apple", FAILS), 0)]
)
def test_nothing_is_waited_for_in_vain(check: Check, seconds: float) -> None:
    def pause(_seconds: float, what: str) -> None:
        raise AssertionError(what)

    assert watch(Snapshot, [check], report, seconds, pause).exit_code == 1
