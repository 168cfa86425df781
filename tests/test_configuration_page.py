"""docs/configuration.md names every setting, and only what is one."""

import json
import re
from pathlib import Path

import pytest
import yaml

from modelgate.config import KEY, load
from policies import settings as pack
from tests.configuration_page import MARK, reference

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"


def test_the_page_is_what_the_models_say(request: pytest.FixtureRequest) -> None:
    written, mark, shown = PAGE.read_text().partition(MARK)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(f"{written}{MARK}\n{reference()}")
        return
    assert mark
    assert shown == f"\n{reference()}"


def block(language: str) -> str:
    """The first block of that language on the page."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found
    return found[1]


def test_ten_lines_are_a_stack() -> None:
    text = block("yaml")
    settings = load(yaml.safe_load(text)["config"][KEY], "prod", "docs/configuration.md")
    assert settings.models[0].name == "qwen3-0-6b"
    assert len(text.splitlines()) == 11


def test_the_configuration_of_the_pack_is_one() -> None:
    for part in json.loads(block("json")).values():
        assert pack.read(part).exemptions[0].owner == "platform team"
