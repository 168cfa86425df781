"""What Kuadrant says of a policy: whether it found its target, and whether anything enforces it."""

from collections.abc import Iterable, Iterator, Sequence

from modelgate.doctor.cleaning import MANAGED_BY, OURS
from modelgate.doctor.conditions import Condition, condition
from modelgate.doctor.kinds import AUTH_POLICY
from modelgate.doctor.results import Problem, warning
from modelgate.doctor.view import View
from modelgate.topology.effective import Policy
from modelgate.topology.objects import Object
from modelgate.topology.values import labels, mapping, text

_FIXES = {
    "TargetNotFound": "targetRef names nothing of its own namespace: check kind, name, sectionName",
    "MissingDependency": "the operator started before Istio's CRDs were there: restart it",
    "MissingResource": "there is no Kuadrant resource",
    "InvalidCelExpression": "a `when` cannot be compiled, so it is left out: correct it",
    "Unknown": "the operator has not brought it to the gateway: does a route lead through it, does"
    " Kuadrant serve the GatewayClass?",
}


def ours(view: View, obj: Object) -> bool:
    """Whether the stack declares it, or a stack has made it."""
    declared = view.snapshot.declared.objects if view.snapshot.declared else ()
    if any((one.kind, one.namespace, one.name) == _place(obj) for one in declared):
        return True
    return labels(obj.metadata.get("labels")).get(MANAGED_BY) == OURS


def _place(obj: Object) -> tuple[str, str, str]:
    return obj.kind, obj.namespace, obj.name


def in_force(view: View) -> list[Policy]:
    """The AuthPolicies of the cluster as the topology reads them, without those yet to be made."""
    return [
        policy
        for policy in view.analysis.topology.auth_policies
        if view.find(AUTH_POLICY, policy.object.namespace, policy.object.name)
    ]


def concerned(view: View, policies: Iterable[Object]) -> list[Object]:
    """The policies on gateways that serve models, and on routes to models."""
    wanted = {(one.kind, one.namespace, one.name) for one in (*view.gateways, *view.routes)}
    return [one for one in policies if _target(one) in wanted or ours(view, one)]


def _target(policy: Object) -> tuple[str, str, str]:
    ref = mapping(policy.spec.get("targetRef"))
    return text(ref.get("kind")), policy.namespace, text(ref.get("name"))


def unenforced(view: View, policies: Sequence[Object], closes: bool) -> Iterator[Problem]:
    """Problems of policies of one kind; `closes` says that a door stands open without them."""
    for policy in policies:
        resource = f"{policy.kind.lower()} -n {policy.namespace} {policy.name}"
        command = f"kubectl get {resource} -o yaml"
        accepted, enforced = condition(policy, "Accepted"), condition(policy, "Enforced")
        found = enforced if accepted.holds else accepted
        if found.holds:
            if "partially" in found.message and ours(view, policy):
                yield _in_part(policy, policies, closes, command)
        elif found.reason == "Overridden" and not ours(view, policy):
            yield warning(
                f"{policy.ref} has no effect: {found.message or 'overridden'}", "", command
            )
        else:
            yield Problem(_what(policy, found, closes), _FIXES.get(found.reason, ""), command)


def _in_part(policy: Object, policies: Sequence[Object], closes: bool, command: str) -> Problem:
    """Only the message says it of a policy that others replace on some routes: Enforced is True.

    Executed with kuadrant-operator 1.5.2.
    """
    others = ", ".join(one.ref for one in policies if one != policy) or "none that is in view"
    make = Problem if closes else warning
    return make(
        f"{policy.ref} is enforced in part only: on some routes another takes its place ({others})",
        "declare it in `overrides` with strategy `atomic`, or remove the others",
        command,
    )


def _what(policy: Object, found: Condition, closes: bool) -> str:
    effect = ": what it protects may be open" if closes else ": it limits nothing"
    return f"{policy.ref}: {found}{effect}"
