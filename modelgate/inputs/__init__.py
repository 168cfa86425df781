"""What is judged together: files, a stack, a cluster, in any combination, merged into one view."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelgate.errors import ConfigurationError, ModelgateError
from modelgate.inputs import files
from modelgate.topology.objects import Object
from modelgate.topology.reading import read

LIVE = ("live", "--live")


@dataclass(frozen=True, slots=True)
class View:
    """All that is in view of the judge.

    `versions` are stated by a configuration or a cluster; `place` is the file to point at where an
    object does not know its own; `notes` say what was passed over, and what a program said.
    `yielding` names components of `versions` for which a cluster's word would count more.
    """

    objects: tuple[Object, ...]
    place: str = "Pulumi.yaml"
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    yielding: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Selection:
    """What the command line asks for: `context` as in kubeconfig, `beside` from `--with`."""

    project: Path
    paths: Sequence[str] = ()
    stack: str = ""
    live: bool = False
    context: str | None = None
    beside: Sequence[str] = ()


def gather(selection: Selection) -> View:
    """Everything the selection names. Raises ModelgateError where a part cannot be had.

    Objects of `--with` and of the cluster are the surroundings: where the judged part declares an
    object of the same kind and name, its own counts, as it would after it is applied.
    """
    own = _own(selection)
    around = [_named(name, selection) for name in selection.beside]
    if selection.live and own:
        around.append(_from_cluster(selection.context))
    elif selection.live:
        own.append(_from_cluster(selection.context))
    if not own:
        raise ConfigurationError(
            "nothing to judge was named", "give -s STACK, -f PATH, or --live; `modelgate check -h`"
        )
    view = _merge(own, around)
    if not view.objects:
        raise ModelgateError("there is no object in what was named: nothing was judged")
    return view


def _own(selection: Selection) -> list[View]:
    views = []
    if selection.paths:
        views.append(_from_files(selection.paths))
    if selection.stack:
        views.append(_from_stack(selection.project, selection.stack))
    return views


def _named(name: str, selection: Selection) -> View:
    """One `--with`: the cluster, a stack of the project, or a path; a stack wins over a path."""
    if name in LIVE:
        return _from_cluster(selection.context)
    if (selection.project / f"Pulumi.{name}.yaml").is_file():
        return _from_stack(selection.project, name)
    if name == files.STDIN or Path(name).exists():
        return _from_files([name])
    raise ConfigurationError(
        f"--with {name}: neither a stack of {selection.project} nor a file or folder",
        "give a stack name, a path, or --live",
    )


def _from_files(paths: Sequence[str]) -> View:
    texts = list(files.read(paths))
    hidden = tuple(f"hidden folder not read: {folder}" for folder in files.passed_over(paths))
    objects = tuple(obj for text in texts for obj in read(text.content, text.name))
    return View(objects, place=texts[0].name, notes=hidden)


def _from_stack(project: Path, stack: str) -> View:
    from modelgate.engine.in_process import evaluate

    evaluation = evaluate(project, stack)
    place = f"Pulumi.{stack}.yaml"
    stated = stated_versions(evaluation.config, stack, place)
    yielding = frozenset({"istio"} if _detects(evaluation.config) else ())
    return View(evaluation.objects, place, stated, evaluation.messages, yielding)


def _detects(config: Mapping[str, Any]) -> bool:
    """Whether the stack leaves Istio's version to the cluster."""
    from modelgate.config import DETECT, KEY

    settings = config.get(KEY)
    return isinstance(settings, Mapping) and settings.get("versions", {}).get("istio") == DETECT


def stated_versions(config: Mapping[str, Any], stack: str, place: str) -> Mapping[str, str]:
    """The versions that a stack's configuration states: none where its program is not ours.

    Raises ConfigurationError naming `place`.
    """
    from modelgate.config import KEY, load

    settings = config.get(KEY)
    return load(settings, stack, place).assumptions if isinstance(settings, Mapping) else {}


def _from_cluster(context: str | None) -> View:
    from modelgate.inputs import cluster, cluster_versions

    connected = cluster.connect(context)
    return View(tuple(cluster.read(connected)), versions=cluster_versions.find(connected))


def _merge(own: Sequence[View], around: Sequence[View]) -> View:
    mine = [obj for view in own for obj in view.objects]
    known = {_identity(obj) for obj in mine}
    others = [obj for view in around for obj in view.objects if _identity(obj) not in known]
    versions: dict[str, str] = {}
    for view in (*around, *own):
        known_elsewhere = view.yielding & versions.keys()
        versions.update({k: v for k, v in view.versions.items() if k not in known_elsewhere})
    return View(
        objects=(*mine, *others),
        place=own[0].place,
        versions=versions,
        notes=tuple(text for view in (*own, *around) for text in view.notes),
    )


def _identity(obj: Object) -> tuple[str, str, str, str]:
    return (obj.group, obj.kind, obj.namespace, obj.name)
