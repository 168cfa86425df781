"""Renders what in docs/rules comes from elsewhere: the index from `ALL`, YAML from the cases."""

import re
from collections.abc import Iterable
from pathlib import Path

from policies.rules import Rule

HEAD = """# Rules

What `modelgate check` and the policy pack look for. This table is written from the rules by
`pytest tests/rules --update-golden`, as is the YAML of each page from the rule's test cases.

A finding of severity critical or high rejects a production stack; medium and low ones are
reported. Where a page says "beside", its YAML is judged together with a gateway `ingress/maas`, a
route `llm/granite`, its pool, a policy or limits: they stand in `tests/rules/parts`.
"""
BLOCK = re.compile(r"^```yaml (?P<name>[\w-]+\.yaml)\n.*?^```$", re.MULTILINE | re.DOTALL)


def index(rules: Iterable[Rule]) -> str:
    """docs/rules/index.md as text."""
    rows = [f"| [{rule.ID}]({rule.ID}.md) | {rule.SUMMARY} |" for rule in rules]
    return "\n".join([HEAD, "| rule | what it finds |", "| --- | --- |", *rows, ""])


def filled(page: str, cases: Path) -> str:
    """`page` with every block ```` ```yaml NAME.yaml ```` holding the case of that name."""

    def block(match: re.Match[str]) -> str:
        name = match["name"]
        return f"```yaml {name}\n{(cases / name).read_text(encoding='utf-8')}```"

    return BLOCK.sub(block, page)


def shown(page: str) -> list[str]:
    """The names of the cases that a page shows."""
    return [match["name"] for match in BLOCK.finditer(page)]
