"""There is one comment, and it is ours: others cannot make us edit theirs.

Every try begins with looking for it, so a try that was answered with an error and yet did its work
leaves no second comment.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from modelgate.forge.github import GitHub
from modelgate.forge.gitlab import GitLab
from modelgate.forge.web import BusyError, RefusedError

TRIES: Final = 5
LONGEST_WAIT_S: Final = 120.0
"""Who is asked to wait longer does without the comment: a CI job costs money while it waits."""


class Forge(Protocol):
    """The comments of one pull request. All of it raises RefusedError and BusyError."""

    @property
    def name(self) -> str:
        """What is commented on, for people."""

    def find(self, marker: str) -> str | None:
        """The id of our own comment that begins with `marker`."""

    def create(self, text: str) -> None:
        """A new comment."""

    def update(self, comment: str, text: str) -> None:
        """Other text for the comment of this id."""


def here(environment: Mapping[str, str], pull_request: str = "") -> Forge | None:
    """The pull request that this job is about; None where there is none, or no token."""
    return GitHub.here(environment, pull_request) or GitLab.here(environment, pull_request)


def post(
    forge: Forge,
    marker: str,
    text: str,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Create or update the comment that begins with `marker`; False where it cannot be."""
    for attempt in range(1, TRIES + 1):
        try:
            comment = forge.find(marker)
            if comment is None:
                forge.create(text)
            else:
                forge.update(comment, text)
        except RefusedError as error:
            say(f"no comment on {forge.name}: {error}")
            return False
        except BusyError as error:
            wait_s = 2.0 ** (attempt - 1) if error.wait_s is None else error.wait_s
            if attempt == TRIES or wait_s > LONGEST_WAIT_S:
                say(f"no comment on {forge.name}: {error}")
                return False
            say(f"{forge.name} is busy, again in {wait_s:.0f} s: {error}")
            sleep(wait_s)
        else:
            say(f"{'created' if comment is None else 'updated'} the comment on {forge.name}")
            return True
    return False
