"""The lab does what the released controllers do, and the judge agrees with it."""

from pathlib import Path

from modelgate.local import lab as controllers
from modelgate.local.api import Api
from modelgate.local.lab import Lab
from tests.lab.agreement import Word, compare, tally
from tests.lab.execution import Executor
from tests.lab.through_envoy import Way
from tests.lab.topologies import generated, of_the_cases

_SOME = ("a01", "a04", "a09", "b03", "b06")
_KUADRANT = "kuadrant.io/v1beta1"


def test_the_stand_in_makes_the_operator_call_kuadrant_ready(lab: Lab, executor: Executor) -> None:
    (kuadrant,) = Api(lab.kubeconfig).list(_KUADRANT, "Kuadrant")
    list(executor.run(list(generated(1, 1))))  # the statuses had time meanwhile
    kuadrant = Api(lab.kubeconfig).get(kuadrant)
    assert [
        (condition["type"], condition["status"]) for condition in kuadrant["status"]["conditions"]
    ] == [("Ready", "True")]


def test_the_judge_agrees_with_cases_and_random_topologies(executor: Executor) -> None:
    cases = [each for each in of_the_cases() if each.name.startswith(_SOME)]
    rows = list(compare(executor, [*cases, *generated(1, 6)]))
    found = tally(rows)
    assert found[Word.WRONG] == 0
    assert found[Word.NOT_PUT] == 0
    assert found[Word.AGREED] > 30
    through_envoy = [row.outcome for row in rows if row.outcome and row.outcome.way != Way.UNKNOWN]
    assert executor.envoys is None or len(through_envoy) > 30


def test_a_lab_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert controllers.status(tmp_path) is None
    assert controllers.down(tmp_path / "none") is False
