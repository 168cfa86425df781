"""`modelgate doctor`: what is broken in the cluster, lowest layer first."""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click

from modelgate.cli import output
from modelgate.cli.progress import ProgressLine
from modelgate.cli.selecting import Asked, project_option
from modelgate.doctor import Check, Examination, Layer
from modelgate.doctor.check import see
from modelgate.doctor.checks import ALL
from modelgate.doctor.runner import select, watch
from modelgate.doctor.snapshot import Declared, Snapshot
from modelgate.doctor.view import View
from modelgate.errors import ConfigurationError
from policies.judgement import report

FORMS: Final = ("table", "json", "short", "junit")
KEY: Final = "MODELGATE_API_KEY"
_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")


def _seconds(_context: click.Context, _option: click.Parameter, text: str) -> float:
    """`90s`, `5m`, `1h30m`; a number alone is seconds."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise click.BadParameter(f"{text!r} is no duration; write 90s, 5m or 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the snapshot comes from, and what to look for beside the lists."""

    project: Path
    stack: str = ""
    context: str | None = None
    from_bundle: Path | None = None
    bundle: Path | None = None
    deep: bool = False
    active: bool = False


@click.command()
@click.option("-s", "--stack", default="", help="Compare with what this stack declares.")
@click.option("--context", help="The kubeconfig context; by default the current one.")
@click.option(
    "--wait",
    default="0",
    callback=_seconds,
    metavar="DURATION",
    help="Look again until what may mend itself holds: 90s, 5m.",
)
@click.option("--deep", is_flag=True, help="Ask the gateways' Envoys, through port-forwards.")
@click.option(
    "--active",
    is_flag=True,
    help=f"Send a few harmless requests to every door, with the key in {KEY} too if it is set.",
)
@click.option("--check", "ids", multiple=True, metavar="ID", help="This check and what it needs.")
@click.option(
    "--layer",
    "layers",
    multiple=True,
    type=click.Choice(list(Layer)),
    help="The checks of this layer and what they need.",
)
@click.option("--list-checks", is_flag=True, help="What is checked, without a cluster.")
@click.option(
    "--bundle",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save what was seen, without secrets.",
)
@click.option(
    "--from-bundle",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge a saved bundle instead of a cluster.",
)
@click.option("-o", "--output", "form", type=click.Choice(FORMS), default="table")
@project_option
def doctor(
    wait: float,
    ids: tuple[str, ...],
    layers: tuple[str, ...],
    list_checks: bool,
    form: str,
    **source: Any,
) -> int:
    """What is broken in the cluster, lowest layer first.

    Reads, never writes. Exits with 1 where a check failed, with 3 where the cluster did not
    answer; warnings are fine.
    """
    checks = select(ALL, ids, layers)
    if list_checks:
        _list(checks, form)
        return 0
    examination = _examine(Source(**source), checks, wait)
    _show(examination, form)
    return examination.exit_code


def _examine(source: Source, checks: Sequence[Check], wait: float) -> Examination:
    from modelgate.doctor import bundle

    if source.from_bundle:
        if source != Source(source.project, from_bundle=source.from_bundle):
            raise ConfigurationError("--from-bundle holds its own stack and cluster: give it alone")
        saved = bundle.load(source.from_bundle)
        return watch(lambda: saved, checks, report)
    secrets: set[str] = set()
    take = _taking(source, secrets)
    progress = ProgressLine()
    waiting = _Waiting("wait for the cluster", progress)
    examination = watch(take, checks, report, wait, waiting)
    waiting.end()
    if source.active and examination.judged:
        examination = _probe(examination, checks, progress, secrets)
    if source.bundle:
        bundle.save(examination.snapshot, source.bundle, secrets)
        output.note(f"{source.bundle} holds what was seen, without secrets")
    return examination


def _probe(
    examination: Examination, checks: Sequence[Check], progress: ProgressLine, secrets: set[str]
) -> Examination:
    """The examination once more, with the answers to requests that are sent for it."""
    from modelgate.doctor import probes

    key = os.environ.get(KEY, "")
    secrets.update({key} - {""})
    waiting = _Waiting("send requests", progress)
    probed = probes.run(View(examination.snapshot, report), key, waiting)
    waiting.end()
    snapshot = replace(examination.snapshot, probed=tuple(probed))
    return watch(lambda: snapshot, checks, report)


class _Waiting:
    """Tells what is waited for, and sleeps."""

    def __init__(self, what: str, progress: ProgressLine) -> None:
        self._what = what
        self._progress = progress
        self._started = time.monotonic()
        self._paused = False

    def __call__(self, seconds: float, detail: str = "") -> None:
        self._paused = True
        self._progress(self._what, time.monotonic() - self._started, None, detail)
        time.sleep(seconds)

    def end(self) -> None:
        if self._paused:
            self._progress(self._what, time.monotonic() - self._started, 0, "")


def _taking(source: Source, secrets: set[str]) -> Callable[[], Snapshot]:
    """How to look at the cluster; the secret values that come into sight are added to `secrets`."""
    from modelgate.doctor import details, reading
    from modelgate.doctor.api import Api
    from modelgate.inputs import View as Judged
    from modelgate.inputs import cluster

    asked = Asked(source.project, source.stack)
    judged = asked.view() if source.stack else Judged(())
    settings = asked.judgement(judged).settings
    declared = Declared(source.stack, judged.objects, judged.versions) if source.stack else None
    connected = cluster.connect(source.context)
    api = Api(connected.name, connected.client)

    def take() -> Snapshot:
        snapshot = replace(reading.read(api), settings=settings, declared=declared)
        if snapshot.fault:
            return snapshot
        full, values = details.add(api, snapshot, View(snapshot, report), source.deep)
        secrets.update(values)
        return full

    return take


def _list(checks: Sequence[Check], form: str) -> None:
    if form == "json":
        listed = [
            {"id": one.ID, "layer": str(one.LAYER), "title": one.TITLE, "needs": list(one.NEEDS)}
            for one in checks
        ]
        output.answer(json.dumps({"schema": "modelgate/doctor-checks/v1", "checks": listed}))
        return
    for one in checks:
        output.answer(f"{one.LAYER:<9} {one.ID:<24} {one.TITLE}  {see(one)}")


def _show(examination: Examination, form: str) -> None:
    from modelgate.report import doctor as words
    from modelgate.report import doctor_json, doctor_junit

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    renderers: dict[str, Callable[[], str]] = {
        "table": lambda: words.table(examination, colour),
        "short": lambda: words.short(examination, colour),
        "json": lambda: doctor_json.text(examination),
        "junit": lambda: doctor_junit.text(examination),
    }
    output.answer(renderers[form]())
