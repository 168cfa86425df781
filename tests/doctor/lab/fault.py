"""What is told of each fault that is made in the lab."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.doctor.lab.deployment import Deployment


@dataclass(frozen=True)
class Fault:
    """`make` breaks the lab for a while, `reacted` is true when the controllers have seen it.

    Of the doctor's checks `check` is the first that fails (or, where none `fails`, is doubtful),
    with `words`; those in `below` have good reason to fail before it. `verdicts` are what
    `check --live` says of doors; where the lab's Envoy still has them `served`, the request that
    is shown for an open door reaches a pod.
    """

    name: str
    make: Callable[[Deployment], AbstractContextManager[None]]
    reacted: Callable[[Deployment], bool]
    check: str
    words: str
    verdicts: frozenset[str]
    fails: bool = True
    served: bool = True
    below: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name
