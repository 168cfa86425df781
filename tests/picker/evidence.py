"""What is left to look at after some requests: logs and counts, as the real parts wrote them."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.picker import guide
from tests.picker.envoy import Envoy
from tests.picker.lab import Picker
from tests.picker.real import Real

FOLDER: Final = Path(__file__).parent / "recorded"
RENEW: Final = "python -m pytest tests/picker/test_evidence.py --update-golden"
_STARTS: Final = "=== "


@dataclass(frozen=True)
class Evidence:
    """The access log in two forms, Envoy's counts of the picker's cluster, the picker's log."""

    text: str
    picks: str
    clusters: str
    picker: str

    @classmethod
    def of(cls, envoy: Envoy, picker: Picker, requests: int) -> "Evidence":
        """Taken once `requests` are in the access log."""
        counts = envoy.ask("/clusters").decode().splitlines(keepends=True)
        own = "".join(line for line in counts if line.startswith(guide.CLUSTER))
        log = stamped(picker.log()) if isinstance(picker, Real) else ""
        text, picks = (envoy.logged(form, requests) for form in ("text", "picks"))
        return cls(text, picks, own, log)

    def write(self, name: str, versions: str) -> None:
        """Keep it, below a header that says where it comes from."""
        parts = [f"{_STARTS}{part}\n{text}" for part, text in asdict(self).items()]
        header = f"# {versions}\n# Renewed with: {RENEW}\n"
        (FOLDER / f"{name}.txt").write_text(header + "".join(parts), encoding="utf-8")


def written_by(name: str) -> str:
    """The versions in its header."""
    first = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()[0]
    return first.removeprefix("# ")


def recorded(name: str) -> Evidence:
    """What was kept under this name."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    _, *parts = re.split(rf"^{_STARTS}(\w+)\n", text, flags=re.MULTILINE)
    return Evidence(**dict(zip(parts[::2], parts[1::2], strict=True)))


def stamped(log: str) -> str:
    """The lines with their time before them, as the API adds it for `timestamps=true`."""
    return "".join(_stamped(log))


def _stamped(log: str) -> Iterator[str]:
    for line in log.splitlines(keepends=True):
        at = datetime.fromtimestamp(json.loads(line)["ts"], UTC)
        yield f"{at.isoformat().replace('+00:00', '000Z')} {line}"
