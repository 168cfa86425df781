"""An API key that Authorino does not find is refused like a wrong one, without a word why.

It must be in Kuadrant's namespace, with the labels that the policy selects, Authorino's own label,
and the field `api_key` (Kuadrant/authorino, docs/features.md).
"""

import json
import re
from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.keys import KeySource, key_sources
from modelgate.doctor.kinds import AUTH_POLICY, KUADRANT, SECRET, Kind
from modelgate.doctor.policies import concerned
from modelgate.doctor.results import Problem, Result, judged, many, skipped, warning
from modelgate.doctor.view import View
from modelgate.topology.objects import Object
from modelgate.topology.values import labels, mapping, selects

ID = "api-keys"
TITLE = "API keys are where Authorino looks, with the labels, field and annotations that it needs"
LAYER = Layer.POLICIES
NEEDS: tuple[str, ...] = ("kuadrant",)
READS: tuple[Kind, ...] = (SECRET, AUTH_POLICY, KUADRANT)
WAY_OUT = "write the Secret as docs/configuration.md shows it"
WAITS = True

_LABEL = "authorino.kuadrant.io/managed-by"
_FIELD = "api_key"
_ANNOTATION = re.compile(r'annotations\[\\?["\']([^"\'\\]+)')


def run(view: View) -> Result:
    policies = {one.ref for one in concerned(view, view.of(AUTH_POLICY))}
    sources = [one for one in key_sources(view) if one.policy.ref in policies]
    if not sources:
        return skipped("no policy takes API keys")
    found = {
        key.ref for one in sources for key in _selected(view, one) if _in_reach(view, one, key)
    }
    return judged((p for one in sources for p in _source(view, one)), many(len(found), "key"))


def _selected(view: View, source: KeySource) -> list[Object]:
    return [
        secret
        for secret in view.of(SECRET)
        if source.text and selects(source.selector, labels(secret.metadata.get("labels")))
    ]


def _in_reach(view: View, source: KeySource, secret: Object) -> bool:
    return source.everywhere or secret.namespace == view.kuadrant_namespace


def _source(view: View, source: KeySource) -> Iterator[Problem]:
    where = view.kuadrant_namespace
    command = f"kubectl get secrets -A -l '{source.text}' --show-labels"
    selected = _selected(view, source)
    keys = [secret for secret in selected if _in_reach(view, source, secret)]
    if not keys:
        make = Problem if selected else warning
        yield make(
            f"{source.policy.ref} ({source.name}) finds no API key in namespace {where}: who has"
            " nothing else is answered 401",
            "add a key",
            command,
        )
    for secret in selected:
        if secret not in keys:
            what = f"{secret.ref} is labelled as a key, but keys are read in namespace {where} only"
            yield warning(what, f"move it to {where}", command)
    for secret in keys:
        yield from _key(source, secret, command)


def _key(source: KeySource, secret: Object, command: str) -> Iterator[Problem]:
    if labels(secret.metadata.get("labels")).get(_LABEL) != "authorino":
        yield warning(
            f"{secret.ref} lacks the label {_LABEL}=authorino: changes to it go unnoticed",
            command=f"kubectl label secret -n {secret.namespace} {secret.name} {_LABEL}=authorino",
        )
    fields = mapping(secret.body.get("data"))
    if fields and _FIELD not in fields:
        yield Problem(
            f"{secret.ref} has no field {_FIELD} (it has {', '.join(fields)})", "", command
        )
    has = labels(secret.metadata.get("annotations"))
    missing = sorted(set(_annotations(source)) - has.keys())
    if missing:
        yield Problem(
            f"{secret.ref} lacks the annotation {', '.join(missing)}, which {source.policy.ref}"
            " reads: requests with this key are refused or not limited",
            command=command,
        )


def _annotations(source: KeySource) -> list[str]:
    """Annotations of the key that the policy's expressions name."""
    return _ANNOTATION.findall(json.dumps(source.policy.spec, default=str))
