"""A stack is production unless its name is on a list that the stack itself cannot change."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

NON_PRODUCTION: Final = ("dev", "dev-*", "test", "test-*", "local", "lab")
"""Stack names (shell patterns) that are not production unless the policy pack says otherwise."""

THIS_REPOSITORY: Final = (*NON_PRODUCTION, "guide")
"""The list of this repository: its stack `guide` shows the source guide, findings included."""


def is_production(stack: str, non_production: Iterable[str] = NON_PRODUCTION) -> bool:
    """Whether `stack` (a name, or `organization/project/name`) must not expose a model."""
    name = stack.rpartition("/")[2]
    return not any(fnmatchcase(name, pattern) for pattern in non_production)
