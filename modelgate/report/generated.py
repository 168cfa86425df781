"""What controllers will make of what is declared: a tree below each object, and rules in a table.

The words are the guide's ("What the LLMInferenceService Creates Automatically"); which rule goes
through the picker is its section 3.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import yaml

from modelgate.releases import shadow_service
from modelgate.report.safe import plain
from modelgate.topology.derive import INCOMPLETE, NOT_DERIVED, RuleRow
from modelgate.topology.objects import UNKNOWN, Object
from modelgate.topology.values import labels, mapping, text

SCHEMA: Final = "modelgate/generated/v1"
COMPONENT: Final = "app.kubernetes.io/component"
PICKER: Final = "llminferenceservice-router-scheduler"

_WHAT: Final = {
    "ClusterRoleBinding": "lets the picker review tokens",
    "EnvoyFilter": "TLS from the gateway to Authorino",
    "HTTPRoute": "URL rules, see below",
    "InferenceModel": "the model's name, for the picker",
    "InferencePool": "groups vLLM pods and names their picker",
    "LeaderWorkerSet": "vLLM pods over several nodes",
    "Role": "rights to read pods and pools",
    "RoleBinding": "gives these rights",
    "Secret": "certificate of picker and pods",
    "ServiceAccount": "account of the picker or of the pods",
}
_ORDER: Final = (
    *("Deployment", "LeaderWorkerSet", "Service", "InferencePool", "InferenceModel", "HTTPRoute"),
    *("DestinationRule", "AuthPolicy", "EnvoyFilter", "Secret", "ServiceAccount"),
)


@dataclass(frozen=True, slots=True)
class Routing:
    """One HTTPRoute that leads to a model: its rules, and the gateways that it names."""

    route: str
    made_by: str
    gateways: tuple[str, ...]
    rules: tuple[RuleRow, ...]


def table(
    made: Sequence[Object], routings: Sequence[Routing], release: str, left_out: bool = False
) -> str:
    """Trees, rule tables, and how much is not derived (all of it with `left_out`)."""
    blocks = [*_trees(made, release), *("\n".join(_rules(one)) for one in routings)]
    if not made:
        blocks.insert(0, "nothing: no LLMInferenceService is declared")
    blocks.append("\n".join(_not_derived(left_out)))
    return "\n\n".join(blocks)


def _trees(made: Sequence[Object], release: str) -> Iterator[str]:
    parents: dict[str, list[Object]] = {}
    for obj in made:
        parents.setdefault(obj.derived_from, []).append(obj)
    for parent, children in parents.items():
        service = parent.startswith("LLMInferenceService ")
        own = "you declare only this" if service else "odh-model-controller adds to it"
        rows = list(_branches(parent, children))
        width = max(len(name) for name, _ in rows)
        lines = (f"{name:<{width}}  {words}".rstrip() for name, words in rows)
        yield "\n".join([plain(f"{parent}   <- {own} ({release})"), *lines])


def _branches(parent: str, children: Sequence[Object]) -> Iterator[tuple[str, str]]:
    """Each object with its place in the tree, and what it is."""
    namespace = parent.partition(" ")[2].partition("/")[0]
    ordered = sorted(children, key=_place)
    for index, obj in enumerate(ordered):
        last = index == len(ordered) - 1
        twice = sum((one.kind, one.name) == (obj.kind, obj.name) for one in children) > 1
        own = obj.name if obj.namespace in ("", namespace) else f"{obj.namespace}/{obj.name}"
        version = f" ({obj.api_version})" if twice else ""
        stem = f"{'└──' if last else '├──'} {obj.kind} {own or 'UNKNOWN'}{version}"
        yield plain(stem), plain(what(obj))
        if obj.kind == "InferencePool" and obj.name and obj is _first_pool(ordered):
            stem = f"{'   ' if last else '│  '} └── Service {shadow_service(obj.name)}"
            yield plain(stem), "headless: single pods, made by Istio"


def _place(obj: Object) -> int:
    return _ORDER.index(obj.kind) if obj.kind in _ORDER else len(_ORDER)


def _first_pool(children: Iterable[Object]) -> Object | None:
    return next((one for one in children if one.kind == "InferencePool"), None)


def what(obj: Object) -> str:
    """What an object is, in the guide's words; with the reason where it is not certain."""
    unsure = mapping(obj.metadata.get("annotations")).get(INCOMPLETE)
    doubt = f" (not certain: {text(unsure)})" if unsure else ""
    return f"{_what(obj)}{doubt}"


