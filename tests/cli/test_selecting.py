"""What is in view decides what may be presumed: of a live cluster nothing that is not there."""

from pathlib import Path
from typing import Any

import pytest

from modelgate.cli.selecting import Asked
from modelgate.inputs import View


@pytest.mark.parametrize(
    ("options", "installed", "everything"),
    [
        ({}, False, False),
        ({"stack": "prod"}, True, False),
        ({"live": True}, False, True),
        ({"stack": "prod", "live": True}, False, True),
        ({"stack": "prod", "beside": ["--live"]}, False, True),
        ({"beside": ["live"]}, False, True),
    ],
)
def test_a_platform_is_presumed_only_where_no_cluster_is_read(
    options: dict[str, Any], installed: bool, everything: bool
) -> None:
    """Executed in the lab: without a Kuadrant resource the filters are gone."""
    settings = Asked(Path(), **options).judgement(View(())).settings
    assert (settings.installed, settings.everything) == (installed, everything)
