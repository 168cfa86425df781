"""One case is one file: a first line that says what it shows, a header, the objects in question.

Header lines: `# beside: gateway, model` (parts that stand around it), `# assume: kuadrant=1.5.3`,
`# environment: non-production`, `# exempt: PATTERN until DATE`, and one `# expect: SEVERITY
RESOURCE | TEXT` for each finding of the rule, whose message holds the text.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from modelgate.findings import Finding
from modelgate.topology import Exemption, Object, Settings, analyze, read
from policies.rules import ALL, Rule

HERE = Path(__file__).parent
TODAY = date(2026, 11, 24)


@dataclass(frozen=True)
class Case:
    rule: Rule
    path: Path

    def __str__(self) -> str:
        return f"{self.rule.ID}/{self.path.stem}"

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def header(self, key: str) -> list[str]:
        """The values of every header line `# key: value`."""
        start = f"# {key}: "
        return [line[len(start) :] for line in self.text.splitlines() if line.startswith(start)]

    @property
    def title(self) -> str:
        return self.text.partition("\n")[0]

    @property
    def expected(self) -> list[tuple[str, str, str]]:
        """Severity, resource and a part of the message of each finding, sorted."""
        found = []
        for line in self.header("expect"):
            head, _, part = line.partition(" | ")
            severity, _, resource = head.partition(" ")
            found.append((severity, resource, part))
        return sorted(found)

    @property
    def settings(self) -> Settings:
        versions = [pair for line in self.header("assume") for pair in line.split(",")]
        return Settings(
            environment=next(iter(self.header("environment")), "production"),
            assume=dict(_pair(text) for text in versions),
            exemptions=tuple(_exemption(line) for line in self.header("exempt")),
            today=TODAY,
        )

    def objects(self) -> list[Object]:
        """The case's own objects and the parts around them."""
        parts = [name.strip() for line in self.header("beside") for name in line.split(",")]
        objects = read(self.text, self.path.name)
        for name in parts:
            file = HERE / "parts" / f"{name}.yaml"
            objects += read(file.read_text(encoding="utf-8"), file.name)
        return objects

    def findings(self) -> list[Finding]:
        return list(self.rule.check(analyze(self.objects(), self.settings)))


def _pair(text: str) -> tuple[str, str]:
    name, _, version = text.strip().partition("=")
    return name, version


def _exemption(line: str) -> Exemption:
    door, _, until = line.rpartition(" until ")
    return Exemption(door, "a demonstration", "platform team", date.fromisoformat(until))


def cases(kind: str) -> list[Case]:
    """All cases whose file name begins with `kind` ("ok" or "bad"), of all rules."""
    return [
        Case(rule, path)
        for rule in ALL
        for path in sorted((HERE / "cases" / rule.ID).glob(f"{kind}-*.yaml"))
    ]
