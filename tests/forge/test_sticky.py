"""There is one comment, whatever the API answers, and it is never one of others."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from modelgate import forge
from modelgate.forge.github import GitHub
from modelgate.forge.sticky import LONGEST_WAIT_S, TRIES
from modelgate.forge.web import BusyError, Web
from tests.forge.conftest import github
from tests.forge.server import GITHUB, MALLORY, TOKEN, Fault, Host

MARKER = "<!-- modelgate preview maas "
OLD, NEW = f"{MARKER}exit=1 -->\nold", f"{MARKER}exit=0 -->\nnew"
Environment = Mapping[str, str]


class Told:
    """What was said, and how long was waited, without waiting."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.waits: list[float] = []


def post(environment: Environment, told: Told | None = None) -> bool:
    found, told = forge.here(environment), told or Told()
    assert found is not None
    posted = forge.post(found, MARKER, NEW, told.lines.append, told.waits.append)
    assert TOKEN not in "\n".join(told.lines)
    return posted


def faults(host: Host, method: str, answers: Sequence[Fault]) -> None:
    methods = ("PATCH", "PUT") if method == "PATCH" else (method,)
    host.faults = {one: list(answers) for one in methods}


def test_the_first_comment_is_created(host: Host, environment: Environment) -> None:
    host.add("a question of somebody", MALLORY)
    assert post(environment)
    assert host.bodies[1:] == [NEW]


def test_the_second_time_it_is_updated(host: Host, environment: Environment) -> None:
    host.add(OLD)
    assert post(environment)
    assert host.bodies == [NEW]


def test_it_is_found_behind_pages_of_talk(host: Host, environment: Environment) -> None:
    for number in range(250):
        host.add(f"talk {number}", MALLORY)
    host.add(OLD)
    told = Told()
    assert post(environment, told)
    assert (len(host.comments), host.bodies[-1]) == (251, NEW)
    assert told.lines[0].startswith("updated the comment on ")
    assert len([line for line in host.requests if line.startswith("GET") and "page" in line]) == 3


def test_the_comment_of_another_project_is_left_alone(host: Host, environment: Environment) -> None:
    other = OLD.replace("maas", "other")
    host.add(other)
    assert post(environment)
    assert host.bodies == [other, NEW]


@pytest.mark.parametrize("knows_me", [True, False])
def test_nobody_can_make_us_edit_their_comment(
    host: Host, tmp_path: Path, *, knows_me: bool
) -> None:
    host.knows_me = knows_me
    host.add(OLD, MALLORY)
    assert post(github(host, tmp_path))
    assert host.bodies == [OLD, NEW]


def test_a_system_note_is_no_comment(host: Host) -> None:
    host.add(OLD, system=True)
    host.knows_me = True
    job = {"GITLAB_TOKEN": TOKEN, "CI_PROJECT_ID": "42", "CI_API_V4_URL": host.url}
    assert post({**job, "CI_MERGE_REQUEST_IID": "7"})
    assert host.bodies == [OLD, NEW]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_busy_host_is_asked_again(host: Host, environment: Environment, method: str) -> None:
    busy = [Fault(502), Fault(429, {"Retry-After": "7"}), Fault(503)]
    faults(host, method, busy)
    told = Told()
    assert post(environment, told)
    assert host.bodies == [NEW]
    assert told.waits == [1.0, 7.0, 4.0]
    assert "(429)" in told.lines[1]


def test_an_update_is_tried_again_too(host: Host, environment: Environment) -> None:
    host.add(OLD)
    faults(host, "PATCH", [Fault(500)])
    assert post(environment)
    assert host.bodies == [NEW]


def test_a_try_that_worked_in_spite_of_its_answer_is_not_doubled(
    host: Host, environment: Environment
) -> None:
    faults(host, "POST", [Fault(504, done=True)])
    assert post(environment)
    assert host.bodies == [NEW]


def test_who_stays_busy_is_left_in_peace(host: Host, environment: Environment) -> None:
    faults(host, "GET", [Fault(503)] * 99)
    told = Told()
    assert not post(environment, told)
    assert told.waits == [1.0, 2.0, 4.0, 8.0]
    assert len(host.requests) == TRIES


