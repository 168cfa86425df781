"""What is waited for is looked at; no length of time stands for it."""

import time
from collections.abc import Callable

_PAUSE_SECONDS = 0.25


def until(reached: Callable[[], bool], seconds: float) -> bool:
    """Look until `reached` is true, for at most `seconds`. Whether it was."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True
