"""What `make up` and `make reject` run: the whole way once, and one line too many."""

import os
import sys
import time
from pathlib import Path
from typing import Final

import click

from modelgate.cli import output
from modelgate.cli.local import STATE
from modelgate.cli.selecting import project_option
from modelgate.cli.stack import exit_code, judged, options
from modelgate.errors import ModelgateError
from modelgate.report import words

STACK: Final = "dev"
PRODUCTION: Final = "prod"
COPY: Final = Path(".modelgate", "reject")
COPIED: Final = ("Pulumi.yaml", "__main__.py")
BEFORE: Final = "        replicas: 2\n"
DOOR: Final = "        template: {hostNetwork: true}\n"
NEXT: Final = """\
next:
  .venv/bin/modelgate check -s prod    who gets in, in production
  make reject                          what happens to one line too many
  make down                            stop the local control plane"""


@click.command(hidden=True)
@project_option
def quickstart(project: Path) -> int:
    """Judge the stack dev, deploy it under the policy pack, and say what to do next."""
    from modelgate.engine import automation
    from modelgate.report import changes, text

    began = time.monotonic()
    report = judged(project, STACK, None)
    if sys.stdout.isatty():
        from rich.console import Console

        from modelgate.report import terminal

        terminal.summary(report, Console())
    else:
        output.answer(text.summary(report))
    output.answer(f"judged in {time.monotonic() - began:.1f} s, without a cluster\n")

    cluster = os.environ.get("KUBECONFIG", "")
    if cluster == str((project / STATE / "kubeconfig").resolve()):
        cluster = ""  # what `modelgate local status` told to export
    if cluster:
        output.note(f"KUBECONFIG is set: {STACK} goes to the cluster of {cluster}")
    run = automation.up(project, STACK, options(project, STACK, "", not cluster, None))
    output.answer(changes.text(run))
    output.answer(f"doors: {words.headline(report)} ({words.decision(report)})\n\n{NEXT}")
    return exit_code(run)


@click.command(hidden=True)
@project_option
def reject(project: Path) -> int:
    """Preview a copy of the stack prod with one line that opens a door; 0 where it is rejected."""
    from modelgate.engine import automation
    from modelgate.engine.results import Outcome
    from modelgate.report import changes

    copy = _copy_with_a_door(project)
    output.answer(f"Pulumi.{PRODUCTION}.yaml, with one line more:\n+{DOOR}")
    how = automation.Options(
        state=project / COPY / ".modelgate",
        policies=project / "policies",
        kubeconfig=copy / "no-cluster",
        say=output.note,
    )
    run = automation.preview(copy, PRODUCTION, how)
    output.answer(changes.text(run))
    if run.outcome is not Outcome.REJECTED:
        raise ModelgateError("this stack should have been rejected", exit_code=1)
    output.answer("\nThe preview ends with exit code 1. Without the line it is accepted.")
    return 0


def _copy_with_a_door(project: Path) -> Path:
    copy = project / COPY
    copy.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        (copy / name).write_bytes((project / name).read_bytes())
    settings = (project / f"Pulumi.{PRODUCTION}.yaml").read_text(encoding="utf-8")
    opened = settings.replace(BEFORE, f"{BEFORE}{DOOR}", 1)
    (copy / f"Pulumi.{PRODUCTION}.yaml").write_text(opened, encoding="utf-8")
    return copy
