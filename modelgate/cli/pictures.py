"""What `make pictures` runs: a page for each stack and for one of many models, and its looks."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click
import yaml

from modelgate.cli import output
from modelgate.cli.selecting import Asked, project_option
from modelgate.config import KEY
from modelgate.engine.project import read_project
from modelgate.engine.settings_yaml import read_mapping

FOLDER: Final = Path(".modelgate", "pictures")
PRODUCTION: Final = "prod"
MANY: Final = 30
SIZE: Final = "1600,1200"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIETLY: Final = (
    "--headless", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-quic",
)  # fmt: skip


@click.command(hidden=True)
@project_option
def pictures(project: Path) -> int:
    """Draw every stack, and one of thirty models; screenshots where a Chromium is installed."""
    folder = project / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    for name, root, stack in _stacks(project, folder):
        page = folder / f"{name}.html"
        page.write_text(_page(root, stack), encoding="utf-8")
        output.answer(str(page))
        if browser:
            for suffix, fragment in (("", ""), ("-door", "#door-0")):
                picture = folder / f"{name}{suffix}.png"
                _screenshot(browser, f"{page.resolve().as_uri()}{fragment}", picture)
                output.answer(str(picture))
    if not browser:
        output.note(f"no screenshots: none of {', '.join(BROWSERS)} is on PATH")
    return 0


def _stacks(project: Path, folder: Path) -> Iterator[tuple[str, Path, str]]:
    """A name, a project and a stack of it."""
    for stack in read_project(project).stacks():
        yield stack, project, stack
    yield f"{MANY}-models", _of_many(project, folder / "many"), PRODUCTION


def _of_many(project: Path, copy: Path) -> Path:
    """A copy of the production stack, its first model many times."""
    copy.mkdir(exist_ok=True)
    for name in ("Pulumi.yaml", "__main__.py"):
        (copy / name).write_bytes((project / name).read_bytes())
    settings: dict[str, Any] = dict(read_mapping(project / f"Pulumi.{PRODUCTION}.yaml"))
    platform = settings["config"][KEY]
    first = platform["models"][0]
    platform["models"] = [{**first, "name": f"model-{number:02}"} for number in range(MANY)]
    text = yaml.safe_dump(settings, sort_keys=False)
    (copy / f"Pulumi.{PRODUCTION}.yaml").write_text(text, encoding="utf-8")
    return copy


def _page(project: Path, stack: str) -> str:
    from modelgate.report.graph import page, picture
    from modelgate.topology import analyze

    asked = Asked(project, stack)
    view = asked.view()
    drawn = picture(analyze(view.objects, asked.judgement(view).settings))
    return page.text(drawn, f"modelgate: stack {stack}")


def _screenshot(browser: str, url: str, file: Path) -> None:
    """Chromium refuses its sandbox to root."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="modelgate-") as profile:
        subprocess.run(
            [
                browser,
                *QUIETLY,
                *sandbox,
                f"--user-data-dir={profile}",
                f"--window-size={SIZE}",
                f"--screenshot={file.resolve()}",
                url,
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