def test_a_wait_that_is_too_long_is_not_waited(host: Host, environment: Environment) -> None:
    faults(host, "POST", [Fault(429, {"Retry-After": str(int(LONGEST_WAIT_S) + 1)})])
    told = Told()
    assert not post(environment, told)
    assert (host.bodies, told.waits) == ([], [])


@pytest.mark.parametrize(
    "fault",
    [
        Fault(401, body={"message": "Bad credentials"}),
        Fault(403, body={"message": "Resource not accessible by integration"}),
        Fault(404, body={"message": "Not Found"}),
        Fault(422, body={"message": "Validation Failed", "errors": [{"message": "too long"}]}),
        Fault(307, {"Location": "http://127.0.0.1:1/elsewhere"}),
    ],
)
def test_a_refusal_is_final_and_told(host: Host, environment: Environment, fault: Fault) -> None:
    faults(host, "POST", [fault])
    told = Told()
    assert not post(environment, told)
    assert told.waits == []
    assert f"({fault.status})" in told.lines[-1]
    assert str(fault.body.get("message", "")) in told.lines[-1]


def test_a_used_up_quota_is_waited_for(host: Host, tmp_path: Path) -> None:
    quota = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1030"}
    host.faults = {"POST": [Fault(403, quota)]}
    found = GitHub.here(github(host, tmp_path))
    assert found
    web = Web(host.url, found.web.headers, now=lambda: 1000.0)
    told = Told()
    at_1000 = GitHub(web, "octo/maas", "7")
    assert forge.post(at_1000, MARKER, NEW, told.lines.append, told.waits.append)
    assert told.waits == [30.0]


def test_a_date_is_understood_as_a_wait(host: Host, tmp_path: Path) -> None:
    began = datetime(2026, 11, 24, tzinfo=UTC)
    date = format_datetime(began + timedelta(seconds=9), usegmt=True)
    host.faults = {"GET": [Fault(503, {"Retry-After": date}), Fault(503, {"Retry-After": "soon"})]}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    web = Web(host.url, headers, now=began.timestamp)
    waits = []
    for _ in range(2):
        with pytest.raises(BusyError) as caught:
            web.call("GET", f"{GITHUB}/7/comments?per_page=100".removeprefix("/"))
        waits.append(caught.value.wait_s)
    assert waits == [9.0, None]


def test_a_host_that_is_not_there_is_busy() -> None:
    with pytest.raises(BusyError, match="cannot be reached") as caught:
        Web("http://127.0.0.1:1", {"Authorization": TOKEN}).call("GET", "user")
    assert TOKEN not in repr(caught.value)


def test_another_hosts_next_page_is_not_followed(host: Host, tmp_path: Path) -> None:
    link = '<http://evil.example.com/comments?page=2>; rel="next"'
    host.faults = {"GET": [Fault(200, {"Link": link})]}
    assert post(github(host, tmp_path))
    assert host.bodies == [NEW]


@pytest.mark.parametrize(
    ("event", "ref", "number"),
    [
        ({"pull_request": {"number": 8}}, "", "8"),
        ({"issue": {"number": 9}}, "", "9"),
        ({"workflow_run": {"pull_requests": [{"number": 10}]}}, "", "10"),
        ({"workflow_run": {"pull_requests": []}}, "", None),
        ({}, "refs/pull/11/merge", "11"),
        ([], "refs/heads/main", None),
    ],
)
def test_the_number_comes_from_the_event(
    tmp_path: Path, event: object, ref: str, number: str | None
) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event))
    variables = {"GITHUB_REPOSITORY": "a/b", "GITHUB_TOKEN": "x", "GITHUB_EVENT_PATH": str(file)}
    found = forge.here({**variables, "GITHUB_REF": ref})
    assert (found.name if found else None) == (f"a/b#{number}" if number else None)


def test_without_a_job_there_is_no_forge(tmp_path: Path) -> None:
    assert forge.here({}) is None
    assert (
        forge.here({"GITHUB_REPOSITORY": "a/b", "GITHUB_EVENT_PATH": str(tmp_path / "x")}) is None
    )
    named = forge.here({"CI_PROJECT_ID": "group/name", "GITLAB_TOKEN": "x"}, "5")
    assert named
    assert named.name == "merge request group/name!5"
