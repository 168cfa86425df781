"""A code host, and what a CI system says of it in its variables."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.forge.server import TOKEN, Host, running

CI_VARIABLES = (
    "GITHUB_TOKEN", "GH_TOKEN", "GITHUB_REPOSITORY", "GITHUB_API_URL", "GITHUB_EVENT_PATH",
    "GITHUB_REF", "GITHUB_STEP_SUMMARY", "GITLAB_TOKEN", "CI_PROJECT_ID", "CI_API_V4_URL",
    "CI_MERGE_REQUEST_IID",
)  # fmt: skip


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A code host without comments; nothing else of this machine is asked."""
    for name in CI_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running() as found:
        yield found


@pytest.fixture(params=["github", "gitlab"])
def environment(request: pytest.FixtureRequest, host: Host, tmp_path: Path) -> Mapping[str, str]:
    """The variables of a job for pull request 7, on either kind of host."""
    if request.param == "gitlab":
        host.knows_me = True
        return {
            "GITLAB_TOKEN": TOKEN,
            "CI_PROJECT_ID": "42",
            "CI_API_V4_URL": host.url,
            "CI_MERGE_REQUEST_IID": "7",
        }
    return github(host, tmp_path)


def github(host: Host, folder: Path) -> dict[str, str]:
    event = folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    return {
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": "octo/maas",
        "GITHUB_API_URL": host.url,
        "GITHUB_EVENT_PATH": str(event),
    }
