"""Previews that hold one of everything a renderer must show, from real judgements."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from modelgate.engine.results import Change, Diagnostic, Outcome, Run, Violation
from modelgate.errors import ModelgateError
from modelgate.report.changes import resources
from modelgate.report.previews import Preview
from modelgate.topology import Object, Settings, analyze, read
from modelgate.topology.changes import ResourceChange, Side, compare, object_changes
from policies.judgement import report
from tests.cli.manifests import CLOSED, OPEN
from tests.report.samples import HOSTILE
from tests.topology.platforms import made

STATED = {"kuadrant": "1.5.3", "gateway-api": "1.5.1", "openshift-ai": "3.4", "istio": "1.28.5"}
GATEWAY = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "maas"}


def side(objects: Sequence[Object], environment: str = "production", *notes: str) -> Side:
    analysis = analyze(objects, Settings(environment, STATED))
    return Side(analysis, report(analysis), notes)


def limits(**tiers: int) -> Object:
    entries = {name: {"rates": [{"limit": limit, "window": "1m"}]} for name, limit in tiers.items()}
    spec = {"targetRef": GATEWAY, "overrides": {"strategy": "atomic", "limits": entries}}
    return made("kuadrant.io/v1", "RateLimitPolicy", "maas-limits", "ingress", spec)


FILTER = made("networking.istio.io/v1alpha3", "EnvoyFilter", "body-mode", "ingress", {})
SAID = "EnvoyFilter body-mode is declared: the picker of this release answers BUFFERED only"
BEFORE = [*read(CLOSED, "closed.yaml"), limits(free=5, gone=1)]
AFTER = [*read(OPEN, "open.yaml"), limits(free=50, new=7), FILTER]


def change(operation: str, obj: Object, *properties: str, **more: Any) -> Change:
    kind = f"kubernetes:{obj.api_version}:{obj.kind}"
    urn = f"urn:pulumi:prod::maas::{kind}::{obj.name}"
    return Change(urn, kind, obj.name, operation, properties, **more)


def run(outcome: Outcome, *changes: Change, **more: Any) -> Run:
    return Run("preview", "prod", outcome, changes=changes, seconds=4.0, **more)


POLICY = next(obj for obj in BEFORE if obj.kind == "AuthPolicy")
REPLACED = change(
    "replace",
    POLICY,
    before=POLICY.body,
    after={**POLICY.body, "apiVersion": "kuadrant.io/v1beta3"},
    deleted_first=True,
)


def compared(
    before: Sequence[Object] | None,
    after: Sequence[Object],
    changes: Sequence[ResourceChange] | None = None,
    environment: str = "production",
) -> Preview:
    if changes is None:
        changes = object_changes(before or (), after)
    was = side(before, environment) if before else None
    found = compare(was, side(after, environment, SAID), changes)
    return Preview("prod", environment, found, versions=STATED)


def of_a_run(preview: Preview, done: Run, **more: Any) -> Preview:
    return replace(preview, run=done, **more)


VIOLATION = Violation("unauthenticated-inference", "modelgate", "mandatory", "", "EXPOSED x")
FIRST = Violation("advice", "modelgate", "advisory", "", "inside only")
REJECTED = run(Outcome.REJECTED, change("delete", POLICY), violations=(VIOLATION, FIRST))
UNREACHED = Diagnostic("warning", "the cluster cannot be reached, so nothing was compared with it")
REPLACING = run(Outcome.SUCCEEDED, REPLACED, diagnostics=(UNREACHED,))
FAILED = run(Outcome.FAILED, diagnostics=(Diagnostic("error", "Namespace llm is there already"),))
BROKEN = ModelgateError("the program of stack prod failed: KeyError: 'x'", "mend it")

OPENED = compared(BEFORE, AFTER)
PREVIEWS: Mapping[str, Preview] = {
    "opened": replace(OPENED, against="main (abc1234)", unknown=("the engine was not asked",)),
    "closed": compared(AFTER, BEFORE),
    "same": compared(BEFORE, BEFORE),
    "first": compared(None, BEFORE),
    "rejected": of_a_run(OPENED, REJECTED),
    "replaced": of_a_run(compared(BEFORE, BEFORE, resources(REPLACING)), REPLACING),
    "failed": of_a_run(compared(BEFORE, AFTER, ()), FAILED, unknown=("the preview did not end",)),
    "error": Preview("prod", error=BROKEN),
}
DEV = replace(compared(BEFORE, AFTER, environment="non-production"), stack="dev")

EVIL = replace(
    PREVIEWS["opened"],
    stack=HOSTILE,
    against=HOSTILE,
    unknown=(HOSTILE,),
    versions={"kuadrant": HOSTILE},
    error=None,
)


def hostile() -> Preview:
    """Every name that manifests bring is an attack."""
    route = next(obj for obj in AFTER if obj.kind == "HTTPRoute")
    spec = {**route.spec, "hostnames": [HOSTILE]}
    spec["rules"] = [{**rule, "name": HOSTILE} for rule in route.spec["rules"]]
    evil = replace(route, name=HOSTILE, body={**route.body, "spec": spec}, source=HOSTILE)
    objects = [evil if obj is route else obj for obj in AFTER]
    objects.append(replace(FILTER, name=HOSTILE))
    objects.append(replace(limits(**{HOSTILE: 5}), name=HOSTILE))
    found = compared(BEFORE, objects)
    failed = run(Outcome.FAILED, diagnostics=(Diagnostic("error", HOSTILE),))
    return replace(EVIL, comparison=found.comparison, run=failed)
