"""What was said of one request, found by its id: by Envoy when it logged it, by the stand-in."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from modelgate.local.lab.gateway.stand_in import Heard
from modelgate.local.lab.gateway.state import ACCESS_LOG, FILTER_LOG
from modelgate.local.waiting import until

_SECONDS: Final = 5
_LINE: Final = re.compile(
    r'\[[^\]]+\] "\S+ (?P<path>.*) [^" ]+" (?P<status>\d+) (?P<flags>\S+) (?P<details>\S*) \S+ '
    r'".*?" \d+ \d+ (?P<duration>\d+) .*"(?P<id>[^"]*)" "[^"]*" "(?P<pod>[^"]*)" '
    r"(?P<cluster>.*) \S+ \S+ \S+ \S+ (?P<name>.*?) "
    r'"(?P<destination>[^"]*)" "(?P<picker>[^"]*)" "(?:[^"]*|\{.*\})" (?P<place>\S.*)'
)


@dataclass(frozen=True)
class Line:
    """A request as Envoy logged it. Empty texts stand for `-`; `duration` in milliseconds.

    `place` says which listener, route, rule and match Envoy chose (`rule` and `match` count from
    0); it is empty where no route matched. `picker` is what the picker's filter did.
    """

    id: str
    path: str
    status: int
    flags: str
    details: str
    duration: int
    pod: str
    cluster: str
    name: str
    destination: str
    picker: str
    place: Mapping[str, str] = field(default_factory=dict)


def parse(text: str) -> Line | None:
    """None where it is no line of the lab's form."""
    match = _LINE.fullmatch(text.rstrip("\n"))
    if match is None:
        return None
    found = {name: "" if value == "-" else value for name, value in match.groupdict().items()}
    numbers = {name: int(found[name]) for name in ("status", "duration")}
    return Line(**{**found, **numbers, "place": json.loads(found["place"] or "{}")})


def logged(folder: Path, identity: str) -> Line | None:
    """Envoy's line about the request; it comes a moment after the answer."""
    return _wait(folder / ACCESS_LOG, identity, parse)


def heard(folder: Path, identity: str) -> Heard | None:
    """What the stand-in answered; None where Envoy did not ask. Ask after `logged`."""
    found = _find(folder / FILTER_LOG, identity, lambda text: Heard(**_tuples(json.loads(text))))
    return found if isinstance(found, Heard) else None


def _wait(log: Path, identity: str, read: Callable[[str], Line | None]) -> Line | None:
    found: list[Line] = []

    def there() -> bool:
        line = _find(log, identity, read)
        if line is not None:
            found.append(line)
        return line is not None

    until(there, _SECONDS)
    return found[0] if found else None


def _find(log: Path, identity: str, read: Callable[[str], Any]) -> Any:
    if not log.exists():
        return None
    for text in reversed(log.read_text(errors="replace").splitlines()):
        if f'"{identity}"' in text:
            return read(text)
    return None


def _tuples(told: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(each) if isinstance(each, list) else each for name, each in told.items()}
