"""GitHub's comments on a pull request, which its API calls comments on an issue."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from modelgate.forge.web import RefusedError, Web

_OF_A_PULL_REQUEST = re.compile(r"refs/pull/(\d+)/")


@dataclass(frozen=True, slots=True)
class GitHub:
    """One pull request of `repository` (`owner/name`)."""

    web: Web
    repository: str
    number: str

    @classmethod
    def here(cls, environment: Mapping[str, str], pull_request: str = "") -> Self | None:
        """From the variables of GitHub Actions; None without repository, number or token."""
        repository = environment.get("GITHUB_REPOSITORY", "")
        token = environment.get("GITHUB_TOKEN") or environment.get("GH_TOKEN")
        number = pull_request or _number(environment)
        if not (repository and token and number):
            return None
        api = environment.get("GITHUB_API_URL") or "https://api.github.com"
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        return cls(Web(api.rstrip("/"), headers), repository, number)

    @property
    def name(self) -> str:
        return f"{self.repository}#{self.number}"

    def find(self, marker: str) -> str | None:
        login: str | None = None
        for comment in self._comments():
            if not str(comment.get("body") or "").startswith(marker):
                continue
            login = self._login() if login is None else login
            user = comment.get("user") or {}
            ours = user.get("login") == login if login else user.get("type") == "Bot"
            if ours:
                return str(comment["id"])
        return None

    def create(self, text: str) -> None:
        self.web.call("POST", f"{self._issue}/comments", {"body": text})

    def update(self, comment: str, text: str) -> None:
        self.web.call("PATCH", f"repos/{self.repository}/issues/comments/{comment}", {"body": text})

    @property
    def _issue(self) -> str:
        return f"repos/{self.repository}/issues/{self.number}"

    def _comments(self) -> Iterator[Mapping[str, Any]]:
        page = f"{self._issue}/comments?per_page=100"
        while page:
            reply = self.web.call("GET", page)
            yield from reply.body or ()
            page = reply.next_url if reply.next_url.startswith(f"{self.web.base}/") else ""

    def _login(self) -> str:
        """Whose token it is; empty for a bot's, which may not ask: GITHUB_TOKEN is one."""
        try:
            return str((self.web.call("GET", "user").body or {}).get("login") or "")
        except RefusedError:
            return ""


def _number(environment: Mapping[str, str]) -> str:
    """From the event, else from the ref that a pull request is checked out under."""
    event = _event(environment.get("GITHUB_EVENT_PATH", ""))
    runs = event.get("workflow_run") or {}
    of_run: Mapping[str, Any] = next(iter(runs.get("pull_requests") or ()), {})
    for pull_request in (event.get("pull_request") or {}, event.get("issue") or {}, of_run):
        if pull_request.get("number"):
            return str(pull_request["number"])
    match = _OF_A_PULL_REQUEST.match(environment.get("GITHUB_REF", ""))
    return match[1] if match else ""


def _event(path: str) -> dict[str, Any]:
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
