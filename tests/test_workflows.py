"""What the workflows run is known to work, and what they may do is known to be little."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelgate import bootstrap
from modelgate.builds.progress import silent
from modelgate.engine.cli_binary import find_cli
from tests.cli.projects import CLOSED, OPEN, committed, git, write
from tests.forge.server import TOKEN, Host, running
from tests.workflows import (
    FOLDER,
    GITLAB,
    ROOT,
    Ran,
    gitlab_shell,
    jobs,
    prepare,
    run,
    shell_of,
    steps,
    workflows,
)

PINNED = re.compile(r"[\w.-]+/[\w.-]+@(v\d+(\.\d+)*|[0-9a-f]{40})")
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
HARMLESS = {"github.run_number"}
REFRESH = "The cluster's objects are those of the state"
DOORS = "The cluster's doors are those that are declared"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository on a branch beside main, with a closed production and an open dev."""
    root = write(tmp_path / "project", prod=CLOSED, dev=OPEN)
    prepare(root)
    committed(root)
    git(root, "update-ref", "refs/remotes/origin/main", "main")
    git(root, "checkout", "--quiet", "-b", "change")
    return root


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What a runner and the workflow itself set."""
    names = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
    runner = {name: str(tmp_path / name.lower()) for name in names}
    return {
        **runner,
        "RUNNER_TEMP": str(tmp_path),
        "BASE": "origin/main",
        "KUBECONFIG_TEXT": "no cluster",
        "PULUMI_BACKEND_URL": "",
        "NO_PROXY": "127.0.0.1",
    }


@pytest.fixture
def host() -> Iterator[Host]:
    with running() as found:
        yield found


def opened(project: Path) -> None:
    """The change that opens a door of production."""
    write(project, prod=OPEN)
    (project / "Pulumi.prod.yaml").write_text("config: {}\n# opened\n")
    committed(project)


def step(
    workflow: str, name: str, folder: Path, environment: Mapping[str, str], job: str = ""
) -> Ran:
    return run(shell_of(workflow, job or workflow, name), folder, environment)


def on_github(host: Host) -> dict[str, str]:
    return {
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": "octo/maas",
        "GITHUB_API_URL": host.url,
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_EVENT_PATH": "",
    }


def test_a_pull_request_that_opens_a_door_is_told_and_fails(
    project: Path, environment: dict[str, str], host: Host
) -> None:
    opened(project)
    assert step("preview", "Changed stacks", project, environment).code == 0
    assert Path(environment["GITHUB_OUTPUT"]).read_text() == "stacks=-s prod\n"
    environment["STACKS"] = "-s prod"
    assert step("preview", "Preview beside the target branch", project, environment).code == 0
    ended = "Comment, and end as the preview did"
    told = step("preview", ended, project, {**environment, **on_github(host)}, "comment")
    assert (told.code, len(host.bodies)) == (1, 1)
    assert "### ❌ `prod`: this change opens 1 door" in host.bodies[0]
    told = step("preview", ended, project, environment, "comment")
    assert told.code == 1
    assert "this change opens 1 door" in Path(environment["GITHUB_STEP_SUMMARY"]).read_text()


def test_a_preview_beside_what_is_deployed(project: Path, environment: dict[str, str]) -> None:
    environment["STACKS"] = "-s prod"
    assert step("preview", "Preview beside what is deployed", project, environment).code == 0
    text = (project / "preview.md").read_text()
    assert text.startswith("<!-- modelgate preview maas exit=0 -->")
    assert "the cluster was not asked" in text
    kubeconfig = Path(environment["RUNNER_TEMP"]) / "kubeconfig"
    assert kubeconfig.stat().st_mode & 0o077 == 0


def test_a_preview_that_fails_is_told_all_the_same(
    project: Path, environment: dict[str, str], host: Host
) -> None:
    (project / "__main__.py").write_text("1 / 0\n")
    environment["STACKS"] = "--all"
    assert step("preview", "Preview beside the target branch", project, environment).code == 0
    ended = "Comment, and end as the preview did"
    told = step("preview", ended, project, {**environment, **on_github(host)}, "comment")
    assert told.code == 3
    assert "ZeroDivisionError" in host.bodies[0]


@pytest.mark.parametrize(
    ("file", "stacks"),
    [
        ("README.md", "none"),
        ("tests/test_x.py", "none"),
        ("Pulumi.prod.yaml", "-s prod"),
        ("Pulumi.new one.yaml", "-s new one"),
        ("components/x.py", "--all"),
        ("policies/x.yaml", "--all"),
        ("Pulumi.yaml", "--all"),
        ("requirements.txt", "--all"),
    ],
)
def test_the_stacks_that_a_change_concerns(
    project: Path, environment: dict[str, str], file: str, stacks: str
) -> None:
    (project / "policies").unlink()
    path = project / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("# changed\n")
    committed(project)
    git(project, "update-ref", "refs/remotes/origin/main", "HEAD~1")
    if file != "policies/x.yaml":
        git(project, "checkout", "--quiet", "HEAD~1", "--", "policies")
        git(project, "commit", "--quiet", "--amend", "--no-edit", "--author=x <x@x>")
    assert run('.ci/changed-stacks "$BASE"', project, environment).said == f"{stacks}\n"


def test_production_is_judged_before_it_is_deployed(
    project: Path, environment: dict[str, str]
) -> None:
    environment["STACK"] = "prod"
    assert step("up", "Judge", project, environment).code == 0
    opened(project)
    assert step("up", "Judge", project, environment).code == 1


def test_nothing_is_deployed_where_no_cluster_answers(
    project: Path, environment: dict[str, str]
) -> None:
    ran = step("up", "Deploy", project, {**environment, "STACK": "prod"})
    assert ran.code == 3
    assert "nothing was changed" in ran.said


@pytest.mark.parametrize(
    ("stack", "live", "code", "said"),
    [
        ("prod", CLOSED, 0, ""),
        ("prod", OPEN, 1, "in the cluster, and not declared: EXPOSED"),
        ("dev", CLOSED, 1, "declared, and not so in the cluster: EXPOSED"),
        ("dev", OPEN, 0, ""),
        ("prod", "kind: [", 3, "error: "),
        ("nowhere", CLOSED, 3, "there is no stack"),
    ],
)
def test_doors_that_drift_are_told(
    project: Path, environment: dict[str, str], stack: str, live: str, code: int, said: str
) -> None:
    file = Path(environment["RUNNER_TEMP"]) / "live.yaml"
    file.write_text(live)
    ran = step("drift", DOORS, project, {**environment, "STACK": stack, "LIVE": str(file)})
    assert (ran.code, said in ran.said) == (code, True), ran.said


def test_the_state_is_compared_with_options_that_pulumi_has(
    project: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    stub = tmp_path / "bin" / "pulumi"
    stub.parent.mkdir()
    stub.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$RUNNER_TEMP/asked"\n')
    stub.chmod(0o755)
    path = f"{stub.parent}:{environment.get('PATH', '/usr/bin:/bin')}"
    assert step("drift", REFRESH, project, {**environment, "STACK": "prod", "PATH": path}).code == 0
    command, *asked = (tmp_path / "asked").read_text().splitlines()
    real = find_cli("", silent, lambda _line: None).path
    known = subprocess.run([real, command, "--help"], capture_output=True, text=True, check=True)
    assert [one for one in asked if one.startswith("--") and one not in known.stdout] == []
    assert asked[-2:] == ["--stack", "prod"]


def test_gitlab_previews_and_comments(
    project: Path, environment: dict[str, str], host: Host
) -> None:
    host.knows_me = True
    opened(project)
    git(project, "remote", "add", "origin", str(project))
    merge_request = {
        "GITLAB_TOKEN": TOKEN,
        "CI_PROJECT_ID": "42",
        "CI_API_V4_URL": host.url,
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    }
    ran = run(gitlab_shell("preview"), project, {**environment, **merge_request})
    assert (ran.code, len(host.bodies)) == (1, 1), ran.said
    assert "this change opens 1 door" in host.bodies[0]


def test_gitlab_runs_what_github_runs() -> None:
    shells = [shell_of("up", "up", "Judge"), shell_of("up", "up", "Deploy").splitlines()[-1]]
    assert gitlab_shell(".up").splitlines() == shells
    assert gitlab_shell("drift") == shell_of("drift", "drift", DOORS).splitlines()[-1]
    assert yaml.safe_load(GITLAB.read_text())["up prod"]["rules"][0]["when"] == "manual"


def test_install_is_what_make_does() -> None:
    installs = {body["run"] for name, body in steps() if name.endswith(": Install")}
    assert installs == {"python -m modelgate.bootstrap cli"}
    assert (ROOT / bootstrap.LOCKS["cli"]).is_file()


def test_every_action_has_a_version() -> None:
    used = {step["uses"] for _, step in steps() if "uses" in step}
    assert [one for one in used if not PINNED.fullmatch(one)] == []


@pytest.mark.parametrize(("name", "job"), [*jobs()])
def test_a_job_ends_and_may_do_little(name: str, job: dict[str, Any]) -> None:
    assert job["timeout-minutes"] <= 90
    own = job.get("permissions", workflows()[name.partition(":")[0]]["permissions"])
    written = {scope for scope, may in own.items() if may == "write"}
    assert written == ({"pull-requests"} if name == "preview: comment" else set())
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
            if written:
                assert step["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"


def test_no_workflow_runs_the_code_of_others_with_our_rights() -> None:
    assert [name for name, body in workflows().items() if "pull_request_target" in body[True]] == []


def test_secrets_reach_single_steps_only() -> None:
    for path in FOLDER.glob("*.yml"):
        body = yaml.safe_load(path.read_text())
        for job in body["jobs"].values():
            assert "secrets." not in str({**job, "steps": ()})
        assert "secrets." not in str(body.get("env"))


def test_no_expression_is_pasted_into_shell() -> None:
    pasted = {
        (name, found)
        for name, step in steps()
        for found in EXPRESSION.findall(step.get("run", ""))
        if found not in HARMLESS
    }
    assert pasted == set()


@pytest.fixture
def actionlint() -> str:
    found = shutil.which("actionlint")
    if found is None:
        pytest.skip("actionlint is not on PATH")
    return found


def test_actionlint_has_nothing_to_say(actionlint: str) -> None:
    done = subprocess.run(
        [actionlint, *sorted(map(str, FOLDER.glob("*.yml")))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""


def test_the_stack_of_the_operator_is_one_of_ours() -> None:
    stack = yaml.safe_load((ROOT / "docs" / "ci" / "stack.yaml").read_text())
    assert (stack["apiVersion"], stack["kind"]) == ("pulumi.com/v1", "Stack")
    assert (ROOT / f"Pulumi.{stack['spec']['stack']}.yaml").is_file()
