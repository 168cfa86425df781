"""GitLab's notes on a merge request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

from modelgate.forge.web import Web


@dataclass(frozen=True, slots=True)
class GitLab:
    """One merge request of `project` (its number, or `group/name`)."""

    web: Web
    project: str
    number: str

    @classmethod
    def here(cls, environment: Mapping[str, str], pull_request: str = "") -> Self | None:
        """From the variables of GitLab CI; None without project, number or token.

        A job's own token may not write notes, so GITLAB_TOKEN holds one with the scope `api`.
        """
        project = environment.get("CI_PROJECT_ID", "")
        number = pull_request or environment.get("CI_MERGE_REQUEST_IID", "")
        token = environment.get("GITLAB_TOKEN")
        if not (project and number and token):
            return None
        api = environment.get("CI_API_V4_URL") or "https://gitlab.com/api/v4"
        return cls(Web(api.rstrip("/"), {"PRIVATE-TOKEN": token}), project, number)

    @property
    def name(self) -> str:
        return f"merge request {self.project}!{self.number}"

    def find(self, marker: str) -> str | None:
        user: str | None = None
        for note in self._all():
            if note.get("system") or not str(note.get("body") or "").startswith(marker):
                continue
            user = (
                str((self.web.call("GET", "user").body or {}).get("id")) if user is None else user
            )
            if str((note.get("author") or {}).get("id")) == user:
                return str(note["id"])
        return None

    def create(self, text: str) -> None:
        self.web.call("POST", self._notes, {"body": text})

    def update(self, comment: str, text: str) -> None:
        self.web.call("PUT", f"{self._notes}/{comment}", {"body": text})

    @property
    def _notes(self) -> str:
        return f"projects/{quote(self.project, safe='')}/merge_requests/{self.number}/notes"

    def _all(self) -> Iterator[Mapping[str, Any]]:
        page = "1"
        while page:
            query = f"per_page=100&sort=asc&order_by=created_at&page={page}"
            reply = self.web.call("GET", f"{self._notes}?{query}")
            yield from reply.body or ()
            page = reply.headers.get("X-Next-Page", "")
