"""Code hosts: one comment on a pull request, found again and updated, whatever the API does."""

from modelgate.forge.github import GitHub
from modelgate.forge.gitlab import GitLab
from modelgate.forge.sticky import Forge, here, post
from modelgate.forge.web import RefusedError

__all__ = ["Forge", "GitHub", "GitLab", "RefusedError", "here", "post"]