def _what(obj: Object) -> str:
    part = labels(obj.metadata.get("labels")).get(COMPONENT, "")
    match obj.kind:
        case "Deployment" if part == PICKER:
            return "endpoint picker, EPP (smart router)"
        case "Deployment":
            kind = "that read prompts" if part.endswith("-prefill") else "(your model)"
            return f"vLLM pods {kind}"
        case "Service":
            return "gRPC service of the picker" if part == PICKER else "direct access to vLLM"
        case "DestinationRule":
            return f"TLS settings for {_host(obj)}"
        case "AuthPolicy":
            return _policy(obj)
    return _WHAT.get(obj.kind, "")


def _host(obj: Object) -> str:
    return text(obj.spec.get("host"), "a Service").partition(".")[0]


def _policy(obj: Object) -> str:
    target = mapping(obj.spec.get("targetRef"))
    where = f"{text(target.get('kind'))} {text(target.get('name'), 'UNKNOWN')}"
    if text(target.get("kind")) == "Gateway":
        return f"asks for a Kubernetes token on {where}"
    return f"lets everybody in on {where} (enable-auth is false)"


def _rules(routing: Routing) -> Iterator[str]:
    made = f", made from {routing.made_by}" if routing.made_by else ", declared"
    on = (
        f" on {', '.join(f'Gateway {one}' for one in routing.gateways)}" if routing.gateways else ""
    )
    yield plain(f"{routing.route}{on}{made}")
    rows = [["rule", "URL path", "through the picker?", "backend", "rewritten to"]]
    rows += [[plain(cell) for cell in _cells(row)] for row in routing.rules]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _cells(row: RuleRow) -> tuple[str, str, str, str, str]:
    more = f" and {len(row.matches) - 1} more" if len(row.matches) > 1 else ""
    words = {True: "yes", False: "no", None: "unknown"}
    rule = f"{row.index} {row.name}".strip()
    backends = ", ".join(row.backends) or "none"
    return rule, f"{row.matches[0]}{more}", words[row.through_picker], backends, row.rewrite


def _not_derived(everything: bool) -> Iterator[str]:
    if not everything:
        yield f"not derived: {len(NOT_DERIVED)} things besides, `--left-out` lists them"
        return
    yield "not derived:"
    yield from (f"  {one}" for one in NOT_DERIVED)


def document(made: Sequence[Object], routings: Sequence[Routing]) -> str:
    """The text of `modelgate generated -o json`."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "objects": [{"from": obj.derived_from, "object": obj.body} for obj in made],
            "routes": [asdict(one) for one in routings],
            "not_derived": list(NOT_DERIVED),
        },
        indent=2,
        default=repr,
    )


def manifests(made: Sequence[Object]) -> str:
    """The objects as a stream of YAML documents; what is not known is the text UNKNOWN."""
    parts = []
    for obj in made:
        body = yaml.safe_dump(_known(obj.body), sort_keys=False, allow_unicode=True)
        parts.append(f"# from {plain(obj.derived_from)}\n{body}")
    left_out = "\n".join(f"#   {one}" for one in NOT_DERIVED)
    return "---\n".join([*parts, f"# not derived:\n{left_out}"])


def _known(value: Any) -> Any:
    if value is UNKNOWN:
        return repr(value)
    if isinstance(value, Mapping):
        return {key: _known(item) for key, item in value.items()}
    return [_known(item) for item in value] if isinstance(value, list | tuple) else value
